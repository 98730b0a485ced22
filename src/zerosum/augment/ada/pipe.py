"""The augmentation pipeline of ADA (Karras et al., 2020, arXiv:2006.06676, App. B)."""

import torch
from torch import Tensor, nn

from ...ops import at_least_float32, setup_filter
from ..simple import check_images
from .color import colour_maps, recolour
from .corruption import cut, noised
from .draws import Draws
from .filtering import band_gains, filter_bank, filtered
from .geometry import SYM6, inverse_maps, warp
from .spec import SPECS, AdaSpec

COLOURS = ("brightness", "contrast", "lumaflip", "hue", "saturation")


class AugmentPipe(nn.Module):
    """Eighteen differentiable operations, each applied to an image with probability p times its number in the spec.

    spec: an AdaSpec or the name of one in SPECS. p is a buffer; with p = 0 every image stays exactly as it is. The
    buffers are named as in the authors' code.
    """

    p: Tensor
    Hz_geom: Tensor
    Hz_fbank: Tensor

    def __init__(self, spec: AdaSpec | str = "bgc", p: float = 1.0):
        super().__init__()
        self.spec = SPECS[spec] if isinstance(spec, str) else spec
        self.register_buffer("p", torch.tensor(p))
        self.register_buffer("Hz_geom", setup_filter(SYM6))
        self.register_buffer("Hz_fbank", filter_bank())

    def forward(self, x: Tensor, draws: Draws | None = None) -> Tensor:
        """Augment images x (N, C, H, W), in float32 or more; values may leave [-1, 1].

        Raises ValueError for other shapes, for colours with other than 1 or 3 channels, and for image filters with
        sides of up to 21 pixels.
        """
        check_images(x)
        spec, p, draws = self.spec, self.p, draws or Draws(len(x), x.device)
        with torch.autocast(x.device.type, enabled=False):           # bfloat16 cannot hold a position in pixels
            x = self._warped(at_least_float32(x), draws)
            if any(getattr(spec, operation) for operation in COLOURS):
                x = self._recoloured(x, draws)
            if spec.imgfilter:
                gains, happens = band_gains(spec, p, draws)
                x = filtered(x, gains, self.Hz_fbank) if happens.any() else x
            x = noised(x, spec, p, draws) if spec.noise else x
            return cut(x, spec, p, draws) if spec.cutout else x

    def _warped(self, x: Tensor, draws: Draws) -> Tensor:
        inverse, moved = inverse_maps(self.spec, self.p, draws, (x.shape[2], x.shape[3]))
        return warp(x, inverse, self.Hz_geom) if moved.any() else x

    def _recoloured(self, x: Tensor, draws: Draws) -> Tensor:
        if x.shape[1] not in (1, 3):
            raise ValueError(f"ADA changes the colours of 1 or 3 channels, and these images have {x.shape[1]}: choose "
                             "a pipeline without colours, as bg")
        return recolour(x, colour_maps(self.spec, self.p, draws, grey=x.shape[1] == 1))
