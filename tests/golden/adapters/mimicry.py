"""kwotsin/mimicry: ResNets at 32 px and more, and losses."""

from functools import partial

from torch import Tensor

from zerosum.interop.mimicry import convert, discriminator_settings, first_block, generator_settings, rename
from zerosum.losses import OBJECTIVES, binary_cross_entropy
from zerosum.networks import ResNetDiscriminator, ResNetGenerator

from .case import Case, play

REPO = "kwotsin/mimicry"


def generator(case: Case) -> dict[str, Tensor]:
    network = ResNetGenerator(**generator_settings(case.state))
    network.load_state_dict(convert(case.state))
    return play(case, network, partial(rename, first_block=first_block(case.state)), "out0")


def discriminator(case: Case, pool: str) -> dict[str, Tensor]:
    network = ResNetDiscriminator(**discriminator_settings(case.state, case.inputs["x"].shape[-1]), pool=pool)
    network.load_state_dict(convert(case.state))
    return play(case, network, partial(rename, first_block=first_block(case.state)), "out0",
                lambda x: network(x).unsqueeze(1))


def losses(case: Case) -> dict[str, Tensor]:
    real, fake = case.inputs["real"], case.inputs["fake"]
    standard, wasserstein, hinge = (OBJECTIVES[name] for name in ("non-saturating", "wasserstein", "hinge"))
    return {"out.minimax_gen": standard.generator(fake), "out.ns_gen": standard.generator(fake),
            "out.minimax_dis": standard.discriminator(real, fake),
            # meta.json does not say which labels were recorded: it was 0.9 and 0.1.
            "out.minimax_dis_smooth": binary_cross_entropy(real, 0.9) + binary_cross_entropy(fake, 0.1),
            "out.wass_dis": wasserstein.discriminator(real, fake), "out.wass_gen": wasserstein.generator(fake),
            "out.hinge_dis": hinge.discriminator(real, fake), "out.hinge_gen": hinge.generator(fake)}


def _class(family: str, kind: str, size: int) -> tuple[str, str]:
    module = family.lower().replace("-", "_")
    return REPO, f"torch_mimicry.nets.{module}.{module}_{size}.{family.replace('-', '')}{kind}{size}"


SIZES = (32, 48, 64, 128)
ADAPTERS = {(REPO, "torch_mimicry.modules.losses"): losses}
ADAPTERS |= {_class(family, "Generator", size): generator for family in ("DCGAN", "WGAN-GP", "SNGAN") for size in SIZES}
ADAPTERS |= {_class(family, "Discriminator", size): partial(discriminator, pool=pool)
             for family, pool in (("DCGAN", "sum"), ("WGAN-GP", "mean")) for size in SIZES}
