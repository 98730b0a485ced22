"""Tools on latent spaces; they ask a model for abilities, never for its class."""

from .calibration import Calibration, calibrated
from .completion import complete
from .directions import Directions, coordinates
from .discovery import ganspace, hyperplanes, sefa
from .interpolation import between_seeds, interpolate, lerp, slerp, walk
from .langevin import langevin
from .layer import features, linear_map
from .metropolis import metropolis_hastings
from .rejection import reject
from .selection import Selected, best_by_score
from .traversal import traverse, vary

__all__ = ["Calibration", "Directions", "Selected", "best_by_score", "between_seeds", "calibrated", "complete",
           "coordinates", "features", "ganspace", "hyperplanes", "interpolate", "langevin", "lerp", "linear_map",
           "metropolis_hastings", "reject", "sefa", "slerp", "traverse", "vary", "walk"]
