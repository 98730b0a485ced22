"""`make docs`: writes docs/models/, docs/metrics/ and the summary of claims from cards, docstrings and results."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from ..core import find_all
from .catalogue import SUMMARY, describe
from .factor_docs import factors_page
from .game_docs import films_page, game_page, gradients_page, optimal_page, pixels_page, pull_page, spiral_page
from .metric_docs import losses_page, metrics_page, what_metrics_see_page
from .study_docs import QUESTIONS, study_page
from .theory_docs import clinic_page, distances_page, kl_page, optimizers_page, order_page, time_scales_page

# Page -> the demonstration whose result it tells.
DEMO_PAGES = {
    "metrics/what-metrics-see.md": ("what-metrics-see", what_metrics_see_page),
    "metrics/losses.md": ("losses", losses_page),
    "theory/one-dimension.md": ("game", game_page),          # in the order in which they teach
    "theory/optimal-discriminator.md": ("optimal", optimal_page),
    "theory/distances.md": ("distances", distances_page),
    "theory/kullback-leibler.md": ("kl", kl_page),
    "theory/gradients.md": ("gradients", gradients_page),
    "theory/pull.md": ("pull", pull_page),
    "theory/pixels.md": ("pixels", pixels_page),
    "theory/order-of-the-game.md": ("order", order_page),
    "theory/spiral.md": ("spiral", spiral_page),
    "theory/films.md": ("films", films_page),
    "theory/optimizers.md": ("optimizers", optimizers_page),
    "theory/two-time-scales.md": ("ttur", time_scales_page),
    "theory/factors.md": ("factors", factors_page),
    "theory/clinic.md": ("clinic", clinic_page),
}
SIGNS = {"at least": "≥", "above": ">", "at most": "≤", "below": "<", "exactly": "="}


def summary(results: Path) -> dict[str, dict[str, Any]]:
    """The result files in short, by model: what `zerosum list` and `show` print."""
    found = {}
    for path in sorted(results.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        checks = [{"holds": check["holds"], "text": _check(check),
                   "values": [seed["quantities"][check["quantity"]] for seed in document["seeds"].values()]}
                  for check in document["checks"]]
        found[document["model"]] = {
            "holds": document["holds"], "statement": document["statement"], "baseline": document["baseline"],
            "seeds": [int(seed) for seed in document["seeds"]],
            "confirmed": [int(seed) for seed, result in document["seeds"].items() if "confirmed" in result],
            "seconds": document["seconds"]["cpu"],
            "date": document["date"], "versions": document["versions"], "checks": checks}
    return found


def _check(check: dict[str, Any]) -> str:
    measured, bar = (("not measurable" if v is None else f"{v:.4g}") for v in (check["measured"], check["bar"]))
    # Row ids of the plan that zerosum was built from say nothing to a reader.
    why = re.sub(r"catalogue,? ([A-Z]+-\d+|Sec\. [\d.]+)(; |: )?", "", check["why"])
    return f"{check['name']}: {measured} {SIGNS[check['compare']]} {bar}" + (f" ({why})" if why else "")


def page(document: dict[str, Any], result: dict[str, Any] | None) -> str:
    """One model's page, in Markdown."""
    name = document["name"]
    lines = [f"# {name}", "", document["summary"], "",
             f"{document['authors']}: {_linked(document, '*')} ({document['year']}).", "",
             "```text", document["docstring"], "```", "",
             "| family | structure | density | tasks | abilities |", "|---|---|---|---|---|",
             f"| {document['family']} | {document['structure']} | {document['density']} | "
             f"{', '.join(document['tasks'])} | {', '.join(document['abilities'])} |", "",
             "| generator | discriminator | further networks | objective | constraint |", "|---|---|---|---|---|",
             f"| {document['generator']} | {document['discriminator']} | {document['extra']} | "
             f"{document['objective']} | {document['constraint']} |", "",
             "## Who moves", ""]
    lines += [f"- {when}: {moves}" for when, moves in document["rounds"].items()]
    lines += ["", "With the paper's widths, on samples of " + "x".join(map(str, document["shape"])) + ": "
              + ", ".join(f"{player} {count:,} parameters" for player, count in document["players"].items()) + ".", "",
              "## Settings", "", "| setting | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{s['name']}` | {s['type'].replace('|', ' or ')} | {_plain(s['default'])} | "
              f"{s['help'].replace('|', chr(92) + '|')} |" for s in document["settings"]]
    lines += ["", "| preset | what it sets |", "|---|---|"]
    lines += [f"| `{preset}` | {', '.join(f'{key} {_plain(value)}' for key, value in settings.items())} |"
              for preset, settings in document["preset_settings"].items()]
    lines += ["", "```bash", f"zerosum train {name}                      # the preset `small`", "```", "",
              "## Claim", "", *_claim(name, result), ""]
    return "\n".join(lines)


