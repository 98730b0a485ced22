"""Adversarial objectives: GANs told apart by the loss."""
