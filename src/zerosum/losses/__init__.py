"""Objectives: what discriminator and generator each minimise, as pure functions; one file per kind of objective."""

from .divergences import DIVERGENCES, Divergence
from .identification import identification, mean_similarity, real_logit
from .ranking import ranking
from .relativistic import RELATIVISTIC, relativistic, relativistic_average
from .scores import OBJECTIVES, Objective, binary_cross_entropy, least_squares, squared_error

__all__ = ["DIVERGENCES", "OBJECTIVES", "RELATIVISTIC", "Divergence", "Objective", "binary_cross_entropy",
           "identification", "least_squares", "mean_similarity", "ranking", "real_logit", "relativistic",
           "relativistic_average", "squared_error"]
