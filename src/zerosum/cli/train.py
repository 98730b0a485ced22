"""`zerosum train`, `resume` and `demo`."""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..core import UsageError, ZerosumError, abilities, find, names
from ..data import DataConfig
from ..engine import TrainConfig, leave
from ..runs import Run
from ..runs.fine_tuning import KEPT
from .parser import Parser, settings_in

DEFAULT_MODEL = "dcgan"


def train_command(words: list[str]) -> int:
    """zerosum train [MODEL] [--data D] [--preset P] [--from RUN] [--out DIR] [settings]"""
    from ..runs import train

    start = _flag_value(words, "--from")
    before = Run.open(start) if start else None
    name, rest = _model_name(words, before.document["model"] if before else DEFAULT_MODEL)
    model = find(name)
    preset_name = f"of {start}" if before else _preset(rest, model)
    parser = Parser(f"zerosum train {name}", f"{model.card.title} ({model.card.year})\n{model.card.summary}",
                    "Settings in [brackets] are those of the preset; --preset paper has the paper's.")
    parser.add_argument("--preset", metavar="|".join(model.PRESETS), help=f"a set of settings [{preset_name}]")
    parser.add_argument("--from", dest="start", metavar="RUN", help="start from the weights, networks and settings of "
                        "this run, imported or trained; a preset has no place then")
    parser.add_argument("--freeze", type=int, default=0, metavar="int", help="layers of the discriminator, from the "
                        "image on, that stay as they are (Freeze-D, 2002.10964) [0]")
    parser.add_argument("--out", metavar="DIR", help="the run folder [runs/MODEL-DATA-NNN]")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--estimate", action="store_true", help="time a few steps, say what the run would take, leave")
    parser.add_json()
    preset = _of_run(before) if before else model.PRESETS.get(preset_name, {})
    for title, config in ((f"{name}", model.Config), ("training", TrainConfig), ("data", DataConfig)):
        parser.add_settings(title, config, preset)
    arguments = parser.parse(rest)
    settings = settings_in(arguments, model.Config, TrainConfig, DataConfig)
    if before and (arguments.preset or arguments.estimate):
        raise UsageError(f"--from {start} has the settings of that run: leave --preset and --estimate out")
    if arguments.freeze < 0:
        raise UsageError(f"--freeze must not be negative, not {arguments.freeze}")
    if arguments.estimate:
        return _estimate(name, arguments, settings)
    run = train(name, preset=arguments.preset, out=arguments.out, quiet=arguments.quiet or arguments.json, start=start,
                freeze=arguments.freeze, **settings)
    leave()
    _say(run, arguments.json)
    return 0


def _of_run(run: Run) -> dict[str, Any]:
    """The settings of a run that a training from it keeps, to be shown as defaults."""
    settings = run.document["settings"]
    return settings["model"] | settings["data"] | {name: settings["train"][name] for name in KEPT}


def _model_name(words: list[str], default: str) -> tuple[str, list[str]]:
    """The model is the first word; it may be left out."""
    if words and not words[0].startswith("-"):
        return words[0], words[1:]
    for before, word in pairwise(words):
        if word in names() and not before.startswith("-"):
            raise UsageError(f"the model comes first: zerosum train {word} {words[0]} ...")
    return default, words


def _preset(words: list[str], model: Any) -> str:
    """The preset that the help is to show defaults of, before the flags are known."""
    for i, word in enumerate(words):
        if word.startswith("--preset="):
            return word.split("=", 1)[1]
        if word == "--preset" and i + 1 < len(words):
            return words[i + 1]
    return "small" if "small" in model.PRESETS else "paper"


def _estimate(name: str, arguments: Any, settings: dict[str, Any]) -> int:
    from ..runs.estimate import estimate

    result = estimate(name, preset=arguments.preset, **settings)
    print(json.dumps(result.to_json(), indent=2) if arguments.json else result)
    return 0


