"""Claim of StyleGAN (1812.04948): coarse styles say where a shape lies and which it is, fine ones say its colours.

Four of its six layers, at 4 and 8 pixels, are coarse here, and the two at 16 are fine. The size of a shape, which no
check judges, goes with the fine ones. So short a training does not always get there: with seed 2 places and shapes
change by fine styles rather, by coarse ones to a share of 0.36. At a learning rate of 2.5e-3, as on digits, 850 steps
(gamma 0.1, twice the numbers in z and w) left shapes near the middle on seed 10; at 8e-3 with that gamma samples were
worse after 850 steps than after 400.

What fails: without noise 0.94 of the labels stay. Shape is lost most easily, 0.87 to 0.90 stay with the two seeds that
learn places; places stay by 0.92 to 0.94, colours by 0.95 to 0.98.
"""

import torch
from torch import Tensor

from ..core import Model
from ..latent import mix
from ..metrics.distribution.fid import fid
from ..metrics.features.judge import judge
from .claim import Check, Claim, Side
from .panels import images_panel
from .trial import Trained, Trial

COUNT, COARSE = 512, 4                       # pairs of samples; layers that are coarse, of six
GROUPS = {"place and shape": ("x", "y", "shape"), "colours": ("colour", "background")}


def labels_of(x: Tensor) -> dict[str, Tensor]:
    """What the judge sees on each image: by factor, (N,) int64."""
    return {factor: seen.argmax(1) for factor, seen in judge("shapes").factors(x).items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, float]:
    """The share of images whose label has changed, by factor."""
    return {factor: float((seen != after[factor]).double().mean()) for factor, seen in before.items()}


@torch.no_grad()
def swaps(model: Model, seed: int) -> dict[str, dict[str, float]]:
    """What changes where coarse styles, or fine ones, are those of another sample, and where there is no noise."""
    ours, theirs = model.map(model.noise(2 * COUNT, torch.Generator().manual_seed(seed))).chunk(2)
    before = labels_of(model.synthesize(ours))
    mixed = {"coarse": torch.cat([theirs[:, :COARSE], ours[:, COARSE:]], 1),
             "fine": torch.cat([ours[:, :COARSE], theirs[:, COARSE:]], 1)}
    found = {part: changed(before, labels_of(model.synthesize(w))) for part, w in mixed.items()}
    return found | {"noise": changed(before, labels_of(model.generator.synthesis(ours, "none").clamp(-1, 1)))}


def matrix(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Changes by swap and group of factors, and how many of a group's the swap on the diagonal makes."""
    numbers = {f"{group}, {part}": sum(found[part][factor] for factor in factors) / len(factors)
               for group, factors in GROUPS.items() for part in ("coarse", "fine")}
    for group, part in zip(GROUPS, ("coarse", "fine"), strict=True):
        both = numbers[f"{group}, coarse"] + numbers[f"{group}, fine"]
        numbers[f"share of {part}, {group}"] = numbers[f"{group}, {part}"] / both if both else float("nan")
    return numbers


def show(trial: Trial, model: Model, part: str, layers: str) -> None:
    """A table: the first column is given the styles of the first row, in these layers."""
    table = mix(model, layers, rows=7, columns=7, seed=trial.seed)
    top = torch.cat([torch.zeros_like(table.b[:1]), table.b])
    rows = torch.cat([table.a[:, None], table.x], 1).flatten(0, 1)
    trial.panel(f"{part} styles of the first row", images_panel(torch.cat([top, rows])))


def look(trial: Trial, done: Trained) -> dict[str, float]:
    """Samples, their distance to shapes in the judge's features, and what styles do."""
    x = done.model.sample(COUNT, seed=trial.seed)
    distance = fid(judge("shapes")(done.data.all()[:COUNT]), judge("shapes")(x))
    trial.panel(f"samples: FID {distance:.1f}", images_panel(x))
    show(trial, done.model, "coarse", f"0-{COARSE - 1}")
    show(trial, done.model, "fine", f"{COARSE}-{done.model.generator.synthesis.num_ws - 1}")
    found = swaps(done.model, trial.seed)
    return {"fid": distance, **matrix(found), **{f"{factor}, {part}": share for part, factors in found.items()
                                                 for factor, share in factors.items()},
            "labels that stay without noise": 1 - sum(found["noise"].values()) / len(found["noise"])}


def measure(trial: Trial) -> dict[str, float]:
    return look(trial, trial.train("stylegan"))


SETTINGS = {"data": "shapes", "image_size": 16, "z_dim": 32, "w_dim": 32, "channel_max": 32, "gamma": 1.0, "lr": 6e-3,
            "steps": 900}

CLAIM = Claim(
    statement="Layer by layer styles steer different things, though no label was ever seen: where the coarse ones are "
              "another sample's, the shape lies elsewhere or is another; where the fine ones are, its colours are "
              "others. Noise alone changes nothing that has a name.",
    baseline="the same samples with the other styles exchanged, and with noise as it was",
    sides={"stylegan": Side("stylegan", "small", SETTINGS)},
    checks=(
        Check("most changes of place and shape come from coarse styles", "share of coarse, place and shape", "at least",
              0.6, "catalogue STY-01"),
        Check("and most changes of colours from fine ones", "share of fine, colours", "at least", 0.6,
              "catalogue STY-01"),
        Check("coarse styles do change place and shape", "place and shape, coarse", "at least", 0.3,
              "styles that change nothing would pass else; of unrelated samples 0.67 differ"),
        Check("and fine ones do change colours", "colours, fine", "at least", 0.3,
              "styles that change nothing would pass else; of unrelated samples 0.79 differ"),
        Check("without noise labels stay", "labels that stay without noise", "at least", 0.95, "catalogue STY-01"),
    ),
    measure=measure,
)
