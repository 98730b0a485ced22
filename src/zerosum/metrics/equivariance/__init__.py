"""Whether samples move as wholes when a model is asked to move them."""
