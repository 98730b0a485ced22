"""One look at a model: where its samples lie among the data, and what its discriminator says of both."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Model, abilities, condition
from ..data import Dataset, to_float
from .copies import Copies, distances

MOST, SAMPLES, CHUNK = 2_000, 500, 100       # real samples in groups, samples drawn in a look, and at a time
KNOWN, NUMBERS = 100_000, 2**26              # training samples looked through for copies, and their features in all
SIDE = 16                                    # pixels of the pictures that are compared
CLUSTERS, CLASSES = 20, 50                   # groups of data without classes, and the most classes taken for groups
SHORT = 0.2                                  # of its share: a group that gets less is missing
FAR, WIDE = 0.99, 0.15                       # far from the data: beyond this quantile of real samples' distances to it,
                                             # and this share of the distance between any two of them


@dataclass(frozen=True)
class Probe:
    """What one look has found. Shares lie in [0, 1]; ratios are 1 where samples are like the data."""

    step: int
    shares: tuple[float, ...]                # of the samples, in each group of the data
    missing: float                           # share of the data in groups that get less than a fifth of their share
    variety: float                           # mean distance between two samples, over that between two real ones
    spread: float                            # the same within a group; the median of the groups that have samples
    far: float                               # share of samples farther from the data than real ones are
    nearness: float                          # median distance to the nearest of 2,000, over a real one's
    separation: float | None = None          # probability that D scores a real sample above a generated one
    copied: float = 1.0                      # distance to the nearest of all training samples, over a real one's
    twins: float = 1.0                       # median distance of a sample to the one most like it, over a real one's

    def to_json(self) -> dict[str, Any]:
        return {name: round(value, 4) if isinstance(value, float) else value
                for name, value in asdict(self).items() if name != "step"}

    @classmethod
    def from_json(cls, step: int, document: dict[str, Any]) -> "Probe":
        return cls(step, tuple(document["shares"]), **{k: v for k, v in document.items() if k != "shares"})


@dataclass(frozen=True)
class Sight:
    """What one look has seen: the samples (N, ...), the group of each, and scores of real ones and of these."""

    probe: Probe
    x: Tensor
    groups: Tensor
    scores: tuple[Tensor, Tensor] | None     # None where the model has none of its own


class Ground:
    """A data set, prepared for looks: its groups (classes, modes or clusters), and how far its samples lie apart.

    At most `known` training samples are looked through for copies at once; `learn` reads on.
    """

    def __init__(self, data: Dataset, known: int = KNOWN):
        self.data, order = data, torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
        chosen = order[:MOST]
        self.asked: list[dict[str, Tensor]] = []             # what the discriminator is asked about, as stored
        features, labels = [], []
        for rows in chosen.split(CHUNK):      # never many large images at once
            part = data.gather(rows)
            features.append(features_of(to_float(part["x"])))
            labels.append(part.get("labels"))
            if len(self.asked) < SAMPLES // CHUNK:
                self.asked.append(part)
        self.features = torch.cat(features)
        self.by_class = labels[0] is not None and 1 < data.spec.num_classes <= CLASSES
        self.groups = torch.cat(labels) if self.by_class else self._groups(data)
        self.expected = torch.bincount(self.groups).double() / len(self.groups)
        some = self.features[:SAMPLES]
        away = torch.cdist(some, self.features)
        away[range(len(some)), range(len(some))] = torch.inf
        nearest = away.amin(1)
        self.variety, self.usual = mean_distance(some), float(nearest.median())
        self.reach = max(float(nearest.quantile(FAR)), WIDE * self.variety)
        self.spreads = [mean_distance(self.features[self.groups == group][:SAMPLES // 4])
                        for group in range(len(self.expected))]
        # With replacement, as a generator draws; where the data are so few that this repeats them, it says nothing.
        again = torch.randint(len(self.features), (SAMPLES,), generator=torch.Generator().manual_seed(0))
        self.apart = nearest_other(self.features[again])
        self.copies = Copies(some, half=data.spec.is_image)
        self.copies.add(self.features)
        self.order = order[:min(KNOWN, NUMBERS // self.features.shape[1])]
        more = True
        while more and self.copies.known < known:
            more = self.learn()

    def learn(self) -> bool:
        """Read some more training samples to look through for copies; False where no more are to be read."""
        rows = self.order[self.copies.known:][:CHUNK]
        if len(rows):
            self.copies.add(features_of(to_float(self.data.gather(rows)["x"])))
        return self.copies.known < len(self.order)

    def _groups(self, data: Dataset) -> Tensor:
        if data.modes is not None:
            return torch.cdist(self.features, torch.as_tensor(data.modes).float()).argmin(1)
        return clusters(self.features, min(CLUSTERS, len(self.features)))

    def look(self, model: Model, step: int = 0) -> Probe | None:
        """Look at a model that can sample, in evaluation mode; None where its samples are not finite."""
        sight = self.see(model, step)
        return sight and sight.probe

    def see(self, model: Model, step: int = 0) -> Sight | None:
        """Look, and keep what was seen, to be drawn."""
        x = torch.cat([model.sample(CHUNK, seed=start).float().cpu() for start in range(SAMPLES // CHUNK)])
        if not bool(x.isfinite().all()):
            return None
        fakes = features_of(x)
        nearest, which = torch.cdist(fakes, self.features).min(1)
        groups = self.groups[which]
        shares = torch.bincount(groups, minlength=len(self.expected)).double() / len(groups)
        counted = self.expected * SAMPLES >= 5
        missing = self.expected[counted & (shares < SHORT * self.expected)].sum() / self.expected[counted].sum()
        spreads = [mean_distance(fakes[groups == group]) / self.spreads[group] for group in range(len(self.expected))
                   if int((groups == group).sum()) >= 5 and self.spreads[group] > 0]
        scores = self._scores(model, x)
        probe = Probe(step, tuple(round(share, 4) for share in shares.tolist()), float(missing),
                     mean_distance(fakes) / (self.variety or 1), float(torch.tensor(spreads or [1.0]).median()),
                     float((nearest > self.reach).float().mean()), float(nearest.median()) / (self.usual or 1),
                     None if scores is None else area(*scores), self.copies.ratio(fakes, len(self.data)),
                     nearest_other(fakes) / self.apart if self.apart else 1.0)
        return Sight(probe, x, groups, scores)

    def _scores(self, model: Model, x: Tensor) -> tuple[Tensor, Tensor] | None:
        """The discriminator's, of real samples and of x; None where the model has none of its own."""
        if "score" not in abilities(model):
            return None
        labels = getattr(model, "labels_for", lambda n, labels: None)(CHUNK, None)
        real, fake = [], []
        with torch.no_grad():
            for part in self.asked:
                theirs = None if labels is None else part[condition(model) or "labels"].to(model.device)
                real.append(model.scores(to_float(part["x"]).to(model.device), theirs).float().cpu())
            for part in x.split(CHUNK):
                fake.append(model.scores(part.to(model.device), labels).float().cpu())
        return torch.cat(real), torch.cat(fake)


