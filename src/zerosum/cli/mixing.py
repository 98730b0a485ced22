"""`zerosum truncate`, `mix` and `arithmetic`: latents scaled, mixed and added."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import DataSpec, UsageError
from ..core.files import file_named
from ..runs import Run
from .latent import film_or_picture, write_film
from .parser import Parser
from .sample import asked, drawing_parser


def truncate_command(words: list[str]) -> int:
    """zerosum truncate RUN [--shares 0,0.25,0.5,0.75,1,1.25] [--rows 8] -o FILE"""
    from ..latent import truncate

    parser = drawing_parser("truncate", "Draw the same samples with ever more noise: a column, or a frame of the film, "
                            "for each truncation.")
    parser.add_argument("--shares", default="0,0.25,0.5,0.75,1,1.25", metavar="0,0.5,1", help="of the noise; 1 is as "
                        "trained, below it is better and less varied [0,0.25,0.5,0.75,1,1.25]")
    parser.add_argument("--rows", type=int, default=8, metavar="int", help="samples [8]")
    _add_out(parser, "truncation.png", films=True)
    arguments = parser.parse(words)
    try:
        shares = [float(share) for share in arguments.shares.split(",")]
    except ValueError:
        raise UsageError(f"--shares takes numbers with commas between them, not '{arguments.shares}'") from None
    out = film_or_picture(arguments.out)
    run = Run.open(arguments.run, arguments.model)
    labels = asked(run, arguments, max(arguments.rows, 0))
    film = truncate(run.model, shares, arguments.rows, seed=arguments.seed, labels=labels)
    write_film(film, run.spec, out)
    return _told(arguments.json, f"truncation {', '.join(f'{share:g}' for share in shares)}: {out}",
                 files=[str(out)], shares=shares, seed=arguments.seed)


def mix_command(words: list[str]) -> int:
    """zerosum mix RUN --part label|c1|0-3 [--rows 4] [--columns 6] -o FILE.png"""
    from ..latent import mix

    parser = drawing_parser("mix", "Mix every sample of a column with one part of every sample of a row: its label, "
                            "a code, or layers of its style.")
    parser.add_argument("--part", metavar="label", help="label, c1, u1, ..., or layers such as 0-3: what is taken from "
                        "the samples above [the first that the model has]")
    parser.add_argument("--rows", type=int, default=4, metavar="int", help="samples at the left [4]")
    parser.add_argument("--columns", type=int, default=6, metavar="int", help="samples above [6]")
    _add_out(parser, "mix.png")
    arguments = parser.parse(words)
    out = file_named(arguments.out, ".png")
    if arguments.label or arguments.text:
        raise UsageError("mix goes through the classes or prompts by itself: leave --label and --text out")
    run = Run.open(arguments.run, arguments.model)
    mixed = mix(run.model, arguments.part, rows=arguments.rows, columns=arguments.columns, seed=arguments.seed)
    corner = torch.full_like(mixed.a[:1], -1)
    rows = [torch.cat([corner, mixed.b])] + [torch.cat([a[None], x]) for a, x in zip(mixed.a, mixed.x, strict=True)]
    _write_rows(torch.stack(rows), run.spec, out)
    return _told(arguments.json, f"{arguments.rows} x {arguments.columns} mixed by {mixed.part}: {out}",
                 files=[str(out)], part=mixed.part, seed=arguments.seed)


def arithmetic_command(words: list[str]) -> int:
    """zerosum arithmetic RUN "3,17,42 - 5,9 + 2*large" [--directions FILE] -o FILE.png"""
    from ..latent import Directions, running_sum, terms_of
    from ..latent.passes import generated

    parser = drawing_parser("arithmetic", "Add and subtract latents: each term above, the sum so far below it.")
    parser.add_argument("sum", metavar="SUM", help="such as '3,17,42 - 5,9 + 8', each the mean latent of these seeds, "
                        "or '7 + 2*large', a step along a direction in standard deviations of the noise")
    parser.add_argument("--directions", metavar="FILE", help="what zerosum directions stored, for the names in it")
    _add_out(parser, "arithmetic.png")
    arguments = parser.parse(words)
    out = file_named(arguments.out, ".png")
    run = Run.open(arguments.run, arguments.model)
    directions = Directions.load(arguments.directions) if arguments.directions else None
    terms = terms_of(run.model, arguments.sum, directions)
    labels = asked(run, arguments, len(terms))
    own = generated(run.model, torch.cat([term.z for term in terms]), labels)
    own[[term.is_direction for term in terms]] = -1          # a direction alone is no sample
    _write_rows(torch.stack([own, generated(run.model, running_sum(terms), labels)]), run.spec, out)
    return _told(arguments.json, f"{' '.join(_signed(terms))}: {out}", files=[str(out)],
                 terms=[term.text for term in terms], latent=running_sum(terms)[-1].tolist())


def _signed(terms: list[Any]) -> list[str]:
    return [("" if not at else "+ " if term.sign > 0 else "- ") + term.text for at, term in enumerate(terms)]


def _add_out(parser: Parser, name: str, films: bool = False) -> None:
    also = ", .gif, .webp, or .mp4 (zerosum[video])" if films else ""
    parser.add_argument("-o", "--out", default=name, metavar="FILE", help=f".png{also} [{name}]")


def _write_rows(rows: Tensor, spec: DataSpec, out: Path) -> None:
    """Write samples (rows, columns, *shape) as a picture."""
    write_film(rows.transpose(0, 1), spec, out)


def _told(as_json: bool, line: str, **document: Any) -> int:
    print(json.dumps(document) if as_json else line)
    return 0
