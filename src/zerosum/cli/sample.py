"""`zerosum sample` and `interpolate`."""

import argparse
import json
import math
from pathlib import Path

import torch
from torch import Tensor

from ..core import UsageError, require
from ..runs import Run
from .parser import Parser


def _parser(command: str, about: str) -> Parser:
    parser = Parser(f"zerosum {command}", about)
    parser.add_argument("run", metavar="RUN", help="a run folder")
    parser.add_seed("of the noise")
    parser.add_argument("--label", action="append", metavar="K", help="class to draw, by number or name; may be given "
                        "several times [each class in turn]")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_json()
    return parser


def _labels(run: Run, asked: list[str] | None, n: int) -> Tensor | None:
    """Class numbers for n samples, the asked classes in turn."""
    if not asked:
        return None
    if run.model.card.tasks and "conditional-generation" not in run.model.card.tasks:
        raise UsageError(f"{run.model.name} has no labels: leave --label out, or train a conditional model "
                         "(zerosum list --task conditional-generation)")
    classes = list(run.spec.classes) or [str(k) for k in range(run.spec.num_classes)]
    numbers = []
    for name in asked:
        if name in classes:
            numbers.append(classes.index(name))
        elif name.isdigit() and int(name) < run.spec.num_classes:
            numbers.append(int(name))
        else:
            raise UsageError(f"no class '{name}' in {run.document['data']['name']}; there is: {', '.join(classes)}")
    return torch.tensor(numbers).repeat(-(-n // len(numbers)))[:n]


def sample_command(words: list[str]) -> int:
    """zerosum sample RUN -n 64 [--seed S] [--label K] [--truncation T] [--best 0.05] -o grid.png|DIR"""
    from ..latent import best_by_score

    parser = _parser("sample", "Draw samples from a run: into one picture, or into a folder of pictures.")
    parser.add_argument("-n", type=int, default=64, metavar="int", help="how many [64]")
    parser.add_argument("--truncation", type=float, default=1.0, metavar="float",
                        help="scale the noise towards its centre: below 1, better and less varied [1]")
    parser.add_argument("--best", type=float, metavar="share", help="draw n/share samples and keep those that the "
                        "discriminator thinks most real; 0.05 keeps one in twenty")
    parser.add_argument("-o", "--out", default="generated_image.png", metavar="FILE|DIR",
                        help="FILE.png: one grid; FILE.npy: the numbers; DIR: one picture each [generated_image.png]")
    arguments = parser.parse(words)
    if arguments.n < 1:
        raise UsageError(f"-n must be at least 1, not {arguments.n}")
    if not 0 <= arguments.truncation < math.inf:
        raise UsageError(f"truncation must be a number, at least 0, not {arguments.truncation:g}")
    run = Run.open(arguments.run, arguments.model)
    require(run.model, "sample")
    labels, scores = _labels(run, arguments.label, arguments.n), None
    if arguments.best is not None:
        x, scores = best_by_score(run.model, arguments.n, arguments.best, seed=arguments.seed, labels=labels,
                                  truncation=arguments.truncation)
    else:
        x = run.model.sample(arguments.n, seed=arguments.seed, labels=labels, truncation=arguments.truncation)
    files = _write(x, run, Path(arguments.out))
    if arguments.json:
        print(json.dumps({"files": [str(file) for file in files], "n": len(x), "seed": arguments.seed,
                          "scores": None if scores is None else scores.tolist()}))
    else:
        print(f"{len(x)} samples: {arguments.out}")
    return 0


def _write(x: Tensor, run: Run, out: Path) -> list[Path]:
    from ..engine import atomic
    from ..runs.pictures import picture_of, save_png

    if out.suffix == ".npy":
        import numpy as np

        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic(out) as file:
            np.save(file, x.numpy())
        return [out]
    if out.suffix == ".png":
        out.parent.mkdir(parents=True, exist_ok=True)
        save_png(picture_of(x, run.spec), out)
        return [out]
    if out.suffix:
        raise UsageError(f"cannot write {out.suffix}: name a .png or .npy file, or a folder")
    if not run.spec.is_image:
        raise UsageError("points have no picture each: name a .png (scatter) or .npy file")
    from ..runs.pictures import grid

    out.mkdir(parents=True, exist_ok=True)
    digits = max(4, len(str(len(x))))
    files = [out / f"{i:0{digits}d}.png" for i in range(len(x))]
    for image, file in zip(x, files, strict=True):
        save_png(grid(image[None], pad=0), file)
    return files


def interpolate_command(words: list[str]) -> int:
    """zerosum interpolate RUN [--rows 8] [--anchors 4] [--frames 60] [--path slerp|lerp] -o walk.gif|walk.png"""
    from ..latent import interpolate

    parser = _parser("interpolate", "Walk through the latent space of a run, as a film or as a picture.")
    for flag, default, what in (("--rows", 8, "samples that move at once"), ("--anchors", 4, "latents to visit"),
                                ("--frames", 60, "steps of the walk (columns of a picture: 12 are shown)")):
        parser.add_argument(flag, type=int, default=default, metavar="int", help=f"{what} [{default}]")
    parser.add_argument("--path", choices=["slerp", "lerp"], default="slerp", help="along the sphere, or straight")
    parser.add_argument("-o", "--out", default="interpolation.gif", metavar="FILE", help=".gif, .webp or .png")
    arguments = parser.parse(words)
    run = Run.open(arguments.run, arguments.model)
    out = Path(arguments.out)
    if out.suffix not in (".gif", ".webp", ".png"):
        raise UsageError(f"cannot write {out.suffix or out}: name a .gif, .webp or .png file")
    frames = min(arguments.frames, 12) if out.suffix == ".png" else arguments.frames
    film = interpolate(run.model, rows=arguments.rows, anchors=arguments.anchors, frames=frames, path=arguments.path,
                seed=arguments.seed, labels=_labels(run, arguments.label, arguments.rows))
    _write_film(film, run, out, arguments)
    print(json.dumps({"files": [str(out)], "frames": frames, "seed": arguments.seed}) if arguments.json
          else f"{frames} frames: {out}")
    return 0


def _write_film(film: Tensor, run: Run, out: Path, arguments: argparse.Namespace) -> None:
    from ..runs.pictures import bounds_of, grid, picture_of, project, save_png, scatter
    from ..runs.timelapse import animate

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".png" and run.spec.is_image:
        save_png(grid(film.transpose(0, 1).flatten(0, 1), columns=len(film)), out)
    elif out.suffix == ".png":
        save_png(picture_of(film.flatten(0, 1), run.spec), out)
    elif run.spec.is_image:
        animate([picture_of(frame, run.spec) for frame in film], out)
    else:                                     # one pair of axes for the whole film
        axes = bounds_of(film.flatten(0, 1)) if run.spec.shape == (2,) else None
        animate([scatter(project(frame)[0], bounds=axes) for frame in film], out)
