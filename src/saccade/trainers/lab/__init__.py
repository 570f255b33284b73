"""Making the lab's micro models from seeds: `python -m saccade.trainers.lab --help`.

Tokenizer, architecture, demonstrations, supervised training and model card, one file each. This is
not how to train a real model: it is how the shipped ones under `saccade/models/lab` came to be.
"""
