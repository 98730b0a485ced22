"""`zerosum edit`: what a user draws on a sample, or on an inverted photograph, and what becomes of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..core import UsageError
from ..core.files import file_named, refuse_target
from ..runs import Run
from .latent import MOVING, add_start, begun
from .parser import Parser
from .sample import drawing_parser

if TYPE_CHECKING:
    from torch import Tensor

    from ..latent import Edited, Strokes
    from ..latent.passes import Asked

FRAMES = 24                                  # of the film from before to after


def edit_command(words: list[str]) -> int:
    """zerosum edit RUN --strokes strokes.json|strokes.png [--start FILE | --seed S] [--film edit.gif] -o edited.png"""
    arguments = _parser().parse(words)
    for name, suffixes in ((arguments.out, (".png",)), (arguments.film, MOVING), (arguments.onto, (".png",))):
        if name:
            refuse_target(file_named(name, *suffixes))
    if arguments.onto and not arguments.start:
        raise UsageError("--onto adds the edit to an inverted photograph: name the file with --start")
    run = Run.open(arguments.run, arguments.model)
    if not run.spec.is_image:
        raise UsageError(f"{run.model.name} was trained on points: there is no picture to draw on")
    from ..latent import edit

    strokes = _strokes(arguments.strokes, run)
    if arguments.mask:
        strokes = strokes.within(read_mask(arguments.mask, run))
    z, label = begun(run, arguments)
    found = edit(run.model, strokes, start=z, seed=arguments.seed, label=label,
                 top_k=arguments.top, candidates=max(arguments.top, arguments.candidates), steps=arguments.steps,
                 stay=arguments.stay, real=arguments.real)
    _draw(found, run, arguments.out, arguments.film, label)
    if arguments.onto:
        _onto(found, arguments.start, arguments.picture, Path(arguments.onto))
    _tell(found, arguments.out, arguments.json)
    return 0


def _parser() -> Parser:
    parser = drawing_parser("edit", "Change a sample, or an inverted photograph, so that it follows what is drawn on "
                            "it and still looks real.")
    parser.add_argument("--strokes", required=True, metavar="FILE", help=".json: colour strokes, edges and a mask, or "
                        "any picture with a transparent ground that was painted on")
    parser.add_argument("--mask", metavar="FILE", help="a picture that is white where the sample may change")
    add_start(parser)
    for flag, default, what in (("--top", 4, "how many results to show, the best first"),
                                ("--candidates", 8, "latents that are moved at once"), ("--steps", 200, "of each")):
        parser.add_argument(flag, type=int, default=default, metavar="int", help=f"{what} [{default}]")
    parser.add_argument("--stay", type=float, default=0.003, metavar="float", help="weight of staying where the latent "
                        "was [0.003]")
    parser.add_argument("--real", type=float, default=0.01, metavar="float", help="weight of what the discriminator "
                        "thinks [0.01]")
    parser.add_argument("--film", metavar="FILE", help="also a .gif, .webp or .mp4 from before to after")
    parser.add_argument("--onto", metavar="FILE", help="also the inverted photograph with the edit added to it, .png")
    parser.add_argument("-o", "--out", default="edited.png", metavar="FILE",
                        help="before, and the results [edited.png]")
    return parser


def _strokes(path: str, run: Run) -> "Strokes":
    from ..data.photograph import load_picture
    from ..latent import Strokes, read_strokes

    shape = run.spec.shape
    if Path(path).suffix == ".json":
        return read_strokes(path, shape)
    if shape[0] not in (1, 3):
        raise UsageError(f"strokes are painted on grey or RGB pictures, and this model's have {shape[0]} channels")
    painted = load_picture(path, (shape[0] + 1, *shape[1:]), "stretch")[0]
    return Strokes.painting(painted[:-1], (painted[-1:] + 1) / 2)


def read_mask(path: str, run: Run) -> "Tensor":
    """A picture as (1, H, W) in [0, 1], white where a sample of the run may change."""
    from ..data.photograph import load_picture

    free = (load_picture(path, (1, *run.spec.shape[1:]), "stretch")[0] + 1) / 2
    if not free.any():
        raise UsageError(f"{path} is black: nothing may change")
    return free


def _draw(found: "Edited", run: Run, out: str, film: str | None, label: "Asked") -> None:
    from ..latent import walk
    from ..latent.passes import chosen_labels
    from ..runs.pictures import grid, save_png
    from ..runs.timelapse import animate

    x = torch.cat([found.x0, found.x])
    save_png(grid(x, columns=len(x), pad=2, zoom=None), Path(out))
    if film:
        ends = torch.stack([found.z0.expand_as(found.z), found.z])
        frames = walk(run.model, ends, FRAMES, labels=chosen_labels(run.model, len(found.z), label))
        animate(torch.cat([frames, frames[1:-1].flip(0)]), Path(film))


def _onto(found: "Edited", start: str, picture: int, out: Path) -> None:
    from ..latent import Inverted
    from ..runs.pictures import grid, save_png

    original = Inverted.load(start).picture[picture:picture + 1]
    x = torch.cat([original, found.transferred(original)])
    save_png(grid(x, columns=len(x), pad=2, zoom=None), out)


def _tell(found: "Edited", out: str, as_json: bool) -> None:
    scores = [None] * len(found.x) if found.scores is None else found.scores.tolist()
    before = found.error0.item()
    if as_json:
        print(json.dumps({"file": out, "error_before": before, "results": [
            {"error": error, "score": score} for error, score in zip(found.error.tolist(), scores, strict=True)]}))
        return
    for number, (error, score) in enumerate(zip(found.error.tolist(), scores, strict=True)):
        told = "" if score is None else f"  the discriminator says {score:.2f}"
        print(f"{number}  colour error under the strokes {before:.3f} -> {error:.3f}{told}")
    print(f"before, and {len(found.x)} results: {out}")
