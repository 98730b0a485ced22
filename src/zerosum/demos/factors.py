"""Which system recovers which factors: scores of disentanglement after trainings of equal length on shapes and digits.

    told    an image is given, its factors known: what the system says of it (its codes, or its encoder's z)
    made    latents are drawn: what the judges see in the samples that are made of them

Of each factor: I(part; factor) / H(factor) of the part that knows most of it, and over all factors MIG, the FactorVAE
score and DCI (metrics/disentanglement). All systems see as many images in batches of the same size. Numbers of the two
ways are never compared.
"""

import json
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import Model, abilities
from ..data import Dataset, load_data
from ..engine import Trainer
from ..latent import Directions, ganspace, sefa
from ..metrics.disentanglement.coded import Coded, Way, coded
from ..metrics.disentanglement.dci import METRIC, dci
from ..metrics.disentanglement.factor_vae import factor_vae
from ..metrics.disentanglement.information import binned, normalised_information, purity
from ..metrics.disentanglement.mig import mig
from ..runs import construct, plan
from ..version import __version__

SEEDS = (0, 1, 2)
SAMPLES, COLUMNS = 1_500, 6                  # of what is made; of a traversal


@dataclass(frozen=True)
class System:
    """One row of the table: a model, its settings, and what it is told besides images."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    labels: str = "none"


GAN = {"network": "dropout-mlp", "width": 256}
SHAPES = {"data": "shapes", "image_size": 16, "batch_size": 64, "steps": 2_000, "ema": 10_000}
CODES = {"categorical": (3, 6, 3, 3, 3, 4), "continuous": 0, "z_dim": 16}          # as many values as the factors have
BETA = {"width": 366, "z_dim": 10, "likelihood": "bernoulli"}
SYSTEMS: dict[str, System] = {
    "infogan": System("infogan", GAN | CODES),
    "ss-infogan": System("ss-infogan", GAN | CODES | {"categorical": (6, 3, 3, 3, 4)}, "the shape, of 5 each"),
    "acgan": System("acgan", GAN | {"z_dim": 16}, "the shape, of all"),
    "bigan": System("bigan", {"network": "mlp", "width": 160, "pair_width": 128, "z_dim": 10}),
    "vae": System("vae", BETA),
    "beta-vae, 4": System("vae", BETA | {"beta": 4.0}),
    "beta-vae, 16": System("vae", BETA | {"beta": 16.0}),
}
DIGITS = {"data": "digits", "image_size": 8, "batch_size": 64, "steps": 2_500, "ema": 10_000}
ON_DIGITS: dict[str, System] = {
    "infogan": System("infogan"),
    "ss-infogan": System("ss-infogan", {}, "the digit, of 5 each"),
    "acgan": System("acgan", {}, "the digit, of all"),
    "vae": System("vae", {"width": 420, "z_dim": 10, "likelihood": "bernoulli"}),
    "beta-vae, 4": System("vae", {"width": 420, "z_dim": 10, "likelihood": "bernoulli", "beta": 4.0}),
}


def train(system: System, common: Mapping[str, Any], seed: int) -> tuple[Trainer, float]:
    """Train one system as its preset `small` with these settings; also the CPU seconds that it took."""
    chosen = plan(system.model, "small", {"device": "cpu", "threads": 1, "seed": seed, **common, **system.settings})
    data, started = load_data(chosen.data), time.process_time()
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    trainer.fit(chosen.train.steps)
    return trainer, time.process_time() - started


def scores(codes: Coded, seed: int) -> dict[str, Any]:
    """Every number of one way: what the best part of each factor knows, and the scores."""
    gap = mig(codes)
    found = {"it knows": gap.details["it knows"], "best part": gap.details["best part"], "mig": gap.value}
    if len(codes.fixed) < len(codes.factor_names):
        found |= {name: reading.value for name, reading in {"factor-vae": factor_vae(codes, seed),
                                                            **dci(codes, seed)}.items()}
    else:                                    # one picture, whatever the latent
        found |= dict.fromkeys(("factor-vae", *METRIC.gives), 0.0)
    if codes.factor_names == ("class",):
        best = binned(codes)[:, codes.names.index(gap.details["best part"]["class"])]
        found |= {"purity": purity(best, codes.factors[:, 0]), "values": int(best.max()) + 1,
                  "normalised information": normalised_information(best, codes.factors[:, 0])}
    return found


def ways(model: Model) -> list[Way]:
    """The ways in which a model can be measured."""
    can = set(abilities(model))
    return [*(["told"] if can & {"tell_codes", "encode"} else []), *(["made"] if "generate" in can else [])]


def measure(model: Model, test: Dataset, seed: int) -> dict[str, Any]:
    """The scores of each way that the model can go."""
    return {way: scores(coded(model, test, len(test) if way == "told" else SAMPLES, seed, way), seed)
            for way in ways(model)}


def along(codes: Coded, directions: Directions) -> Coded:
    """The same samples with the coordinates of their latents along directions for parts."""
    return replace(codes, values=codes.values @ directions.vectors.T, widths=(1,) * len(directions),
                   names=directions.names)


def by_directions(model: Model, test: Dataset, seed: int) -> dict[str, Any]:
    """What is made, by the coordinates of z and along the directions that GANSpace and SeFa find."""
    codes = coded(model, test, SAMPLES, seed, "made")
    found = {"ganspace": ganspace(model, n=4_000), "sefa": sefa(model)}
    return {"coordinates": scores(codes, seed)} | {name: scores(along(codes, directions), seed)
                                                   for name, directions in found.items()}


@torch.no_grad()
def traversals(model: Model, test: Dataset, best: Mapping[str, str], seed: int) -> Tensor:
    """One sample with the best part of one factor after the other changed, (factors, COLUMNS, *shape).

    A categorical part takes its values, in turn where it has fewer than COLUMNS; a number takes quantiles of what is
    drawn.
    """
    codes = coded(model, test, SAMPLES, seed, "made")
    first = dict(zip(codes.names, (sum(codes.widths[:i]) for i in range(len(codes.widths))), strict=True))
    width, rows = dict(zip(codes.names, codes.widths, strict=True)), []
    for part in best.values():
        values, at = codes.values[:1].repeat(COLUMNS, 1), slice(first[part], first[part] + width[part])
        if width[part] > 1:
            values[:, at] = torch.eye(width[part])[torch.arange(COLUMNS) % width[part]]
        else:
            values[:, at.start] = codes.values[:, at.start].quantile(torch.linspace(0.02, 0.98, COLUMNS))
        z, labels = values, None
        if codes.names[-1] == "class":
            z, labels = values[:, :-width["class"]], values[:, -width["class"]:].argmax(1)
        rows.append(model.generate(z, labels))                                                 # type: ignore[operator]
    return torch.stack(rows)


def study(systems: Mapping[str, System], common: Mapping[str, Any], folder: Path,
          say: Callable[[str], None]) -> dict[str, Any]:
    """Train and measure every system with every seed; what was found, with medians over seeds.

    A file for each, and a picture of traversals for the first seed, are written to the folder; one that is there is not
    trained again.
    """
    test = load_data(common["data"], image_size=common["image_size"], split="test")
    found: dict[str, Any] = {}
    for name, system in systems.items():
        seeds = {}
        for seed in SEEDS:
            path = folder / f"{common['data']}, {name}, seed {seed}.json"
            if not path.exists():
                examine(system, common, seed, test, path)
            seeds[str(seed)] = json.loads(path.read_text(encoding="utf-8"))
            said = {way: each["mig"] for way, each in seeds[str(seed)]["ways"].items()}
            say(f"{common['data']}, {name}, seed {seed}: MIG {', '.join(f'{way} {v:.2f}' for way, v in said.items())}")
        found[name] = {"model": system.model, "settings": dict(system.settings), "labels": system.labels,
                       "seeds": seeds, "median": {way: medians([seed["ways"][way] for seed in seeds.values()])
                                                  for way in seeds[str(SEEDS[0])]["ways"]}}
    return found


def examine(system: System, common: Mapping[str, Any], seed: int, test: Dataset, path: Path) -> None:
    """Train and measure one system with one seed, and write what was found."""
    from ..runs.pictures import grid
    from .figures import save_numbers

    trainer, seconds = train(system, common, seed)
    with trainer.averaged() as model:
        model.eval()
        found = {"ways": measure(model, test, seed), "cpu seconds": round(seconds, 1),
                 "weights": sum(p.numel() for p in model.parameters())}
        if system.model == "bigan":
            found["directions"] = by_directions(model, test, seed)
        if seed == SEEDS[0]:
            rows = traversals(model, test, found["ways"]["made"]["best part"], seed)
            grid(rows.flatten(0, 1), columns=COLUMNS).convert("RGB").save(path.with_suffix(".png"))
    save_numbers(found, path)


def medians(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of every number over seeds, and of every number of a table by factor."""
    middle: dict[str, Any] = {}
    for name, value in found[0].items():
        each = [seed[name] for seed in found]
        if isinstance(value, int | float):
            middle[name] = statistics.median(each)
        elif name != "best part":
            middle[name] = {factor: statistics.median(table[factor] for table in each) for factor in value}
    return middle


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (about twelve CPU minutes), and write what was found and a picture of it to the folder.

    What was interrupted goes on from the training that it was at: until the end they lie in a folder of their own.
    """
    from PIL import Image

    from .figures import publish
    from .figures.factors import draw

    done = folder / "factors-so-far"
    done.mkdir(exist_ok=True)
    document = {"seeds": list(SEEDS), "samples": SAMPLES, "version": __version__}
    for common, systems in ((SHAPES, SYSTEMS), (DIGITS, ON_DIGITS)):
        document[common["data"]] = {"settings": common, "systems": study(systems, common, done, say)}
    pictures = {name: Image.open(done / f"shapes, {name}, seed {SEEDS[0]}.png") for name in SYSTEMS}
    paths = publish(folder, "factors", document, lambda found, path: draw(found, pictures, path))
    shutil.rmtree(done)
    return paths
