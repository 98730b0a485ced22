"""The tables of a report: scores with their cards, players, and settings against their defaults."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .. import models as _models  # noqa: F401  (fills the registry)
from ..core import Model, find, names, settings_of
from ..data import DataConfig
from ..engine import TrainConfig
from .page import paragraph, table

Document = dict[str, Any]

# What must be equal, besides the settings of the estimator, before two scores may be compared.
COMPARABLE = ("n_real", "n_fake", "data", "split", "image_size", "fake_size", "features", "protocol", "better",
              "version")


def part(document: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping under these keys; an empty one where it is missing or something else."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def text(value: Any) -> str:
    """A value as a reader would type it: 1437, 0.0002, `0, 0.9` for a list, yes; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(text(element) for element in value)
    return str(value)


def number(value: Any) -> float:
    """A number; 0 where it is missing or something else."""
    return value if isinstance(value, int | float) else 0


def name_of(document: Document) -> str:
    """What was trained on what."""
    return f"{text(document.get('model')) or 'a model'} on {text(part(document, 'data').get('name')) or 'some data'}"


def _measured(document: Document) -> list[Mapping[str, Any]]:
    listed = document.get("scores")
    return [score for score in listed if isinstance(score, Mapping)] if isinstance(listed, list) else []


def scores(document: Document) -> list[str]:
    """The scores with everything that must be equal before two of them may be compared, as markup."""
    measured = _measured(document)
    if not measured:
        return [paragraph("The run has not been measured. 'zerosum evaluate' does it.")]
    rows, told, warned = [], {}, []
    for score in measured:
        card, name = part(score, "card"), text(score.get("name"))
        told.setdefault(_protocol(card), []).append(name)
        warned += [paragraph(f"{name}: {text(warning)}", "note warning") for warning in card.get("warnings") or []]
        ideal = f"ideal {text(card['ideal'])}" if card.get("ideal") is not None else ""
        better = ", ".join(filter(None, [text(card.get("better")), ideal]))
        rows.append((escape(name), _value(score), _interval(card), escape(better)))
    return [table(("Score", "Value", "95 % interval", "Better"), rows, numbers=(1, 2)), *warned, *_notes(told)]


def _notes(told: Mapping[tuple[str, ...], list[str]]) -> list[str]:
    """How the scores were measured: what holds for all, then what holds for some."""
    common = [clause for clause in next(iter(told)) if all(clause in clauses for clauses in told)]
    notes = [f"All: {'; '.join(common)}."] if common else []
    for clauses, those in told.items():
        own = [clause for clause in clauses if clause not in common]
        notes += [f"{', '.join(those)}: {'; '.join(own)}."] if own else []
    return [paragraph(note, "note") for note in notes]


def _value(score: Mapping[str, Any]) -> str:
    value = score.get("value")
    return f"{value:.4g}" if isinstance(value, int | float) else "not finite"


def _interval(card: Mapping[str, Any]) -> str:
    return " to ".join(f"{number(end):.4g}" for end in card.get("interval") or ())


