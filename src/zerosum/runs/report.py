"""The report of a run: one self-contained page that tells everything its folder knows."""

import re
import shlex
import time
from html import escape
from pathlib import Path
from urllib.parse import quote

from ..core import UsageError
from ..engine import atomic, read_json
from .chart import short
from .curves import curves
from .page import (
    command,
    definitions,
    embedded,
    embedded_movie,
    figure,
    page,
    paragraph,
    reference,
    section,
    table,
)
from .progress import duration
from .tables import Document, name_of, number, part, scores, settings, text

STAGES = 6                                   # pictures of the way from noise to the end


def write_report(folder: Path) -> Path:
    """Write `report.html` into a run folder from what the folder holds, and return its path.

    What is missing is said, not guessed. Raises UsageError where the folder is no run, ZerosumError where it cannot
    be written.
    """
    folder = Path(folder)
    if not (folder / "run.json").is_file():
        raise UsageError(f"{folder} is no run folder (it has no run.json)")
    document = read_json(folder / "run.json")
    if not isinstance(document, dict):
        raise UsageError(f"{folder / 'run.json'} does not describe a run")
    drawn = curves(folder)
    charts = '<div class="charts">' + "\n".join(drawn.values()) + "</div>" if drawn else \
        paragraph("Nothing was logged, so there are no curves.")
    body = [_header(document), _pictures(folder, document), section("On the way", _stages(folder)),
            section("Scores", *scores(document)), section("Curves", charts),
            section("Going on", *_going_on(folder, document)), section("Settings", *settings(document)),
            section("Data", _data(document)), section("Files", _files(folder)),
            section("Environment", _environment(document)),
            f"<footer>Written by zerosum {escape(text(document.get('version')))} on {time.strftime('%d %B %Y, %H:%M')}."
            "</footer>"]
    target = folder / "report.html"
    with atomic(target) as file:
        file.write(page(f"{name_of(document)} - zerosum", "\n".join(body)).encode())
    return target


def pictures_of(folder: Path) -> list[Path]:
    """The sample pictures of a run folder, oldest first."""
    return sorted((folder / "samples").glob("step-*.png"))


def at_step(path: Path) -> str:
    """`step 1,200`, from the name of a picture."""
    found = re.search(r"\d+", path.stem)
    return f"step {int(found[0]):,}" if found else path.stem


# Sections ---------------------------------------------------------------------------------------------------------


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


def _pictures(folder: Path, document: Document) -> str:
    paths = pictures_of(folder)
    last = next(((path, source) for path in reversed(paths) if (source := embedded(path, 1024))), None)
    if last is None:
        return paragraph("There is no picture of samples yet.", "notice")
    path, source = last
    figures = [figure(source, f"Samples of {name_of(document)} at {at_step(path)}", f"Samples at {at_step(path)}",
                      f"samples/{quote(path.name)}")]
    movie = embedded_movie(folder / "timelapse.gif")
    if movie:
        figures.append(figure(movie, f"Time-lapse: the same noise from the first step to {at_step(path)}",
                              "The same noise, from the first step to the last", "timelapse.gif", moves=True))
    return '<div class="pair">' + "\n".join(figures) + "</div>"


def _stages(folder: Path) -> str:
    paths = pictures_of(folder)
    count = min(STAGES, len(paths))
    chosen = [paths[round(i * (len(paths) - 1) / max(1, count - 1))] for i in range(count)]
    figures = [figure(source, f"Samples at {at_step(path)}", at_step(path), f"samples/{quote(path.name)}")
               for path in chosen if (source := embedded(path, 420))]
    if not figures:
        return paragraph("No pictures were taken on the way.")
    return '<div class="strip">' + "\n".join(figures) + "</div>"


def _data(document: Document) -> str:
    data = part(document, "data")
    spec = part(data, "spec")
    shape, classes = spec.get("shape") or (), spec.get("classes") or ()
    named = ", ".join(text(name) for name in classes[:30]) + (", ..." if len(classes) > 30 else "")
    pairs = [("Name", text(data.get("name"))), ("Samples", f"{number(data.get('count')):,}"),
             ("Shape", " x ".join(text(extent) for extent in shape)),
             ("Classes", f"{len(classes)}: {named}" if classes else text(spec.get("num_classes") or "none")),
             ("Attributes", text(spec.get("attributes"))), ("Fingerprint", text(data.get("fingerprint")))]
    return definitions(pairs) if data else paragraph("Which data it was is not recorded.")


def _going_on(folder: Path, document: Document) -> list[str]:
    run = shlex.quote(shown(folder))
    finished, steps = document.get("state") == "finished", number(document.get("steps"))
    more = f"zerosum resume {run}" + (f" --steps {2 * steps or 1000:.0f}" if finished else "")
    usage = f"import zerosum as zs\n\nrun = zs.load({shown(folder)!r})\nx = run.model.sample(64, seed=0)"
    shape = ", ".join(text(extent) for extent in part(document, "data", "spec").get("shape") or ())
    usage += f"    # (64, {shape})" if shape else ""
    return [command(more, "Train it longer, with everything as it was:" if finished else
                    "Go on from the last checkpoint, bit for bit as if it had never stopped:"),
            command(f"zerosum sample {run} -n 64 -o grid.png", "Draw samples:"),
            command(f"zerosum sample {run} -n 64 --best 0.05 -o best.png",
                    "Draw many more, and keep the twentieth that the discriminator believes most:"),
            command(usage, "From Python:"),
            command(text(document.get("command")), "This run was started by:") if document.get("command") else ""]


def shown(folder: Path) -> str:
    """The folder as it is typed from here: relative where it lies below."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def _files(folder: Path) -> str:
    known = (("weights.safetensors", "the model's averaged weights: what is sampled"),
             ("checkpoints", "everything that the next step depends on"),
             ("samples", "pictures taken while it trained"), ("timelapse.gif", "the pictures in motion"),
             ("log.jsonl", "losses and scores, one JSON object a line"),
             ("events.out.tfevents.*", "the same for TensorBoard"), ("run.json", "settings, versions and scores"))
    rows = []
    for pattern, what in known:
        for path in sorted(folder.glob(pattern)):
            inside = [p for p in path.iterdir() if p.is_file()] if path.is_dir() else [path]
            count = f" ({len(inside)})" if path.is_dir() else ""
            link = f'<a href="{escape(quote(path.name))}">{escape(path.name)}</a>'
            rows.append((link + count, escape(what), _size(sum(p.stat().st_size for p in inside))))
    return table(("File", "What it is", "Size"), rows, numbers=(2,))


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"


def _environment(document: Document) -> str:
    versions = [(name, text(version)) for name, version in part(document, "dependencies").items()]
    return definitions([("zerosum", text(document.get("version"))), *versions,
                        ("Device", text(document.get("device"))), ("Started", text(document.get("started")))])
