"""`zerosum drag`: points of a sample are pulled to where they shall be."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..core import UsageError, require
from ..core.files import refuse_target
from ..runs import Run
from .edit import read_mask
from .latent import add_start, begun, film_or_picture
from .sample import drawing_parser

if TYPE_CHECKING:
    from PIL import Image

    from ..latent import Dragged

FRAMES, GAP, DOT = 60, 8, 9                  # of a film; pixels between two frames; radius of a mark
HANDLE, TARGET, WHITE = (213, 40, 40), (40, 90, 220), (255, 255, 255)
Pair = tuple[tuple[float, float], tuple[float, float]]
NUMBER = r"\s*(\d+(?:\.\d+)?)\s*"
POINTS = re.compile(f"{NUMBER},{NUMBER}>{NUMBER},{NUMBER}")


def drag_command(words: list[str]) -> int:
    """zerosum drag RUN --points "x,y>x,y;..." [--start FILE | --seed S] [--mask mask.png] -o drag.gif"""
    parser = drawing_parser("drag", "Pull points of a sample, or of an inverted photograph, to where they shall be.")
    parser.add_argument("--points", required=True, metavar="x,y>x,y;...", help="from where to where: columns from the "
                        "left and rows from the top, in pixels of the model's pictures, from 0")
    parser.add_argument("--mask", metavar="FILE", help="a picture that is white where the sample may change")
    add_start(parser)
    parser.add_argument("--steps", type=int, default=200, metavar="int", help="at most so many [200]")
    parser.add_argument("-o", "--out", default="drag.gif", metavar="FILE",
                        help=".gif, .webp, .mp4 (zerosum[video]), or .png: before and after [drag.gif]")
    arguments = parser.parse(words)
    out, pairs = film_or_picture(arguments.out), points_of(arguments.points)
    refuse_target(out)
    run = Run.open(arguments.run, arguments.model)
    from ..latent import drag

    z, label = begun(run, arguments, styles=True)
    if z is None:
        require(run.model, "generate")
        z = run.model.noise(1, torch.Generator().manual_seed(arguments.seed))                  # type: ignore[operator]
    found = drag(run.model, z, [handle for handle, _ in pairs], [target for _, target in pairs],
                 mask=read_mask(arguments.mask, run)[0] if arguments.mask else None,
                 label=label, steps=arguments.steps)
    _write(found, pairs, out)
    last = found.handles[-1].tolist()
    if arguments.json:
        print(json.dumps({"file": str(out), "steps": len(found.film) - 1, "handles": last,
                          "distance": found.distance.tolist()}))
        return 0
    for (start, target), end, distance in zip(pairs, last, found.distance.tolist(), strict=True):
        print(f"{start[0]:g},{start[1]:g} is at {end[0]:g},{end[1]:g}, {distance:.1f} pixels from "
              f"{target[0]:g},{target[1]:g}")
    print(f"{len(found.film) - 1} steps: {out}")
    return 0


def points_of(text: str) -> list[Pair]:
    """Handles and targets of "x,y>x,y;..."; raises UsageError that shows the part that is none."""
    pairs: list[Pair] = []
    for part in text.rstrip("; ").split(";"):
        match = POINTS.fullmatch(part)
        if match is None:
            raise UsageError(f"--points takes x,y>x,y with a semicolon between pairs, not '{part.strip()}'")
        x, y, to_x, to_y = map(float, match.groups())
        pairs.append(((x, y), (to_x, to_y)))
    return pairs


def _write(found: "Dragged", pairs: list[Pair], out: Path) -> None:
    """A film in which a dot is a handle and a ring its target, or the first and the last frame of it as a picture."""
    from PIL import Image

    from ..runs.pictures import grid, save_png
    from ..runs.timelapse import animate

    frames = [_marked(grid(x[None], zoom=None), handles, pairs, x.shape[-1])
              for x, handles in zip(found.film, found.handles.tolist(), strict=True)]
    if out.suffix != ".png":
        animate(frames[::max(1, len(frames) // FRAMES)] + frames[-1:], out, hold=1)
        return
    first, last = frames[0], frames[-1]
    both = Image.new("RGB", (first.width + last.width + GAP, first.height))
    both.paste(first, (0, 0))
    both.paste(last, (first.width + GAP, 0))
    save_png(both, out)


def _marked(picture: "Image.Image", handles: list[list[float]], pairs: list[Pair], width: int) -> "Image.Image":
    from PIL import ImageDraw

    picture = picture.convert("RGB")
    draw, zoom = ImageDraw.Draw(picture), picture.width / width
    for (x, y), (_, (to_x, to_y)) in zip(handles, pairs, strict=True):
        (x, y), (to_x, to_y) = (((a + 0.5) * zoom, (b + 0.5) * zoom) for a, b in ((x, y), (to_x, to_y)))
        draw.line((x, y, to_x, to_y), WHITE, 3)
        draw.ellipse((to_x - DOT, to_y - DOT, to_x + DOT, to_y + DOT), None, TARGET, 3)
        draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), HANDLE, WHITE, 2)
    return picture
