"""ajbrock/BigGAN-PyTorch: losses."""

import torch
from torch import Tensor

from zerosum.losses import OBJECTIVES, binary_cross_entropy

from .case import Case

REPO = "ajbrock/BigGAN-PyTorch"


def losses(case: Case) -> dict[str, Tensor]:
    real, fake = case.inputs["real"], case.inputs["fake"]
    standard, hinge = OBJECTIVES["non-saturating"], OBJECTIVES["hinge"]
    inside = torch.full((1,), 2.0)           # a score beyond its margin, which the hinge counts as nought
    return {"out.dcgan_dis.0": binary_cross_entropy(real, 1.0), "out.dcgan_dis.1": binary_cross_entropy(fake, 0.0),
            "out.dcgan_gen": standard.generator(fake), "out.hinge_gen": hinge.generator(fake),
            "out.hinge_dis.0": hinge.discriminator(real, -inside), "out.hinge_dis.1": hinge.discriminator(inside, fake)}


ADAPTERS = {(REPO, "losses"): losses}
