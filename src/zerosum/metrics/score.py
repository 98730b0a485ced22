"""A score, which never travels without its card."""

import math
from collections.abc import Iterable
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
    image_size: tuple[int, ...] = ()                     # height, width of the real samples as they were given
    fake_size: tuple[int, ...] = ()                      # of the fakes, where it is another
    features: dict[str, Any] = field(default_factory=dict)      # name, dim, weights_hash, resize, accuracy, task
    settings: dict[str, Any] = field(default_factory=dict)      # of the estimator
    details: dict[str, Any] = field(default_factory=dict)       # what it found on the way; no part of the protocol
    protocol: str = "zerosum"                            # see metrics/protocol.py; two are never compared
    quantised: bool = False                              # to 8 bits before features were made
    seed: int = 0
    unit: str = ""                                       # of the value: nats, bits, dB
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

    @property
    def headline(self) -> str:
        """The number with its interval and what it would be for perfect samples."""
        card = self.card
        interval = "" if card.interval is None else f" [{card.interval[0]:.4g}, {card.interval[1]:.4g}]"
        ideal = "" if card.ideal is None else f" (ideal {card.ideal:.4g})"
        unit = f" {card.unit}" if card.unit else ""
        return f"{self.name} {self.value:.4g}{unit}{interval}{ideal}"

    @property
    def estimator(self) -> str:
        """Settings of the estimator, and where the interval comes from."""
        settings = ", ".join(f"{key} {_short(value)}" for key, value in self.card.settings.items())
        interval = f"interval: {self.card.interval_method}" if self.card.interval else ""
        return "; ".join(filter(None, (settings, interval)))

    @property
    def protocol(self) -> str:
        """What was compared, and how."""
        card = self.card
        size = "x".join(map(str, card.image_size))
        source = " ".join(part for part in (card.data, card.split, size) if part)
        fakes = f" ({'x'.join(map(str, card.fake_size))})" if card.fake_size else ""
        parts = [f"{card.n_real} real ({source}), {card.n_fake} fake{fakes}"]
        if card.features:
            parts.append(_features(card.features))
        if card.protocol != "zerosum":
            parts.append(f"protocol {card.protocol}")
        if card.quantised:
            parts.append("8 bit")
        return "; ".join([*parts, f"seed {card.seed}", f"zerosum {card.version}"])

    def __str__(self) -> str:
        notes = [f"NOTE {text}" for text in self.card.warnings]
        return "; ".join(filter(None, [self.headline, self.estimator, self.protocol, *notes]))


def together(scores: Iterable[Score]) -> list[str]:
    """Several scores as lines of text, a protocol that they share said once below them."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(score.protocol, []).append(score)
    lines = []
    for protocol, group in groups.items():
        lines += ["; ".join(filter(None, (score.headline, score.estimator))) for score in group]
        notes: dict[str, list[str]] = {}
        for score in group:
            for text in score.card.warnings:
                notes.setdefault(text, []).append(score.name)
        lines += [f"of {protocol}", *(f"NOTE {', '.join(names)}: {text}" for text, names in notes.items())]
    return lines


def _short(value: Any) -> str:
    """A setting in few characters."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return f"{len(value)} values" if len(value) > 5 else "/".join(map(_short, value))
    return str(value)


def _features(card: dict[str, Any]) -> str:
    text = f"{card['name']} {card['dim']}-d"
    if card.get("weights_hash"):
        text += f" #{card['weights_hash'][:8]}"
    if card.get("accuracy") is not None:
        task = f" in naming {card['task']}" if card.get("task", "class") != "class" else ""
        text += f" (test accuracy {card['accuracy']:.3f}{task})"
    return text + (f" {card['resize']}" if card.get("resize") else "")
