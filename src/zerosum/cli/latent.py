"""`zerosum interpolate`, `directions` and `traverse`: through the latent space of a run."""

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..core import DataSpec, UsageError
from ..core.files import file_named, refuse_target
from ..runs import Run
from .parser import Parser
from .sample import asked, asked_alone, drawing_parser

if TYPE_CHECKING:
    import argparse

    from ..latent import Directions
    from ..latent.passes import Asked

MOVING = (".gif", ".webp", ".mp4")           # suffixes of films
WIDEST = 12                                  # columns of a picture of a walk


def interpolate_command(words: list[str]) -> int:
    """zerosum interpolate RUN [--seeds 3,17,42 | --rows 8 --anchors 4] [--frames 60] [--path slerp|lerp] -o FILE"""
    parser = drawing_parser("interpolate", "Walk through the latent space of a run, as a film or as a picture.")
    for flag, default, what in (("--rows", 8, "samples that move at once"), ("--anchors", 4, "latents to visit"),
                                ("--frames", 60, f"steps of the walk (columns of a picture: {WIDEST} are shown)")):
        parser.add_argument(flag, type=int, default=default, metavar="int", help=f"{what} [{default}]")
    parser.add_argument("--seeds", metavar="3,17,42", help="walk from the sample of the first seed to that of the last "
                        "[random latents, and back]")
    parser.add_argument("--path", choices=["slerp", "lerp"], default="slerp", help="along the sphere, or straight")
    parser.add_argument("-o", "--out", default="interpolation.gif", metavar="FILE", help=".gif, .webp, .png, or .mp4 "
                        "(zerosum[video]) [interpolation.gif]")
    arguments = parser.parse(words)
    run = Run.open(arguments.run, arguments.model)
    out = film_or_picture(arguments.out)
    frames = min(arguments.frames, WIDEST) if out.suffix == ".png" else arguments.frames
    film = _walk(run, arguments, frames)
    write_film(film, run.spec, out)
    print(json.dumps({"files": [str(out)], "frames": frames, "seed": arguments.seed}) if arguments.json
          else f"{frames} frames: {out}")
    return 0


def _walk(run: Run, arguments: "argparse.Namespace", frames: int) -> Tensor:
    from ..latent import between_seeds, interpolate

    if arguments.seeds is None:
        labels = asked(run, arguments, arguments.rows)
        return interpolate(run.model, rows=arguments.rows, anchors=arguments.anchors, frames=frames,
                           path=arguments.path, seed=arguments.seed, labels=labels)
    seeds, labels = numbers_of(arguments.seeds, "--seeds"), asked(run, arguments, 1)
    # A picture has a row for each leg, a film goes from leg to leg.
    legs = list(pairwise(seeds)) if arguments.out.endswith(".png") and len(seeds) > 1 else [seeds]
    return torch.cat([between_seeds(run.model, leg, frames=frames, path=arguments.path, labels=labels)
                      for leg in legs], 1)


