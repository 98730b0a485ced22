"""Metrics: exact scores that never travel without their card."""

from .accumulate import Accumulator
from .compute import METRICS, compute
from .evaluate import default_metrics, evaluate, reference
from .protocol import PROTOCOLS, Protocol
from .reference import Reference
from .score import Score, ScoreCard, together

__all__ = ["METRICS", "PROTOCOLS", "Accumulator", "Protocol", "Reference", "Score", "ScoreCard", "compute",
           "default_metrics", "evaluate", "reference", "together"]
