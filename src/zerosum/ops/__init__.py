"""Pure tensor functions: no parameters, no state."""

from .bias_act import ACTIVATIONS, bias_act
from .conv2d_resample import conv2d_resample
from .filter_design import design_lowpass_filter
from .filtered_lrelu import filtered_lrelu
from .latent_spec import Latent, LatentSpec, names_of_codes
from .minibatch_std import minibatch_std
from .modulated_conv2d import modulated_conv2d, normalized_modulated_conv2d
from .optimizer_steps import Moments, adam_step, sgd_step
from .precision import at_least_float32
from .projections import to_ball, to_orthonormal
from .resample import downsample, low_pass, smooth, upsample
from .second_moment import normalize_2nd_moment
from .spectral import leading_vectors, power_step
from .truncated_normal import truncated_normal
from .turns import TURNS, turned
from .upfirdn2d import downsample2d, filter2d, setup_filter, upfirdn2d, upsample2d

__all__ = ["ACTIVATIONS", "TURNS", "Latent", "LatentSpec", "Moments", "adam_step", "at_least_float32", "bias_act",
           "conv2d_resample", "design_lowpass_filter", "downsample", "downsample2d", "filter2d", "filtered_lrelu",
           "leading_vectors", "low_pass", "minibatch_std", "modulated_conv2d", "names_of_codes",
           "normalize_2nd_moment", "normalized_modulated_conv2d", "power_step", "setup_filter", "sgd_step", "smooth",
           "to_ball", "to_orthonormal", "truncated_normal", "turned", "upfirdn2d", "upsample", "upsample2d"]
