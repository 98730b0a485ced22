"""The five architecture guidelines of DCGAN (1511.06434, Sec. 3), checked on any pair of networks."""

from typing import NamedTuple

from torch import nn

_CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_RESAMPLING = (nn.Upsample, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
               nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_ACTIVATION = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus)


class Guideline(NamedTuple):
    """One rule, whether both networks keep it, and what was found."""

    rule: str
    ok: bool
    why: str


def check_dcgan_guidelines(net_g: nn.Module, net_d: nn.Module) -> list[Guideline]:
    """Judge a generator and a discriminator by the five guidelines, from their modules in order of declaration.

    What a network calls as a function (`relu(x)`) is no module and is not seen.
    """
    layers_g, layers_d = _leaves(net_g), _leaves(net_d)
    return [_strided(layers_g + layers_d), _batch_norm(layers_g, layers_d), _no_dense(layers_g + layers_d),
            _activations("ReLU in the generator, tanh at its output", layers_g, nn.ReLU, nn.Tanh),
            _activations("LeakyReLU in all layers of the discriminator", layers_d, nn.LeakyReLU, None)]


def _leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if isinstance(layer, (*_CONV, *_BATCH_NORM, *_RESAMPLING, *_ACTIVATION,
                                                                   nn.Linear))]


def _names(layers: list[nn.Module]) -> str:
    """The kinds of layers with their number: `2 Linear, 1 MaxPool2d`."""
    kinds = [type(layer).__name__ for layer in layers]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _strided(layers: list[nn.Module]) -> Guideline:
    found = [layer for layer in layers if isinstance(layer, _RESAMPLING)]
    strided = [layer for layer in layers if isinstance(layer, _CONV) and max(layer.stride) > 1]
    return Guideline("strided and fractionally strided convolutions instead of pooling and upsampling",
                     bool(strided) and not found, _names(found or strided) or "no strided convolution")


def _batch_norm(layers_g: list[nn.Module], layers_d: list[nn.Module]) -> Guideline:
    """All hidden layers but the generator's output and the discriminator's input; the last layer of D is its score."""
    normed_g, normed_d = _normed(layers_g), _normed(layers_d)
    wrong_g = normed_g[:-1].count(False) + normed_g[-1:].count(True)
    wrong_d = normed_d[:1].count(True) + normed_d[1:-1].count(False) + normed_d[-1:].count(True)
    return Guideline("batch normalization in all layers but the generator's output and the discriminator's input",
                     not wrong_g + wrong_d,
                     f"{wrong_g} layers of the generator and {wrong_d} of the discriminator differ")


def _normed(layers: list[nn.Module]) -> list[bool]:
    """For every layer with weights: is the next layer batch normalization?"""
    return [isinstance(after, _BATCH_NORM) for layer, after in zip(layers, [*layers[1:], nn.Identity()], strict=True)
            if isinstance(layer, (*_CONV, nn.Linear))]


def _no_dense(layers: list[nn.Module]) -> Guideline:
    found = [layer for layer in layers if isinstance(layer, nn.Linear)]
    return Guideline("no fully connected layers", not found, _names(found) if found else "none")


def _activations(rule: str, layers: list[nn.Module], hidden: type[nn.Module],
                 output: type[nn.Module] | None) -> Guideline:
    found = [layer for layer in layers if isinstance(layer, _ACTIVATION)]
    inner, last = (found[:-1], found[-1:]) if output else (found, [])
    ok = bool(inner) and all(isinstance(layer, hidden) for layer in inner) and \
        all(isinstance(layer, output or hidden) for layer in last)
    return Guideline(rule, ok, _names(found) or "no activation layer found")