def directions_command(words: list[str]) -> int:
    """zerosum directions RUN --method sefa|ganspace|classes [-k 10] [-n N] [--layer 1] [--factor F] -o FILE"""
    parser = drawing_parser("directions", "Find directions in the latent space of a run along which samples change, "
                            "and store them: traverse takes the file.")
    parser.add_argument("--method", choices=["sefa", "ganspace", "classes"], default="sefa",
                        help="from the weights of the first layer, from the variation of features, or between the "
                        "classes that the judge of built-in data sees [sefa]")
    parser.add_argument("-k", type=int, metavar="int", help="how many, the strongest [10, or all]")
    parser.add_argument("-n", type=int, metavar="int", help="samples to look at [ganspace 10000, classes 4000]")
    parser.add_argument("--space", choices=["z", "w"], help="of the noise, or of styles [w where the model has "
                        "styles, else z]")
    parser.add_argument("--layer", type=int, default=1, metavar="int",
                        help="ganspace in z: of the layers that the noise meets, the one whose features vary [1]")
    parser.add_argument("--factor", metavar="F", help="classes: what is judged, of shapes its size, "
                        "colour, ... [the class]")
    parser.add_argument("-o", "--out", default="directions.safetensors", metavar="FILE", help="the file to write "
                        "[directions.safetensors]")
    arguments = parser.parse(words)
    out = file_named(arguments.out, ".safetensors")
    if min(number for number in (arguments.k, arguments.n, arguments.layer) if number is not None) < 1:
        raise UsageError("-k, -n and --layer must be at least 1")
    run = Run.open(arguments.run, arguments.model)
    refuse_target(out)
    found = _found(run, arguments)
    found.save(arguments.out)
    if arguments.json:
        print(json.dumps({"file": arguments.out, "method": found.method, "measure": found.measure,
                          "names": found.names, "strengths": found.strengths.tolist()}))
        return 0
    for number, (name, strength) in enumerate(zip(found.names, found.strengths.tolist(), strict=True)):
        print(f"{number:>3}  {name:<12} {found.measure} {strength:.3g}")
    print(f"{len(found)} directions: {arguments.out}")
    return 0


def _found(run: Run, arguments: "argparse.Namespace") -> "Directions":
    from ..latent import ganspace, hyperplanes, sefa

    options: dict[str, Any] = {"space": arguments.space} | asked_alone(run, arguments)
    if arguments.method == "sefa":
        return sefa(run.model, arguments.k, **options)
    options |= {"seed": arguments.seed} | ({"n": arguments.n} if arguments.n else {})
    if arguments.method == "ganspace":
        return ganspace(run.model, arguments.k, layer=arguments.layer, **options)
    judge, names = _judge(run, arguments.factor)
    return hyperplanes(run.model, judge.classify, names, **options).strongest(arguments.k)


def _judge(run: Run, factor: str | None) -> tuple[Any, tuple[str, ...]]:
    """The judge of the run's data, and the names that it gives."""
    from ..core import unknown
    from ..metrics.features import extractor_for
    from ..metrics.features.judge import judge

    if not run.spec.is_image:
        raise UsageError(f"there is no judge for the points of {run.document['data']['name']}: use --method sefa or "
                         "ganspace")
    if factor is None:
        found = extractor_for("judge", run.data)
        return found, run.spec.classes or tuple(map(str, range(run.spec.num_classes)))
    if factor not in run.data.factors:
        raise unknown("factor", factor, run.data.factors)
    return judge(run.data.name, factor), run.data.factors[factor]


def traverse_command(words: list[str]) -> int:
    """zerosum traverse RUN [--directions FILE] [--only 0,3] [--start FILE] [--range 3] [--columns 9] -o FILE"""
    parser = drawing_parser("traverse", "Change one thing at a time: a row for each direction in the latent space, a "
                            "column, or a frame of the film, for each step along it.")
    parser.add_argument("--directions", metavar="FILE", help="what zerosum directions stored [a model's codes, or else "
                        "the numbers of z]")
    parser.add_argument("--only", metavar="0,3", help="which of them, by number [the first ten]")
    add_start(parser)
    parser.add_argument("--range", type=float, metavar="float",
                        help="how far to both sides, in standard deviations of the noise [3]; of codes, as it is [1]")
    parser.add_argument("--columns", type=int, metavar="int", help="steps from side to side [9, or as many as a code "
                        "has values]")
    parser.add_argument("-o", "--out", default="traversal.png", metavar="FILE", help=".png, .gif, .webp, or .mp4 "
                        "(zerosum[video]) [traversal.png]")
    arguments = parser.parse(words)
    out = film_or_picture(arguments.out)
    run = Run.open(arguments.run, arguments.model)
    names, rows = _changed(run, arguments)
    film = rows.transpose(0, 1)
    if out.suffix in MOVING:                  # there and back, so that it can go on for ever
        film = torch.cat([film, film[1:-1].flip(0)])
    write_film(film, run.spec, out)
    if arguments.json:
        print(json.dumps({"files": [str(out)], "rows": names, "columns": rows.shape[1],
                          "seed": arguments.seed}))
    else:
        print(f"rows {', '.join(names)}: {out}")
    return 0


