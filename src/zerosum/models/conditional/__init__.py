"""Generation under a condition."""