def area(real: Tensor, fake: Tensor) -> float:
    """The area under the ROC curve of scores: how often a real sample's is above a generated one's."""
    return float((real[:, None] > fake).double().mean() + (real[:, None] == fake).double().mean() / 2)


def features_of(x: Tensor) -> Tensor:
    """What samples are compared in: points (N, D) as they are, images as at most 16 x 16 pixels: (N, F) float32."""
    if x.dim() == 4 and max(x.shape[2:]) > SIDE:
        x = nn.functional.adaptive_avg_pool2d(x, SIDE)
    return x.flatten(1).float()


def mean_distance(x: Tensor) -> float:
    """Between two different samples of x (N, F); 0 for fewer than two."""
    return float(torch.pdist(x).mean()) if len(x) > 1 else 0.0


def nearest_other(x: Tensor) -> float:
    """The median distance of a sample of x (N, F) to the one that is most like it; 0 for fewer than two."""
    if len(x) < 2:
        return 0.0
    away = distances(x, x)
    return float(away.fill_diagonal_(torch.inf).amin(1).median())


def clusters(x: Tensor, count: int, rounds: int = 10) -> Tensor:
    """The cluster of each sample of x (N, F), by Lloyd's algorithm: (N,) int64; the same every time."""
    centres = x[:count].clone()
    for _ in range(rounds):
        which = torch.cdist(x, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, which, x)
        sizes = torch.bincount(which, minlength=count)[:, None]
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return torch.cdist(x, centres).argmin(1)
