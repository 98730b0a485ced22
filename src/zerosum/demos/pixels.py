"""Pixels are no judge of pictures: to L2 one wrong pixel is a smaller fault than a stroke that goes on a little longer.

The example of Lee's lectures for why an autoencoder's error is not what a generator should descend. Of each digit of
the glyphs that were held out:

    isolated     one pixel of ink where there is none around            a flaw to everyone who reads
    hole         one pixel without ink inside a stroke                  likewise
    prolonged    the end of a stroke goes on for two pixels             still the same digit
    scattered    as much ink as that adds, in pixels by themselves      a flaw that ink cannot tell from it
    taller       the middle rows stand three times                      still the same digit

Two discriminators that have learnt from characters, and from none of the above, score each. Of two pictures, which is
the worse: the one farther from the digit in L2, or the one that scores less? The control is a judge that only counts
ink and takes more of it for better: who is right where that is right, too, need not have seen any flaw.
"""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from ..core import Model
from ..data import load_data
from ..engine import Trainer
from ..runs import construct, plan
from ..version import __version__

SEEDS = (0, 1, 2)
SETTINGS = {"data": "glyphs", "image_size": 16, "width": 32, "device": "cpu", "threads": 1}
JUDGES: dict[str, dict[str, Any]] = {
    "wgan-gp": {"norm": "none", "objective": "wasserstein", "penalty": "gradient-penalty", "d_steps": 5,
                "betas": (0.0, 0.9), "steps": 200},
    "dcgan": {"steps": 600},
}
LONGER, WIDEST = 2, 2                        # pixels; how wide the end of a stroke may be
BLANK, INK = -0.9, 0.4                       # below the first nothing is drawn, above the second a pixel is ink
SHOWN = 7

Change = Callable[[Tensor, torch.Generator], Tensor | None]


def isolated(x: Tensor, generator: torch.Generator) -> Tensor | None:
    """A picture (1, H, W) with one pixel of ink, around which nothing is drawn as far as two pixels."""
    return _set(x, max_pool2d((x > BLANK).float()[None], 5, 1, 2)[0, 0] == 0, 1.0, generator)


def hole(x: Tensor, generator: torch.Generator) -> Tensor | None:
    """A picture with one pixel of ink gone that has ink above, below and at both sides."""
    ink = pad(x[0] > 0, (1, 1, 1, 1))
    inside = ink[1:-1, 1:-1] & ink[:-2, 1:-1] & ink[2:, 1:-1] & ink[1:-1, :-2] & ink[1:-1, 2:]
    return _set(x, inside, -1.0, generator)


def prolonged(x: Tensor, generator: torch.Generator) -> Tensor | None:
    """A picture in which a stroke that ends at one of the four sides of the digit goes on; None where none does."""
    found = [torch.rot90(y, -turn, (1, 2)) for turn in range(4)
             if (y := _to_the_right(torch.rot90(x, turn, (1, 2)))) is not None]
    return found[int(torch.randint(len(found), (), generator=generator))] if found else None


