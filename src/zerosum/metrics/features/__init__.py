"""Feature extractors: what turns samples into the numbers that metrics compare."""

from .extractor import Extractor, Judge, Layers, fit_images
from .pixels import Pixels, Points
from .resolve import extractor_for

__all__ = ["Extractor", "Judge", "Layers", "Pixels", "Points", "extractor_for", "fit_images"]
