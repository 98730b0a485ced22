"""`zerosum import` and `export`: weights of other projects in, and ours out."""

import json
from pathlib import Path

from ..core import UsageError
from ..runs import Run
from .parser import Parser


def import_command(words: list[str]) -> int:
    """zerosum import FILE [FILE ...] [--out RUN] [--model M] [--data D]"""
    from ..interop.families import known_models, known_projects
    from ..runs.imported import import_weights

    parser = Parser("zerosum import", "Make a run of the networks in files of other projects, to sample, evaluate, "
                    f"edit, train (--from) and export: of network pickles, .pt, .pth and .safetensors of "
                    f"{known_projects()}. "
                    "Nothing in a file is ever run; what weights have no use for is refused by its name.")
    parser.add_argument("files", metavar="FILE", nargs="+", help="one file, or several that belong together: generator "
                        "and discriminator")
    parser.add_argument("--out", metavar="DIR", help="the run folder [runs/imported-FILE]")
    parser.add_argument("--model", metavar="M", help="the model that is wanted, where several have such networks: "
                        f"{', '.join(known_models())}")
    parser.add_argument("--data", metavar="D", help="what the run is evaluated against, and trained on [nothing]")
    parser.add_json()
    arguments = parser.parse(words)
    if len(arguments.files) > 8:
        raise UsageError(f"{len(arguments.files)} files do not belong together: name those of one model")
    out = arguments.out or f"runs/imported-{Path(arguments.files[0]).stem}"
    run = import_weights(arguments.files, out, model=arguments.model, data=arguments.data)
    _say(run, arguments.json)
    return 0


def _say(run: Run, as_json: bool) -> None:
    about = run.document["imported"]
    if as_json:
        print(json.dumps({"run": str(run.folder), "model": run.document["model"], **about}))
        return
    taken = ", ".join(f"{ours} from {theirs or 'the file'}" for ours, theirs in about["taken"].items())
    print(f"{run.document['model']} of {'x'.join(map(str, run.spec.shape))}: {run.folder}")
    print(f"  taken      {taken} ({about['family']})")
    if about["untrained"]:
        print(f"  untrained  {', '.join(about['untrained'])}: the file has none")
    print(f"  dropped    {'; '.join(about['dropped'])}")
    print(f"  licence    {about['licence']}")
    print(f"  next       zerosum sample {run.folder} -n 64    zerosum train --from {run.folder} --data D --steps N")


def export_command(words: list[str]) -> int:
    """zerosum export RUN --to onnx|safetensors|torch-export [-o FILE]"""
    from ..runs.export import FORMATS, export

    parser = Parser("zerosum export", "Write a run's generator for use elsewhere, checked by numbers against the run, "
                    "with a model card beside it. onnx and torch-export go from noise, and classes, to samples, for "
                    "any number; safetensors has all weights, by official names where the networks are official ones.")
    parser.add_argument("run", metavar="RUN", help="a run folder")
    parser.add_argument("--to", choices=list(FORMATS), default="onnx", help="the format; onnx needs "
                        "pip install 'zerosum[onnx]' [onnx]")
    parser.add_argument("-o", "--out", metavar="FILE", help="the file [RUN/generator.onnx, .safetensors or .pt2]")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_json()
    arguments = parser.parse(words)
    run = Run.open(arguments.run, arguments.model)
    suffix = {"torch-export": "pt2"}.get(arguments.to, arguments.to)
    done = export(run, arguments.to, arguments.out or run.folder / f"generator.{suffix}")
    if arguments.json:
        print(json.dumps({"file": str(done.file), "card": str(done.card), "difference": done.difference}))
    else:
        print(f"{done.file}: differs from the run by {done.difference:.2g} at most; {done.card}")
    return 0