def resume_command(words: list[str]) -> int:
    """zerosum resume RUN [--steps N | --images N | --minutes M] [settings that may change]"""
    from ..runs import resume

    if not words or words[0].startswith("-"):
        if {"-h", "--help"} & set(words):
            Parser("zerosum resume", "Go on with a run: zerosum resume RUN\n"
                   "(zerosum resume RUN --help shows its settings)").parse(words)
        return _missing_run("resume")
    folder, rest = words[0], words[1:]
    own = _flag_value(rest, "--model")
    run = Run.open(folder, own)
    parser = Parser(f"zerosum resume {folder}", "Go on with a run, bit for bit as if it had never stopped.\n"
                    "Budget, device and how often things are written may change; other settings may not.")
    parser.add_argument("--model", metavar="FILE.py", help="the file of the model, where it is one of your own")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_json()
    settings = run.document["settings"]
    for title, config, part in ((run.document["model"], run.plan.model.Config, "model"),
                                ("training", TrainConfig, "train"), ("data", DataConfig, "data")):
        parser.add_settings(title, config, settings[part])
    arguments = parser.parse(rest)
    done = resume(folder, model=own, quiet=arguments.quiet or arguments.json,
                      **settings_in(arguments, run.plan.model.Config, TrainConfig, DataConfig))
    leave()
    _say(done, arguments.json)
    return 0


def _flag_value(words: list[str], flag: str) -> str | None:
    for i, word in enumerate(words):
        if word.startswith(flag + "="):
            return word.split("=", 1)[1]
        if word == flag and i + 1 < len(words):
            return words[i + 1]
    return None


def _missing_run(command: str) -> int:
    runs = sorted(str(p.parent) for p in Path("runs").glob("*/run.json"))
    hint = f"; the newest is {runs[-1]}" if runs else ""
    raise UsageError(f"name a run folder: zerosum {command} RUN{hint}")


def demo_command(words: list[str]) -> int:
    """zerosum demo: train the default model on real digits and say where everything is; demo NAME: make a figure."""
    from ..demos import DEMOS
    from ..runs import train

    if words and not words[0].startswith("-"):
        return _figure(words)

    parser = Parser("zerosum demo", "Train DCGAN on scikit-learn's handwritten digits for about two minutes; or make "
                    f"a figure: zerosum demo NAME, of {', '.join(DEMOS)}.")
    parser.add_argument("--minutes", default=None, metavar="float", help="how long to train [2.2]")
    parser.add_argument("--out", metavar="DIR", help="the run folder [runs/dcgan-digits-NNN]")
    arguments = parser.parse(words)
    budget = {} if arguments.minutes is None else {"minutes": arguments.minutes}
    run = train(DEFAULT_MODEL, preset="demo", out=arguments.out, **budget)
    _say(run, as_json=False)
    return 0


def _figure(words: list[str]) -> int:
    from ..demos import DEMOS, find_demo

    name, rest = words[0], words[1:]
    demo = find_demo(name)
    parser = Parser(f"zerosum demo {name}", DEMOS[name].what)
    parser.add_argument("--out", default=f"demo-{name}", metavar="DIR", help=f"where the figure goes [demo-{name}]")
    if DEMOS[name].of_any_model:
        parser.add_argument("--model", metavar="NAME|FILE.py", help="show this model, which may be your own, alone")
    arguments = parser.parse(rest)
    folder, own = Path(arguments.out), getattr(arguments, "model", None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZerosumError(f"cannot make {folder}: {error.strerror}; choose another with --out") from None
    for path in demo(folder, lambda text: print(text, file=sys.stderr, flush=True), **({"model": own} if own else {})):
        print(path)
    return 0


def _say(run: Run, as_json: bool) -> None:
    """Print where everything is."""
    if not run.document.get("state"):         # a process under torchrun that is not the first
        return
    folder = run.folder
    places = {"samples": run.pictures[-1] if run.pictures else None, "timelapse": folder / "timelapse.gif",
              "report": folder / "report.html", "weights": folder / "weights.safetensors"}
    there = {name: str(path) for name, path in places.items() if path is not None and path.exists()}
    if as_json:
        print(json.dumps({"run": str(folder), **there, **{k: run.document.get(k) for k in (
            "model", "state", "steps", "images", "seconds", "peak_memory_mb", "scores")}}))
        return
    print(f"\n{run.document['model']}: {run.document['steps']:,} steps in {run.document['seconds']:.0f} s")
    for name, path in there.items():
        print(f"  {name:<10} {path}")
    from ..metrics import Score, together

    for i, line in enumerate(together(map(Score.from_json, run.scores))):
        print(f"  {'' if i else 'scores':<10} {line}")
    can = abilities(run.plan.model)
    draw = f"zerosum sample {folder} -n 64{' --best 0.05' if 'score' in can else ''}    " if "sample" in can else ""
    print(f"  next       {draw}zerosum resume {folder} --steps {2 * run.document['steps']}")

