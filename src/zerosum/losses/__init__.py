"""Objectives: what discriminator and generator each minimise, as pure functions; one file per kind; and who moves."""

from .balance import Moves, Policy, Standing, accuracy_below, always, loss_margin, standing
from .divergences import DIVERGENCES, Divergence
from .matching import feature_matching
from .relativistic import RELATIVISTIC, relativistic, relativistic_average
from .scores import OBJECTIVES, Objective, binary_cross_entropy, least_squares, squared_error
from .smoothing import label_smoothing

__all__ = ["DIVERGENCES", "OBJECTIVES", "RELATIVISTIC", "Divergence", "Moves", "Objective", "Policy", "Standing",
           "accuracy_below", "always", "binary_cross_entropy", "feature_matching", "label_smoothing", "least_squares",
           "loss_margin", "relativistic", "relativistic_average", "squared_error", "standing"]
