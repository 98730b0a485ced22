"""Metrics of disentanglement: whether the known factors of samples lie apart in what a model has for them."""
