"""The games filmed: the same networks from the same seed on the ring of eight modes, one film per objective.

Every frame shows the discriminator's scores over the plane, real points, samples, and on each sample the arrow that it
feels: the negative gradient of the generator's loss. `film` takes the trainer of any model on points in the plane
that has `scores` and `sample`; where it has no `generator_loss(batch)`, arrows show the ascent of its scores.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..core import Batch, Model, UsageError, find, require
from ..data import load_data, to_float
from ..engine import Trainer
from ..metrics.distribution.modes import count_modes
from ..runs import construct, plan
from ..version import __version__

if TYPE_CHECKING:
    from PIL.Image import Image

Bounds = tuple[float, float, float, float]   # left, bottom, right, top

SEED, STEPS, FRAMES = 0, 1_950, 40
STILLS = (0, 50, 150, 400, 900, 1_950)       # steps on the sheet, each a frame of the films
HEAT, SHOWN, SAMPLES = 60, 1_000, 64         # scores per side of the picture; real points and samples in it
JUDGED = 2_500                               # samples whose modes are counted
SETTINGS = {"data": "ring", "image_size": 0, "width": 64, "z_dim": 8, "lr": 1e-3, "batch_size": 128, "ema": 0.0,
            "device": "cpu", "threads": 1}
FILMS: dict[str, dict[str, Any]] = {
    "saturating": {}, "non-saturating": {}, "least-squares": {}, "hinge": {}, "relativistic": {},
    "wasserstein": {"penalty": "gradient-penalty", "penalty_weight": 1.0},
    "non-saturating, r1": {"objective": "non-saturating", "penalty": "r1", "penalty_weight": 0.1},
    "relativistic, r1+r2": {"objective": "relativistic", "penalty": "r1+r2", "penalty_weight": 0.1},
}


@dataclass(frozen=True)
class Scene:
    """What one frame shows: `heat` (HEAT, HEAT) scores from the top left on, samples and their arrows, both (N, 2)."""

    step: int
    heat: Tensor
    middle: float                            # the score between the mean of real and of generated samples
    samples: Tensor
    arrows: Tensor


def felt(model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
    """As many samples as the batch has points, and the negative gradient of the loss of each, both (N, 2)."""
    torch.manual_seed(0)                     # the same noise in every frame, so that samples move and do not jump
    made = []
    if _takes_a_batch_alone(getattr(model, "generator_loss", None)):
        hook = model.generator.register_forward_hook(lambda _module, _given, x: made.append(x.requires_grad_(True)))
        try:
            loss = sum(model.generator_loss(batch).values())
        finally:
            hook.remove()
    if not made or made[0].shape != batch.x.shape:             # no such loss, or of a generator made of several
        made = [model.sample(batch.size, seed=0).requires_grad_(True)]
        loss = -model.scores(made[0]).mean()
    gradient = torch.autograd.grad(loss, made[0])[0] * batch.size
    return made[0].detach(), -gradient


def _takes_a_batch_alone(loss: Callable[..., Any] | None) -> bool:
    return loss is not None and list(signature(loss).parameters) == ["batch"]


def scene(trainer: Trainer, real: Tensor, view: Bounds) -> Scene:
    """What there is to see at this step of a training; its random numbers stay as they were."""
    left, bottom, right, top = view
    across, down = torch.linspace(left, right, HEAT), torch.linspace(top, bottom, HEAT)
    plane = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1).reshape(-1, 2)
    fields = {name: field.to(trainer.device) for name, field in trainer.data.gather(torch.arange(SAMPLES)).items()}
    with trainer.averaged() as model:
        samples, arrows = felt(model, Batch(to_float(fields.pop("x")), **fields))
        with torch.no_grad():
            heat = model.scores(plane.to(model.device)).reshape(HEAT, HEAT)
            middle = (model.scores(samples).mean() + model.scores(real.to(model.device)).mean()) / 2
    return Scene(trainer.step, heat.cpu(), middle.item(), samples.cpu(), arrows.cpu())


def film(trainer: Trainer, steps: int, target: Path, frames: int = FRAMES,
         watch: Callable[[int], None] = lambda step: None) -> list["Image"]:
    """Train for so many steps and write a film of it as a GIF; returns its frames.

    The frames are evenly spaced, the first and the last step among them; `watch` is called with the step of each.
    Raises UsageError for a model that has no scores, and for data that is no points in the plane.
    """
    from ..runs.pictures import bounds_of
    from .figures.films import draw, write

    require(trainer.model, "score")
    if trainer.data.spec.shape != (2,):
        raise UsageError("a film is of points in the plane: take ring, grid or swissroll as data")
    real = trainer.data.all()[:SHOWN]
    at, pictures, view = [math.ceil(steps * frame / (frames - 1)) for frame in range(frames)], [], bounds_of(real)
    for step in at:
        if step > trainer.step:
            trainer.fit(steps=step)
        watch(step)
        pictures.append(draw(scene(trainer, real, view), real, view))
    write(pictures, at, target)
    return pictures


def play(model: str | type[Model], preset: str | None, settings: Mapping[str, Any],
         target: Path) -> tuple[dict[str, Any], list["Image"]]:
    """Film a model on the ring for the steps that its settings say; what was found at every frame, and the frames."""
    chosen = plan(model, preset, settings)
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, chosen.train.seed), data, chosen.train)
    found: dict[str, list[float]] = {"steps": [], "modes": [], "high quality": []}

    def count(step: int) -> None:
        reached = count_modes(trainer.model.sample(JUDGED, seed=SEED), data.modes, data.mode_std)
        for key, value in zip(found, (step, reached.reached, round(reached.high_quality, 4)), strict=True):
            found[key].append(value)

    return found, film(trainer, chosen.train.steps, target, watch=count)


def film_name(name: str) -> str:
    """The file of an objective's film."""
    return f"film-{name.replace(', ', '-').replace('+', '-')}.gif"


def film_of(name: str, folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Film one model, by name or FILE.py, on the ring: with its preset `ring` where it has one."""
    model = find(name)
    preset = "ring" if "ring" in model.PRESETS else None
    target = folder / film_name(model.name or Path(name).stem)
    course, _ = play(model, preset, {"data": "ring", "seed": SEED, "steps": STEPS, "device": "cpu"}, target)
    say(f"{course['modes'][-1]} of 8 modes, {course['high quality'][-1]:.0%} of samples at one")
    return [target]


def demo(folder: Path, say: Callable[[str], None], model: str = "") -> list[Path]:
    """Film all (about two CPU minutes), and write the films, what was found and a sheet of stills to the folder.

    With a model, by name or FILE.py, film that one alone.
    """
    from .figures import publish
    from .figures.films import sheet

    if model:
        return film_of(model, folder, say)
    found, stills = {}, {}
    for name, own in FILMS.items():
        settings = {**SETTINGS, "objective": name, **own, "seed": SEED, "steps": STEPS}
        course, frames = play("recipe", "small", settings, folder / film_name(name))
        found[name] = {"settings": own, **course}
        stills[name] = [frames[course["steps"].index(step)] for step in STILLS]
        say(f"{name}: {course['modes'][-1]} of 8 modes, {course['high quality'][-1]:.0%} of samples at one")
    document = {"settings": SETTINGS, "seed": SEED, "stills": STILLS, "films": found, "version": __version__}
    return [*publish(folder, "films", document, lambda _, path: sheet(stills, STILLS, path), indent=None),
            *(folder / film_name(name) for name in FILMS)]
