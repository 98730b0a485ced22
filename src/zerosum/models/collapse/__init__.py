"""Remedies against mode collapse: games whose rules keep the generator from covering few modes."""
