"""`zerosum list` and `show`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from .. import models as _models  # noqa: F401  (fills the registry)
from ..core import Model, UsageError, abilities, find, find_all, names, settings_of, unknown
from ..core.errors import nearest
from ..data import load_held_out
from ..runs import plan
from .moves import Still, describe_round
from .parser import Parser

SUMMARY = Path(__file__).parents[1] / "claims" / "summary.json"


def claims() -> dict[str, dict[str, Any]]:
    """The measured claims, by model: what `make docs` condensed from results/claims."""
    return json.loads(SUMMARY.read_text(encoding="utf-8")) if SUMMARY.exists() else {}


def entry(cls: type[Model], measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One model as JSON."""
    claim = measured.get(cls.name)
    return {"name": cls.name, "family": cls.family, **asdict(cls.card), "link": cls.card.link,
            "abilities": abilities(cls), "presets": list(cls.PRESETS),
            "claim": None if claim is None else "holds" if claim["holds"] else "does not hold"}


def list_command(words: list[str]) -> int:
    """zerosum list [--family F] [--task T] [--structure S] [--density D] [--table] [--json]"""
    entries = [entry(cls, claims()) for cls in find_all()]
    parser = Parser("zerosum list", "Every system, with whether its paper's claim was measured to hold.")
    filters = ("family", "task", "structure", "density")
    for name in filters:
        parser.add_argument(f"--{name}", metavar=name[0].upper(), help=f"only this {name}: "
                            f"{', '.join(sorted(_values(entries, name)))}")
    parser.add_argument("--table", action="store_true", help="show networks, objective and constraint instead")
    parser.add_json()
    arguments = parser.parse(words)
    for name in filters:
        wanted = getattr(arguments, name)
        if wanted is not None and wanted not in _values(entries, name):
            raise unknown(name, wanted, _values(entries, name))
        entries = [e for e in entries if wanted is None or wanted in _of(e, name)]
    if arguments.json:
        print(json.dumps(entries, indent=2))
    elif arguments.table:
        print_table(entries, ("name", "generator", "discriminator", "extra", "objective", "constraint"))
    else:
        print_table([e | {"tasks": ", ".join(e["tasks"]), "claim": e["claim"] or "not measured"} for e in entries],
                     ("name", "family", "year", "structure", "density", "tasks", "claim"))
    return 0


def _of(entry: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(entry["tasks"]) if name == "task" else (entry[name],)


def _values(entries: list[dict[str, Any]], name: str) -> set[str]:
    return {value for e in entries for value in _of(e, name)}


def print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Print rows as aligned columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    console = Console()
    Console(width=console.width if console.is_terminal else 160).print(table)


def describe(cls: type[Model], measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Everything about one model: card, settings, who moves, presets and claim."""
    preset = plan(cls, "paper" if "paper" in cls.PRESETS else None, {"steps": 1})
    spec = load_held_out(preset.data).spec    # the smaller part, of the same kind
    with torch.device("meta"), Still():       # shapes without numbers: the paper's widths cost nothing
        model = cls(preset.cfg, spec)
    rounds = {f"step {step}": describe_round(model, step) for step in (0, 1, 30)}
    late = describe_round(model, 1_000_000)   # after pre-training, however long
    rounds |= {"step 1,000,000": late} if late != rounds["step 30"] else {}
    return entry(cls, measured) | {
        "settings": [{"name": s.name, "type": s.type_name, "default": s.default, "help": s.help}
                     for s in settings_of(cls.Config)],
        "players": {name: sum(p.numel() for p in set(player.parameters())) for name, player in model.players().items()},
        "shape": list(spec.shape),
        "rounds": rounds if len(set(rounds.values())) > 1 else {"each step": rounds["step 1"]},
        "preset_settings": cls.PRESETS, "measured": measured.get(cls.name),
        "docstring": (__import__(cls.__module__, fromlist=["_"]).__doc__ or "").strip(),
    }


def show_command(words: list[str]) -> int:
    """zerosum show MODEL|METRIC [--json]"""
    parser = Parser("zerosum show", "One system: its card, its settings, who moves at which step, its measured claim; "
                    "or one metric: what it means, and its trap.")
    parser.add_argument("model", metavar="NAME", help="a name from 'zerosum list', your own FILE.py, or a metric")
    parser.add_json()
    arguments = parser.parse(words)
    if _is_metric(arguments.model):
        return _show_metric(arguments.model, arguments.json)
    document = describe(_found(arguments.model), claims())
    if arguments.json:
        print(json.dumps(document, indent=2))
        return 0
    print(document["docstring"], end="\n\n")
    print(f"{document['link'] or 'no paper'}   family {document['family']}, {document['structure']}, "
          f"{document['density']} density")
    print(f"tasks      {', '.join(document['tasks'])}\nabilities  {', '.join(document['abilities'])}")
    print("moves      " + "\n           ".join(f"{when}: {moves}" for when, moves in document["rounds"].items()))
    print("players    " + ", ".join(f"{name} {count:,} parameters" for name, count in document["players"].items())
          + f"  (paper's widths, samples of {'x'.join(map(str, document['shape']))})", end="\n\n")
    print_table([{**s, "setting": s["name"]} for s in document["settings"]], ("setting", "type", "default", "help"))
    print()
    for name, settings in document["preset_settings"].items():
        print(f"--preset {name:<7} " + "  ".join(f"{key}={value}" for key, value in settings.items()))
    _print_claim(document["measured"])
    return 0


def _found(name: str) -> type[Model]:
    """The model of this name; where there is none the nearest may be a metric."""
    try:
        return find(name)
    except UsageError:
        from ..metrics import METRICS

        if nearest(name, METRICS) and not nearest(name, names()):
            raise unknown("metric", name, METRICS) from None
        raise


def _is_metric(name: str) -> bool:
    from ..metrics import METRICS

    return name in METRICS and name not in names()


def _show_metric(name: str, as_json: bool) -> int:
    from ..metrics import METRICS
    from .metric_docs import describe_metric

    document = describe_metric(METRICS[name])
    if as_json:
        print(json.dumps(document, indent=2))
    else:
        print(f"{document['about']}\n\nscores     {', '.join(document['gives'])}\nlooks at   "
              f"{', '.join(document['looks at'])}\npaper      {document['paper']}")
    return 0


def _print_claim(claim: dict[str, Any] | None) -> None:
    if claim is None:
        print("\nclaim: not measured yet (zerosum verify measures it)")
        return
    print(f"\nclaim: {claim['statement']}\n       {'holds' if claim['holds'] else 'DOES NOT HOLD'}, median over seeds "
          f"{', '.join(map(str, claim['seeds']))}")
    for check in claim["checks"]:
        print(f"       {'yes' if check['holds'] else 'NO '}  {check['text']}")
