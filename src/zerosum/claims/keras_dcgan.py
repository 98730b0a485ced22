"""Claim of keras-dcgan: the tutorial's network, parameter for parameter, trains as its printed log says.

It learns slowly, and not steadily: for an epoch or two its samples are blobs, then strokes come and go, and with them
FID doubles or halves from one epoch to the next. It need not fall over checkpoints that all lie in that phase (after
one, two and three epochs: rank correlations .5, .5, -.5). What falls is the trend, so FID is measured after a fifth of
an epoch, one, and three.
"""

from torch import Tensor, nn

from ..core import DataSpec
from ..engine import Trainer
from ..runs import create
from .claim import Check, Claim, Side
from .digits import judge_fid
from .panels import curves_panel, images_panel
from .trial import Trial

WINDOW = 20                                  # steps over which a loss is averaged
EPOCH = 468                                  # batches of 128 in an epoch of the tutorial (60,000 images)
MOMENTS = (EPOCH // 5, EPOCH, 3 * EPOCH)     # at which FID is measured, in steps


class Look:
    """Follows both losses, and measures FID at MOMENTS."""

    def __init__(self, trial: Trial):
        self.trial = trial
        self.d_loss: list[float] = []
        self.g_loss: list[float] = []
        self.fids: list[float] = []

    def __call__(self, trainer: Trainer, terms: dict[str, Tensor]) -> None:
        self.d_loss.append(float(terms["discriminator/adversarial"]))
        self.g_loss.append(float(terms["generator/adversarial"]))
        if trainer.step in MOMENTS:
            x = trainer.model.sample(1_000, seed=self.trial.seed)
            self.fids.append(judge_fid(x, trainer.data))
            self.trial.panel(f"step {trainer.step:,}: FID {self.fids[-1]:.1f}", images_panel(x))


def windows(losses: list[float]) -> list[float]:
    """Means over consecutive windows."""
    return [sum(losses[i:i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]


def keras_parameters(net: nn.Module) -> int:
    """Parameters as Keras counts them: with the running statistics of batch norm."""
    return sum(p.numel() for p in net.parameters()) + sum(
        b.numel() for name, b in net.named_buffers() if "running" in name)


def measure(trial: Trial) -> dict[str, float | list[float]]:
    from scipy.stats import spearmanr

    untrained, look = trial.start("keras-dcgan"), Look(trial)
    trial.panel("real", images_panel(untrained.data.all()))
    fid_untrained = judge_fid(untrained.model.sample(1_000, seed=trial.seed), untrained.data)
    trial.train("keras-dcgan", look)
    d_loss, g_loss = windows(look.d_loss[:EPOCH]), windows(look.g_loss[:EPOCH])
    steps = [WINDOW * (i + 1) for i in range(len(d_loss))]
    trial.panel("losses, as the tutorial prints them", curves_panel(
        {"d_loss": (steps, d_loss), "g_loss": (steps, g_loss)}, "step"))
    paper = create("keras-dcgan", DataSpec(shape=(1, 28, 28)), seed=0)
    return {"d_loss at the start": look.d_loss[0], "lowest d_loss": min(d_loss), "highest g_loss": max(g_loss),
            "rank correlation of FID with time": float(spearmanr(MOMENTS, look.fids).statistic),
            "fid, untrained": fid_untrained, "fid": look.fids[-1], "fids": look.fids,
            "d_loss": d_loss, "g_loss": g_loss, "parameters of G": keras_parameters(paper.generator),
            "parameters of D": keras_parameters(paper.discriminator)}


CLAIM = Claim(
    statement="The tutorial's network has Keras' parameters, and in one of its epochs (468 batches) d_loss falls from "
              "0.69 below 0.5 and g_loss rises above 1; from a fifth of an epoch to "
              "one, and to three, its images tend to get better.",
    baseline="its own beginning; at a quarter of the tutorial's widths",
    sides={"keras-dcgan": Side("keras-dcgan", "small", {"steps": MOMENTS[-1]})},
    checks=(
        Check("at the tutorial's widths, G has Keras' parameters", "parameters of G", "exactly", 6_763_777,
              "catalogue ARC-02"),
        Check("and so has D", "parameters of D", "exactly", 3_485_441, "catalogue ARC-02"),
        Check("d_loss starts near log 2", "d_loss at the start", "at least", 0.6, "the tutorial's log: 0.649"),
        Check("d_loss falls", "lowest d_loss", "below", 0.5, "the tutorial's log: 0.375"),
        Check("g_loss rises", "highest g_loss", "above", 1, "the tutorial's log: 1.298"),
        Check("FID falls over a fifth of an epoch, one and three", "rank correlation of FID with time", "below", 0,
              "catalogue ARC-02"),
        Check("and below that of the untrained network", "fid", "below", "fid, untrained", "catalogue ARC-02"),
    ),
    measure=measure,
)
