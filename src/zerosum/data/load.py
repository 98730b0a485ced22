"""From a name or a path to a data set."""

import logging
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
    plan.refuse_bad(seen, found, len(rows), config)
    plan.decide(seen, found, config)
    facts = found.facts.classed_by(config.label, found.name)
    if not isinstance(found.pixels, Files) and found.pixels.shape[1:] == seen.shape:
        x, kept = found.pixels[rows.start:rows.stop], rows
        fingerprint = _fingerprint(found, config)
    else:
        x, kept = _decoded(seen, found, rows, config)
        fingerprint = ""
    for line in plan.left_out(seen) + plan.notes(seen, found):
        log.warning(line)
    return ArrayDataset.of(x, facts.take(np.asarray(kept)), found.name, config, fingerprint)


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
    """The hash that a packed file carries, of this part; '' where it must be computed."""
    if not found.fingerprint or config.label:
        return ""
    return found.fingerprint + (f"-{config.split}" if len(found.parts) > 1 else "")


def _decoded(seen: plan.Plan, found: Source, rows: range, config: DataConfig) -> tuple[np.ndarray, list[int]]:
    """All good samples in memory; more than fit there are refused with the command that packs them."""
    count = len(rows) - len(seen.bad)
    needed = count * int(np.prod(seen.shape)) * seen.dtype.itemsize
    if needed > MEMORY:
        raise UsageError(f"{found.name} needs {needed / 2**30:.1f} GiB decoded, too much to keep in memory: "
                         f"zerosum data prepare {found.name} -o {Path(found.name).stem}{SUFFIX} packs it once")
    log.info(f"{found.name}: decoding {count} samples into memory ({needed / 2**20:.0f} MiB); "
             "zerosum data prepare saves this wait the next time")
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
