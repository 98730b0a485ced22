"""`zerosum verify`."""

import json

from ..core import UsageError
from .parser import Parser


def verify_command(words: list[str]) -> int:
    """zerosum verify MODEL... [--family F] [--seed S] [--workers N] [--again | --confirm] [--json]"""
    from ..claims import SEEDS, claimed, verify
    from ..core import find, unknown

    parser = Parser("zerosum verify", "Train small, and measure what the paper claims against its baseline.\n"
                    "Exit status 0: every claim holds.")
    parser.add_argument("models", metavar="MODEL", nargs="*", help="names from 'zerosum list'")
    parser.add_argument("--family", action="append", metavar="F", help="all models of a family; may be repeated")
    parser.add_argument("--seed", action="append", type=int, metavar="int", help="a seed; may be repeated [0, 1, 2]")
    parser.add_argument("--workers", type=int, default=1, metavar="int", help="seeds trained at once [1]")
    parser.add_argument("--out", default="results/claims", metavar="DIR", help="where results go [results/claims]")
    anew = parser.add_mutually_exclusive_group()
    anew.add_argument("--again", action="store_true", help="measure seeds anew that were measured before")
    anew.add_argument("--confirm", action="store_true",
                      help="after a change of code that should change no number: keep the stored seeds if the first of "
                           "them gives its numbers again to the last bit")
    parser.add_json()
    arguments = parser.parse(words)
    there = claimed()
    families = {find(name).family for name in there}
    for family in arguments.family or []:
        if family not in families:
            raise unknown("family with claims", family, families)
    names = [find(name).name for name in arguments.models]
    names += [name for name in there if find(name).family in (arguments.family or []) and name not in names]
    if not names:
        raise UsageError(f"name a model: zerosum verify MODEL; there is: {', '.join(there)}")
    seeds = tuple(arguments.seed or SEEDS)
    verdicts = [verify(name, seeds=seeds, workers=arguments.workers, results=arguments.out,
                       fresh=arguments.again, confirm=arguments.confirm)
                for name in names]
    if arguments.json:
        documents = [verdict.document for verdict in verdicts]
        print(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
    else:
        for verdict in verdicts:
            print(verdict)
    return 0 if all(verdict.holds for verdict in verdicts) else 1
