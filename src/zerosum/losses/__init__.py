"""Objectives: what discriminator and generator each minimise, as pure functions; one file per kind of objective."""

from .auxiliary import AUXILIARY, auxiliary
from .divergences import DIVERGENCES, Divergence
from .loss_sensitive import distance_margin, loss_sensitive, weight_decay
from .realness import REALNESS_GENERATORS, anchors, divergence, realness_discriminator
from .relativistic import RELATIVISTIC, relativistic, relativistic_average
from .scores import OBJECTIVES, Objective, binary_cross_entropy, least_squares, squared_error

__all__ = ["AUXILIARY", "DIVERGENCES", "OBJECTIVES", "REALNESS_GENERATORS", "RELATIVISTIC", "Divergence", "Objective",
           "anchors", "auxiliary", "binary_cross_entropy", "distance_margin", "divergence", "least_squares",
           "loss_sensitive", "realness_discriminator", "relativistic", "relativistic_average",
           "squared_error", "weight_decay"]
