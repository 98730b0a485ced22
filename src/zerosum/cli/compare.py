"""`zerosum compare`."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core import UsageError, find
from ..core.files import refuse_target
from ..runs import Run
from .parser import Parser


def compare_command(words: list[str]) -> int:
    """zerosum compare RUN RUN... [--data D] [--metrics A,B] [-n N] [--json] [-o compare.html]"""
    from ..metrics import compare
    from ..metrics.early import refuse_unknown
    from ..runs.report import compare_report, names_of

    arguments = _parser().parse(words)
    for file in arguments.model:
        find(file)
    runs = [Run.open(folder) for folder in dict.fromkeys(map(Path, arguments.runs))]
    if len(runs) < 2:
        raise UsageError("name at least two runs to compare")
    folders, target = [run.folder for run in runs], Path(arguments.out)
    if arguments.stored:
        if arguments.json:
            raise UsageError("--json prints what is measured: leave --stored out")
        print(compare_report(folders, target))
        return 0
    refuse_target(target)
    refuse_unknown(arguments.metrics, arguments.protocol, arguments.n)
    named = dict(zip(names_of(folders), runs, strict=True))
    measured = compare(named, _data(arguments, named), arguments.metrics, n=arguments.n, seed=arguments.seed,
                       features=arguments.features, protocol=arguments.protocol)
    page = compare_report(folders, target, measured)
    print(json.dumps(measured.to_json(), indent=2) if arguments.json else f"{measured}\n\n{page}")
    return 0


def _data(arguments: argparse.Namespace, runs: dict[str, Run]) -> Any:
    """What all are compared with: named, or their own, at the size that was asked for; None: their own as it is."""
    from ..data import DataConfig
    from ..metrics.compare import shared_data

    if not arguments.image_size:
        return arguments.data
    config = DataConfig(arguments.data) if arguments.data else shared_data(runs)
    return replace(config, image_size=arguments.image_size)


def _parser() -> Parser:
    from ..metrics import METRICS, PROTOCOLS

    parser = Parser("zerosum compare", "Measure runs on the same real samples with the same features, and say which "
                    "differences are more than chance; a page puts scores, pictures and curves side by side.")
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders")
    parser.add_argument("--data", metavar="D", help="real data to compare with [the runs' own, its test part]")
    parser.add_argument("--image-size", type=int, default=0, metavar="int",
                        help="bring the real images to this size, for runs of different sizes")
    parser.add_argument("--metrics", metavar="A,B", help=f"which: {', '.join(METRICS)}")
    parser.add_argument("--features", default="auto", metavar="F", help="feature network, as in evaluate [auto]")
    parser.add_argument("--protocol", default="zerosum", metavar="P", help=f"one of {', '.join(PROTOCOLS)} [zerosum]")
    parser.add_argument("-n", type=int, metavar="int", help="how many samples of each [as many as real ones]")
    parser.add_seed("of samples and estimators")
    parser.add_argument("--stored", action="store_true", help="measure nothing: show the scores that the runs stored")
    parser.add_argument("--model", metavar="FILE.py", action="append", default=[],
                        help="the file of a model of your own (once for each)")
    parser.add_argument("-o", "--out", default="compare.html", metavar="FILE", help="the page [compare.html]")
    parser.add_json()
    return parser
