"""Normalization of feature maps by name."""

from collections.abc import Callable

from torch import nn

_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,
    "layer": lambda channels: nn.GroupNorm(1, channels),     # statistics over (C, H, W), a gain and bias per channel
    "none": lambda channels: nn.Identity(),
}


def norm2d(name: str, channels: int) -> nn.Module:
    """Make a normalization of maps (N, channels, H, W): batch, instance (without gain and bias), layer or none.

    Only batch normalization ties the samples of a batch together, which a gradient penalty forbids (1704.00028,
    Sec. 4). Raises ValueError for another name.
    """
    if name not in _NORMS:
        raise ValueError(f"unknown norm '{name}'; there is: {', '.join(_NORMS)}")
    return _NORMS[name](channels)
