"""Decide the one shape that all samples are brought to, and bring them there, naming those that do not fit."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ..core import UsageError, ZerosumError
from .config import DataConfig
from .fit import COLOURS, to_channels, to_depth, to_size
from .picture_file import Look, UnfitError, decode, look, quiet, unreadable
from .source import Files, Source

A, B = TypeVar("A"), TypeVar("B")
WORKERS = min(8, os.cpu_count() or 1)        # decoders leave Python's lock; more threads than this only wait for it


@dataclass(frozen=True)
class Problem:
    """A file with something wrong or odd: its name, what it is, and the mend."""

    file: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file} {self.what}: {self.mend}"


@dataclass
class Plan:
    """The shape and type that samples get, which files are out, and what there was to say of others."""

    sizes: Counter                           # (width, height) -> pictures
    kinds: Counter                           # (channels, bits) -> pictures
    bad: dict[int, Problem] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)
    looks: dict[int, Look] = field(default_factory=dict)     # by sample, of files
    shape: tuple[int, ...] = ()
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.uint8))

    def drop(self, row: int, problem: Problem) -> None:
        """Leave a sample out, also of the counts."""
        self.bad[row] = problem
        seen = self.looks.pop(row, None)
        if seen is not None:
            self.sizes -= Counter([seen.size])
            self.kinds -= Counter([seen.kind])


def examine(source: Source, rows: Sequence[int]) -> Plan:
    """Look at the heads of all samples; nothing is decided yet and nothing is raised."""
    if not isinstance(source.pixels, Files):
        return _examine_array(source.pixels, len(rows))
    plan = Plan(Counter(), Counter())
    with quiet():
        for row, seen in each(rows, lambda row: _attempt(source.pixels, row, look)):
            name = source.name_of(row)
            if isinstance(seen, UnfitError):
                plan.bad[row] = Problem(name, seen.what, seen.mend)
                continue
            plan.sizes[seen.size] += 1
            plan.kinds[seen.kind] += 1
            plan.looks[row] = seen
            plan.remarks += [Problem(name, what, mend) for what, mend in seen.remarks]
    return plan


def _examine_array(x: np.ndarray, count: int) -> Plan:
    plan = Plan(Counter(), Counter(), dtype=x.dtype)
    if x.ndim == 4:
        plan.sizes[x.shape[3], x.shape[2]] = count
        plan.kinds[x.shape[1], x.dtype.itemsize * 8] = count
    return plan


def decide(plan: Plan, source: Source, config: DataConfig) -> None:
    """Fix shape and type; sizes that differ without an image size to bring them to raise UsageError."""
    if not isinstance(source.pixels, Files) and source.pixels.ndim == 2:
        if config.image_size or config.channels:
            raise UsageError(f"{source.name} is points, not images: leave --image-size and --channels out")
        plan.shape = source.pixels.shape[1:]
        return
    if not config.image_size and len(plan.sizes) > 1:
        raise UsageError(f"{source.name} has pictures of {len(plan.sizes)} sizes ({said_sizes(plan)}): "
                         f"pass --image-size {suggested_size(plan)} to bring them to one")
    width, height = (config.image_size,) * 2 if config.image_size else next(iter(plan.sizes))
    plan.shape = (config.channels or _joined(plan.kinds), height, width)
    if isinstance(source.pixels, Files):
        plan.dtype = np.dtype(np.uint16 if any(bits == 16 for _, bits in plan.kinds) else np.uint8)


def samples(plan: Plan, source: Source, rows: Sequence[int], config: DataConfig) -> Iterator[tuple[int, np.ndarray]]:
    """Every good sample in order, with its number, in the plan's shape; what cannot be decoded joins `plan.bad`."""
    def bring(row: int) -> np.ndarray | UnfitError:
        if isinstance(source.pixels, Files):
            x = _attempt(source.pixels, row, lambda stream, _: decode(stream))
        else:
            x = source.pixels[row]
        return x if isinstance(x, UnfitError) or len(plan.shape) < 3 else fitted(x, plan, config)

    good = [row for row in rows if row not in plan.bad]
    with quiet():
        for row, x in each(good, bring) if isinstance(source.pixels, Files) else ((row, bring(row)) for row in good):
            if isinstance(x, UnfitError):
                plan.drop(row, Problem(source.name_of(row), x.what, x.mend))
            else:
                yield row, x