def _linked(document: dict[str, Any], mark: str = "") -> str:
    title = f"{mark}{document['title']}{mark}"
    return f"[{title}]({document['link']})" if document["link"] else title


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _claim(name: str, result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return [f"Not measured yet: `zerosum verify {name}` would measure it."]
    seeds = ", ".join(map(str, result["seeds"]))
    lines = [f"{result['statement']}", "", f"Baseline: {result['baseline']}", "",
             f"**{'It holds.' if result['holds'] else 'It does not hold.'}** Median over the seeds {seeds}; "
             f"{result['seconds']:.0f} CPU seconds; zerosum {result['versions']['zerosum']}, PyTorch "
             f"{result['versions']['torch']}, {result['date']}.{_confirmed(result)} `zerosum verify {name}` measures "
             f"it again; every number is in [results/claims/{name}.json](../../results/claims/{name}.json).", "",
             "| holds | check | each seed |", "|---|---|---|"]
    for check in result["checks"]:
        each = ", ".join("not measurable" if value is None else f"{value:.4g}" for value in check["values"])
        holds, text = "yes" if check["holds"] else "**no**", check["text"].replace("|", chr(92) + "|")
        lines.append(f"| {holds} | {text} | {each} |")
    return [*lines, "", f"![{name}: what the claim compares](../../results/claims/{name}.png)"]


def _confirmed(result: dict[str, Any]) -> str:
    """Which seeds were measured before a change of code that gave the first one's numbers again."""
    older = result["confirmed"]
    return (f" The seeds {', '.join(map(str, older))} were measured before a change of the code, under which the "
            "others gave every number again." if older else "")


def index(documents: list[dict[str, Any]]) -> str:
    """The table of all systems, in Markdown."""
    lines = ["# Systems", "", "Generated by `make docs` from the cards and the result files.", "",
             "| name | paper | family | structure | density | claim |", "|---|---|---|---|---|---|"]
    lines += [f"| [{d['name']}]({d['name']}.md) | {_linked(d)} ({d['year']}) | {d['family']} | "
              f"{d['structure']} | {d['density']} | {d['claim'] or 'not measured'} |" for d in documents]
    lines += ["", "| name | generator | discriminator | further networks | objective | constraint |",
              "|---|---|---|---|---|---|"]
    lines += [f"| {d['name']} | {d['generator']} | {d['discriminator']} | {d['extra']} | {d['objective']} | "
              f"{d['constraint']} |" for d in documents]
    return "\n".join([*lines, ""])


def theory_index(pages: dict[str, str]) -> str:
    """The table of the pages on theory, in Markdown, in the order of DEMO_PAGES."""
    from ..demos import DEMOS

    shown = {page.removeprefix("theory/"): DEMOS[result].what for page, (result, _) in DEMO_PAGES.items()
             if page.startswith("theory/")}
    lines = ["# Theory made visible", "", "Every page is a figure or a film that `zerosum demo NAME` draws, with the "
             "numbers behind it. Generated by `make docs`.", "",
             "| page | what it shows, and how long it takes to compute |", "|---|---|"]
    return "\n".join([*lines, *(f"| [{pages[name].splitlines()[0][2:]}]({name}) | {what.partition(': ')[2]} |"
                                for name, what in shown.items()), ""])


def generate(root: Path) -> dict[Path, str]:
    """Every generated text file below `root`, with its content."""
    measured = summary(root / "results" / "claims")
    ours = [cls for cls in find_all() if cls.__module__.startswith("zerosum.")]      # not a user's own, loaded beside
    documents = [describe(cls, measured) for cls in ours]
    models = root / "docs" / "models"
    files = {models / f"{d['name']}.md": page(d, measured.get(d["name"])) for d in documents}
    files[models / "README.md"] = index(documents)
    files[root / "docs" / "metrics" / "README.md"] = metrics_page()
    for page_name, (result, written) in DEMO_PAGES.items():
        found = json.loads((root / "results" / "demos" / f"{result}.json").read_text(encoding="utf-8"))
        files[root / "docs" / page_name] = written(found)
    files[root / "docs" / "theory" / "README.md"] = theory_index(
        {path.name: text for path, text in files.items() if path.parent.name == "theory"})
    for study in QUESTIONS:
        found = json.loads((root / "results" / "studies" / study / "results.json").read_text(encoding="utf-8"))
        files[root / "docs" / "studies" / f"{study}.md"] = study_page(study, found)
    files[root / SUMMARY.relative_to(SUMMARY.parents[3])] = json.dumps(measured, indent=1, ensure_ascii=False) + "\n"
    return files


def main() -> int:
    root = Path.cwd()
    if not (root / "results" / "claims").is_dir():
        print("zerosum: run this in the root of the repository (there is no results/claims here)", file=sys.stderr)
        return 2
    for path, text in generate(root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