def _changed(run: Run, arguments: "argparse.Namespace") -> tuple[list[str], Tensor]:
    """What is changed, by name, and the samples (rows, columns, *shape)."""
    from ..latent import Directions, code_names, coordinates, traverse, traverse_codes

    z, label = begun(run, arguments, styles=arguments.directions is not None)
    steps = {"reach": arguments.range, "columns": arguments.columns}
    options: dict[str, Any] = {"seed": arguments.seed, "start": z} | {
        name: value for name, value in steps.items() if value is not None}
    names = code_names(run.model)
    if names and arguments.directions is None:
        only = numbers_of(arguments.only, "--only") if arguments.only else list(range(len(names)))
        if wrong := [row for row in only if row >= len(names)]:
            raise UsageError(f"codes are numbered from 0 to {len(names) - 1}, not {wrong[0]}")
        return [names[row] for row in only], traverse_codes(run.model, **options)[only]
    directions = Directions.load(arguments.directions) if arguments.directions else coordinates(run.model)
    directions = directions.only(numbers_of(arguments.only, "--only") if arguments.only
                                 else range(min(10, len(directions))))
    rows = traverse(run.model, directions, label=label, **options)
    return list(directions.names), rows


def add_start(parser: Parser) -> None:
    """Add what `begun` reads."""
    parser.add_argument("--start", metavar="FILE", help="what zerosum invert stored [the sample of the seed]")
    parser.add_argument("--picture", type=int, default=0, metavar="int", help="which of them, from 0 [0]")


def begun(run: Run, arguments: "argparse.Namespace", styles: bool = False) -> tuple[Tensor | None, "Asked"]:
    """The latent (1, z_dim) that --start and --picture name, and the class or text that was asked for, or its own.

    With `styles` it may be styles (1, layers, D), if those were found for the picture.
    """
    from ..latent import Inverted

    asked = asked_alone(run, arguments)
    if arguments.start is None:
        return None, asked.get("label", 0)
    inverted = Inverted.load(arguments.start)
    z, own = (inverted.point if styles else inverted.latent)(arguments.picture)
    return z, asked.get("label", 0 if own is None else own)


def numbers_of(text: str, flag: str) -> list[int]:
    """The whole numbers of a flag such as 0,3,7; raises UsageError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < 2**63 for part in parts):
        raise UsageError(f"{flag} takes whole numbers from 0 with commas between them, not '{text}'")
    return [int(part) for part in parts]


def film_or_picture(name: str) -> Path:
    """The file to write; raises UsageError unless its suffix is that of a film or of a picture."""
    return file_named(name, *MOVING, ".png")


def write_film(film: Tensor, spec: DataSpec, out: Path) -> None:
    """Write (frames, rows, *shape): as a film, or as a picture with a row each and the frames as columns."""
    from ..runs.pictures import bounds_of, grid, picture_of, project, save_png, scatter
    from ..runs.timelapse import animate

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".png" and spec.is_image:
        save_png(grid(film.transpose(0, 1).flatten(0, 1), columns=len(film), pad=2, zoom=None), out)
    elif out.suffix == ".png":
        save_png(picture_of(film.flatten(0, 1), spec), out)
    elif spec.is_image:
        animate([picture_of(frame, spec) for frame in film], out)
    else:                                     # one pair of axes for the whole film
        axes = bounds_of(film.flatten(0, 1)) if spec.shape == (2,) else None
        animate([scatter(project(frame)[0], bounds=axes) for frame in film], out)
