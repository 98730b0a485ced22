"""Low-pass filters with a Kaiser window, along one axis or radial (StyleGAN3, 2106.12423, Sec. 3.2 and App. C)."""

from math import pi

import torch
from torch import Tensor


def design_lowpass_filter(taps: int, *, cutoff: float, width: float, rate: float,
                          radial: bool = False) -> Tensor | None:
    """The filter (taps,) of sum one, or (taps, taps) if `radial`, that passes what is below `cutoff`; None for one tap.

        sinc(2 cutoff t) kaiser(t),   or  J1(2 pi cutoff r) / (pi r) kaiser(x) kaiser(y)

    `width` of the transition band and `cutoff` are in the unit of the sampling `rate`.
    """
    if taps == 1:
        return None
    window = torch.kaiser_window(taps, periodic=False, beta=kaiser_beta(taps, width / (rate / 2)), dtype=torch.float64)
    t = (torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / rate
    if radial:
        r = torch.hypot(t[:, None], t[None, :]).clamp_min(1e-12 / cutoff)                # the limit at 0 is the cutoff
        f = torch.special.bessel_j1(2 * pi * cutoff * r) / (pi * r) * torch.outer(window, window)
    else:
        f = torch.sinc(2 * cutoff * t) * window
    return (f / f.sum()).float()


def kaiser_beta(taps: int, width: float) -> float:
    """The window's shape for a transition band of this width, in halves of the rate (Kaiser, 1974)."""
    attenuation = 2.285 * (taps - 1) * pi * width + 7.95
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    return 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21) if attenuation > 21 else 0.0
