"""Metrics: exact scores that never travel without their card."""

from .compute import METRICS, compute
from .evaluate import default_metrics, evaluate
from .score import Score, ScoreCard, together

__all__ = ["METRICS", "Score", "ScoreCard", "compute", "default_metrics", "evaluate", "together"]
