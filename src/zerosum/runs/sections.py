"""The sections of a report: pictures, how to go on, the files, the data, the environment."""

import re
import shlex
from html import escape
from pathlib import Path
from urllib.parse import quote

from ..core import abilities, condition
from ..engine import read_log
from .page import command, definitions, embedded, embedded_movie, figure, paragraph, table
from .tables import Document, model_of, name_of, number, part, text

STAGES = 6                                   # pictures of the way from noise to the end


def pictures_of(folder: Path) -> list[Path]:
    """The sample pictures of a run folder, oldest first."""
    return sorted((folder / "samples").glob("step-*.png"))


def at_step(path: Path) -> str:
    """`step 1,200`, from the name of a picture."""
    found = re.search(r"\d+", path.stem)
    return f"step {int(found[0]):,}" if found else path.stem


def pictures(folder: Path, document: Document) -> str:
    """The last samples beside the time-lapse."""
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


def stages(folder: Path) -> str:
    """A few pictures from the first step to the last; the beginning changes fastest, so it gets more of them."""
    paths, count = pictures_of(folder), STAGES
    places = [round((len(paths) - 1) * (i / (count - 1)) ** 2) for i in range(count)]
    chosen = paths if len(paths) <= count else [paths[max(i, place)] for i, place in enumerate(places)]
    if not chosen:
        return paragraph("No pictures were taken on the way.")
    figures = [figure(source, f"Samples at {at_step(path)}", at_step(path), f"samples/{quote(path.name)}")
               if (source := embedded(path, 420)) else paragraph(f"{path.name} cannot be read.", "quiet")
               for path in chosen]
    return '<div class="strip">' + "\n".join(figures) + "</div>"


def data(document: Document) -> str:
    """What the run was trained on."""
    known = part(document, "data")
    spec = part(known, "spec")
    shape, classes = spec.get("shape") or (), spec.get("classes") or ()
    named = ", ".join(text(name) for name in classes[:30]) + (", ..." if len(classes) > 30 else "")
    pairs = [("Name", text(known.get("name"))), ("Samples", f"{number(known.get('count')):,}"),
             ("Shape", " x ".join(text(extent) for extent in shape)),
             ("Classes", f"{len(classes)}: {named}" if classes else text(spec.get("num_classes") or "none")),
             ("Attributes", text(spec.get("attributes"))), ("Fingerprint", text(known.get("fingerprint")))]
    return definitions(pairs) if known else paragraph("Which data it was is not recorded.")


def alarms(folder: Path, document: Document) -> list[str]:
    """What the doctor said while the run trained, and how often it went back for it."""
    records = list(read_log(folder / "log.jsonl"))
    rows = [(escape(text(record["alarm"])), f"{record['step']:,}", escape(text(record.get("evidence"))))
            for record in records if "alarm" in record]
    looks = sum("probe" in record for record in records)
    told = [table(("Illness", "Step", "Evidence"), rows, numbers=(1,))] if rows else [paragraph(
        f"None, at {looks} looks." if looks else "Nobody looked on the way (--doctor-every).")]
    rows = [(escape(text(back.get("illness"))), f"{number(back.get('step')):,}", f"{number(back.get('to')):,}",
             escape(text(back.get("evidence")))) for back in document.get("rollbacks") or ()]
    if rows:
        told += [paragraph("It went back to before an illness, and on with other randomness (--on-collapse rollback):"),
                 table(("Illness", "From step", "Back to", "Evidence"), rows, numbers=(1, 2))]
    told += _seen(folder)
    return [*told, command(f"zerosum doctor {shlex.quote(shown(folder))}",
                           "What is wrong, how one can tell, and what to try:")]


def _seen(folder: Path) -> list[str]:
    """The pictures of the alarms, also of those that the run went back for."""
    found = []
    for path in sorted((folder / "alarms").glob("step-*.png")):
        step, _, illness = path.stem.removeprefix("step-").partition("-")
        what = f"{illness.replace('-', ' ')} at step {int(step):,}"
        if source := embedded(path, 1100):
            found.append(figure(source, f"What the doctor saw: {what}", what, f"alarms/{quote(path.name)}"))
    return found


def going_on(folder: Path, document: Document) -> list[str]:
    """The commands that train further and that use the model."""
    run = shlex.quote(shown(folder))
    finished, steps = document.get("state") == "finished", number(document.get("steps"))
    more = f"zerosum resume {run}" + (f" --steps {2 * steps or 1000:.0f}" if finished else "")
    told = [command(more, "Train it longer, with everything as it was:" if finished else
                    "Go on from the last checkpoint, bit for bit as if it had never stopped:")]
    told += _using(folder, document, run) if (folder / "weights.safetensors").exists() else \
        [paragraph("There are no weights to sample with yet.")]
    return told + ([command(text(document["command"]), "This run was started by:")] if document.get("command") else [])


def _using(folder: Path, document: Document, run: str) -> list[str]:
    can, spec = _abilities(document), part(document, "data", "spec")
    labels, prompts = spec.get("classes") or (), spec.get("prompts") or ()
    shape = ", ".join(text(extent) for extent in spec.get("shape") or ())
    python = f"import zerosum as zs\n\nrun = zs.load({shown(folder)!r})\nx = run.model.sample(64, seed=0)"
    told = [command(f"zerosum sample {run} -n 64 -o grid.png", "Draw samples:")]
    if "labels" in can and labels:
        told.append(command(f"zerosum sample {run} -n 64 --label {shlex.quote(text(labels[0]))} -o class.png",
                            "Draw samples of one class:"))
    if "text" in can and prompts:
        told.append(command(f"zerosum sample {run} -n 64 --text {shlex.quote(text(prompts[0]))} -o text.png",
                            "Draw samples of a text:"))
    if "score" in can:
        told.append(command(f"zerosum sample {run} -n 64 --best 0.05 -o best.png",
                            "Draw twenty times as many, and keep those that the discriminator finds most real:"))
    return [*told, command(python + (f"    # (64, {shape})" if shape else ""), "From Python:")]


def _abilities(document: Document) -> set[str]:
    model = model_of(document)
    if model is None:
        return set()
    return {*abilities(model), condition(model)}


def shown(folder: Path) -> str:
    """The folder as it is typed from here: relative where it lies below."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def files(folder: Path) -> str:
    """What lies where in the run folder."""
    known = (("weights.safetensors", "the model's averaged weights: what is sampled"),
             ("checkpoints", "everything that the next step depends on"),
             ("samples", "pictures taken while it trained"), ("alarms", "what the doctor saw"),
             ("timelapse.gif", "the pictures in motion"),
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


def environment(document: Document) -> str:
    """What it ran on."""
    versions = [(name, text(version)) for name, version in part(document, "dependencies").items()]
    return definitions([("zerosum", text(document.get("version"))), *versions,
                        ("Device", text(document.get("device"))), ("Started", text(document.get("started")))])
