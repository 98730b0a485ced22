"""What the metrics see: the smallest damage that each can tell from none, with as many samples as a small study has.

The survey of Xu et al. (2018, arXiv:1806.07755) damages real samples on purpose and watches the metrics; its conclusion
is that the kernel MMD and the 1-NN test separate best. Here every metric is asked the same question of a test: at a
false alarm rate of 5 %, from which strength on does it notice the damage four times out of five?
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import load_data
from ..metrics.distribution.class_diversity import class_diversity
from ..metrics.distribution.classes import class_divergence
from ..metrics.distribution.fid import fid
from ..metrics.distribution.inception_score import inception_score
from ..metrics.distribution.kid import kid
from ..metrics.distribution.memorisation import copying_score, distances_to_training
from ..metrics.distribution.mmd import mmd2, rbf, rms_distance
from ..metrics.distribution.mode_score import mode_score
from ..metrics.distribution.one_nn import one_nn
from ..metrics.distribution.precision_recall import precision_recall
from ..metrics.distribution.sliced_wasserstein import sliced_wasserstein
from ..metrics.distribution.wasserstein import wasserstein
from ..metrics.features import Pixels
from ..metrics.features.judge import judge
from .damage import DAMAGES, Damage, Pool

STRENGTHS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
NULLS, DRAWS = 40, 12                        # undamaged draws, and draws at each strength
ALARM, POWER = 0.05, 0.8                     # false alarms, and the share of draws that must be noticed
SAMPLES = {"digits": 200, "glyphs": 450}     # in each set, of the test part, which no network was trained on

Set = dict[str, Tensor]                      # features, probabilities, labels
Measure = Callable[[Set, Set, Set], float]   # of the reference, held-out samples of its law, and fakes


def _of_features(measure: Callable[[Tensor, Tensor], float]) -> Measure:
    return lambda real, held_out, fake: measure(real["features"], fake["features"])


def _precision_recall(name: str) -> Measure:
    return _of_features(lambda real, fake: precision_recall(real, fake)[name])


def _copying(real: Set, held_out: Set, fake: Set) -> float:
    distances = (distances_to_training(side["features"], real["features"]) for side in (held_out, fake))
    return copying_score(*distances)[0]


def _diversity(real: Set, held_out: Set, fake: Set) -> float:
    values = class_diversity(real["features"], fake["features"], real["labels"], fake["labels"]).values()
    return float(np.mean(list(values)))


# Two-sample metrics work on any features; the others need a judge.
TWO_SAMPLE: dict[str, Measure] = {
    "1-nn": _of_features(lambda real, fake: sum(one_nn(real, fake)) / 2),
    "mmd": _of_features(lambda real, fake: mmd2(real, fake, rbf(rms_distance(real)))),
    "kid": _of_features(kid), "fid": _of_features(fid), "w1": _of_features(wasserstein),
    "sliced-w2": _of_features(sliced_wasserstein), "precision": _precision_recall("precision"),
    "recall": _precision_recall("recall"), "density": _precision_recall("density"),
    "coverage": _precision_recall("coverage"), "memorisation": _copying,
}
OF_A_JUDGE: dict[str, Measure] = {
    "inception-score": lambda real, held_out, fake: inception_score(fake["probabilities"])[0],
    "mode-score": lambda real, held_out, fake: mode_score(real["probabilities"], fake["probabilities"]),
    "class-kl": lambda real, held_out, fake: class_divergence(fake["labels"], real["labels"]),
    "class-diversity": _diversity,
}

SURVEYED = ("1-nn", "mmd", "w1", "fid", "inception-score", "mode-score")         # what the survey compares


class Experiment:
    """One data set seen in one feature space."""

    def __init__(self, data: str, space: str):
        self.data, self.space = data, space
        self.x, test = load_data(data, split="test").all(), load_data(data, split="test")
        self.labels = test.gather(torch.arange(len(test)))["labels"]
        self.judge, self.count = judge(data), SAMPLES[data]
        self.extractor = self.judge if space == "judge" else Pixels(test.spec.channels)
        self.metrics = TWO_SAMPLE | (OF_A_JUDGE if space == "judge" else {})
        self.undamaged = self._seen(self.x)

    def draw(self, seed: int, damage: Damage | None = None, strength: float = 0.0) -> dict[str, float]:
        """Every metric of one draw of reference and fakes, the latter damaged."""
        generator = torch.Generator().manual_seed(seed)
        real, fake, spare = torch.randperm(len(self.x), generator=generator).split(
            [self.count, self.count, len(self.x) - 2 * self.count])
        sets = [{view: whole[rows] for view, whole in self.undamaged.items()} for rows in (real, spare, fake)]
        if damage is not None:
            pool = Pool(self.x[real], self.x[spare], self.labels[spare])
            sets[2] = self._seen(damage.apply(self.x[fake], self.labels[fake], strength, pool, generator))
        return {name: float(measure(*sets)) for name, measure in self.metrics.items()}

    def _seen(self, x: Tensor) -> Set:
        seen = {"features": self.extractor(x)}
        if self.space == "judge":
            seen["probabilities"] = self.judge.probabilities(x)
            seen["labels"] = seen["probabilities"].argmax(1)
        return seen

    def run(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Power of every metric for every damage and strength, and the smallest strength that it notices."""
        nulls = _columns([self.draw(seed) for seed in range(NULLS)])
        bounds = {name: np.quantile(values, [ALARM / 2, 1 - ALARM / 2]) for name, values in nulls.items()}
        found: dict[str, dict[str, Any]] = {name: {} for name in self.metrics}
        for damage in DAMAGES:
            say(f"{self.data}, {self.space} features: {damage.name}")
            values = [_columns([self.draw(1000 + seed, damage, strength) for seed in range(DRAWS)])
                      for strength in STRENGTHS]
            for name, (low, high) in bounds.items():
                power = [float(np.mean((at[name] < low) | (at[name] > high))) for at in values]
                found[name][damage.name] = {"power": power, "noticed from": noticed_from(power),
                                            "median": [float(np.median(at[name])) for at in values]}
        return {"samples": self.count, "features": self.extractor.name, "weights": self.extractor.weights_hash,
                "undamaged": {name: float(np.median(values)) for name, values in nulls.items()}, "metrics": found}