def fitted(x: np.ndarray, plan: Plan, config: DataConfig) -> np.ndarray:
    """Bring one picture (C, H, W) to the plan's channels, depth and size."""
    x = to_depth(to_channels(x, plan.shape[0]), plan.dtype)
    return to_size(x, config.image_size, config.fit) if config.image_size else x


def refuse_bad(plan: Plan, source: Source, total: int, config: DataConfig, at_least: str = "") -> None:
    """Raise ZerosumError for files that cannot be used, unless the user goes on without them."""
    if len(plan.bad) == total:
        raise ZerosumError(f"{source.name}: none of {total} files can be used: {summary(plan.bad.values())}")
    if plan.bad and not config.skip_bad:
        raise ZerosumError(f"{at_least}{len(plan.bad)} of {total} files in {source.name} cannot be used: "
                           f"{summary(plan.bad.values())}; pass --skip-bad to go on without them")


def summary(problems: Iterable[Problem], most: int = 3) -> str:
    """The first few problems, each with its mend, in one line."""
    problems = list(problems)
    more = f"; and {len(problems) - most} more" if len(problems) > most else ""
    return "; ".join(map(str, problems[:most])) + more


def notes(plan: Plan, source: Source) -> list[str]:
    """Lines worth telling: every kind of oddity with its count and first files."""
    lines = list(source.remarks)
    groups: dict[tuple[str, str], list[str]] = {}
    for remark in plan.remarks:
        groups.setdefault((remark.what, remark.mend), []).append(remark.file)
    for (what, mend), files in groups.items():
        lines.append(f"{len(files)} x {what}: {mend} ({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})")
    return lines + mixture(plan)


def mixture(plan: Plan) -> list[str]:
    """One line on pictures of several kinds that become one, or none."""
    if len(plan.kinds) < 2 or not plan.shape:
        return []
    found = ", ".join(f"{n} {kind_name(*kind)}" for kind, n in plan.kinds.most_common())
    return [f"pictures of several kinds ({found}) become {kind_name(plan.shape[0], plan.dtype.itemsize * 8)}; "
            "--channels chooses other channels"]


def left_out(plan: Plan) -> list[str]:
    """One line on the files that are not used, or none."""
    return [f"{len(plan.bad)} files left out: {summary(plan.bad.values())}"] if plan.bad else []


def kind_name(channels: int, bits: int) -> str:
    """A kind of picture in words: RGB 8-bit."""
    return f"{COLOURS.get(channels, f'{channels} channels')} {bits}-bit"


def suggested_size(plan: Plan) -> int:
    """The largest power of two that most pictures need not be enlarged to."""
    shorter = sorted(min(size) for size in plan.sizes.elements())
    return 1 << (max(2, shorter[len(shorter) // 2]).bit_length() - 1)


def said_sizes(plan: Plan) -> str:
    """The commonest sizes with their counts, in words."""
    common = ", ".join(f"{w}x{h}: {n}" for (w, h), n in plan.sizes.most_common(3))
    return common + (", ..." if len(plan.sizes) > 3 else "")


def _joined(kinds: Counter) -> int:
    """The fewest channels that hold every picture without loss."""
    channels = {channels for channels, _ in kinds}
    if len(channels) == 1:
        return channels.pop()
    return (3 if channels & {3, 4} else 1) + bool(channels & {2, 4})


def _attempt(files: Files, row: int, read: Callable[..., B]) -> B | UnfitError:
    try:
        with files.open(row) as stream:
            return read(stream, files.names[row])
    except OSError as error:
        return unreadable(error)
    except UnfitError as error:
        return error


def each(items: Iterable[A], function: Callable[[A], B]) -> Iterator[tuple[A, B]]:
    """Pairs (item, function(item)) in order, computed by a few threads that run only a little ahead."""
    if WORKERS == 1:
        yield from ((item, function(item)) for item in items)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque = deque()
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) >= 8 * WORKERS:
                item, future = waiting.popleft()
                yield item, future.result()
        for item, future in waiting:
            yield item, future.result()

