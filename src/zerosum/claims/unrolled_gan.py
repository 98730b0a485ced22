"""Claim of Unrolled GAN (1611.02163): where the generator moves ten times as often, unrolling keeps the modes.

Stacked digits are not judged. There (seed 10) the plain game of these tanh MLPs does not collapse at one move each: 435
of 1000 modes among 6000 samples after 1500 steps and 9 CPU s, in which five steps ahead come to 300 steps and make no
digits yet; at ten moves neither makes digits in as long. The paper's plain game collapses for a discriminator a quarter
of the size.
"""

from torch import Tensor

from ..engine import Trainer
from ..metrics.distribution.modes import ModeCount, count_modes
from .claim import Check, Claim, Side
from .panels import curves_panel, points_panel
from .trial import Trial

SAMPLES = 2_500                              # of which a mode must receive 20
DEPTHS = (0, 1, 5)                           # K
LOOK_EVERY = 25                              # steps


def modes_of(trainer: Trainer, x: Tensor) -> ModeCount:
    """The modes that samples reach."""
    return count_modes(x, trainer.data.modes, trainer.data.mode_std)


def measure(trial: Trial) -> dict[str, float | list[int]]:
    found: dict[str, float | list[int]] = {}
    curves = {}
    for side in (f"K={depth}" for depth in DEPTHS):
        seen: list[int] = []

        def look(trainer: Trainer, terms: dict[str, Tensor], seen: list[int] = seen) -> None:
            if trainer.step % LOOK_EVERY == 0:
                seen.append(modes_of(trainer, trainer.model.sample(SAMPLES, seed=trial.seed)).reached)

        done = trial.train(side, look)
        x = done.model.sample(SAMPLES, seed=trial.seed)
        modes = modes_of(done.trainer, x)
        found |= {f"modes, {side}": modes.reached, f"modes within 3 sigma, {side}": modes.reached_narrowly,
                  f"high quality, {side}": modes.high_quality, f"modes over training, {side}": seen}
        curves[side] = (range(LOOK_EVERY, done.trainer.step + 1, LOOK_EVERY), seen)
        trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
    trial.panel("modes over training", curves_panel(curves, "steps"))
    return found


CLAIM = Claim(
    statement="Where the generator moves ten times for each move of the discriminator, the plain game collapses to a "
              "mode or two of eight; a generator that looks five steps ahead keeps most of them.",
    baseline="the same players, budget and seed with K = 0, which is the plain saturating GAN; K = 1 is reported",
    sides={f"K={depth}": Side("unrolled-gan", "ring", {"unroll_steps": depth}) for depth in DEPTHS},
    checks=(
        Check("five steps ahead keep the modes", "modes, K=5", "at least", 6, "catalogue OBJ-13; 1611.02163, Fig. 2"),
        Check("the plain game collapses", "modes, K=0", "at most", 2, "catalogue OBJ-13; 1611.02163, Fig. 2"),
    ),
    measure=measure,
)
