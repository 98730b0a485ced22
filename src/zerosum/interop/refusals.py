"""Networks that are known, but that none of ours computes: what is said of them."""

from collections.abc import Sequence

from torch import Tensor

from . import lucidrains, rosinality_stylegan, studiogan
from .family import State
from .states import Network

_GAN_ZOO = ("these are weights of ProGAN as GAN zoo has it, which scales them otherwise and halves maps after the "
            "activation; the files of tkarras/progressive_growing_of_gans are read")
_NO_CONVERSION = ("these are weights of the first code of StyleGAN2, in TensorFlow: convert them with legacy.py of "
                  "NVlabs/stylegan2-ada-pytorch, and import what it writes")


def refusal(networks: Sequence[Network]) -> str:
    """Why one of these networks cannot be read, although it is known; "" where none is such."""
    for network in networks:
        if said := _of_project(network) or _of_studiogan(network.state):
            return f"{network.place or 'this file'}: {said}"
    return ""


def _of_project(network: Network) -> str:
    state: dict[str, Tensor] = network.state
    if lucidrains.is_of_project(state) and (odd := lucidrains.odd(state)):
        return f"these are weights of lucidrains/stylegan2-pytorch with {odd}; no network of zerosum computes that"
    if odd := rosinality_stylegan.odd(state):
        return f"these are weights of rosinality/style-based-gan-pytorch, of {odd}; no network of zerosum computes that"
    if not state.keys().isdisjoint({"formatLayer.module.weight", "groupScaleZero.0.module.weight"}):
        return _GAN_ZOO
    if network.kind in ("G_main", "G_synthesis_stylegan2", "G_mapping_stylegan2", "D_stylegan2", "D_stylegan"):
        return _NO_CONVERSION
    return ""


def _of_studiogan(state: State) -> str:
    odd = studiogan.odd(state)
    alone = ": import the generator without it" if odd and studiogan.is_discriminator(state) else ""
    return f"StudioGAN's network has {odd}; no network of zerosum computes that{alone}" if odd else ""
