"""Trainers: what changes a model's weights."""
