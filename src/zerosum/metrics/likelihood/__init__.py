"""Metrics of likelihood: how probable a model makes real samples, in nats or bits."""
