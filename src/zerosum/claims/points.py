"""What claims on two-dimensional densities share: the modes that samples reach, counted and shown."""

from ..metrics.distribution.modes import count_modes
from .panels import points_panel
from .trial import Trained, Trial

SAMPLES = 2_500                              # of which a mode must receive 20


def covered(trial: Trial, name: str, done: Trained) -> dict[str, float]:
    """Count the modes that samples of a trained side reach, and how many are near one; `name` is the side's."""
    x = done.model.sample(SAMPLES, seed=trial.seed)
    modes = count_modes(x, done.data.modes, done.data.mode_std)
    trial.panel(f"{name}: {modes.reached} of {len(done.data.modes)} modes", points_panel(x, done.data.all()[:SAMPLES]))
    return {f"modes, {name}": modes.reached, f"high quality, {name}": modes.high_quality}
