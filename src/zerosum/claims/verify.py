"""Verifies a claim over several seeds, and keeps what was measured in one JSON file per system."""

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..core import ZerosumError, find
from ..version import __version__
from .claim import Claim, claim_of, medians_of, storable
from .fingerprint import fingerprint

SEEDS = (0, 1, 2)
SIGNS = {"at least": ">=", "above": ">", "at most": "<=", "below": "<", "exactly": "="}


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, and the document that says why: it is what the result file contains."""

    model: str
    holds: bool
    document: dict[str, Any]

    def __str__(self) -> str:
        lines = [f"{self.model}: {self.document['statement']}"]
        for check in self.document["checks"]:
            measured, bar = (_short(check[key]) for key in ("measured", "bar"))
            mark = "holds" if check["holds"] else "FAILS"
            lines.append(f"  {mark}  {check['name']}: {measured} {SIGNS[check['compare']]} {bar}")
        seeds, seconds = self.document["seeds"], self.document["seconds"]
        lines.append(f"the claim {'holds' if self.holds else 'does not hold'} (median of {len(seeds)} "
                     f"seed{'s'[:len(seeds) > 1]}, {seconds['cpu']:.0f} CPU s)")
        return "\n".join(lines)


def _short(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.4g}"


def say(text: str) -> None:
    """Print a line of progress to stderr."""
    print(text, file=sys.stderr, flush=True)


def verify(model: str, seeds: Sequence[int] = SEEDS, *, workers: int = 1, results: str | Path = "results/claims",
           fresh: bool = False, confirm: bool = False, report: Callable[[str], None] = say) -> Verdict:
    """Train a system and its baseline with each seed, measure the claim, and judge the medians.

    The result goes to `results`/MODEL.json, with a picture beside it, after every seed; a seed found there that was
    measured with the same version, settings and code (`fingerprint`) is kept unless `fresh`, and judged by the claim as
    it is now. To `confirm` is to measure the first seed of a result of other code: where it gives every number again,
    to the last bit, the other seeds are kept too. With more than one of `workers`, seeds run in processes of their own.
    Raises UsageError for a model that is unknown or has no claim.
    """
    from ..engine import write_json

    claim, folder = claim_of(model), Path(results)
    file, code = folder / f"{model}.json", fingerprint(model, claim)      # of the code that measures, not a later one
    kept = _stored(file)
    stored = {int(seed): result for seed, result in kept["seeds"].items()}
    if kept["fingerprint"] != code:
        stored = confirmed(model, stored, folder, report) if confirm and stored else {}
        if stored:
            write_json(file, document_of(model, claim, stored, folder / f"{model}.png", code))
            kept = _stored(file)
    todo = [seed for seed in dict.fromkeys(seeds) if fresh or seed not in stored]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZerosumError(f"cannot make {folder}: {error.strerror}; choose another folder for the results") from None
    picture = folder / f"{model}.png"
    draws = min(seeds) if picture.exists() else min(todo, default=0)
    pictures = [picture if seed == draws else None for seed in todo]
    found = (_in_processes(model, todo, pictures, workers) if workers > 1 and len(todo) > 1
             else map(partial(measure, model, report=report), todo, pictures))
    for seed, result in zip(todo, found, strict=True):
        stored[seed] = result
        write_json(file, document_of(model, claim, stored, picture, code))
    if not todo:                              # nothing was measured, but the claim's words and bars may be others
        judged = document_of(model, claim, stored, picture, code) | {key: kept[key] for key in ("date", "versions")}
        if judged != kept:
            write_json(file, judged)
    document = document_of(model, claim, {seed: stored[seed] for seed in seeds}, picture, code)
    return Verdict(model, document["holds"], document)


def measure(model: str, seed: int, picture: Path | None = None,
            report: Callable[[str], None] = say) -> dict[str, Any]:
    """Measure one seed of a claim: its quantities, its seconds, and the date; the picture goes to `picture`."""
    from ..runs.pictures import save_png
    from .panels import row_of
    from .trial import Trial

    claim = claim_of(model)
    trial = Trial(claim.sides, seed, report)
    wall, cpu = time.monotonic(), time.process_time()
    quantities = storable(claim.measure(trial))
    seconds = {"wall": round(time.monotonic() - wall, 1), "cpu": round(time.process_time() - cpu, 1),
               "training": {side: round(spent, 1) for side, spent in trial.seconds.items()}}
    if picture is not None and trial.panels:
        # Of 96 colours, which is all that grids, points and lines need: the repository keeps a picture per claim.
        # Without k-means the white between the panels takes most of them, and coloured images turn into patches.
        save_png(row_of(trial.panels).quantize(96, kmeans=1), picture)
    return {"quantities": quantities, "seconds": seconds, "date": time.strftime("%Y-%m-%d", time.gmtime())}


def confirmed(model: str, stored: dict[int, dict[str, Any]], folder: Path,
              report: Callable[[str], None] = say) -> dict[int, dict[str, Any]]:
    """The seeds of a result that stand with today's code: all, if the first gives its numbers again; else it alone.

    What a training ends with depends on every bit of what it began with, so that code which gives one seed's numbers
    to the last bit is the same arithmetic. What a clock measured (`Claim.timed`) is not compared.
    """
    first = min(stored)
    result = measure(model, first, folder / f"{model}.png", report)
    before, now = stored[first]["quantities"], result["quantities"]
    timed = claim_of(model).timed
    other = sorted(name for name in before.keys() | now.keys()
                   if name not in timed and before.get(name, ()) != now.get(name, ()))
    if other:
        report(f"{model}: seed {first} gives another {other[0]} than before: {now.get(other[0])}, not "
               f"{before.get(other[0])}; the other seeds must be measured again")
        return {first: result}
    report(f"{model}: seed {first} gives all of its {len(now) - len(timed)} numbers again; the other seeds are kept")
    by = {"seed": first, "date": result["date"]}
    return {seed: result if seed == first else old | {"confirmed": by} for seed, old in stored.items()}


def _in_processes(model: str, seeds: list[int], pictures: list[Path | None], workers: int) -> Iterator[dict[str, Any]]:
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(partial(_elsewhere, model), seeds, pictures)
    finally:
        pool.shutdown(cancel_futures=True)       # where one seed fails, those that wait are not begun


def _elsewhere(model: str, seed: int, picture: Path | None) -> dict[str, Any]:
    """Measure one seed in another process; its progress goes to this one's stderr."""
    command = [sys.executable, "-m", __package__, model, str(seed), *([str(picture)] if picture else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ZerosumError(f"seed {seed} of {model} failed (exit status {done.returncode}): see the lines above")
    return json.loads(done.stdout)


def document_of(model: str, claim: Claim, seeds: dict[int, dict[str, Any]], picture: Path,
                code: str) -> dict[str, Any]:
    """The result as it is stored: the claim, its checks with the medians, every seed's numbers, the fingerprint."""
    import torch

    from .trial import settings_of

    card = find(model).card
    medians = medians_of([result["quantities"] for result in seeds.values()])
    checks = [{"name": check.name, "quantity": check.quantity, "compare": check.compare,
               "bar": check.target(medians), "bar_is": check.bar if isinstance(check.bar, str) else "fixed",
               "measured": medians[check.quantity], "holds": check.holds(medians), "why": check.why}
              for check in claim.checks]
    return {
        "model": model, "paper": {"title": card.title, "year": card.year, "arxiv": card.arxiv},
        "statement": claim.statement, "baseline": claim.baseline, "holds": all(check["holds"] for check in checks),
        "checks": checks, "medians": medians, "seeds": {str(seed): seeds[seed] for seed in sorted(seeds)},
        "seconds": {key: round(sum(result["seconds"][key] for result in seeds.values()), 1) for key in ("cpu", "wall")},
        "sides": settings_of(claim.sides), "picture": picture.name if picture.exists() else None,
        "versions": {"zerosum": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "date": time.strftime("%Y-%m-%d", time.gmtime()), "fingerprint": code,
    }


def _stored(file: Path) -> dict[str, Any]:
    """The result measured before; an empty one where there is none."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {"seeds": {}, "fingerprint": None}
