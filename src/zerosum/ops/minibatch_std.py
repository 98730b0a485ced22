"""The standard deviation over groups of a batch as feature maps (ProGAN, 1710.10196, Sec. 3; StyleGAN2's form)."""

import torch
from torch import Tensor


def minibatch_std(x: Tensor, group_size: int | None = 4, channels: int = 1) -> Tensor:
    """(N, C, H, W) -> (N, C + channels, H, W): x and, for each part of its maps, their mean deviation in the group.

    Image n belongs to group n mod N / group_size; a group is the batch if `group_size` is None or larger. The batch is
    a multiple of the group, C of `channels`.
    """
    n, _, height, width = x.shape
    size = n if group_size is None else min(group_size, n)
    groups = x.reshape(size, n // size, channels, -1)            # the maps of a part and their pixels are one mean
    deviation = (groups - groups.mean(0)).square().mean(0).add(1e-8).sqrt().mean(2)
    return torch.cat([x, deviation.repeat(size, 1)[:, :, None, None].expand(-1, -1, height, width)], 1)
