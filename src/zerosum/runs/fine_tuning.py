"""A training that starts from another run's weights: its settings, and whether its data can be learned."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from ..core import Model, UsageError, build, distribute, find
from ..data import DataConfig, Dataset
from ..engine import TrainConfig
from .plan import BUDGETS, Plan
from .run import Run

KEPT = {"batch_size", "micro_batch", "precision"}             # of how the other run was trained


def plan_from(before: Run, model: str | type[Model] | None, settings: Mapping[str, Any]) -> Plan:
    """The plan of a run that goes on with another one's networks: its settings, but for those that are given.

    Raises UsageError for another model, and where nothing says when to stop.
    """
    cls = before.plan.model
    if model is not None and (find(model) if isinstance(model, str) else model) is not cls:
        raise UsageError(f"{before.folder} is a run of {cls.name}, which alone can start from it: leave the model out")
    of_model, of_train, of_data = distribute([cls.Config, TrainConfig, DataConfig], settings)
    if not any(of_train.get(name) for name in BUDGETS):
        raise UsageError("nothing says when to stop: give --steps, --images or --minutes")
    kept = {name: value for name, value in asdict(before.plan.train).items() if name in KEPT}
    height = before.spec.height if before.spec.is_image else 0
    sized = {"image_size": height, "channels": before.spec.channels} if height == (
        before.spec.width if height else -1) else {}
    data = sized | of_data if "data" in of_data else asdict(before.plan.data) | of_data
    if "data" not in of_data and not before.document["data"]["fingerprint"]:
        raise UsageError(f"{before.folder} was imported without data: name what to train on with --data D")
    return replace(before.plan, cfg=build(cls.Config, asdict(before.plan.cfg) | of_model),
                   train=build(TrainConfig, kept | of_train), data=build(DataConfig, data))


def refuse_other_samples(before: Run, data: Dataset) -> None:
    """Raise UsageError where the networks of a run cannot take such samples."""
    mine, theirs = data.spec, before.spec
    if mine.shape != theirs.shape:
        shapes = ["x".join(map(str, spec.shape)) for spec in (theirs, mine)]
        raise UsageError(f"{before.folder} has networks for samples of {shapes[0]}, and {data.name} has samples of "
                         f"{shapes[1]}: --image-size and --channels change them")
    tasks = before.plan.model.card.tasks
    conditional = getattr(before.plan.cfg, "conditional", "conditional-generation" in tasks)
    if conditional and mine.num_classes != theirs.num_classes:
        raise UsageError(f"{before.folder} has networks for {theirs.num_classes} classes, and {data.name} has "
                         f"{mine.num_classes}: start from a run with as many")
