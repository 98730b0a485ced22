"""Tools on latent spaces; they ask a model for abilities, never for its class."""

from .arithmetic import Term, running_sum, terms_of
from .calibration import Calibration, calibrated
from .codes import code_names, sample_with_codes, set_code, traverse_codes
from .completion import complete
from .directions import Directions, coordinates
from .discovery import ganspace, hyperplanes, sefa
from .dragging import Dragged, drag
from .editing import Edited, edit
from .encoder import encoder_of, fit_encoder
from .interpolation import between_seeds, interpolate, lerp, slerp, walk
from .inversion import Inverted, invert
from .langevin import langevin
from .layer import features, linear_map
from .metropolis import metropolis_hastings
from .mixing import Mixed, mix, parts_of
from .movement import movement, sample_moved
from .rejection import reject
from .selection import Selected, best_by_score
from .stroke_file import read_strokes, strokes_of
from .strokes import Strokes
from .traversal import traverse, vary
from .truncation import truncate

__all__ = ["Calibration", "Directions", "Dragged", "Edited", "Inverted", "Mixed", "Selected", "Strokes", "Term",
           "best_by_score", "between_seeds", "calibrated", "code_names", "complete", "coordinates", "drag", "edit",
           "encoder_of", "features", "fit_encoder", "ganspace", "hyperplanes", "interpolate", "invert", "langevin",
           "lerp", "linear_map", "metropolis_hastings", "mix", "movement", "parts_of", "read_strokes", "reject",
           "running_sum", "sample_moved", "sample_with_codes", "sefa", "set_code", "slerp", "strokes_of", "terms_of",
           "traverse", "traverse_codes", "truncate", "vary", "walk"]
