"""Pure tensor functions: no parameters, no state."""

from .latent_spec import Latent, LatentSpec
from .optimizer_steps import Moments, adam_step, sgd_step
from .precision import at_least_float32
from .projections import to_ball, to_orthonormal
from .resample import downsample, low_pass, smooth, upsample
from .spectral import leading_vectors, power_step
from .turns import TURNS, turned

__all__ = ["TURNS", "Latent", "LatentSpec", "Moments", "adam_step", "at_least_float32", "downsample",
           "leading_vectors", "low_pass", "power_step", "sgd_step", "smooth", "to_ball",
           "to_orthonormal", "turned", "upsample"]