def _columns(draws: list[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.array([draw[name] for draw in draws]) for name in draws[0]}


def noticed_from(power: list[float]) -> float | None:
    """The smallest strength from which on the damage is noticed often enough; None: not even at full strength."""
    noticed = None
    for strength, share in zip(reversed(STRENGTHS), reversed(power), strict=True):
        if share < POWER:
            break
        noticed = strength
    return noticed


def ranking(result: Mapping[str, Any]) -> list[tuple[str, float, int]]:
    """Metrics by how early they notice real damage: name, mean strength (2 where never), number of damages noticed.

    Neither memory, which most metrics are meant to miss, nor what is harmless counts.
    """
    counted = [damage.name for damage in DAMAGES if damage.kind in ("diversity", "quality")]
    rows = []
    for name, of in result["metrics"].items():
        found = [of[damage]["noticed from"] for damage in counted]
        rows.append((name, float(np.mean([2.0 if s is None else s for s in found])), sum(s is not None for s in found)))
    return sorted(rows, key=lambda row: row[1])


def place_of(metric: str, result: Mapping[str, Any]) -> int | None:
    """The place of one of the survey's metrics among those of them that were measured; None for one that was not."""
    means = {name: mean for name, mean, _ in ranking(result) if name in SURVEYED}
    return None if metric not in means else 1 + sum(mean < means[metric] for mean in means.values())


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (some minutes), and write what was found and a picture of it to the folder."""
    from ..version import __version__
    from .figures import publish
    from .figures.what_metrics_see import draw

    results = {f"{data}, {space}": Experiment(data, space).run(say)
               for data in SAMPLES for space in ("judge", "pixels")}
    document = {"strengths": STRENGTHS, "false alarms": ALARM, "power": POWER, "draws": DRAWS, "undamaged draws": NULLS,
                "damages": {d.name: {"kind": d.kind, "at strength 1": d.what} for d in DAMAGES},
                "results": results, "version": __version__}
    return publish(folder, "what-metrics-see", document, draw)
