"""Survey data: counts, sizes, kinds, labels, duplicates, and every file that does not fit, with its mend."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..core import UsageError
from . import plan as planning
from .builtin import BUILTIN
from .config import DataConfig
from .dataset import hash_of
from .facts import Facts
from .load import load_data, open_path
from .plan import Plan, Problem
from .source import Files, Source


@dataclass(frozen=True)
class Survey:
    """What there is to know of some data before training on it."""

    data: str
    kind: str                                # built-in, folder, zip, IDX, CIFAR, parquet, array or packed
    count: int                               # samples that can be used
    shape: tuple[int, ...]                   # of each sample in training; empty while `advice` is not followed
    dtype: str
    parts: dict[str, int]                    # usable samples of each part
    sizes: dict[str, int]                    # WIDTHxHEIGHT -> pictures, the commonest first
    kinds: dict[str, int]                    # channels and depth -> pictures
    labels: dict[str, int]                   # class -> samples
    attributes: dict[str, dict[str, int]]    # attribute -> value -> samples
    duplicates: list[list[str]]              # names of samples with equal pixels
    bad: list[Problem]                       # files that do not fit
    odd: list[Problem]                       # files that are used although something is odd
    ignored: list[str]                       # files that are no pictures by their names
    notes: list[str]                         # lines on the whole
    advice: str                              # what must be passed before it can be trained on; empty: nothing

    def to_json(self) -> dict[str, Any]:
        """The survey as plain values."""
        return asdict(self)


def describe_builtin() -> list[dict[str, Any]]:
    """The built-in data as plain rows: name, what, sizes, classes, count, test."""
    return [{name: getattr(entry, name) for name in ("name", "what", "sizes", "classes", "count", "test")}
            for entry in BUILTIN.values()]


def survey(config: DataConfig, progress: Callable[[int, int], None] | None = None) -> Survey:
    """Look at every sample of all parts; files that do not fit are reported, not raised."""
    source = _builtin(config) if config.data in BUILTIN else open_path(config)
    rows = range(len(source.pixels))
    seen = planning.examine(source, rows)
    same: dict[bytes, list[int]] = {}
    for row, x in planning.samples(seen, source, rows, config):              # before a shape is decided: as stored
        same.setdefault(hashlib.blake2b(np.ascontiguousarray(x).data, digest_size=16,
                                        person=str(x.shape).encode()[:16]).digest(), []).append(row)
        if progress is not None:
            progress(row + 1, len(rows))
    advice = _decided(seen, source, config)
    odd_sizes = _of_other_size(seen, source) if advice else []
    good = np.array([row for row in rows if row not in seen.bad], np.int64)
    facts = source.facts.classed_by(config.label, source.name).take(good)
    return Survey(
        data=source.name, kind=source.kind, count=len(good), shape=tuple(map(int, seen.shape)), dtype=seen.dtype.name,
        parts={part: int(np.isin(good, np.array(source.rows(part))).sum()) for part in source.parts},
        sizes={f"{width}x{height}": n for (width, height), n in seen.sizes.most_common()},
        kinds={planning.kind_name(*kind): n for kind, n in seen.kinds.most_common()},
        labels=_labels(facts), attributes=_attributes(facts),
        duplicates=[[source.name_of(row) for row in group] for group in same.values() if len(group) > 1],
        bad=[*seen.bad.values(), *odd_sizes], odd=seen.remarks, ignored=list(source.ignored),
        notes=[*source.remarks, *planning.mixture(seen), *_broken_seal(source)], advice=advice)


def _builtin(config: DataConfig) -> Source:
    data = load_data(replace(config, split="all", flip=False))
    entry = BUILTIN[config.data]
    facts = Facts(data.labels, data.spec.classes, data.attributes, data.factors, data.captions)
    return Source(data.name, "built-in", data.x, facts, {"train": entry.count, "test": entry.test})


def _decided(seen: Plan, source: Source, config: DataConfig) -> str:
    """Decide the shape; returns why it cannot be decided, or ''."""
    if isinstance(source.pixels, Files) and not seen.looks:
        return f"none of its {len(source.pixels)} files can be used: mend them first"
    try:
        planning.decide(seen, source, config)
    except UsageError as error:
        return str(error)
    return ""


def _of_other_size(seen: Plan, source: Source) -> list[Problem]:
    """The files that differ from the commonest size."""
    usual = next(iter(seen.sizes.most_common(1)), (None, 0))[0]
    return [Problem(source.name_of(row), "is {}x{}, where most are {}x{}".format(*look.size, *usual),
                    f"pass --image-size {planning.suggested_size(seen)}")
            for row, look in seen.looks.items() if look.size != usual]


def _broken_seal(source: Source) -> list[str]:
    """A packed file carries the hash of its content: say so if the content has changed."""
    if not source.fingerprint:
        return []
    facts, x = source.facts, source.pixels
    intact = hash_of(x, facts.labels, facts.attributes, facts.spec(x.shape[1:])) == source.fingerprint
    return [] if intact else ["its content is not what was written (damaged): make it anew with zerosum data prepare"]


def _labels(facts: Facts) -> dict[str, int]:
    return {} if facts.labels is None else _counted(facts.labels, facts.classes)


def _attributes(facts: Facts) -> dict[str, dict[str, int]]:
    return {name: _counted(facts.attributes[:, i], values) for i, (name, values) in enumerate(facts.factors.items())}


def _counted(numbers: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(numbers, minlength=len(names)).tolist()
    return dict(zip(names, counts, strict=True))
