"""Pure tensor functions: no parameters, no state."""

from .optimizer_steps import Moments, adam_step, sgd_step
from .precision import at_least_float32

__all__ = ["Moments", "adam_step", "at_least_float32", "sgd_step"]
