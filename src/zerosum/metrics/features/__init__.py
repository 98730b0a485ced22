"""Feature extractors: what turns samples into the numbers that metrics compare."""

from .extractor import Extractor, Judge, Layers, fit_images
from .pixels import Pixels, Points
from .resolve import Features, extractor_for
from .user import ModuleFeatures

__all__ = ["Extractor", "Features", "Judge", "Layers", "ModuleFeatures", "Pixels", "Points", "extractor_for",
           "fit_images"]
