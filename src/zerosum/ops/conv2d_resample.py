"""A convolution between upsampling and downsampling (StyleGAN2, 1912.04958, App. B), in the order that costs least."""

from torch import Tensor

from .correlation import Padding, correlate, sides
from .upfirdn2d import centred, upfirdn2d


def conv2d_resample(x: Tensor, w: Tensor, f: Tensor | None = None, b: Tensor | None = None, *, up: int = 1,
                    down: int = 1, padding: Padding = 0, groups: int = 1, flip_weight: bool = True,
                    flip_filter: bool = False) -> Tensor:
    """(N, C, H, W), w (O, C / groups, kh, kw) -> (N, O, H up / down, W up / down), for padding (k - 1) / 2.

    x is upsampled by `up`, filtered by f, padded, correlated with w (convolved unless `flip_weight`), filtered by f
    and downsampled by `down`; these are linear and commute, so that w never meets a zero or a pixel that is left out.
    The bias b (O,) comes last.
    """
    def conv(x: Tensor, bias: Tensor | None = None, **geometry) -> Tensor:
        return correlate(x, w, groups=groups, convolve=not flip_weight, bias=bias, **geometry)

    def fir(x: Tensor, **geometry) -> Tensor:
        return upfirdn2d(x, f, flip_filter=flip_filter, **geometry)

    height, width = w.shape[2:]
    pointwise = height == width == 1
    padding = sides(padding)
    if up == 1 and down == 1:
        return conv(x, b, padding=padding)
    padding = centred(f, up, 1, padding) if up > 1 else padding
    padding = centred(f, 1, down, padding) if down > 1 else padding
    if up == 1:
        return (conv(fir(x, down=down, padding=padding), b) if pointwise else
                conv(fir(x, padding=padding), b, down=(down, down)))
    if pointwise:
        x = fir(conv(x), up=up, padding=padding, gain=up**2)
    else:
        # All that w reaches, of which the filter then takes what the padding leaves.
        reach = (width - 1, width - up, height - 1, height - up)
        rest = tuple(side - done for side, done in zip(padding, reach))
        x = fir(conv(x, up=(up, up), padding=reach), padding=rest, gain=up**2)
    x = x if down == 1 else fir(x, down=down)
    return x if b is None else x + b[:, None, None]
