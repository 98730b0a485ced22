"""Pure tensor functions: no parameters, no state."""

from .optimizer_steps import Moments, adam_step, sgd_step
from .precision import at_least_float32
from .spectral import leading_vectors, power_step
from .sphere import angle_to_north_pole, on_sphere

__all__ = ["Moments", "adam_step", "angle_to_north_pole", "at_least_float32", "leading_vectors", "on_sphere",
           "power_step", "sgd_step"]
