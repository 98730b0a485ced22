"""What the network of photographs is asked, without labels: what was done to a patch, and how it looks from afar.

Two photographs have no classes worth naming, and turns (1803.07728) that are learnt on one part of them do not carry
over to the other: right on 25 % of the test patches, which is chance. Colours, damage and thumbnails do.
"""

from itertools import permutations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate, pad

ORDERS = torch.tensor(list(permutations(range(3))))
DAMAGES = ("none", "blurred", "noisy", "pixelated", "cut")
ASKED = {"order of colours": len(ORDERS), "damage": len(DAMAGES), "thumbnail": 48}       # answer -> size
JOINT = "photograph, order of colours and damage"        # all three named rightly


def disguised(x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Images (N, 3, S, S) with colours reordered and one kind of damage each, at random, and the answers to ASKED."""
    order, damage = torch.randint(len(ORDERS), (len(x),)), torch.randint(len(DAMAGES), (len(x),))
    x = x[torch.arange(len(x))[:, None], ORDERS[order]]
    strength = torch.rand(len(x), 1, 1, 1)
    blurred = avg_pool2d(pad(x, [1] * 4, mode="replicate"), 3, 1)
    pixelated = interpolate(avg_pool2d(x, 2), scale_factor=2.0)
    noisy = x + (0.02 + 0.28 * strength) * torch.randn_like(x)
    half = x.shape[-1] // 2
    cut = x.roll((half + int(torch.randint(-half // 2, half // 2, ())), half), (2, 3))
    mild = 0.4 + 0.6 * strength
    kinds = torch.stack([x, x.lerp(blurred, mild), noisy.clamp(-1, 1), x.lerp(pixelated, mild), cut])
    x = kinds[damage, torch.arange(len(x))]
    return x, {"order of colours": order, "damage": damage, "thumbnail": adaptive_avg_pool2d(x, 4).flatten(1)}
