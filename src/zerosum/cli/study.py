"""`zerosum study`."""

import json
import sys

from .parser import Parser, settings_in


def study_command(words: list[str]) -> int:
    """zerosum study FILE.toml [--out DIR] [--workers N] [--storage URL] [--draws N ...] [--json]"""
    from ..study import run_study
    from ..study.report import table_text
    from ..study.sheet import Rules

    parser = Parser("zerosum study", "Train systems with many hyper-parameters and seeds at equal budgets, and compare "
                    "them fairly.\nThe same command goes on with a study that was interrupted, or asks for more of it.",
                    "The last group stands at the top of the file; a flag overrides it. Below are [settings] of all, "
                    "[space],\nwhat is searched, and [systems.NAME].")
    parser.add_argument("file", metavar="FILE.toml", help="the study")
    parser.add_argument("--out", metavar="DIR", help="its folder [studies/NAME]")
    parser.add_argument("--workers", type=int, default=0, metavar="int",
                        help="trainings at once [one for each GPU, or CPU core]")
    parser.add_argument("--storage", default="", metavar="URL",
                        help="a database that several machines share [a SQLite file in the folder]")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_json()
    parser.add_settings("the study", Rules, {})
    arguments = parser.parse(words)
    study = run_study(arguments.file, out=arguments.out, workers=arguments.workers, storage=arguments.storage,
                      quiet=arguments.quiet or arguments.json, **settings_in(arguments, Rules))
    if arguments.json:
        print(json.dumps(study.document))
    else:
        print(table_text(study.document))
        for path in study.files:
            print(f"  {path}")
    for error in study.errors[:5]:
        print(f"zerosum: {error}", file=sys.stderr)
    if study.errors:
        print(f"zerosum: {len(study.errors)} trials gave no score; mend the cause, and the same command tries them "
              "again", file=sys.stderr)
    return 1 if study.errors else 0
