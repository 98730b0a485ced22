"""Pure tensor functions: no parameters, no state."""

from .precision import at_least_float32
from .spectral import leading_vectors, power_step

__all__ = ["at_least_float32", "leading_vectors", "power_step"]
