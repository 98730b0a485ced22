"""Train a model into a run folder, and go on with one."""

import contextlib
import shlex
import sys
from pathlib import Path
from typing import Any

from ..core import Model, NonFiniteError, ZerosumError
from ..data import Dataset, load_data
from ..engine import Log, Trainer, any_of, leave, read_tensors
from .plan import Plan, construct, fresh_folder, plan
from .progress import Progress
from .recorder import Recorder
from .report import write_report
from .run import Run
from .stop import stop_signals


def train(model: str | type[Model] = "dcgan", data: str | None = None, *, preset: str | None = None,
          out: str | Path | None = None, quiet: bool = False, **settings: Any) -> Run:
    """Train a model (a name, a file of yours, or a class) and return its finished run.

    `settings` are fields of the model's Config, of TrainConfig and of DataConfig; what is not given comes from the
    preset (default: `small`, minutes on two CPU cores). Raises UsageError for unknown names and impossible values,
    NonFiniteError if a loss becomes NaN, Interrupted after Ctrl-C or SIGTERM, with everything saved.
    """
    chosen = plan(model, preset, settings if data is None else settings | {"data": data})
    dataset = load_data(chosen.data)
    network = construct(chosen.model, chosen.cfg, dataset.spec, chosen.train.seed)
    _check_metrics(chosen, network, dataset)
    trainer = Trainer(network, dataset, chosen.train)
    folder = Path(out) if out is not None else fresh_folder(chosen)
    if trainer.world.is_first:
        run = Run.start(folder, chosen, dataset, network, shlex.join(["zerosum", *sys.argv[1:]]))
    else:
        run = Run(folder, {"seconds": 0.0, "settings": chosen.settings()}, chosen.model)
    run.plan, run.data = chosen, dataset      # known already: they need not be read back
    return _go(run, trainer, quiet)


def resume(folder: str | Path, *, model: str | type[Model] | None = None, quiet: bool = False, **settings: Any) -> Run:
    """Go on with an interrupted or finished run, bit for bit as if it had never stopped.

    `settings` may change the budget, the device and how often things are written; any other change is refused,
    naming it. Raises ZerosumError where no checkpoint can be read or the data has changed.
    """
    run = Run.open(folder, model)
    chosen: Plan = run.plan.refuse_changes(settings)
    run.plan = chosen
    network = construct(chosen.model, chosen.cfg, run.spec, chosen.train.seed)
    _check_metrics(chosen, network, run.data)
    trainer = Trainer(network, run.data, chosen.train)
    seconds = _restore(run, trainer)
    run.document |= {"settings": chosen.settings(), "seconds": seconds}
    if trainer.world.is_first:
        _rewind(run, trainer.step)
        run.save(state="running", steps=trainer.step, failure="")
    return _go(run, trainer, quiet)


def _check_metrics(plan: Plan, network: Model, data: Dataset) -> None:
    """Refuse now what could not be scored later."""
    if plan.train.metrics:
        from ..metrics.early import refuse_early

        refuse_early(plan.train.metrics, network, data)


def _restore(run: Run, trainer: Trainer) -> float:
    """Load the newest readable checkpoint; returns the seconds trained until then."""
    error: ZerosumError | None = None
    for path in reversed(run.checkpoints):
        if error is not None:
            print(f"warning: {error}; going on from the one before", file=sys.stderr)
        try:
            tensors, numbers = read_tensors(path)
        except ZerosumError as unreadable:
            error = unreadable
            continue
        trainer.load_state(tensors, numbers)
        return numbers["seconds"]
    if error is not None:
        raise ZerosumError(f"no checkpoint can be read: {error}; train a new run")
    return 0.0                                # killed before its first checkpoint: from the start, which is the same


def _rewind(run: Run, step: int) -> None:
    """Drop what a killed run left behind after its last checkpoint: it will come again."""
    Log(run.folder / "log.jsonl").rewind(step)
    later = [p for p in run.pictures if int(p.stem.removeprefix("step-")) > step]
    for file in [*later, *run.folder.glob(".*.part"), *run.folder.glob("*/.*.part")]:
        file.unlink()


def _go(run: Run, trainer: Trainer, quiet: bool) -> Run:
    config, first = trainer.config, trainer.world.is_first
    progress = Progress(config.steps, trainer.step, quiet or not first)
    with stop_signals() as wish:
        recorder = Recorder(run, trainer, progress, wish)
        try:
            if first:
                progress.say(f"training {run.document['model']} on {trainer.data.name} "
                             f"({len(trainer.data):,} samples, {trainer.device}) into {run.folder}")
            trainer.fit(watch=recorder)
            recorder.checkpoint()
            any_of(0, trainer.world, trainer.device)         # all wait until it is written
            wish.at_once = True               # no step is left that would look for a signal
            if first and not wish:
                finish(run, recorder)
            recorder.close()
        except BaseException as error:
            if first:
                _leave_a_note(run, recorder, str(error) if isinstance(error, NonFiniteError) else "")
            if wish and wish.at_once:
                raise recorder.interrupted() from None
            raise
        if wish:
            if first:
                run.save(state="interrupted")
                write_report(run.folder)
            leave()
            raise recorder.interrupted()
    return run


def _leave_a_note(run: Run, recorder: Recorder, failure: str = "") -> None:
    """Write what there is to be known of a run that ends early; its state is that of the last checkpoint."""
    for write in (recorder.close, lambda: run.save(
            state="interrupted" if recorder.wish else "failed", failure=failure)):
        with contextlib.suppress(ZerosumError):              # on a full disk, the first error is the one to hear of
            write()


def finish(run: Run, recorder: Recorder) -> None:
    """Draw the last picture, measure, and write time-lapse and report."""
    from .timelapse import timelapse

    recorder.picture()
    if len(run.pictures) > 1:
        timelapse(run.pictures, run.folder / "timelapse.gif")
    run.save(state="finished", scores=recorder.score(), steps=recorder.trainer.step, images=recorder.trainer.images)
    write_report(run.folder)


def load(folder: str | Path, *, model: str | type[Model] | None = None) -> Run:
    """Open a run folder; `load(folder).model` is the trained model. Raises UsageError where it is none."""
    return Run.open(folder, model)


