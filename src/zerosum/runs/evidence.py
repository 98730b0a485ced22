"""What the doctor saw, drawn: for each illness the pictures that show it."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import to_float
from ..doctor import Course, Diagnosis, Ground, Sight, features_of, mean_distance
from .canvas import ACCENT, INK, PALE, new_figure, save
from .pictures import grid, picture_of

FAKE = "#d55216"                             # samples; the data are blue
SHOWN, PAIRS, EACH = 36, 10, 5               # samples in a grid, beside their neighbours, and of each group
GROUPS = 10                                  # of which samples are shown


@dataclass(frozen=True)
class Evidence:
    """What an illness was seen in: a course of training, and where the model can sample, data and a look at samples."""

    course: Course
    ground: Ground | None = None
    sight: Sight | None = None


def draw(found: Sequence[Diagnosis], evidence: Evidence, path: Path) -> None:
    """Write a picture with a row for each illness that was found; where none was, of the samples and their groups."""
    rows = [(f"{each.illness}: {each.evidence}", PICTURES[each.illness]) for each in found]
    rows = rows or [("Nothing found", (samples, shares, scores))]
    figure = new_figure(10, 3.3 * len(rows), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (title, kinds) in zip(parts, rows, strict=True):
        part.suptitle(textwrap.fill(title, 120), fontsize=9.5, color=INK, x=0.01, ha="left")
        for axis, kind in zip(part.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            axis.tick_params(labelsize=7, length=2, colors=INK)
            axis.spines[["top", "right"]].set_visible(False)
            kind(axis, evidence)
            axis.set_title(axis.get_title(), fontsize=8.5, color=INK)
    save(figure, path)


# Kinds of picture: each draws into an axis of matplotlib ------------------------------------------------------------


def samples(axis: Any, evidence: Evidence) -> None:
    """A grid of images, or points over real ones."""
    if evidence.sight is None or evidence.ground is None:
        return _nothing(axis, "no finite samples")
    data, x = evidence.ground.data, evidence.sight.x
    if data.spec.is_image:
        _picture(axis, picture_of(x[:SHOWN], data.spec))
    else:
        _picture(axis, picture_of(x, data.spec, data.gather(evidence.ground.order[:len(x)])["x"]))
    return axis.set_title("samples")


def shares(axis: Any, evidence: Evidence) -> None:
    """The share of each group, in the data and among the samples."""
    if evidence.sight is None or evidence.ground is None:
        return _nothing(axis, "no finite samples")
    _by_group(axis, evidence.ground, evidence.ground.expected.tolist(), evidence.sight.probe.shares)
    return axis.set_title("share of each group")


def spreads(axis: Any, evidence: Evidence) -> None:
    """How far two real samples of each group lie apart, and two generated ones."""
    if evidence.sight is None or evidence.ground is None:
        return _nothing(axis, "no finite samples")
    fakes, groups = features_of(evidence.sight.x), evidence.sight.groups
    found = [mean_distance(fakes[groups == group]) for group in range(len(evidence.ground.expected))]
    _by_group(axis, evidence.ground, evidence.ground.spreads, found)
    return axis.set_title("mean distance of two in each group")


def real_groups(axis: Any, evidence: Evidence) -> None:
    """Real samples of the groups that are reached, a column for each."""
    if evidence.sight is None or evidence.ground is None or not evidence.ground.data.spec.is_image:
        return samples(axis, evidence)
    ground = evidence.ground
    rows = {group: ground.order[:len(ground.groups)][ground.groups == group] for group in _reached(evidence.sight)}
    _columns(axis, [to_float(ground.data.gather(of[torch.arange(EACH) % len(of)])["x"]) for of in rows.values()])
    return axis.set_title("real samples, a column for each group")


def sample_groups(axis: Any, evidence: Evidence) -> None:
    """Samples in the same columns."""
    if evidence.sight is None or evidence.ground is None or not evidence.ground.data.spec.is_image:
        return distances(axis, evidence)
    x, groups = evidence.sight.x, evidence.sight.groups
    _columns(axis, [x[groups == group][:EACH] for group in _reached(evidence.sight)])
    return axis.set_title("samples in the same groups")


def neighbours(axis: Any, evidence: Evidence) -> None:
    """The samples that are nearest to a training sample, over that one."""
    if evidence.sight is None or evidence.ground is None or not evidence.ground.data.spec.is_image:
        return samples(axis, evidence)
    away, which = evidence.ground.copies.nearest(features_of(evidence.sight.x))
    nearest = away.argsort()[:PAIRS]
    real = to_float(evidence.ground.data.gather(evidence.ground.order[which[nearest]])["x"])
    _picture(axis, grid(torch.cat([evidence.sight.x[nearest], real]), PAIRS, pad=1, zoom=3))
    return axis.set_title("samples nearest to a training image, over that image")


def distances(axis: Any, evidence: Evidence) -> None:
    """How far samples lie from the nearest training sample, and real ones from the nearest other."""
    if evidence.sight is None or evidence.ground is None:
        return _nothing(axis, "no finite samples")
    away = evidence.ground.copies.nearest(features_of(evidence.sight.x))[0]
    _histograms(axis, evidence.ground.copies.usual, away)
    return axis.set_title("distance to the nearest training sample")


def scores(axis: Any, evidence: Evidence) -> None:
    """What the discriminator says of real samples and of generated ones."""
    if evidence.sight is None or evidence.sight.scores is None:
        return _nothing(axis, "this model has no scores")
    _histograms(axis, *evidence.sight.scores)
    return axis.set_title("scores of the discriminator: larger is more real")


def gradients(axis: Any, evidence: Evidence) -> None:
    """The norm of each player's gradient over the steps."""
    _over_steps(axis, evidence.course, evidence.course.gradients)
    axis.set_title("norm of the gradient")


