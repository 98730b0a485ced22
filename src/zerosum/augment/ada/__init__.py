"""ADA (2006.06676): a pipeline of eighteen augmentations, and the controller of how often they are applied."""

from .controller import AdaptiveAugment, AdaptiveProbability
from .draws import Draws
from .pipe import AugmentPipe
from .spec import SPECS, AdaSpec

__all__ = ["SPECS", "AdaSpec", "AdaptiveAugment", "AdaptiveProbability", "AugmentPipe", "Draws"]
