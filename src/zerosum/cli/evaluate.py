"""`zerosum evaluate` and `report`."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from ..core import UsageError
from ..runs import Run
from .counter import Counter
from .parser import Parser

if TYPE_CHECKING:
    from ..metrics import Score


def evaluate_command(words: list[str]) -> int:
    """zerosum evaluate RUN [--data D] [--metrics A,B] [-n N] [--json], or --real DIR --fake DIR"""
    from ..engine import join, leave
    from ..metrics import together

    arguments = _arguments(words)
    world = join()                           # under torchrun the processes share the work
    scores = _of_pairs(arguments) if arguments.paired else _of_sets(arguments, share=world.size > 1)
    leave()
    if not world.is_first:
        return 0
    if arguments.json:
        print(json.dumps({name: score.to_json() for name, score in scores.items()}, indent=2))
    else:
        print("\n".join(together(scores.values())))
    return 0


def _arguments(words: list[str]) -> Namespace:
    from ..metrics import METRICS, PROTOCOLS
    from ..metrics.paired import IMAGE_METRICS

    parser = Parser("zerosum evaluate", "Measure a run against held-out real data, or one set of images against "
                    "another. No score is printed without its protocol.")
    parser.add_argument("run", metavar="RUN", nargs="?", help="a run folder")
    parser.add_argument("--data", metavar="D", help="real data to compare with [the run's own, its test part]")
    parser.add_argument("--real", metavar="D", help="real images (a name, a path, or stored features) for --fake")
    parser.add_argument("--fake", metavar="D", help="generated images (a folder, zip, packed file or array)")
    parser.add_argument("--image-size", type=int, default=0, metavar="int", help="bring --real and --fake to this size")
    parser.add_argument("--paired", action="store_true", help="compare every image of --fake with the one of the same "
                        "name in --real")
    parser.add_argument("--metrics", metavar="A,B", help=f"which: {', '.join(METRICS)}; with --paired "
                        f"{', '.join(IMAGE_METRICS)}")
    parser.add_argument("--features", default="auto", metavar="F", help="features: judge, photos, pixels, svc, "
                        "inception, vgg16, or a file: their weights, or a network as .onnx [auto: what the protocol is "
                        "defined for, else the judge where there is one]")
    parser.add_argument("--protocol", default="zerosum", metavar="P", help="measure as a published code does: "
                        f"{', '.join(PROTOCOLS)} [zerosum]")
    parser.add_argument("-n", type=int, metavar="int", help="how many samples [as many as real ones]")
    parser.add_seed("of samples and estimators")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_json()
    return parser.parse(words)


def _of_pairs(arguments: Namespace) -> "dict[str, Score]":
    """Scores of generated images against the real ones of the same names."""
    from ..metrics.paired import compare_folders

    if arguments.run or arguments.data or not (arguments.real and arguments.fake):
        raise UsageError("--paired compares two sets: zerosum evaluate --paired --real D --fake D")
    if arguments.n or arguments.protocol != "zerosum" or arguments.features not in ("auto", "photos"):
        raise UsageError("--paired compares all pairs, lpips by features photos: leave out -n, --protocol, --features")
    return compare_folders(arguments.metrics or "psnr,ssim", prediction=arguments.fake, target=arguments.real,
                           image_size=arguments.image_size)


def _of_sets(arguments: Namespace, share: bool) -> "dict[str, Score]":
    """Scores of a run or of generated images against real ones."""
    from ..metrics import evaluate
    from ..metrics.early import refuse_unknown

    names = None if arguments.metrics is None else arguments.metrics.split(",")
    refuse_unknown(names, arguments.protocol, arguments.n)
    subject: Any
    if arguments.run is not None:
        if arguments.real or arguments.fake:
            raise UsageError("name either a run, or --real and --fake")
        run = Run.open(arguments.run, arguments.model)
        subject, data = run, arguments.data or run.plan.data
    elif arguments.real and arguments.fake:
        subject, data = _sets(arguments.real, arguments.fake, arguments.image_size)
    else:
        raise UsageError("name a run (zerosum evaluate RUN), or two sets: --real D --fake D")
    return evaluate(subject, data, names, n=arguments.n, seed=arguments.seed, features=arguments.features,
                    protocol=arguments.protocol, share=share, tell=Counter("looked at", "chunks of samples"))


def _sets(real: str, fake: str, image_size: int) -> tuple[Any, Any]:
    """Generated and real samples; real ones may be stored features."""
    from ..data import load_data
    from ..metrics.reference import Reference, is_reference

    size = {"image_size": image_size} if image_size else {}
    generated = load_data(fake, split="all", **size)
    return generated, Reference.load(real) if is_reference(real) else load_data(real, split="all", **size)


def report_command(words: list[str]) -> int:
    """zerosum report RUN"""
    from ..runs.report import write_report

    parser = Parser("zerosum report", "Write the report of a run anew, for example of one that was interrupted.")
    parser.add_argument("run", metavar="RUN", help="a run folder")
    print(write_report(Run.open(parser.parse(words).run).folder))
    return 0
