"""`zerosum doctor`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core import ZerosumError, abilities
from ..core.files import refuse_target
from ..doctor import Course, Diagnosis, Ground, Probe, diagnose
from ..runs import Run
from ..runs.evidence import Evidence, draw
from .parser import Parser


def doctor_command(words: list[str]) -> int:
    """zerosum doctor RUN [--model FILE.py] [-o FILE.png] [--json]"""
    arguments = _parser().parse(words)
    run = Run.open(Path(arguments.run), arguments.model)
    if arguments.out:
        refuse_target(Path(arguments.out))
    evidence = _look(run, Course.of(run.log, run.document.get("failure", "")))
    course, look = evidence.course, evidence.sight and evidence.sight.probe
    if look is not None:
        course.probes.append(look)
    found = diagnose(course)
    if arguments.out:
        draw(found, evidence, Path(arguments.out))
    if arguments.json:
        print(json.dumps({"run": str(run.folder), "steps": run.document["steps"], "looks": len(course.probes),
                          "found": [asdict(each) for each in found], "rollbacks": run.document.get("rollbacks", []),
                          "last_look": look and {"step": look.step, **look.to_json()},
                          "picture": arguments.out}, indent=2))
    else:
        print(told(run, course, found))
        if arguments.out:
            print(f"\nWhat was seen: {arguments.out}")
    return 0


def _look(run: Run, course: Course) -> Evidence:
    """At the weights that the run stored; the log must do where there are none, or they cannot sample."""
    if "sample" not in abilities(run.plan.model):
        return Evidence(course)
    try:
        model = run.model
    except ZerosumError as error:
        print(f"warning: {error}; reading the log alone", file=sys.stderr)
        return Evidence(course)
    ground = Ground(run.data)
    return Evidence(course, ground, ground.see(model, run.document["steps"]))


def told(run: Run, course: Course, found: list[Diagnosis]) -> str:
    """What was found, in lines."""
    seen = f"{len(next(iter(course.terms.values()), []))} log records, {len(course.probes)} looks at samples"
    count = f"{len(found)} illness{'es' * (len(found) > 1)}" if found else "nothing"
    lines = [f"{run.folder}: {count} found in {run.document['steps']:,} steps ({seen})"]
    lines += [f"  it went back from step {back['step']:,} to step {back['to']:,} for {back['illness']}"
              for back in run.document.get("rollbacks", [])]
    for each in found:
        lines += ["", f"{each.illness}", f"  {each.evidence}", "  what to try, in this order:"]
        lines += [f"  {place}. {advice}" for place, advice in enumerate(each.advice, 1)]
    if not found and course.last is not None:
        lines += _healthy(course.last)
    if not any("wasserstein" in name for name in course.terms):
        lines += ["", "The losses of this game do not say how good samples are: 'zerosum evaluate' does."]
    return "\n".join(lines)


def _healthy(look: Probe) -> list[str]:
    numbers: dict[str, Any] = {
        "of the data without samples": f"{look.missing:.0%}", "variety of samples / of data": f"{look.variety:.2f}",
        "the same within groups": f"{look.spread:.2f}", "samples far from all data": f"{look.far:.0%}",
        "distance to training data / of real samples": f"{look.copied:.2f}"}
    if look.separation is not None:
        numbers["pairs that D tells apart"] = f"{look.separation:.1%}"
    return [f"  {name:<45}{number:>8}" for name, number in numbers.items()]


def _parser() -> Parser:
    parser = Parser("zerosum doctor", "Say what is wrong with a training, how one can tell, and what to try: from its "
                    "log, the looks that were taken on the way (--doctor-every), and one at its last samples.")
    parser.add_argument("run", metavar="RUN", help="the run folder, of a training that goes on or has ended")
    parser.add_argument("--model", metavar="FILE.py", help="the file of a model of your own")
    parser.add_argument("-o", "--out", metavar="FILE.png", help="draw what was found, and from what")
    parser.add_json()
    return parser
