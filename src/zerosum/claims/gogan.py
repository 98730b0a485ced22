"""Claim of GoGAN (1704.04865): a second stage, which must beat the first, is better than as much more of the first.

The ranking and the completion hold; images are as good as those of the first stage gone on, not better. The critic that
ranks is the average of its weights, judged as the generator's is: from one step to the next the order comes and goes.
"""

import torch
from torch import Tensor

from ..core import Model
from ..data import load_data
from ..engine import Trainer
from ..latent import complete
from ..metrics.paired.psnr import psnr
from .claim import Check, Claim, Side
from .digits import judged
from .panels import images_panel
from .points import covered
from .trial import Trained, Trial, finished

COMPLETED = 200                              # test images
STARTS = 8                                   # of the search for the z that completes one


def staged(trial: Trial, side: str) -> tuple[Trained, Trained]:
    """Train a side of two stages: what the first stage left, and what the last did."""
    kept: list[Trained] = []

    def look(trainer: Trainer, terms: dict[str, Tensor]) -> None:
        if trainer.step == trainer.model.cfg.stage_steps:
            kept.append(finished(trainer))

    done = trial.train(side, look)
    return kept[0], done


def with_a_hole(x: Tensor) -> Tensor:
    """Where images (N, C, H, W) are known: everywhere but in the middle square of half their side; (H, W) bool."""
    known = torch.ones(x.shape[2:], dtype=torch.bool)
    height, width = known.shape
    known[height // 4:-(height // 4), width // 4:-(width // 4)] = False
    return known


def ranked(model: Model, x: Tensor, seed: int) -> dict[str, float]:
    """Shares of triples that the critic ranks as real, new, old, D(x) > D(G_2(z)) > D(G_1(z)), or partly so.

    G_1 is the generator that stands still in the second stage: of the first one's averaged weights the critic never
    saw a sample.
    """
    z = model.noise(len(x), torch.Generator().manual_seed(seed))
    real, new, old = (model.scores(samples).detach() for samples in (x, model.generate(z), model.generate_previous(z)))
    orders = {"triples in order": (real > new) & (new > old), "real above new": real > new, "new above old": new > old,
              "real above old": real > old}
    return {name: float(holds.double().mean()) for name, holds in orders.items()}


def measure(trial: Trial) -> dict[str, float]:
    (first, second), longer = staged(trial, "gogan"), trial.train("one stage")
    found = ranked(second.model, second.data.all()[:1_000], trial.seed)
    test = load_data("digits", image_size=second.data.spec.height, split="test").all()[:COMPLETED]
    known = with_a_hole(test)
    for name, done in (("first stage", first), ("one stage", longer), ("second stage", second)):
        filled = complete(done.model, test, known, starts=STARTS, seed=trial.seed)
        found |= judged(trial, name, done)
        found[f"PSNR of completion, {name}"] = float(psnr(filled, test).mean())
    holes = torch.where(known, test, -torch.ones(()))
    trial.panel("digits, with a hole, completed by the second", images_panel(torch.cat(
        [rows[:8] for start in range(0, 24, 8) for rows in (test[start:], holes[start:], filled[start:])][:9]), 72))
    for name, done in zip(("first stage", "second stage"), staged(trial, "ring"), strict=True):
        found |= covered(trial, name, done)
    return found


CLAIM = Claim(
    statement="A second stage, whose critic must rank the data above its generator and that above the frozen one of "
              "the first stage, makes better digits than as many more steps of the first, and completes images better.",
    baseline="one stage of as many steps: the same networks, optimiser, batch, seed and first half",
    sides={
        "gogan": Side("gogan", "small"),
        "one stage": Side("gogan", "small", {"stages": 1}),
        "ring": Side("gogan", "ring"),
    },
    checks=(
        Check("FID of the second stage below that of a first one gone on", "fid, second stage", "below",
              "fid, one stage", "catalogue STR-06"),
        Check("the critic ranks data, new and old samples in this order", "triples in order", "at least", 0.9,
              "catalogue STR-06; 1704.04865, Sec. 3: order of the scores"),
        Check("the second stage completes images better than the first", "PSNR of completion, second stage", "above",
              "PSNR of completion, first stage", "catalogue STR-06; 1704.04865, Sec. 4: image completion"),
    ),
    measure=measure,
)