def scores_compared(runs: Mapping[str, Document]) -> list[str]:
    """A row for each score and a column for each run, as markup; the best value stands out where protocols agree."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for run, document in runs.items():
        for score in _measured(document):
            found.setdefault(text(score.get("name")), {})[run] = score
    if not found:
        return [paragraph("No run has been measured. 'zerosum evaluate' does it.")]
    rows, unequal = [], []
    for name, by_run in found.items():
        same = _same_protocol([part(score, "card") for score in by_run.values()])
        best = _best(by_run) if same and len(by_run) > 1 else set()
        unequal += [] if same else [name]
        cells = []
        for run in runs:
            score = by_run.get(run, {})
            interval = _interval(part(score, "card"))
            value = f"<b>{_value(score)}</b>" if run in best else _value(score) if score else "not measured"
            cells.append(value + (f"<br><small>{interval}</small>" if interval else ""))
        rows.append((escape(name), *cells))
    note = f"Measured by different protocols (see each run's report), and so not to be compared: {', '.join(unequal)}."
    return [table(("Score", *runs), rows, numbers=range(1, len(runs) + 1)),
            paragraph("The best value is bold; below each is its 95 % interval.", "note"),
            *([paragraph(note, "note warning")] if unequal else [])]


def _best(by_run: Mapping[str, Mapping[str, Any]]) -> set[str]:
    finite = {run: score for run, score in by_run.items() if isinstance(score.get("value"), int | float)}
    card = part(next(iter(by_run.values())), "card")
    badness = {"lower": lambda v: v, "higher": lambda v: -v, "nearer": lambda v: abs(v - number(card.get("ideal")))}
    if not finite or card.get("better") not in badness:
        return set()
    cost = {run: badness[card["better"]](score["value"]) for run, score in finite.items()}
    return {run for run in cost if cost[run] == min(cost.values())}


def _protocol(card: Mapping[str, Any]) -> tuple[str, ...]:
    """How a score was measured, in clauses."""
    features, told = part(card, "features"), []
    source = " ".join(filter(None, [text(card.get("data")), text(card.get("split")),
                                    "x".join(map(str, card.get("image_size") or ()))]))
    if card.get("n_real"):
        told += [f"{number(card['n_real']):,} real samples ({source})", f"{number(card.get('n_fake')):,} generated"]
    if features:
        told += [f"features of {text(features.get('name'))}"]
        told += [f"{text(features['dim'])} numbers"] if features.get("dim") else []
        told += [text(features["resize"])] if features.get("resize") else []
        told += [f"weights {text(features['weights_hash'])[:12]}"] if features.get("weights_hash") else []
        told += [f"test accuracy {number(features['accuracy']):.3f}"] if features.get("accuracy") is not None else []
    told += [f"{key} {text(value)}" for key, value in part(card, "settings").items()]
    told += [f"interval by {text(card['interval_method'])}"] if card.get("interval_method") else []
    told += [f"seed {text(card['seed'])}"] if card.get("seed") is not None else []
    return (*told, f"zerosum {text(card['version'])}") if card.get("version") else tuple(told)


def _same_protocol(cards: Sequence[Mapping[str, Any]]) -> bool:
    settings = [part(card, "settings") for card in cards]
    return all(chosen == settings[0] and all(card.get(field) == cards[0].get(field) for field in COMPARABLE)
               for card, chosen in zip(cards, settings, strict=True))


def model_of(document: Document) -> type[Model] | None:
    """The model's class; None for a user's own, whose file is not run for the sake of a report."""
    name = document.get("model")
    return find(name) if name in names() else None


def parameters(document: Document) -> dict[str, float]:
    """The number of parameters of each player."""
    players = part(document, "players")
    return {name: number(part(players, name).get("parameters")) for name in players}


def settings(document: Document) -> list[str]:
    """Players with their sizes, and every setting; what differs from its default stands out, as markup."""
    model, told = model_of(document), []
    counts = parameters(document)
    if counts:
        rows = [(escape(name), f"{count:,.0f}") for name, count in counts.items()]
        rows += [("together", f"{sum(counts.values()):,.0f}")] if len(rows) > 1 else []
        told += ["<h3>Players</h3>", table(("Player", "Parameters"), rows, numbers=(1,))]
    for title, key, config in (("Model", "model", model and model.Config), ("Training", "train", TrainConfig),
                               ("Data", "data", DataConfig)):
        values = part(document, "settings", key)
        if values:
            told += [f"<h3>{title}</h3>", _setting_table(values, config, "Paper" if key == "model" else "Default")]
    return told or [paragraph("The run's settings are not recorded.")]


def _setting_table(values: Mapping[str, Any], config: type | None, default: str) -> str:
    known = {setting.name: setting for setting in settings_of(config)} if config else {}
    rows, changed = [], []
    for name, value in values.items():
        setting, usual = known.get(name), ""
        if setting is not None and text(value) != text(setting.default):
            usual = text(setting.default) or "none"
            changed.append(len(rows))
        rows.append((escape(name), escape(text(value)) or "none", escape(usual),
                     escape(setting.help) if setting else ""))
    return table(("Setting", "This run", default, "Meaning"), rows, changed=changed, style="wide settings")


def differences(runs: Mapping[str, Document]) -> str:
    """The settings in which the runs differ, as markup."""
    flat = {run: {f"{group} {name}": text(value) or "none" for group in ("model", "train", "data")
                  for name, value in part(document, "settings", group).items()}
            | {"model": text(document.get("model"))} for run, document in runs.items()}
    names = list(dict.fromkeys(name for values in flat.values() for name in values))
    rows = [(escape(name), *(escape(values.get(name, "")) for values in flat.values())) for name in names
            if len({values.get(name) for values in flat.values()}) > 1]
    return table(("Setting", *runs), rows) if rows else paragraph("Their settings are the same.")
