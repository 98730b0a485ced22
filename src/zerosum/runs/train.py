"""Train a model into a run folder, and go on with one."""

import contextlib
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core import Model, NonFiniteError, ZerosumError
from ..data import Dataset, load_data
from ..doctor import ILLNESSES, Diagnosis
from ..engine import Trainer, any_of, leave
from .fine_tuning import plan_from, refuse_other_samples
from .plan import Plan, construct, fresh_folder, plan
from .progress import Progress
from .recorder import Recorder
from .report import write_report
from .run import Run
from .saved import MOST_ROLLBACKS, restore, rewind, roll_back
from .stop import stop_signals


def train(model: str | type[Model] = "dcgan", data: str | None = None, *, preset: str | None = None,
          out: str | Path | None = None, quiet: bool = False, start: str | Path | None = None, freeze: int = 0,
          **settings: Any) -> Run:
    """Train a model (a name, a file of yours, or a class) and return its finished run.

    `settings` are fields of the model's Config, of TrainConfig and of DataConfig; what is not given comes from the
    preset (default: `small`, minutes on two CPU cores). `start`: a run folder, imported or trained, whose networks and
    weights are gone on with; what is not given then comes from that run. `freeze`: so many layers of the discriminator,
    from the image on, stay as they are (Freeze-D, 2002.10964). Raises UsageError for unknown names and impossible
    values, NonFiniteError if a loss becomes NaN, Interrupted after Ctrl-C or SIGTERM, with everything saved.
    """
    settings = settings if data is None else settings | {"data": data}
    before = Run.open(start) if start is not None else None
    chosen = plan(model, preset, settings) if before is None else plan_from(before, model, settings)
    chosen = replace(chosen, start=chosen.start | ({"freeze": freeze} if freeze else {}))
    dataset = load_data(chosen.data)
    if before is not None:
        refuse_other_samples(before, dataset)
    network = construct(chosen.model, chosen.cfg, dataset.spec, chosen.train.seed, chosen.start)
    if before is not None:
        before.give_weights(network)
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
    network = construct(chosen.model, chosen.cfg, run.spec, chosen.train.seed, chosen.start)
    _check_metrics(chosen, network, run.data)
    trainer = Trainer(network, run.data, chosen.train)
    seconds = restore(run, trainer, run.checkpoints[::-1])
    # Killed before its first checkpoint, it goes on from the start, which is the same.
    run.document |= {"settings": chosen.settings(), "seconds": seconds or 0.0}
    if trainer.world.is_first:
        rewind(run, trainer)
        run.save(state="running", steps=trainer.step, failure="")
    return _go(run, trainer, quiet)


def _check_metrics(plan: Plan, network: Model, data: Dataset) -> None:
    """Refuse now what could not be scored later."""
    if plan.train.metrics:
        from ..metrics.early import refuse_early

        refuse_early(plan.train.metrics, network, data)


def _go(run: Run, trainer: Trainer, quiet: bool) -> Run:
    quiet = quiet or not trainer.world.is_first
    Progress(0, 0, quiet).say(f"training {run.document.get('model')} on {trainer.data.name} "
                              f"({len(trainer.data):,} samples, {trainer.device}) into {run.folder}")
    with stop_signals() as wish:
        going: Trainer | None = trainer
        while going is not None:
            going = _attempt(run, Recorder(run, going, Progress(going.config.steps, going.step, quiet), wish))
    return run


def _attempt(run: Run, recorder: Recorder) -> Trainer | None:
    """Play, and leave the folder and the terminal in order whatever happens; a trainer is to go on with."""
    wish = recorder.wish
    try:
        earlier = _play(run, recorder)
        recorder.close()
    except BaseException as error:
        if recorder.trainer.world.is_first:
            _leave_a_note(run, recorder, str(error) if isinstance(error, NonFiniteError) else "")
        if wish and wish.at_once:
            raise recorder.interrupted() from None
        raise
    if wish and earlier is None:              # else all processes agree on it at their next step
        if recorder.trainer.world.is_first:
            run.save(state="interrupted")
            write_report(run.folder)
        leave()
        raise recorder.interrupted()
    return earlier


def _play(run: Run, recorder: Recorder) -> Trainer | None:
    """Train to the end and finish the run, or until a collapse: then, a trainer that is to go on from before it."""
    trainer, wish, earlier = recorder.trainer, recorder.wish, None
    if trainer.step == 0 and trainer.config.on_collapse == "rollback":
        recorder.checkpoint()                 # there is always a state from before an illness
    try:
        trainer.fit(watch=recorder)
    except NonFiniteError as error:
        if recorder.may_go_back:
            earlier = _back(run, recorder, str(error))
        if earlier is None:
            raise
    if recorder.goes_back:
        earlier = _back(run, recorder)
    if earlier is None:
        recorder.checkpoint()
        any_of(0, trainer.world, trainer.device)             # all wait until it is written
        wish.at_once = True                   # no step is left that would look for a signal
        if trainer.world.is_first and not wish:
            finish(run, recorder)
    return earlier


def _back(run: Run, recorder: Recorder, failure: str = "") -> Trainer | None:
    """Go back to before an illness, and say so; None where no state from before can be read: then the run ends."""
    if failure and recorder.trainer.world.is_first:
        recorder.alarm(Diagnosis("divergence", failure, ILLNESSES["divergence"].advice))
    recorder.log.flush()
    earlier = roll_back(run, recorder.trainer, recorder.seconds, recorder.ill)
    at = f"step {recorder.trainer.step:,}"
    recorder.progress.say(
        f"{at}: no state from before can be read, so the run ends here" if earlier is None else
        f"{at}: {recorder.ill and recorder.ill.illness}: back to step {earlier.step:,}, and on with other randomness "
        f"({earlier.branch} of {MOST_ROLLBACKS})")
    return earlier


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


