"""Objectives: what discriminator and generator each minimise, as pure functions; one file per kind; and who moves."""

from .auxiliary import AUXILIARY, auxiliary
from .balance import Moves, Policy, Standing, accuracy_below, always, loss_margin, standing
from .divergences import DIVERGENCES, Divergence
from .energies import below_margin, pulling_away
from .fisher import fisher_ipm, mean_difference, second_moment
from .identification import detection, identification, mean_similarity, real_logit
from .information import categorical_information, continuous_information
from .latent_moments import moment_kl
from .loss_sensitive import distance_margin, loss_sensitive, weight_decay
from .matching import feature_matching
from .mismatch import matching_aware
from .mmd import mmd, mmd2
from .moments import covariance_ipm, mean_ipm
from .ranking import ranking
from .realness import REALNESS_GENERATORS, anchors, divergence, realness_discriminator
from .relativistic import RELATIVISTIC, relativistic, relativistic_average
from .scores import OBJECTIVES, Objective, binary_cross_entropy, least_squares, squared_error
from .similarity import similarity_constraint
from .smoothing import label_smoothing
from .sphere import distance_moments, distance_to_pole, to_sphere

__all__ = ["AUXILIARY", "DIVERGENCES", "OBJECTIVES", "REALNESS_GENERATORS", "RELATIVISTIC", "Divergence", "Moves",
           "Objective", "Policy", "Standing", "accuracy_below", "always", "anchors", "auxiliary",
           "below_margin", "binary_cross_entropy", "categorical_information", "continuous_information",
           "covariance_ipm", "detection", "distance_margin", "distance_moments", "distance_to_pole",
           "divergence", "feature_matching", "fisher_ipm", "identification", "label_smoothing",
           "least_squares", "loss_margin", "loss_sensitive", "matching_aware", "mean_difference",
           "mean_ipm", "mean_similarity", "mmd", "mmd2", "moment_kl", "pulling_away", "ranking",
           "real_logit", "realness_discriminator", "relativistic", "relativistic_average", "second_moment",
           "similarity_constraint", "squared_error", "standing", "to_sphere", "weight_decay"]
