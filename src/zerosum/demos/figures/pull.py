"""The pull of least squares: arrows on samples under two losses with one boundary, and distances after training."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from ..pull import LEVELS, SPREAD, felt, linear_scores, samples
from . import COLOURS, FAKE, INK, REAL, new_figure, plain, save

NAMES = {"non-saturating": "cross-entropy", "least-squares": "least squares"}
VIEW = ((-3.2, 7.6), (-2.3, 2.3))


def draw(document: Mapping[str, Any], path: Path) -> None:
    """The arrows that samples feel under each loss, one above the other, and the trained distances beside them."""
    figure = new_figure(11.5, 5.8, layout="constrained")
    panels = figure.subplot_mosaic([[name, "distance"] for name in LEVELS], width_ratios=[2.2, 1])
    for name in LEVELS:
        _arrows(panels[name], name)
    axis = plain(panels["distance"])
    for at, name in enumerate(LEVELS):
        means = document["means"][name]
        axis.bar(at, fmean(means), color=COLOURS[at], width=0.62, alpha=0.85)
        axis.plot([at] * len(means), means, "o", color=INK, markersize=4)
        axis.text(at, 0.02, f"{fmean(means):.2f}", ha="center", color="white", fontsize=10)
    axis.set_xticks(range(len(LEVELS)), [NAMES[name] for name in LEVELS], fontsize=9.5)
    axis.set_title("after training: mean distance of\nsamples from the boundary (dots: seeds)", fontsize=10, color=INK)
    save(figure, path)


def _arrows(axis: Any, name: str) -> None:
    import torch
    from matplotlib.patches import Ellipse

    (left, right), (low, high) = VIEW
    x, y = torch.meshgrid(torch.linspace(left, right, 120), torch.linspace(low, high, 40), indexing="xy")
    d = linear_scores(torch.stack([x, y], -1).reshape(-1, 2), name).reshape(x.shape)
    shown = torch.sigmoid(d) if name == "non-saturating" else d.clamp(0, 1)
    axis.pcolormesh(x.numpy(), y.numpy(), shown.numpy(), cmap="Blues", vmin=-0.2, vmax=2.4, shading="gouraud", zorder=0)
    axis.axvline(0, color=INK, linewidth=1.2, linestyle="--")
    axis.text(0.06, high - 0.12, "boundary", fontsize=8.5, color=INK, va="top")
    axis.add_patch(Ellipse((1, 0), 4 * SPREAD, 4 * SPREAD, fill=False, linestyle=":", linewidth=1.8, edgecolor=REAL))
    axis.text(1, 0, "data", fontsize=9, color=REAL, ha="center", va="center")
    at, moved = samples().T.numpy(), felt(samples(), name)
    arrows = (moved / moved.norm(dim=1).max() * 0.85).T.numpy()
    axis.quiver(*at, *arrows, color=FAKE, angles="xy", scale_units="xy", scale=1, width=0.004)
    axis.plot(*at, "o", color=FAKE, markersize=4)
    axis.set(xlim=VIEW[0], ylim=VIEW[1], yticks=[], aspect="equal")
    axis.set_title(f"{NAMES[name]}: where each sample is moved", fontsize=10, color=INK)
    plain(axis)
