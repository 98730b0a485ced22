"""Metrics of two sets of samples: how far a generator's law is from the data's."""
