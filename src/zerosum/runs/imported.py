"""Makes a run folder of the networks in a file of another project, with a record of where they are from."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..core import DataSpec, UsageError, ZerosumError, build, find
from ..data import DataConfig, load_data
from ..engine import TrainConfig, write_tensors
from ..interop.building import load
from ..interop.families import Recognised, described, recognise
from ..interop.files import read_contents
from ..interop.states import Network, networks_in
from ..version import __version__
from .plan import Plan, construct
from .run import Run

NO_DATA = "imported without data: name some with --data D"    # in place of a name, which is what errors then say


def import_weights(files: Sequence[str | Path], out: str | Path, *, model: str | None = None,
                   data: str | None = None) -> Run:
    """Read the networks in these files, build them, and write a run folder that all commands understand.

    `model` says which model is wanted where several have such networks; `data` is what the run is evaluated against
    and trained on. Nothing in the files is run. Raises ZerosumError where they hold no networks that are known, and
    UsageError where the folder holds a run, or the data has other samples.
    """
    out = Path(out)
    if (out / "run.json").exists():
        raise UsageError(f"{out} holds a run already: choose another --out")
    contents = {Path(file): read_contents(Path(file)) for file in files}
    networks = [network if len(files) == 1 else replace(network, place=f"{path.stem}.{network.place}".rstrip("."))
                for path, found in contents.items() for network in networks_in(found)]
    recognised = recognise(networks, model)
    chosen, spec = _plan(recognised, data)
    shape = json.dumps(spec.shape)
    for path, found in contents.items():     # a file of zerosum's says so, where weights alone may not
        if found.notes.get("samples", shape) != shape:
            raise ZerosumError(f"the networks in {path} look like ones for samples of {shape}, and were exported from "
                               "others: copy the run folder instead")
    made = construct(chosen.model, chosen.cfg, spec, 0, chosen.start)
    for attribute, (part, network) in recognised.parts.items():
        load(getattr(made, attribute), part, network)
    document = _document(chosen, spec, recognised) | {"imported": {
        "files": [{"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": found.size,
                   "format": found.kind} for path, found in contents.items()],
        "family": recognised.family.name, "licence": recognised.family.licence,
        "taken": {name: network.place for name, (_, network) in recognised.parts.items()},
        "untrained": [part.attribute for part in recognised.family.parts if part.attribute not in recognised.parts],
        "dropped": _dropped(recognised, networks)}}
    (out / "samples").mkdir(parents=True, exist_ok=True)
    (out / "checkpoints").mkdir(exist_ok=True)
    write_tensors(out / "weights.safetensors", made.state_dict(), {"step": 0})
    run = Run(out, document, chosen.model)
    run.save()
    return run


def _plan(recognised: Recognised, data: str | None) -> tuple[Plan, DataSpec]:
    """The plan of the run, and what its samples are."""
    networks, family = described(recognised), recognised.family
    generator, cls = networks["generator"]["arguments"], find(family.model)
    size = generator["image_size"]
    height, width = (size, size) if isinstance(size, int) else size
    classes = family.classes(generator)
    spec = DataSpec((generator["channels"], height, width), classes, tuple(map(str, range(classes))))
    cfg = build(cls.Config, family.config({name: how["arguments"] for name, how in networks.items()}))
    if classes and "conditional-generation" not in cls.card.tasks and not getattr(cfg, "conditional", False):
        raise UsageError(f"these networks are told one of {classes} classes, which zerosum's {cls.name} does not do: "
                         "import one without classes")
    square = {"image_size": height} if height == width else {}
    config = build(DataConfig, {"data": data or NO_DATA} | square | {"channels": generator["channels"]})
    if data is not None:
        spec = _fitting(config, spec)
    return Plan(cls, cfg, TrainConfig(), config, "paper", {"networks": networks}), spec


def _fitting(config: DataConfig, spec: DataSpec) -> DataSpec:
    """What the data's samples are, where the networks make such; else UsageError."""
    found = load_data(config).spec
    if found.shape != spec.shape or (spec.num_classes and spec.num_classes != found.num_classes):
        shapes = ["x".join(map(str, each.shape)) for each in (spec, found)]
        raise UsageError(f"these networks make samples of {shapes[0]} in {spec.num_classes} classes, and {config.data} "
                         f"has {shapes[1]} in {found.num_classes}: name other data, or leave --data out")
    return found if spec.num_classes else replace(found, num_classes=0, classes=())


def _document(chosen: Plan, spec: DataSpec, recognised: Recognised) -> dict[str, Any]:
    known = chosen.data.data != NO_DATA
    return {"version": __version__, "model": chosen.model.name, "family": chosen.model.family,
            "preset": chosen.preset, "settings": chosen.settings(), "start": chosen.start, "seed": 0,
            "data": {"name": chosen.data.data if known else "", "spec": spec.to_json(),
                     "fingerprint": load_data(chosen.data).fingerprint if known else "", "count": 0},
            "dependencies": {"torch": torch.__version__}, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "state": "imported", "steps": 0, "images": 0, "seconds": 0.0}


def _dropped(recognised: Recognised, networks: Sequence[Network]) -> list[str]:
    """What the files hold, and the run does not."""
    taken = [network for _, network in recognised.parts.values()]
    left = [f"network {network.place or 'without a name'} ({len(network.state)} tensors)" for network in networks
            if not any(network is each for each in taken)]
    inside = [f"{len(keys)} tensors of {network.place or 'the network'}, such as {keys[0]}"
              for part, network in recognised.parts.values() if (keys := part.dropped(network.state))]
    sources = [f"the Python source of {network.place or network.kind}" for network in taken if network.source]
    return [*left, *inside, *sources, "optimizers, and whatever else is no network"]
