"""The report of a run, and of several compared: one self-contained page that tells everything the folders know."""

import os
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core import UsageError
from ..engine import atomic, read_json
from ..version import __version__
from .chart import short
from .compared import scores_measured
from .curves import compared, curves, records_of
from .page import definitions, embedded, figure, page, paragraph, reference, section, table
from .progress import duration
from .sections import alarms, at_step, data, environment, files, going_on, pictures, pictures_of, stages
from .tables import Document, differences, name_of, number, parameters, part, scores, scores_compared, settings, text

if TYPE_CHECKING:
    from ..metrics import Comparison


def write_report(folder: Path) -> Path:
    """Write `report.html` into a run folder from what the folder holds, and return its path.

    What is missing is said, not guessed. Raises UsageError where the folder is no run, ZerosumError where it cannot
    be written.
    """
    folder = Path(folder)
    document = _document(folder)
    body = [_header(document), pictures(folder, document), section("On the way", stages(folder)),
            section("Scores", *scores(document)), section("Curves", _charts(curves(folder))),
            section("Alarms", *alarms(folder, document)), section("Going on", *going_on(folder, document)),
            section("Settings", *settings(document)), section("Data", data(document)), section("Files", files(folder)),
            section("Environment", environment(document))]
    return _write(folder / "report.html", name_of(document), body)


def names_of(folders: Sequence[Path]) -> list[str]:
    """What the runs are called beside each other: the names of their folders, or whole paths where these are not
    unique."""
    unique = len({folder.name for folder in folders}) == len(folders)
    return [folder.name if unique else str(folder) for folder in folders]


def compare_report(folders: Sequence[Path], target: Path, measured: "Comparison | None" = None) -> Path:
    """Write one page that puts runs side by side: last samples, scores, curves overlaid, settings that differ.

    The scores are those of `measured`, which calls the runs as `names_of` does, or without it those that the runs
    stored; of these, some of different protocols are shown, and said not to be comparable. Raises as `write_report`
    does.
    """
    folders, target = list(dict.fromkeys(Path(folder) for folder in folders)), Path(target)
    runs = {name: _document(folder) for name, folder in zip(names_of(folders), folders, strict=True)}
    grids = []
    for name, folder in zip(runs, folders, strict=True):
        last = pictures_of(folder)[-1:]
        source = embedded(last[0], 640) if last else None
        if source:
            grids.append(figure(source, f"Samples of {name} at {at_step(last[0])}", f"{name}, {at_step(last[0])}",
                                _link(folder / "samples" / last[0].name, target)))
    samples = f'<div class="strip">{"".join(grids)}</div>' if grids else paragraph("No run has a picture yet.")
    drawn = compared({name: records_of(folder) for name, folder in zip(runs, folders, strict=True)})
    title = f"{len(runs)} runs <span>side by side</span>"
    body = [f'<header>\n<p class="state"><b>zerosum</b></p>\n<h1>{title}</h1>\n</header>',
            section("Runs", _overview(runs, folders, target)), section("Samples", samples),
            section("Scores", *(scores_compared(runs) if measured is None else scores_measured(measured))),
            section("Curves", _charts(drawn)), section("What differs", differences(runs))]
    return _write(target, f"{len(runs)} runs compared", body)


def _document(folder: Path) -> Document:
    if not (folder / "run.json").is_file():
        raise UsageError(f"{folder} is no run folder (it has no run.json)")
    document = read_json(folder / "run.json")
    if not isinstance(document, dict):
        raise UsageError(f"{folder / 'run.json'} does not describe a run")
    return document


def _write(target: Path, title: str, body: Sequence[str]) -> Path:
    footer = f"<footer>Written by zerosum {__version__} on {time.strftime('%d %B %Y, %H:%M')}.</footer>"
    with atomic(target) as file:
        file.write(page(f"{title} - zerosum", "\n".join([*body, footer])).encode())
    return target


def _charts(drawn: dict[str, str]) -> str:
    if not drawn:
        return paragraph("Nothing was logged, so there are no curves.")
    return '<div class="charts">' + "\n".join(drawn.values()) + "</div>"


def _link(path: Path, target: Path) -> str:
    try:
        return quote(os.path.relpath(path, target.parent).replace(os.sep, "/"))
    except ValueError:                       # another drive
        return path.resolve().as_uri()


def _overview(runs: dict[str, Document], folders: Sequence[Path], target: Path) -> str:
    rows = []
    for (name, document), folder in zip(runs.items(), folders, strict=True):
        link = f'<a href="{escape(_link(folder / "report.html", target))}">{escape(name)}</a>'
        rows.append((link, escape(name_of(document)), escape(text(document.get("state"))),
                     f"{number(document.get('steps')):,.0f}", duration(number(document.get("seconds"))),
                     f"{sum(parameters(document).values()):,.0f}"))
    return table(("Run", "What", "State", "Steps", "Time", "Parameters"), rows, numbers=(3, 4, 5))


def _header(document: Document) -> str:
    state, paper = text(document.get("state")) or "unknown", part(document, "paper")
    title, link = escape(text(paper.get("title"))), reference(text(paper.get("arxiv")))
    title = f'<a href="{escape(link)}">{title}</a>' if link else title
    cited = ", ".join(escape(text(paper[key])) for key in ("authors", "year") if paper.get(key))
    seconds, steps = number(document.get("seconds")), number(document.get("steps"))
    memory = number(document.get("peak_memory_mb"))
    facts = [("Steps", f"{steps:,.0f}"), ("Real samples seen", f"{number(document.get('images')):,.0f}"),
             ("Training time", duration(seconds)), ("Steps per second", short(steps / seconds) if seconds else ""),
             ("Peak memory", f"{memory:,.0f} MB" if memory else ""), ("Device", text(document.get("device"))),
             ("Preset", text(document.get("preset"))), ("Seed", text(document.get("seed")))]
    model, data = text(document.get("model")) or "a model", text(part(document, "data").get("name")) or "some data"
    style = state if state in ("finished", "running", "interrupted", "failed") else "running"
    return "\n".join([
        f'<header>\n<p class="state {style}"><b>zerosum</b> <i></i>{escape(state)}</p>',
        f"<h1>{escape(model)} <span>on {escape(data)}</span></h1>",
        f'<p class="quiet paper">{title}{". " if title and cited else ""}{cited}</p>' if title or cited else "",
        _notice(document, state), definitions(facts, "facts"), "</header>"])


def _notice(document: Document, state: str) -> str:
    at = f"at step {number(document.get('steps')):,.0f}"
    said = {"finished": "", "interrupted": f"The run was stopped {at}. Nothing is lost; it can go on from there.",
            "running": f"The run had not ended when this was written, {at}.",
            "failed": f"The run failed; its last good state is {at}. {text(document.get('error'))}"}
    words = said.get(state, "How this run ended is not known.")
    return paragraph(words.strip(), "notice") if words else ""
