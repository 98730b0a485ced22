"""`zerosum sample`, and what the commands that draw from a run have in common."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..core import UsageError, condition, require
from ..runs import Run
from .parser import Parser

if TYPE_CHECKING:
    import argparse

    from ..latent import Selected

TOWARDS_THE_DATA = ("rejection", "mh", "ddls")
FOR_CALIBRATION = 2_000                      # real samples, and as many drawn ones


def drawing_parser(command: str, about: str) -> Parser:
    """A parser of what all of them ask for: the run, the seed, the classes."""
    parser = Parser(f"zerosum {command}", about)
    parser.add_argument("run", metavar="RUN", help="a run folder")
    parser.add_seed("of the noise")
    parser.add_argument("--label", action="append", metavar="K", help="class to draw, by number or name; may be given "
                        "several times [each class in turn]")
    parser.add_argument("--text", action="append", metavar="TEXT", help="what a text-to-image model is to draw; may be "
                        "given several times [captions of the data in turn]")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_json()
    return parser


def asked(run: Run, arguments: "argparse.Namespace", n: int) -> Tensor | None:
    """What n samples are asked for by, in turn: class numbers (n,), or texts (n, L); None where nothing is asked."""
    by = condition(run.model)
    if arguments.text and by != "text":
        raise UsageError(f"{run.model.name} takes no text: leave --text out, or train a model that does "
                         "(zerosum list --task text-to-image)")
    if arguments.label and by == "text":
        raise UsageError(f"{run.model.name} takes text in place of labels: --text '{run.spec.prompts[0]}'")
    if not (arguments.text or arguments.label):
        return None
    each = run.spec.encode(arguments.text) if arguments.text else _classes(run, arguments.label)
    return each[torch.arange(n) % len(each)]


def asked_alone(run: Run, arguments: "argparse.Namespace") -> dict[str, int | str]:
    """The one class or text that is asked for, as the latent tools take it; {} where nothing is asked."""
    one = asked(run, arguments, 1)
    return {} if one is None else {"label": arguments.text[0] if arguments.text else int(one)}


def _classes(run: Run, names: list[str]) -> Tensor:
    if run.model.card.tasks and "conditional-generation" not in run.model.card.tasks:
        raise UsageError(f"{run.model.name} has no labels: leave --label out, or train a conditional model "
                         "(zerosum list --task conditional-generation)")
    classes = list(run.spec.classes) or [str(k) for k in range(run.spec.num_classes)]
    numbers = []
    for name in names:
        if name in classes:
            numbers.append(classes.index(name))
        elif name.isdigit() and int(name) < run.spec.num_classes:
            numbers.append(int(name))
        else:
            raise UsageError(f"no class '{name}' in {run.document['data']['name']}; there is: {', '.join(classes)}")
    return torch.tensor(numbers)


def sample_command(words: list[str]) -> int:
    """zerosum sample RUN -n 64 [--label K | --text T] [--best .05 | --select W] [--translate X,Y] -o FILE|DIR"""
    parser = drawing_parser("sample", "Draw samples from a run: into one picture, or into a folder of pictures.")
    parser.add_argument("-n", type=int, default=64, metavar="int", help="how many [64]")
    parser.add_argument("--truncation", type=float, default=1.0, metavar="float",
                        help="scale the noise towards its centre: below 1, better and less varied [1]")
    parser.add_argument("--code", action="append", metavar="c1=3", help="a code of infogan and its kin at a value: c1, "
                        "... one of its values from 0, u1, ... a number from -1 to 1; may be given several times")
    parser.add_argument("--best", type=float, metavar="share", help="draw n/share samples and keep those that the "
                        "discriminator thinks most real; 0.05 keeps one in twenty")
    parser.add_argument("--select", choices=["best", *TOWARDS_THE_DATA], help="by the discriminator, calibrated on "
                        "held-out data: by rejection, by Metropolis-Hastings, or by Langevin steps in the latent space "
                        "(ddls); best is --best 0.05")
    parser.add_argument("--steps", type=int, default=200, metavar="int",
                        help="of mh and ddls: each costs as much as a sample [200]")
    parser.add_argument("--translate", metavar="X,Y", help="move what samples show by pixels, right and down, and by "
                        "fractions of them, with what comes in from outside (stylegan3)")
    parser.add_argument("--rotate", type=float, metavar="degrees", help="turn it about the centre, counter-clockwise, "
                        "before it is moved (stylegan3)")
    parser.add_argument("-o", "--out", default="generated_image.png", metavar="FILE|DIR",
                        help="FILE.png: one grid; FILE.npy: the numbers; DIR: one picture each [generated_image.png]")
    arguments = parser.parse(words)
    if arguments.n < 1:
        raise UsageError(f"-n must be at least 1, not {arguments.n}")
    if not 0 <= arguments.truncation < math.inf:
        raise UsageError(f"truncation must be a number, at least 0, not {arguments.truncation:g}")
    run = Run.open(arguments.run, arguments.model)
    require(run.model, "sample")
    out = _target(arguments.out, run)
    x, scores, drawn = _drawn(run, arguments)
    files = _write(x, run, out)
    if arguments.json:
        print(json.dumps({"files": [str(file) for file in files], "n": len(x), "seed": arguments.seed, "drawn": drawn,
                          "scores": None if scores is None else scores.tolist()}))
    else:
        print(f"{len(x)} samples{f' of {drawn:,} drawn' if drawn > len(x) else ''}: {arguments.out}")
    return 0


def _target(name: str, run: Run) -> Path:
    """Where to write the samples, refused before they are drawn."""
    out = Path(name)
    if out.suffix not in (".png", ".npy", ""):
        raise UsageError(f"cannot write {name}: name a .png or .npy file, or a folder")
    if not out.suffix and not run.spec.is_image:
        raise UsageError("points have no picture each: name a .png (scatter) or .npy file")
    return out


def _drawn(run: Run, arguments: "argparse.Namespace") -> tuple[Tensor, Tensor | None, int]:
    """The samples, their scores if they were selected, and how many were drawn for them."""
    labels = asked(run, arguments, arguments.n)
    if arguments.code:
        if (arguments.best is not None or arguments.select or labels is not None or arguments.truncation != 1
                or arguments.translate is not None or arguments.rotate is not None):
            raise UsageError("--code takes samples as they come: leave --best, --select, --label, --text and "
                             "--truncation out, and --translate and --rotate")
        from ..latent import sample_with_codes

        x = sample_with_codes(run.model, arguments.n, _codes(arguments.code), seed=arguments.seed)
        return x, None, len(x)
    if arguments.translate is not None or arguments.rotate is not None:
        if arguments.best is not None or arguments.select or arguments.truncation != 1:
            raise UsageError("--translate and --rotate take samples as they come: leave --best, --select and "
                             "--truncation out")
        from ..latent import movement, sample_moved

        matrix = movement(*_shift(arguments.translate or "0,0"), arguments.rotate or 0.0)
        return sample_moved(run.model, arguments.n, matrix, seed=arguments.seed, labels=labels), None, arguments.n
    if arguments.select in TOWARDS_THE_DATA:
        if arguments.best is not None or arguments.truncation != 1:
            raise UsageError(f"--select {arguments.select} leads to the data's distribution: leave --best and "
                             "--truncation out")
        return _towards_the_data(run, arguments, labels)
    share = 0.05 if arguments.select and arguments.best is None else arguments.best
    if share is not None:
        from ..latent import best_by_score

        return best_by_score(run.model, arguments.n, share, seed=arguments.seed, labels=labels,
                             truncation=arguments.truncation)
    x = run.model.sample(arguments.n, seed=arguments.seed, labels=labels, truncation=arguments.truncation)
    return x, None, len(x)


def _codes(asked: list[str]) -> dict[str, float]:
    """Values by name from words such as c1=3."""
    codes = {}
    for word in asked:
        name, _, value = word.partition("=")
        try:
            codes[name] = float(value)
        except ValueError:
            raise UsageError(f"--code takes a name and a number, such as c1=3 or u1=-0.5, not '{word}'") from None
    return codes


def _shift(text: str) -> tuple[float, float]:
    """Pixels to the right and down from text such as 3,-1.5."""
    try:
        right, down = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"--translate takes two numbers, right and down, such as 3,-1.5, not '{text}'") from None
    return right, down


def _towards_the_data(run: Run, arguments: "argparse.Namespace", labels: Tensor | None) -> "Selected":
    from ..data import load_held_out
    from ..latent import calibrated, langevin, metropolis_hastings, reject
    from ..metrics.sources import asked_by

    require(run.model, "score")
    data = load_held_out(run.plan.data)
    some = torch.linspace(0, len(data) - 1, min(len(data), FOR_CALIBRATION)).long()
    real = data.all()[some]
    log_ratio = calibrated(run.model, real, labels=asked_by(run.model, data, some), seed=arguments.seed)
    options = {"log_ratio": log_ratio, "seed": arguments.seed, "labels": labels}
    if arguments.select == "rejection":
        return reject(run.model, arguments.n, **options)
    if arguments.select == "mh":
        # A chain of a class must not begin at another one.
        start = None if condition(run.model) else real
        return metropolis_hastings(run.model, arguments.n, steps=arguments.steps, start=start, **options)
    return langevin(run.model, arguments.n, steps=arguments.steps, **options)


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
    from ..runs.pictures import grid

    out.mkdir(parents=True, exist_ok=True)
    digits = max(4, len(str(len(x))))
    files = [out / f"{i:0{digits}d}.png" for i in range(len(x))]
    for image, file in zip(x, files, strict=True):
        save_png(grid(image[None], pad=0), file)
    return files
