"""Auxiliary losses of a generator: what it is held to beside the adversarial game, weighed by name.

Each is zero where what was made is what was wanted. Images are (N, C, H, W); every loss is a mean over all samples, so
that a weight means the same for any batch and size.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Features = Callable[[Tensor], Sequence[Tensor]]      # images -> maps (N, C, H, W) of one or several layers
Translator = Callable[[Tensor], Tensor]              # images of one domain -> images of another


def l1(made: Tensor, wanted: Tensor) -> Tensor:
    """E|made - wanted|, which keeps edges sharper than squares do (pix2pix, 1611.07004, Eq. 3)."""
    return (made - wanted).abs().mean()


def l2(made: Tensor, wanted: Tensor) -> Tensor:
    """E[(made - wanted)^2]."""
    return (made - wanted).square().mean()


def perceptual(made: Tensor, wanted: Tensor, features: Features) -> Tensor:
    """Sum over layers of E[(phi(made) - phi(wanted))^2] (1603.08155, Eq. 2); phi may be a network's or D's features."""
    return torch.stack([l2(a, b) for a, b in zip(features(made), features(wanted), strict=True)]).sum()


def gram(maps: Tensor) -> Tensor:
    """Products of channels averaged over places, G = F F^T / (C H W): maps (N, C, H, W) -> (N, C, C)."""
    flat = maps.flatten(2)
    return flat @ flat.mT / flat[0].numel()


def style(made: Tensor, wanted: Tensor, features: Features) -> Tensor:
    """Sum over layers of the squared Frobenius distance of Gram matrices, averaged over samples (1603.08155, Eq. 4)."""
    return torch.stack([(gram(a) - gram(b)).square().sum((1, 2)).mean()
                        for a, b in zip(features(made), features(wanted), strict=True)]).sum()


def total_variation(made: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, down plus across; zero for one colour (1603.08155, Sec. 3.2)."""
    return made.diff(dim=2).abs().mean() + made.diff(dim=3).abs().mean()


def classification(logits: Tensor, labels: Tensor) -> Tensor:
    """-E[log p(label)] of logits (N, K) and labels (N,), which goes to 0 as the right class becomes certain."""
    return F.cross_entropy(logits, labels)


def cycle(x: Tensor, there: Translator, back: Translator) -> Tensor:
    """E|back(there(x)) - x|: what was translated comes back (CycleGAN, 1703.10593, Eq. 2)."""
    return l1(back(there(x)), x)


def identity(x: Tensor, there: Translator) -> Tensor:
    """E|there(x) - x| for an x that lies in the target domain already (1703.10593, Sec. 5.2)."""
    return l1(there(x), x)


# Of (made, wanted, features); those that need neither leave them.
AUXILIARY: dict[str, Callable[[Tensor, Tensor, Features | None], Tensor]] = {
    "l1": lambda made, wanted, features: l1(made, wanted),
    "l2": lambda made, wanted, features: l2(made, wanted),
    "perceptual": perceptual,
    "style": style,
    "total-variation": lambda made, wanted, features: total_variation(made),
}


def auxiliary(weights: Mapping[str, float], made: Tensor, wanted: Tensor,
              features: Features | None = None) -> dict[str, Tensor]:
    """Weighted terms by name, as an update takes them: weight * loss(made, wanted) for images of equal shape.

    Raises ValueError for a name that AUXILIARY has not, for images that differ in shape, and for a loss that looks at
    features where there are none.
    """
    if surplus := weights.keys() - AUXILIARY:
        raise ValueError(f"unknown auxiliary loss '{min(surplus)}'; there is: {', '.join(AUXILIARY)}")
    if made.shape != wanted.shape:
        raise ValueError(f"made and wanted images differ in shape: {tuple(made.shape)} and {tuple(wanted.shape)}")
    if features is None and (blind := weights.keys() & {"perceptual", "style"}):
        raise ValueError(f"{min(blind)} compares features: give features, a function of images")
    return {name: weight * AUXILIARY[name](made, wanted, features) for name, weight in weights.items()}
