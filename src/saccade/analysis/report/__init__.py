"""A run's report: every figure as SVG and PNG, its numbers as CSV, and one page that holds all."""

from saccade.analysis.report.build import analyze, render

__all__ = ["analyze", "render"]
