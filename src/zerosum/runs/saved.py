"""Saved states of a run: which are kept, how one goes on from the newest, and back to the oldest after a collapse."""

import sys
from pathlib import Path

from ..core import ZerosumError
from ..doctor import Diagnosis
from ..engine import Log, Trainer, peak_memory_mb, read_tensors, write_tensors
from .plan import construct
from .run import Run, place_of

KEEP = 2                                      # that always stay: the newest, and one should a disk spoil that
MOST_ROLLBACKS = 3                            # then chance is not to blame


def save(run: Run, trainer: Trainer, seconds: float) -> None:
    """Write everything the next step depends on, then the weights to sample with, then run.json; all processes must
    call it, and the first writes."""
    tensors, numbers = trainer.state()
    if not trainer.world.is_first:
        return
    rollbacks = run.document.get("rollbacks", [])
    branch = f"-branch-{trainer.branch}" if trainer.branch else ""
    write_tensors(run.folder / "checkpoints" / f"step-{trainer.step:08d}{branch}.safetensors", tensors,
                  numbers | {"seconds": seconds, "rollbacks": rollbacks})
    with trainer.averaged() as model:
        write_tensors(run.folder / "weights.safetensors", model.state_dict(), {"step": trainer.step})
    checkpoints = run.checkpoints
    for old in set(checkpoints) - set(kept(checkpoints, trainer.config.on_collapse == "rollback")):
        old.unlink()
    run.save(steps=trainer.step, images=trainer.images, seconds=round(seconds, 3), rollbacks=rollbacks,
             peak_memory_mb=round(peak_memory_mb(trainer.device), 1))


def kept(checkpoints: list[Path], for_rollback: bool) -> list[Path]:
    """Of checkpoints, oldest first, those that stay: the newest, and for a rollback one from before any illness.

    An alarm judges by less than the last half of a training, so that one is from a quarter to half of the way, and with
    it stays the one that takes its place when it has become too old.
    """
    older, newest = checkpoints[:-KEEP], checkpoints[-KEEP:]
    if not for_rollback:
        return newest
    while len(older) > 1 and 2 * place_of(older[1])[1] <= place_of(newest[-1])[1]:
        older = older[1:]
    return older[:2] + newest


def restore(run: Run, trainer: Trainer, checkpoints: list[Path]) -> float | None:
    """Load the first of these that can be read; returns the seconds trained until then, None where there are none."""
    error: ZerosumError | None = None
    for number, path in enumerate(checkpoints):
        if error is not None and trainer.world.is_first:
            side = "before" if place_of(path) < place_of(checkpoints[number - 1]) else "after"
            print(f"warning: {error}; going on from the one {side}", file=sys.stderr)
        try:
            tensors, numbers = read_tensors(path)
        except ZerosumError as unreadable:
            error = unreadable
            continue
        trainer.load_state(tensors, numbers)
        run.document["rollbacks"] = numbers.get("rollbacks", [])
        return numbers["seconds"]
    if error is not None:
        raise ZerosumError(f"no checkpoint can be read: {error}; train a new run")
    return None


def rewind(run: Run, trainer: Trainer) -> None:
    """Drop what was written after the state that the trainer is in: it will come again, or another way."""
    step = trainer.step
    Log(run.folder / "log.jsonl").rewind(step)
    later = [path for path in run.pictures if int(path.stem.removeprefix("step-")) > step]
    left = [path for path in run.checkpoints if place_of(path)[0] < trainer.branch and place_of(path)[1] >= step]
    for file in [*later, *left, *run.folder.glob(".*.part"), *run.folder.glob("*/.*.part")]:
        file.unlink()


def roll_back(run: Run, trainer: Trainer, seconds: float, why: Diagnosis | None) -> Trainer | None:
    """A trainer at the oldest state that is kept, on a branch of its own; None where no state can be read.

    All processes must call it; `why` is known to the first. The new checkpoint is what makes it so: whoever is killed
    before that was written goes on from the newest of the old ones, and after that from this one.
    """
    branch, step = trainer.branch + 1, trainer.step
    earlier = Trainer(construct(run.plan.model, run.plan.cfg, trainer.data.spec, trainer.config.seed, run.plan.start),
                      trainer.data, trainer.config)
    before = run.document.get("rollbacks", [])
    try:
        if restore(run, earlier, run.checkpoints) is None:
            return None
    except ZerosumError as unreadable:
        if earlier.world.is_first:
            print(f"warning: {unreadable}", file=sys.stderr)
        return None
    earlier.take_branch(branch)
    run.document |= {"seconds": seconds, "rollbacks": before}
    if why is not None:
        run.document["rollbacks"] = [*before, {"step": step, "to": earlier.step, "illness": why.illness,
                                               "evidence": why.evidence}]
    save(run, earlier, seconds)
    if earlier.world.is_first:
        rewind(run, earlier)
    return earlier
