"""Models with a latent space that can be entered: encoders beside, or in place of, a prior that is only drawn from."""
