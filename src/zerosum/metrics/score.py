"""A score, which never travels without its card."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..version import __version__


@dataclass(frozen=True)
class ScoreCard:
    """Everything that must be equal before two scores may be compared, and how sure this one is."""

    n_real: int
    n_fake: int
    data: str = "arrays"
    split: str = ""
    image_size: tuple[int, ...] = ()                     # height, width of the samples as they were given
    features: dict[str, Any] = field(default_factory=dict)      # name, dim, weights_hash, resize, accuracy
    settings: dict[str, Any] = field(default_factory=dict)      # of the estimator
    seed: int = 0
    better: Literal["lower", "higher", "nearer"] = "lower"
    ideal: float | None = None                           # what samples of the data's own distribution score
    interval: tuple[float, float] | None = None          # 95 %
    interval_method: str = ""
    warnings: tuple[str, ...] = ()
    version: str = __version__


@dataclass(frozen=True)
class Score:
    """One measured number with its protocol; `print(score)` is one honest line."""

    name: str
    value: float
    card: ScoreCard

    def __float__(self) -> float:
        return self.value

    def to_json(self) -> dict[str, Any]:
        """As JSON; a value that is not finite is None."""
        return {"name": self.name, "value": self.value if math.isfinite(self.value) else None,
                "card": asdict(self.card)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Score":
        """The score that `to_json` described."""
        value = document["value"]
        card = {k: tuple(v) if isinstance(v, list) else v for k, v in document["card"].items()}
        return cls(document["name"], math.nan if value is None else value, ScoreCard(**card))

    def __str__(self) -> str:
        card = self.card
        interval = "" if card.interval is None else f" [{card.interval[0]:.4g}, {card.interval[1]:.4g}]"
        ideal = "" if card.ideal is None else f" (ideal {card.ideal:.4g})"
        size = "x".join(map(str, card.image_size))
        source = " ".join(part for part in (card.data, card.split, size) if part)
        parts = [f"{self.name} {self.value:.4g}{interval}{ideal}", f"{card.n_real} real ({source}), {card.n_fake} fake"]
        if card.features:
            parts.append(_features(card.features))
        parts += [f"seed {card.seed}", f"zerosum {card.version}", *(f"NOTE {text}" for text in card.warnings)]
        return "; ".join(parts)


def _features(card: dict[str, Any]) -> str:
    text = f"{card['name']} {card['dim']}-d"
    if card.get("weights_hash"):
        text += f" #{card['weights_hash'][:8]}"
    if card.get("accuracy") is not None:
        text += f" (test accuracy {card['accuracy']:.3f})"
    return text + (f" {card['resize']}" if card.get("resize") else "")