def terms(axis: Any, evidence: Evidence) -> None:
    """The size of each term over the steps."""
    _over_steps(axis, evidence.course, evidence.course.terms)
    axis.set_title("size of the terms")


def turns(axis: Any, evidence: Evidence) -> None:
    """The share of each group among the samples, from look to look."""
    looks = evidence.course.probes
    if not looks:
        return _nothing(axis, "nobody looked")
    axis.imshow(list(zip(*(look.shares for look in looks), strict=True)), aspect="auto", cmap="Blues", vmin=0,
                interpolation="nearest")
    marks = range(0, len(looks), max(1, len(looks) // 6))
    axis.set_xticks(marks, [f"{looks[mark].step:,}" for mark in marks])
    axis.set_xlabel("step of the look", fontsize=7)
    axis.set_ylabel("group of the data", fontsize=7)
    return axis.set_title("share of the samples in each group: darker is more")


PICTURES: Mapping[str, tuple[Callable[[Any, Evidence], None], ...]] = {
    "divergence": (gradients, terms),
    "vanishing gradient": (gradients, scores),
    "overpowering discriminator": (samples, scores),
    "fooled discriminator": (samples, scores),
    "mode collapse between classes": (samples, shares),
    "mode collapse within classes": (real_groups, sample_groups, spreads),
    "oscillation": (turns,),
    "memorisation": (neighbours, distances),
}


def _reached(sight: Sight) -> list[int]:
    """The groups of which there are samples enough to be shown."""
    return [group for group, count in enumerate(torch.bincount(sight.groups).tolist()) if count >= EACH][:GROUPS]


def _columns(axis: Any, columns: list[Tensor]) -> None:
    _picture(axis, grid(torch.stack(columns, 1).flatten(0, 1), len(columns), pad=1, zoom=3))


def _by_group(axis: Any, ground: Ground, real: Sequence[float], fake: Sequence[float]) -> None:
    places = range(len(real))
    axis.bar([place - 0.2 for place in places], real, 0.4, color=ACCENT, label="data")
    axis.bar([place + 0.2 for place in places], fake, 0.4, color=FAKE, label="samples")
    named = ground.data.spec.classes if ground.by_class else ()
    axis.set_xticks(places, [name[:9] for name in named] or [str(place) for place in places])
    if max(map(len, named), default=0) > 2:
        axis.tick_params(axis="x", rotation=60)
    axis.set_ylim(0, 1.25 * max(*real, *fake) or 1)               # room for the key
    axis.legend(fontsize=7, frameon=False, ncols=2)


def _picture(axis: Any, picture: Any) -> None:
    axis.imshow(picture.convert("RGB"), interpolation="nearest")
    axis.axis("off")


def _nothing(axis: Any, why: str) -> None:
    axis.axis("off")
    axis.text(0.5, 0.5, why, ha="center", fontsize=8, color=INK)


def _histograms(axis: Any, real: Tensor, fake: Tensor) -> None:
    real, fake = real[real.isfinite()], fake[fake.isfinite()]
    if not (len(real) and len(fake)):
        return _nothing(axis, "no finite numbers")
    low, high = (float(end) for end in torch.cat([real, fake]).aminmax())
    bins = torch.linspace(low, high if high > low else low + 1, 41).tolist()
    for values, colour, name in ((real, ACCENT, "data"), (fake, FAKE, "samples")):
        axis.hist(values.tolist(), bins, weights=[1 / len(values)] * len(values), color=colour, alpha=0.6, label=name)
    axis.set_ylabel("share", fontsize=7)
    return axis.legend(fontsize=7, frameon=False)


def _over_steps(axis: Any, course: Course, series: Mapping[str, list[float]]) -> None:
    """Sizes over the steps, on an axis of decades; what is exactly 0 has no place there and ends a line."""
    if not series:
        return _nothing(axis, "nothing was logged")
    for name, values in series.items():
        sizes = [abs(value) if value and isfinite(value) else nan for value in values]
        axis.plot(course.steps[-len(values):], sizes, linewidth=1, label=name)
    axis.set_yscale("log")
    axis.grid(color=PALE, linewidth=0.4)
    axis.set_xlabel("step", fontsize=7)
    return axis.legend(fontsize=7, frameon=False)
