"""Objectives: what discriminator and generator each minimise, as pure functions; one file per kind of objective."""

from .auxiliary import AUXILIARY, auxiliary
from .divergences import DIVERGENCES, Divergence
from .relativistic import RELATIVISTIC, relativistic, relativistic_average
from .scores import OBJECTIVES, Objective, binary_cross_entropy, least_squares, squared_error

__all__ = ["AUXILIARY", "DIVERGENCES", "OBJECTIVES", "RELATIVISTIC", "Divergence", "Objective", "auxiliary",
           "binary_cross_entropy", "least_squares", "relativistic", "relativistic_average", "squared_error"]
