"""Claim of MAGAN (1704.03817): the margin follows the energy of real samples down, and images are no worse for it."""

from itertools import pairwise

from torch import Tensor

from ..engine import Trainer
from .claim import Check, Claim, Side
from .digits import judged
from .panels import curves_panel
from .points import covered
from .trial import Trial


def measure(trial: Trial) -> dict[str, float | list[float]]:
    found: dict[str, float | list[float]] = {}
    curves = {}
    for side in ("magan", "m fixed"):
        margins: list[float] = []

        def look(trainer: Trainer, terms: dict[str, Tensor], margins: list[float] = margins) -> None:
            if trainer.step >= trainer.model.cfg.pretrain:
                margins.append(float(terms["margin"]))

        found |= judged(trial, side, trial.train(side, look))
        changes = [after - before for before, after in pairwise(margins)]
        found |= {f"decreases of m, {side}": sum(change < 0 for change in changes),
                  f"increases of m, {side}": sum(change > 0 for change in changes),
                  f"first m, {side}": margins[0], f"last m, {side}": margins[-1]}
        curves[side] = (range(len(margins)), margins)
    trial.panel("m over training", curves_panel(curves, "steps"))
    found["fid ratio"] = found["fid, magan"] / found["fid, m fixed"]
    return found | covered(trial, "magan, ring", trial.train("magan, ring"))


CLAIM = Claim(
    statement="The margin starts at the energy of real samples after pre-training, only ever comes down, and images "
              "are at least as good as with the margin fixed where it starts.",
    baseline="EBGAN with the margin fixed at m_0, after the same pre-training: MAGAN that never adapts",
    sides={
        "magan": Side("magan", "small"),
        "m fixed": Side("magan", "small", {"adaptive": False}),
        "magan, ring": Side("magan", "ring"),
    },
    checks=(
        Check("the margin never rises", "increases of m, magan", "exactly", 0, "catalogue OBJ-12; 1704.03817, Alg. 1"),
        Check("it falls at least twice", "decreases of m, magan", "at least", 2, "catalogue OBJ-12"),
        Check("without adaptation it does not", "decreases of m, m fixed", "exactly", 0, "ablation"),
        Check("FID of digits at most that with m fixed at m_0", "fid ratio", "at most", 1.0,
              "catalogue OBJ-12; 1704.03817, Sec. 5"),
    ),
    measure=measure,
)
