"""The clinic: trainings that were made ill on purpose, and healthy ones, and what the doctor says of each.

Each illness has one cause, a setting that a user could have chosen; each seed is trained, looked at twenty times on the
way, and diagnosed at its end. An illness counts as named where it is among what is found: one illness often brings
another, as a generator that hops from mode to mode also leaves the others out.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..core import DataSpec, NonFiniteError
from ..data import ArrayDataset, Dataset, load_data
from ..doctor import Course, Ground, diagnose
from ..engine import Trainer
from ..runs import construct, plan
from ..version import __version__
from .figures import save_numbers

if TYPE_CHECKING:
    from PIL.Image import Image

SEEDS, LOOKS, LOG_EVERY = tuple(range(10)), 20, 5
FEW = 30                                     # digits, where they are to be memorised
FAR_OFF = 4.0                                # where the data lies, in standard deviations of the first samples


def few_digits() -> Dataset:
    """So few digits that they can be learnt by heart."""
    whole = load_data("digits", image_size=8)
    return ArrayDataset(whole.x[:FEW], whole.spec, name=f"{FEW} digits", labels=whole.labels[:FEW])


def far_gaussian() -> Dataset:
    """A Gaussian away from where a generator begins."""
    x = FAR_OFF + 0.5 * torch.randn(10_000, 2, generator=torch.Generator().manual_seed(0))
    return ArrayDataset(x.numpy(), DataSpec((2,)), name="a Gaussian far off")


@dataclass(frozen=True)
class Case:
    """One training: what it is, and what makes it ill, in words."""

    model: str
    preset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    cause: str = ""
    data: Callable[[], Dataset] | None = None
    head_start: int = 0                      # updates of the discriminator before the game


DIGITS = {"data": "digits", "image_size": 8, "network": "mlp", "width": 64, "z_dim": 16, "batch_size": 64, "ema": 0.0}
MLP16 = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "lr": 1e-3,
         "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}
ILL: dict[str, Case] = {
    "divergence": Case("recipe", "small", DIGITS | {"objective": "least-squares", "lr": 0.3,
                                                    "steps": 600}, "a learning rate of 0.3"),
    "vanishing gradient": Case("recipe", "small", {
        "data": "ring", "objective": "saturating", "optimizer": "sgd", "lr": 0.05, "d_optimizer": "adam", "d_lr": 5e-3,
        "z_dim": 8, "width": 64, "batch_size": 128, "ema": 0.0, "steps": 600},
        "a loss that saturates, and a discriminator with a head start", far_gaussian, 300),
    "overpowering discriminator": Case("recipe", "small", DIGITS | {"lr": 1e-6, "d_lr": 1e-3, "steps": 500},
                                       "a discriminator with a thousand times the generator's learning rate"),
    "fooled discriminator": Case("recipe", "small", DIGITS | {"lr": 1e-3, "d_lr": 1e-7, "steps": 500},
                                 "a discriminator with a ten thousandth of the generator's learning rate"),
    "mode collapse between classes": Case("lsgan", "small", DIGITS | {"lr": 1e-3, "steps": 1_500, "ema": 10_000.0},
                                          "small perceptrons that nothing holds"),
    "mode collapse within classes": Case("cgan", "small", {"z_dim": 1, "widths": (1, 128, 256), "steps": 1_000},
                                         "a generator that hardly hears its noise"),
    "oscillation": Case("recipe", "small", DIGITS | {"lr": 2e-3, "d_lr": 2e-4, "steps": 800},
                        "a discriminator with a tenth of the generator's learning rate"),
    "memorisation": Case("recipe", "small", DIGITS | {
        "lr": 1e-3, "width": 128, "penalty": "r1", "penalty_weight": 0.1, "steps": 2_500},
        f"{FEW} digits and a long time", few_digits),
}
HEALTHY: dict[str, Case] = {
    "gan, ring": Case("gan", "ring"),
    "relativistic-gan, ring": Case("relativistic-gan", "ring"),
    "geometric-gan, ring": Case("geometric-gan", "ring"),
    "wgan-gp, ring": Case("wgan-gp", "small", {"data": "ring", "network": "mlp", "width": 64, "z_dim": 2, "lr": 1e-3,
                                               "batch_size": 128, "steps": 1_500}),
    "lsgan, digits": Case("lsgan", "small", MLP16),
    "recipe, digits": Case("recipe", "small", MLP16),
    "cgan, digits": Case("cgan", "small"),
    "vae, digits": Case("vae", "small", {"steps": 1_000}),
}
HEALTHY_SEEDS = (0, 1, 2)


def treat(case: Case, seed: int) -> tuple[Course, "Image"]:
    """Train a case with one seed, looking on; a loss that is not finite ends it. Returns a picture of samples, too."""
    from ..runs.pictures import picture_of

    chosen = plan(case.model, case.preset, {**case.settings, "seed": seed, "device": "cpu", "threads": 1,
                                            "log_every": LOG_EVERY})
    data = load_data(chosen.data) if case.data is None else case.data()
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    for _ in range(case.head_start):
        trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch())
    course, ground = Course(), Ground(data)
    try:
        trainer.fit(watch=partial(look_on, trainer, ground, course))
    except NonFiniteError as error:
        course.failure = str(error)
    with trainer.averaged() as model:
        x = model.sample(64 if data.spec.is_image else 500, seed=0).nan_to_num()
    return course, picture_of(x, data.spec, data.all()[:500])


def look_on(trainer: Trainer, ground: Ground, course: Course, terms: Mapping[str, Tensor]) -> bool:
    """Add to a course what a log would hold after this step."""
    if trainer.step % LOG_EVERY == 0:
        numbers = {name: {key: float(value) for key, value in values.items()}
                   for name, values in (("terms", terms), ("gradients", trainer.gradients))}
        course.add({"step": trainer.step, **numbers})
    if trainer.step % max(1, trainer.config.steps // LOOKS) == 0:
        with trainer.averaged() as model:
            look = ground.look(model, trainer.step)
        if look is not None:
            course.probes.append(look)
    return False


def examine(cases: Mapping[str, Case], seeds: Sequence[int], folder: Path,
            say: Callable[[str], None]) -> dict[str, Any]:
    """Train and diagnose each case with each seed: what was found.

    A file for each, and a picture of samples beside it, are written to the folder; one that is there is not trained
    again.
    """
    found: dict[str, Any] = {}
    for name, case in cases.items():
        by_seed = {}
        for seed in seeds:
            path = folder / f"{name}, seed {seed}.json"
            if not path.exists():
                course, picture = treat(case, seed)
                picture.convert("RGB").save(path.with_suffix(".png"))
                save_numbers({each.illness: each.evidence for each in diagnose(course)}, path)
            by_seed[str(seed)] = json.loads(path.read_text(encoding="utf-8"))
            say(f"{name}, seed {seed}: {', '.join(by_seed[str(seed)]) or 'nothing found'}")
        found[name] = {"model": case.model, "preset": case.preset, "settings": dict(case.settings),
                       "cause": case.cause, "found": by_seed}
    return found


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Train and diagnose all (about fifteen CPU minutes), and write what was found, and a picture, to the folder.

    What was interrupted goes on from the training that it was at: until the end they lie in a folder of their own.
    """
    from PIL import Image

    from .figures import publish
    from .figures.clinic import draw

    done = folder / "clinic-so-far"
    done.mkdir(exist_ok=True)
    ill, healthy = examine(ILL, SEEDS, done, say), examine(HEALTHY, HEALTHY_SEEDS, done, say)
    pictures = {name: Image.open(done / f"{name}, seed {SEEDS[0]}.png") for name in ILL}
    paths = publish(folder, "clinic", {"ill": ill, "healthy": healthy, "version": __version__},
                    lambda _, path: draw(pictures, path))
    shutil.rmtree(done)
    return paths
