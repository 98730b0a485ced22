"""Single augmentations: x (N, C, H, W) in [-1, 1] -> the same shape, drawn anew for each sample."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def identity(x: Tensor) -> Tensor:
    """Return x."""
    return x


def flip(x: Tensor) -> Tensor:
    """Mirror each image of x (N, C, H, W) left to right with probability 1/2; raises ValueError for other shapes."""
    check_images(x)
    mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(3), x)


def translation(x: Tensor, ratio: float = 0.125) -> Tensor:
    """Shift each image of x (N, C, H, W) by up to `ratio` of its sides, filling with zeros (DiffAugment, 2006.10738).

    Offsets are whole pixels, uniform and independent in both directions. Raises ValueError for other shapes.
    """
    check_images(x)
    samples, _, height, width = x.shape
    reach_y, reach_x = int(height * ratio + 0.5), int(width * ratio + 0.5)
    offsets_y = torch.randint(-reach_y, reach_y + 1, (samples, 1), device=x.device)
    offsets_x = torch.randint(-reach_x, reach_x + 1, (samples, 1), device=x.device)
    rows = (torch.arange(reach_y, reach_y + height, device=x.device) + offsets_y)[:, :, None]    # of the padded image
    columns = (torch.arange(reach_x, reach_x + width, device=x.device) + offsets_x)[:, None, :]
    padded = pad(x, (reach_x, reach_x, reach_y, reach_y)).permute(0, 2, 3, 1)
    each = torch.arange(samples, device=x.device)[:, None, None]
    return padded[each, rows, columns].permute(0, 3, 1, 2)


def check_images(x: Tensor) -> None:
    """Raise ValueError unless x is (N, C, H, W)."""
    if x.dim() != 4:
        raise ValueError(f"only images (N, C, H, W) can be augmented, not a tensor of shape {tuple(x.shape)}")