def taller(x: Tensor, generator: torch.Generator) -> Tensor | None:
    """A picture whose lower half has moved down, with copies of the middle row between; None where no room is left."""
    rows = (x[0] > BLANK).any(1).nonzero()[:, 0]
    if not len(rows) or rows[-1] + LONGER >= x.shape[1]:
        return None
    return _repeated(x.transpose(1, 2), int(rows[0] + rows[-1]) // 2).transpose(1, 2)


CHANGES: dict[str, Change] = {"isolated": isolated, "hole": hole, "prolonged": prolonged, "taller": taller}
PAIRS = (*product(("isolated", "hole", "scattered"), ("prolonged",)),          # a flaw, and what is none
         *product(("isolated", "hole"), ("taller",)))


def scattered(x: Tensor, much: float, generator: torch.Generator) -> Tensor | None:
    """A picture with so much more ink, in pixels that touch neither the digit nor each other; None without room."""
    x = x.clone()
    while much > 1e-4:
        free = (max_pool2d((x > BLANK).float()[None], 3, 1, 1)[0, 0] == 0).nonzero()
        if not len(free):
            return None
        row, column = free[torch.randint(len(free), (), generator=generator)]
        x[0, row, column] += min(much, 2.0)
        much -= 2.0
    return x


def _set(x: Tensor, where: Tensor, value: float, generator: torch.Generator) -> Tensor | None:
    places = where.nonzero()
    if not len(places):
        return None
    row, column = places[torch.randint(len(places), (), generator=generator)]
    x = x.clone()
    x[0, row, column] = value
    return x


def _to_the_right(x: Tensor) -> Tensor | None:
    """The stroke that ends farthest to the right goes on; None if that is no end, or if it has no room."""
    ink = x[0] > INK
    columns = ink.any(0).nonzero()[:, 0]
    if not len(columns) or (last := int(columns[-1])) < 2 or last + LONGER + 1 >= x.shape[2]:
        return None
    rows = ink[:, last].nonzero()[:, 0]
    in_one = rows[-1] - rows[0] + 1 == len(rows) <= WIDEST
    return _repeated(x, last) if in_one and ink[rows, last - 2:last].all() else None


def _repeated(x: Tensor, column: int) -> Tensor:
    """One column LONGER times more, what is to its right moved on."""
    at = torch.arange(x.shape[2])
    return x[:, :, torch.where(at <= column, at, (at - LONGER).clamp_min(column))]


def digits() -> tuple[Tensor, Tensor]:
    """Held-out digits of the glyphs (N, 1, H, W), and what each is, (N,)."""
    test = load_data(SETTINGS["data"], image_size=SETTINGS["image_size"], split="test")
    labels, numerals = test.gather(torch.arange(len(test)))["labels"], [c.isdigit() for c in test.spec.classes]
    rows = torch.tensor(numerals)[labels]
    return test.all()[rows], labels[rows] - numerals.index(True)


def ink(x: Tensor) -> Tensor:
    """How much of it pictures (N, 1, H, W) have, (N,)."""
    return (x + 1).flatten(1).sum(1)


def changed(x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Every change of pictures x (N, 1, H, W), each like x, and which of them it was possible for, (N,) bool."""
    generator = torch.Generator().manual_seed(0)
    each = {name: [change(picture, generator) for picture in x] for name, change in CHANGES.items()}
    each["scattered"] = [None if new is None else scattered(old, float((new - old).sum()), generator)
                         for old, new in zip(x, each["prolonged"], strict=True)]
    pictures = {name: torch.stack([old if new is None else new for old, new in zip(x, found, strict=True)])
                for name, found in each.items()}
    return pictures, {name: torch.tensor([new is not None for new in found]) for name, found in each.items()}


def train(judge: str, seed: int) -> Model:
    """The model of a judge after its training."""
    chosen = plan("recipe", "small", {**SETTINGS, **JUDGES[judge], "seed": seed})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    trainer.fit(chosen.train.steps)
    return trainer.model.eval()


def right(worse: Mapping[str, Tensor], possible: Mapping[str, Tensor]) -> dict[str, float]:
    """For each pair, the share of digits of which the flaw is called worse: by numbers (N,), larger = worse."""
    found = {}
    for flaw, fine in PAIRS:
        both = possible[flaw] & possible[fine]
        found[f"{flaw}, {fine}"] = float((worse[flaw] > worse[fine])[both].double().mean())
    return found


@torch.no_grad()
def judged(model: Any, x: Tensor, pictures: Mapping[str, Tensor],
           possible: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a judge says of all changes; and by how many deviations of its scores of digits each falls, (N,)."""
    scores = model.scores(x)
    lost = {name: (scores - model.scores(y)) / scores.std() for name, y in pictures.items()}
    return {"right": right(lost, possible),
            "lost": {name: float(each[possible[name]].mean()) for name, each in lost.items()},
            "below": {name: float((each > 0)[possible[name]].double().mean()) for name, each in lost.items()},
            "ink": float(torch.corrcoef(torch.stack([scores, ink(x)]))[0, 1])}, lost


def measure(say: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """All that the page and the figure show, and the pictures of the latter."""
    x, labels = digits()
    pictures, possible = changed(x)
    distances = {name: (y - x).flatten(1).norm(dim=1) for name, y in pictures.items()}
    whole = torch.stack(list(possible.values())).all(0).nonzero()[:, 0]
    shown = whole[(labels[whole] != 2).int().argsort(stable=True)][:SHOWN]            # the lecture's digit first
    judges: dict[str, dict[str, Any]] = {name: {} for name in JUDGES}
    first: dict[str, dict[str, list[float]]] = {}
    for name, seed in product(JUDGES, SEEDS):
        judges[name][str(seed)], lost = judged(train(name, seed), x, pictures, possible)
        first.setdefault(name, {change: each[shown].tolist() for change, each in lost.items()})
        say(f"{name}, seed {seed}: right in " + ", ".join(
            f"{share:.0%} ({pair})" for pair, share in judges[name][str(seed)]["right"].items()))
    found = {"settings": SETTINGS, "trained": JUDGES, "digits": len(x),
             "possible": {name: int(each.sum()) for name, each in possible.items()},
             "pairs": {f"{a}, {b}": int((possible[a] & possible[b]).sum()) for a, b in PAIRS},
             "distance": {name: float(each[possible[name]].mean()) for name, each in distances.items()},
             "right by L2": right(distances, possible),
             "right by ink": right({name: ink(x) - ink(y).round(decimals=3) for name, y in pictures.items()}, possible),
             "judges": judges, "version": __version__,
             "shown": {"digit": labels[shown].tolist(), "lost": first,
                       "distance": {name: each[shown].tolist() for name, each in distances.items()}}}
    return found, {"digit": x[shown]} | {name: y[shown] for name, y in pictures.items()}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Train both judges (a CPU minute or two), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.pixels import draw

    found, pictures = measure(say)
    return publish(folder, "pixels", found, lambda document, path: draw(document, pictures, path))
