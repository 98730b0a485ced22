"""What claims on text share: captions of combinations never trained on, and whether samples are as they say."""

from functools import cache

import torch
from torch import Tensor

from ..core import Model
from ..data import Dataset, load_data
from ..metrics.features.judge import judge
from ..runs.pictures import grid
from .trial import Trained, Trial

ROWS, COLUMNS, ZOOM = 8, 8, 2                # of the picture: a row for each caption
CHUNK = 250
NEAR = 100                                   # texts of which the nearest to another is taken, to be hard to tell apart


@cache
def unseen(size: int) -> Dataset:
    """Shapes in combinations that no model is trained on, at this size."""
    return load_data("shapes", image_size=size, split="test")


def asked_of(model: Model, data: Dataset) -> Tensor:
    """The captions of a data set in the words of the model: (N, L)."""
    return model.data.encode(data.captions, lenient=True)


def truth(data: Dataset, factor: str) -> Tensor:
    """What a factor of each sample is: (N,)."""
    return torch.from_numpy(data.attributes[:, list(data.factors).index(factor)])


def obeyed(x: Tensor, data: Dataset, factor: str) -> float:
    """The share of samples (N, C, H, W) on which the judge sees what the captions of the data say."""
    return float((judge("shapes", factor).classify(x) == truth(data, factor)).double().mean())


@torch.no_grad()
def preferred(model: Model, data: Dataset, text: Tensor, among: int = 1) -> float:
    """How often D scores a real picture higher under its own caption (N, L) than under one that reads otherwise.

    That is the nearest `among` so many.
    """
    x, wrong = data.all(), model.other_text(text, among)
    right, other = (torch.cat([model.scores(x[i:i + CHUNK], said[i:i + CHUNK]) for i in range(0, len(x), CHUNK)])
                    for said in (text, wrong))
    return float((right > other).double().mean())


@torch.no_grad()
def midpoints(model: Model, text: Tensor, seed: int) -> Tensor:
    """Samples of the points half-way between texts (N, L) and others: (N, *shape)."""
    z = model.noise(len(text), torch.Generator().manual_seed(seed))
    other = model.other_text(text)
    return torch.cat([model.between(z[i:i + CHUNK], text[i:i + CHUNK], other[i:i + CHUNK])
                      for i in range(0, len(z), CHUNK)])


def valid(x: Tensor, data: Dataset, real: Dataset) -> float:
    """The share of samples (N, C, H, W) that are a shape, for the judge: as near to a real one as 95 % of unseen ones.

    Nearness is that of its features, to the nearest sample of `real`; and it must be as sure which shape that is as it
    is of 95 % of the unseen ones, which an empty background is not.
    """
    network = judge("shapes")
    known, unknown = network(real.all()), data.all()
    reach = torch.cdist(network(unknown), known).amin(1).quantile(0.95)
    sure = network.probabilities(unknown).amax(1).quantile(0.05)
    near = torch.cdist(network(x), known).amin(1) <= reach
    return float((near & (network.probabilities(x).amax(1) >= sure)).double().mean())


def rows_of(model: Model, data: Dataset, seed: int) -> Tensor:
    """ROWS captions of the data, and COLUMNS samples of each: (ROWS * COLUMNS, *shape)."""
    each = asked_of(model, data)[torch.arange(ROWS) * (len(data) // ROWS)]
    return model.sample(ROWS * COLUMNS, seed=seed, labels=each.repeat_interleave(COLUMNS, 0))


def judged_text(trial: Trial, side: str) -> tuple[dict[str, float], Trained]:
    """Train a side, and see what it makes of captions never trained on; the picture has a caption a row."""
    done = trial.train(side)
    torch.manual_seed(trial.seed)            # which text is the wrong one
    data = unseen(done.data.spec.height)
    text = asked_of(done.model, data)
    x = done.model.sample(len(text), seed=trial.seed, labels=text)
    trial.panel(f"{side}: a caption a row", picture(rows_of(done.model, data, trial.seed)))
    found = {f"{factor} as the text says": obeyed(x, data, factor) for factor in ("shape", "colour", "background")}
    found |= {"D prefers the right text": preferred(done.model, data, text),
              "D prefers the right text to a near one": preferred(done.model, data, text, NEAR)}
    return {f"{name}, {side}": value for name, value in found.items()}, done


def picture(x: Tensor):
    """Samples in rows of COLUMNS."""
    sheet = grid(x, columns=COLUMNS, pad=1)
    return sheet.resize((sheet.width * ZOOM, sheet.height * ZOOM), 0)
