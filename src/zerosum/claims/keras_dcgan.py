"""Claim of keras-dcgan: the tutorial's network, parameter for parameter, trains as its printed log says."""

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


class Look:
    """Follows both losses, and measures FID at a few moments."""

    def __init__(self, moments: tuple[int, ...]):
        self.moments = moments
        self.d_loss: list[float] = []
        self.g_loss: list[float] = []
        self.fids: list[float] = []

    def __call__(self, trainer: Trainer, terms: dict[str, Tensor]) -> None:
        self.d_loss.append(float(terms["discriminator/adversarial"]))
        self.g_loss.append(float(terms["generator/adversarial"]))
        if trainer.step in self.moments:
            self.fids.append(judge_fid(trainer.model.sample(1_000, seed=trainer.config.seed), trainer.data))


def windows(losses: list[float]) -> list[float]:
    """Means over consecutive windows."""
    return [sum(losses[i:i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]


def keras_parameters(net: nn.Module) -> int:
    """Parameters as Keras counts them: with the running statistics of batch norm."""
    return sum(p.numel() for p in net.parameters()) + sum(
        b.numel() for name, b in net.named_buffers() if "running" in name)


def measure(trial: Trial) -> dict[str, float | list[float]]:
    from scipy.stats import spearmanr

    moments = (EPOCH, 2 * EPOCH, 3 * EPOCH)
    look = Look(moments)
    done = trial.train("keras-dcgan", look)
    d_loss, g_loss = windows(look.d_loss[:EPOCH]), windows(look.g_loss[:EPOCH])
    trial.panel("real", images_panel(done.data.all()))
    trial.panel("keras-dcgan", images_panel(done.model.sample(64, seed=trial.seed)))
    steps = [WINDOW * (i + 1) for i in range(len(d_loss))]
    trial.panel("losses, as the tutorial prints them", curves_panel(
        {"d_loss": (steps, d_loss), "g_loss": (steps, g_loss)}, "step"))
    spec = DataSpec(shape=(1, 28, 28))
    paper = create("keras-dcgan", spec, seed=0)
    return {"d_loss at the start": look.d_loss[0], "lowest d_loss": min(d_loss), "highest g_loss": max(g_loss),
            "rank correlation of FID with time": float(spearmanr(moments, look.fids).statistic),
            "fid, untrained": judge_fid(trial.start("keras-dcgan").model.sample(1_000, seed=trial.seed), done.data),
            "fid": look.fids[-1], "fids": look.fids, "d_loss": d_loss, "g_loss": g_loss,
            "parameters of G": keras_parameters(paper.generator),
            "parameters of D": keras_parameters(paper.discriminator)}


CLAIM = Claim(
    statement="The tutorial's network has Keras' parameters, and in one of its epochs (468 batches) d_loss falls from "
              "0.69 below 0.5 and g_loss rises above 1; over three epochs the images tend to get better.",
    baseline="its own beginning; at a quarter of the tutorial's widths",
    sides={"keras-dcgan": Side("keras-dcgan", "small", {"steps": 3 * EPOCH})},
    checks=(
        Check("at the tutorial's widths, G has Keras' parameters", "parameters of G", "exactly", 6_763_777,
              "catalogue ARC-02"),
        Check("and so has D", "parameters of D", "exactly", 3_485_441, "catalogue ARC-02"),
        Check("d_loss starts near log 2", "d_loss at the start", "at least", 0.6, "the tutorial's log: 0.649"),
        Check("d_loss falls", "lowest d_loss", "below", 0.5, "the tutorial's log: 0.375"),
        Check("g_loss rises", "highest g_loss", "above", 1, "the tutorial's log: 1.298"),
        Check("FID falls over the checkpoints of three epochs", "rank correlation of FID with time", "below", 0,
              "catalogue ARC-02"),
        Check("and below that of the untrained network", "fid", "below", "fid, untrained", "catalogue ARC-02"),
    ),
    measure=measure,
)
