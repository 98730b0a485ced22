"""From a name or a path to a data set."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core import UsageError, build, nearest
from . import plan
from .builtin import BUILTIN
from .config import DataConfig
from .dataset import ArrayDataset
from .formats import open_source
from .formats.packed import SUFFIX
from .source import Files, Source

MEMORY = 2 * 2**30                           # bytes of decoded samples that are kept in memory
log = logging.getLogger("zerosum.data")


def load_data(source: "str | Path | DataConfig" = "digits", **settings: Any) -> ArrayDataset:
    """Load a built-in set or a user's own data; `settings` are fields of DataConfig. Unknown: UsageError."""
    config = as_config(source, settings)
    if config.data in BUILTIN:
        return BUILTIN[config.data].make(config)
    found = open_path(config)
    rows = found.rows(config.split)
    seen = plan.examine(found, rows)
    plan.refuse_bad(seen, found, len(rows), config, "at least ")             # so far only their heads were read
    plan.decide(seen, found, config)
    facts = found.facts.classed_by(config.label, found.name)
    if not isinstance(found.pixels, Files) and found.pixels.shape[1:] == seen.shape:
        x, kept = found.pixels[rows.start:rows.stop], rows
        fingerprint = _fingerprint(found, config)
    else:
        _must_fit_in_memory(len(rows) - len(seen.bad), seen, found)
        x, kept = _decoded(seen, found, rows, config)
        fingerprint = ""
    for line in plan.left_out(seen) + plan.notes(seen, found):
        log.warning(line)
    return ArrayDataset.of(x, facts.take(np.asarray(kept)), found.name, config, fingerprint)


def load_held_out(source: "str | Path | DataConfig" = "digits", **settings: Any) -> ArrayDataset:
    """The test part, or the training part of data that has no other; `split` of the result says which it is."""
    return load_data(held_out(as_config(source, settings)))


def held_out(config: DataConfig) -> DataConfig:
    """The same data's test part, or its training part where it has no other."""
    has_test = config.data in BUILTIN or "test" in open_path(config).parts
    return replace(config, split="test" if has_test else "train")


def glimpse(config: DataConfig, most: int = 480) -> ArrayDataset:
    """A few good samples of all parts, of every class as many: enough to draw data of any amount."""
    config = replace(config, split="all", skip_bad=True)
    if config.data in BUILTIN:
        return BUILTIN[config.data].make(config)
    found = open_path(config)
    facts = found.facts.classed_by(config.label, found.name)
    groups = [np.arange(len(found.pixels))]
    if facts.labels is not None:
        groups = [np.flatnonzero(facts.labels == label) for label in range(len(facts.classes))]
    each = max(12, most // max(1, len(groups)))
    rows = np.sort(np.concatenate([group[np.unique(np.linspace(0, len(group) - 1, min(len(group), each)).astype(int))]
                                   for group in groups])).tolist()
    seen = plan.examine(found, rows)
    plan.decide(seen, found, config)
    x, kept = _decoded(seen, found, rows, config)
    return ArrayDataset.of(x, facts.take(np.asarray(kept)), found.name, config)


def as_config(source: "str | Path | DataConfig", settings: dict[str, Any]) -> DataConfig:
    """The configuration that a name, a path or a configuration with further settings stands for."""
    if isinstance(source, DataConfig):
        return replace(source, **settings)
    return build(DataConfig, {"data": str(source)} | settings)


def open_path(config: DataConfig) -> Source:
    """The source at the path that a configuration names; one that does not exist raises UsageError."""
    path = Path(config.data).expanduser()
    if not path.exists():
        raise _missing(config.data)
    return open_source(path, config.label)


def _fingerprint(found: Source, config: DataConfig) -> str:
    """The hash that a packed file carries, of this part and label; '' where it must be computed."""
    if not found.fingerprint:
        return ""
    part = f"-{config.split}" if len(found.parts) > 1 else ""
    return found.fingerprint + part + (f"-{config.label}" if config.label else "")


def _must_fit_in_memory(count: int, seen: plan.Plan, found: Source) -> None:
    """Refuse more than MEMORY with the command that packs it, and say that less is about to be decoded."""
    needed = count * int(np.prod(seen.shape)) * seen.dtype.itemsize
    if needed > MEMORY:
        raise UsageError(f"{found.name} needs {needed / 2**30:.1f} GiB decoded, too much to keep in memory: "
                         f"zerosum data prepare {found.name} -o {Path(found.name).stem}{SUFFIX} packs it once")
    log.info(f"{found.name}: decoding {count} samples into memory ({needed / 2**20:.0f} MiB); "
             "zerosum data prepare saves this wait the next time")


def _decoded(seen: plan.Plan, found: Source, rows: Sequence[int], config: DataConfig) -> tuple[np.ndarray, list[int]]:
    """The good samples of these numbers in memory, and their numbers."""
    count = len(rows) - len(seen.bad)
    x, kept = np.empty((count, *seen.shape), seen.dtype), []
    for row, sample in plan.samples(seen, found, rows, config):
        x[len(kept)] = sample
        kept.append(row)
    plan.refuse_bad(seen, found, len(rows), config)
    return x[:len(kept)], kept


def _missing(data: str) -> UsageError:
    if Path(data).suffix or "/" in data or "\\" in data:
        return UsageError(f"no such file or folder: {data}")
    hint = nearest(data, BUILTIN) or f"; built in: {', '.join(BUILTIN)}"
    return UsageError(f"'{data}' is neither built-in data nor a file or folder{hint}")
