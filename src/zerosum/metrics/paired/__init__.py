"""Metrics of pairs: how far each prediction is from its own target."""
