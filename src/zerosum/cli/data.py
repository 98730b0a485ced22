"""`zerosum data list`, `show` and `prepare`."""

import argparse
import json
from pathlib import Path

from ..core import UsageError, build, unknown
from ..data import DataConfig, Survey, describe_builtin, glimpse, picture, prepare, survey
from .catalogue import print_table
from .counter import Counter
from .parser import Parser, settings_in

MOST_NAMED = 20                               # files named on the screen; --json has all


def data_command(words: list[str]) -> int:
    """zerosum data list | show D | prepare D -o FILE"""
    commands = {"list": _list, "show": _show, "prepare": _prepare}
    if not words or words[0] in ("-h", "--help"):
        print("zerosum data list                   what is built in\n"
              "zerosum data show D [-o FILE.png]   counts, sizes, labels, duplicates, files that do not fit\n"
              "zerosum data prepare D -o FILE      pack any data into one file that trains fastest\n\n"
              "D: a built-in name, a folder of images (subfolders are classes), a zip, MNIST IDX, CIFAR batches,\n"
              "parquet, .npy or .npz arrays, or a packed file")
        return 0
    if words[0] not in commands:
        raise unknown("data command", words[0], commands)
    return commands[words[0]](words[1:])


def _list(words: list[str]) -> int:
    parser = Parser("zerosum data list", "The built-in data, which needs no network.")
    parser.add_json()
    rows = describe_builtin()
    if parser.parse(words).json:
        print(json.dumps(rows, indent=2))
    else:
        print_table([{**r, "sizes": ", ".join(map(str, r["sizes"])) if isinstance(r["sizes"], list | tuple)
                      else r["sizes"]} for r in rows], ("name", "what", "sizes", "classes", "count", "test"))
    return 0


def _parser(command: str, about: str) -> Parser:
    parser = Parser(f"zerosum data {command}", about)
    parser.add_argument("source", metavar="D", help="a built-in name or a path")
    parser.add_json()
    parser.add_settings("data", DataConfig, {}, without="data")
    return parser


def _show(words: list[str]) -> int:
    parser = _parser("show", "Look at every sample, and name every file that does not fit, with its mend.")
    parser.add_argument("-o", "--out", metavar="FILE.png", help="where the picture goes [NAME-overview.png]")
    arguments = parser.parse(words)
    config = _config(arguments)
    found = survey(config, Counter("looked at"))
    out = None
    if found.count and not found.advice:
        out = Path(arguments.out or f"{Path(found.data).name}-overview.png")
        picture(glimpse(config), out, found)
    if arguments.json:
        print(json.dumps(found.to_json() | {"picture": None if out is None else str(out)}))
    else:
        _print(found, out)
    return 0


def _config(arguments: argparse.Namespace) -> DataConfig:
    return build(DataConfig, settings_in(arguments, DataConfig) | {"data": arguments.source})


def _print(found: Survey, out: Path | None) -> None:
    shape = "x".join(map(str, found.shape)) or "undecided"
    print(f"{found.data} ({found.kind}): {found.count:,} samples of {shape}, {found.dtype}")
    for title, counts in (("parts", found.parts), ("sizes", found.sizes), ("kinds", found.kinds),
                          ("labels", found.labels)):
        if counts:
            shown = list(counts.items())[:12]
            more = f", and {len(counts) - 12} more" if len(counts) > 12 else ""
            print(f"  {title:<11}" + ", ".join(f"{name} {number:,}" for name, number in shown) + more)
    for name, values in found.attributes.items():
        print(f"  {name:<11}{len(values)} values")
    print(f"  duplicates {sum(len(group) - 1 for group in found.duplicates):,}")
    for group in found.duplicates[:5]:
        print(f"             {' = '.join(group[:4])}{' = ...' if len(group) > 4 else ''}")
    for title, problems in (("do not fit", found.bad), ("are odd", found.odd)):
        if problems:
            print(f"  {len(problems)} files {title}:")
            for problem in problems[:MOST_NAMED]:
                print(f"    {problem}")
            if len(problems) > MOST_NAMED:
                print(f"    and {len(problems) - MOST_NAMED} more (--json names all)")
    for note in found.notes:
        print(f"  note       {note}")
    if found.advice:
        print(f"  to train   {found.advice}")
    if out is not None:
        print(f"  picture    {out}")


def _prepare(words: list[str]) -> int:
    parser = _parser("prepare", "Pack any data into one memory-mapped file, which trains at many times the rate of a "
                     "folder.")
    parser.add_argument("-o", "--out", metavar="FILE", help="the packed file")
    arguments = parser.parse(words)
    if not arguments.out:
        raise UsageError("name the packed file: zerosum data prepare D -o FILE")
    info = prepare(arguments.source, arguments.out, _config(arguments), progress=Counter("packed"))
    if arguments.json:
        print(json.dumps({"path": info.path, "count": info.count, "spec": info.spec.to_json(), "parts": info.parts,
                          "bytes": info.bytes, "fingerprint": info.fingerprint, "left_out": len(info.bad)}))
    else:
        print(info)
        print(f"train on it: zerosum train --data {info.path}")
    return 0
