"""Pure tensor functions: no parameters, no state."""

from .precision import at_least_float32

__all__ = ["at_least_float32"]
