"""Models with an explicit density, which GANs are measured against."""
