"""Metrics: exact scores that never travel without their card."""

from .accumulate import Accumulator
from .compare import compare
from .comparison import Comparison
from .compute import METRICS, compute
from .evaluate import default_metrics, evaluate, reference
from .features import ModuleFeatures
from .protocol import PROTOCOLS, Protocol
from .reference import Reference
from .score import Score, ScoreCard, together

__all__ = ["METRICS", "PROTOCOLS", "Accumulator", "Comparison", "ModuleFeatures", "Protocol", "Reference", "Score",
           "ScoreCard", "compare", "compute", "default_metrics", "evaluate", "reference", "together"]
