"""What a study writes: a table for the terminal, a CSV file, figures, and a page that needs nothing but itself."""

import csv
import io
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..core import whole_file
from ..runs.page import command, definitions, embedded, figure, page, paragraph, section, table
from ..runs.progress import duration
from .figures import draw_figures
from .results import Found, alike, best_of, found_in, leaders, overtakings, spreads, sure

COLUMNS = ("data", "system", "best", "fresh seeds", "95 % interval", "median draw", "middle half", "trainings",
           "diverged", "seconds")
CAPTIONS = {"budget": "Score against budget: the best draw of each system, chosen anew at every moment",
            "spread": "Spread over hyper-parameters: every draw",
            "search": "What a search of so many draws finds: resampled from all of them"}


def rows_of(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The table: a row for each cell, the best system of each data set first, as texts under COLUMNS."""
    cells = found_in(document)
    for data in document["rules"]["data"]:
        for cell in ranked(each for each in cells if each.data == data):
            between = sure(cell)[1]
            scores, fresh = cell.scores(), cell.fresh
            middle = sorted(best_of(scores, 1, share) for share in (0.25, 0.75))
            trained = sum(len(each.trainings) for each in cell.draws)
            unfinished = "" if len(cell.draws) >= cell.planned else f" (of {cell.planned} draws {len(cell.draws)})"
            yield (data, cell.system, _short(cell.best.score()), _short(sure(cell)[0]) if fresh else "",
                   _interval(between) if between else "", _short(best_of(scores, 1, 0.5)),
                   _interval(middle), f"{trained}{unfinished}", str(cell.diverged),
                   f"{cell.seconds:.0f}")


def ranked(cells: Iterator[Found]) -> list[Found]:
    """The best first, by the score of fresh seeds where there is one."""
    those = list(cells)
    return sorted(those, key=lambda each: sure(each)[0], reverse=bool(those) and those[0].higher)


def table_text(document: Mapping[str, Any]) -> str:
    """The table in aligned columns, and what it says in sentences."""
    rows = [COLUMNS, *rows_of(document)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
    return "\n".join([f"{document['title']}: {document['score']}, {document['better']} is better", "", *lines, "",
                      *sentences(document)])


def sentences(document: Mapping[str, Any]) -> list[str]:
    """What a reader may conclude, and what not."""
    said, cells = [], found_in(document)
    for data in document["rules"]["data"]:
        those = ranked(each for each in cells if each.data == data)
        if not those:
            continue
        said.append(f"On {data}, {those[0].system} comes first{_how_surely(those)}")
        order, changed = leaders(those, document["rules"]["moments"]), overtakings(those, document["rules"]["moments"])
        if changed:
            said.append(f"The order there depends on the budget: {len(changed)} of "
                        f"{len(those) * (len(those) - 1) // 2} pairs change places, as {changed[0][1]} overtakes "
                        f"{changed[0][0]}; by the best draw, {_in_turn([each[0] for each in order])} leads.")
        within, between = spreads(those)
        if len(those) > 2 and min(len(each.draws) for each in those) > 3:
            what = "hyper-parameters matter more than the system" if within > between else \
                "the system matters more than hyper-parameters"
            said.append(f"There {what}: the middle half of one system's draws spans {_short(within)} (median over "
                        f"systems), that of the systems' best draws {_short(between)}.")
    return said or ["No training has a score yet."]


def _how_surely(those: Sequence[Found]) -> str:
    tied = alike(those)
    if tied is None:
        return "; confirm = [1, 2, 3] would train each best draw with these seeds, and tell whether that was luck."
    others = [name for name in tied if name != those[0].system]
    return (f"; this study does not tell it from {_listed(others)}." if others else
            ", and its interval meets no other's.")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _in_turn(leading: Sequence[str]) -> str:
    turns = [name for i, name in enumerate(leading) if i == 0 or leading[i - 1] != name]
    return ", then ".join(turns) if len(turns) > 1 else f"{turns[0]} always"


def train_command(document: Mapping[str, Any], cell: Found) -> str:
    """The command that trains the best draw of a cell again."""
    system = document["systems"][cell.system]
    settings = system["settings"] | cell.best.values | {"data": cell.data, "seed": cell.best.trainings[0].seed,
                                                        "threads": system["settings"].get("threads", 1)}
    words = ["zerosum", "train", system["model"], *(["--preset", system["preset"]] if system["preset"] else [])]
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
        else:
            words += [flag, ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]
    return shlex.join(words)


def write_report(document: Mapping[str, Any], folder: Path, errors: Sequence[str] = ()) -> None:
    """Write table.csv, the figures and report.html; raises ZerosumError where they cannot be written."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows_of(document)])
    with whole_file(folder / "table.csv") as file:
        file.write(text.getvalue().encode())
    figures = draw_figures(document, folder)
    body = [f"<h1>{escape(document['title'])}</h1>",
            *(paragraph(each) for each in sentences(document)),
            *([paragraph(f"{len(errors)} trials gave no score; the first: {errors[0]}", "note warning")] if errors else
              []),
            section("Table", *_tables(document),
                    paragraph("best: the best score of all draws, which is lucky, as it was chosen; fresh seeds: the "
                              "mean of the same hyper-parameters with seeds that the search did not see, with its "
                              "interval; median draw: what hyper-parameters taken at random give; seconds: of one "
                              "training.", "note")),
            section("Figures", *(_shown(path) for path in figures)),
            section("Best draws", *_bests(document)),
            section("How it was done", _rules(document))]
    with whole_file(folder / "report.html") as file:
        file.write(page(document["title"], "\n".join(body)).encode())


def _tables(document: Mapping[str, Any]) -> Iterator[str]:
    """A table per data set, which its heading names."""
    for data in document["rules"]["data"]:
        yield f"<h3>{escape(data)}</h3>"
        yield table(COLUMNS[1:], [[escape(cell) for cell in row[1:]] for row in rows_of(document) if row[0] == data],
                    numbers=range(1, len(COLUMNS) - 1))


def _shown(path: Path) -> str:
    source = embedded(path, 1800)
    assert source is not None                # it was drawn a moment ago
    return figure(source, CAPTIONS[path.stem], CAPTIONS[path.stem], path.name)


def _bests(document: Mapping[str, Any]) -> Iterator[str]:
    for cell in found_in(document):
        values = ", ".join(f"{name} {value_text(value)}" for name, value in cell.best.values.items())
        ill = f"; of all draws, the doctor names most often: {cell.illness}" if cell.illness else ""
        yield command(train_command(document, cell), f"{cell.system} on {cell.data}: {values or 'one setting'}{ill}")


def _rules(document: Mapping[str, Any]) -> str:
    rules = document["rules"]
    budgets = {f"{budget:,} {unit}" for each in document["budget"].values() for unit, budget in each.items()}
    cells = found_in(document)
    spent = sum(t.seconds for cell in cells for each in (*cell.draws, *cell.confirmed) for t in each.trainings)
    return definitions([
        ("systems", str(len(document["systems"]))), ("data", ", ".join(rules["data"])),
        ("budget of a training", ", ".join(sorted(budgets))),
        ("search", f"{rules['search']}, seed {rules['seed']}"),
        ("seeds of a draw", ", ".join(map(str, rules["seeds"]))),
        ("fresh seeds", ", ".join(map(str, rules["confirm"])) or "none"),
        ("score", f"{document['score']} of {rules['samples']:,} samples at {rules['moments']} moments"),
        *((f"searched of {name}", searched(each["space"])) for name, each in document["systems"].items()),
        ("training in all", duration(spent)), ("zerosum", f"{document['version']}, {document['date']}")])


def value_text(value: Any) -> str:
    """A hyper-parameter in few characters."""
    return f"{value:.3g}" if isinstance(value, float) else ",".join(map(str, value)) if isinstance(value, list) else \
        str(value)


def searched(space: Mapping[str, Any]) -> str:
    """What of a system is searched, in words."""
    def words(each: Mapping[str, Any]) -> str:
        if "values" in each:
            return " or ".join(map(value_text, each["values"]))
        return f"{each['low']:g} to {each['high']:g}" + (" (log)" if each["log"] else "")

    return "; ".join(f"{name} {words(each)}" for name, each in space.items()) or "nothing"


def _interval(ends: Sequence[float]) -> str:
    return f"{_short(ends[0])} to {_short(ends[1])}"


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "diverged"
