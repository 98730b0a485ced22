"""Perceptual distance of pairs of images by the layers of a network (LPIPS): lower is better, 0 for equal images.

Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, 2018, arXiv:1801.03924. Only a
VGG16, AlexNet or SqueezeNet of ImageNet with the published weights gives LPIPS; with another network, such as the ones
shipped here, all channels weigh 1 and the number has the form of LPIPS and neither its scale nor its fit to people.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...core import UsageError
from ...ops import at_least_float32
from ..features.extractor import Layers

EPSILON = 1e-10                              # the published code's


def perceptual_distance(x: Tensor, y: Tensor, extractor: Layers, weights: Sequence[Tensor] | None = None) -> Tensor:
    """Distance of each pair of images (N, C, H, W) in [-1, 1]: (N,), not negative, with gradients to the images.

    Eq. 1: sum over layers, mean over places, sum over channels of w_c (a_c / |a| - b_c / |b|)^2, of the activations a
    and b that `extractor.layers` returns. The extractor scales the images as its network wants them: `VGGFeatures` by
    ImageNet's statistics, which are LPIPS' shift and scale. weights: (C_k,) of each layer, not negative; default 1.
    Raises UsageError for images of different shapes, and for weights that do not fit the layers.
    """
    if x.shape != y.shape or x.ndim != 4:
        raise UsageError(f"LPIPS compares images (N, C, H, W) of one shape, not {tuple(x.shape)} and {tuple(y.shape)}")
    layers = [_unit(at_least_float32(layer)) for layer in extractor.layers(torch.cat([x, y]))]
    if weights is None:
        weights = [layer.new_ones(layer.shape[1]) for layer in layers]
    if [len(weight) for weight in weights] != [layer.shape[1] for layer in layers]:
        raise UsageError(f"the weights are of layers with {[len(weight) for weight in weights]} channels, but those of "
                         f"{extractor.name} have {[layer.shape[1] for layer in layers]}")
    return sum(_distance(layer, weight.to(layer)) for layer, weight in zip(layers, weights, strict=True))


def published_weights(path: str | Path) -> list[Tensor]:
    """The learnt weights of a published file (vgg.pth, alex.pth, squeeze.pth, or safetensors): (C_k,) of each layer.

    Its keys are lin0.model.1.weight, lin1.model.1.weight, ..., of shape (1, C_k, 1, 1). Raises UsageError for a file
    that is not there or holds anything else.
    """
    try:
        state = _tensors(Path(path).expanduser())
    except Exception as error:               # what a damaged file makes torch raise is documented nowhere
        raise UsageError(f"{path} cannot be read as weights: {str(error).splitlines()[0]}") from error
    keys = [f"lin{k}.model.1.weight" for k in range(len(state))]
    if not keys or set(keys) != state.keys():
        raise UsageError(f"{path} holds no weights of LPIPS: its keys must be lin0.model.1.weight, ...")
    found = [state[key] for key in keys]
    if not all(w.ndim == 4 and w.numel() == w.shape[1] and w.isfinite().all() and (w >= 0).all() for w in found):
        raise UsageError(f"the weights in {path} must be (1, C, 1, 1) and not negative")
    return [weight.flatten().float() for weight in found]


def _unit(layer: Tensor) -> Tensor:
    # The norm has a gradient of 0 where nothing is active; sqrt(sum of squares) would have none.
    return layer / (torch.linalg.vector_norm(layer, dim=1, keepdim=True) + EPSILON)


def _distance(layer: Tensor, weight: Tensor) -> Tensor:
    first, second = layer.chunk(2)
    return torch.einsum("nchw,c->n", (first - second).square(), weight) / layer[0, 0].numel()


def _tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)       # nothing that is read can run code
