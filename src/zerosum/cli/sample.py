"""`zerosum sample`, and what the commands that draw from a run have in common."""

import json
import math
from pathlib import Path

import torch
from torch import Tensor

from ..core import UsageError, require
from ..runs import Run
from .parser import Parser


def drawing_parser(command: str, about: str) -> Parser:
    """A parser of what all of them ask for: the run, the seed, the classes."""
    parser = Parser(f"zerosum {command}", about)
    parser.add_argument("run", metavar="RUN", help="a run folder")
    parser.add_seed("of the noise")
    parser.add_argument("--label", action="append", metavar="K", help="class to draw, by number or name; may be given "
                        "several times [each class in turn]")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_json()
    return parser


def asked_labels(run: Run, asked: list[str] | None, n: int) -> Tensor | None:
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

    parser = drawing_parser("sample", "Draw samples from a run: into one picture, or into a folder of pictures.")
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
    labels, scores = asked_labels(run, arguments.label, arguments.n), None
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
