"""Share of the spectral energy of images above half the Nyquist frequency: low if they are blurred, high if noisy.

Ideal is the share of real images. The trap: blur and noise together cancel, and where detail lies is not seen.
Energies are summed over all images before they are divided, so that nearly blank images do not count as much as full
ones; the mean brightness (frequency 0) is left out.
"""

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets


def spectral_energy(x: Tensor) -> Tensor:
    """Energy above a quarter of a cycle per pixel and in all, per image: (N, C, H, W) -> (N, 2) float64.

    By the cosine transform: a Fourier transform would take the step from one border to the opposite one for detail.
    """
    from scipy.fft import dctn

    energy = torch.from_numpy(dctn(x.detach().cpu().double().numpy(), axes=(2, 3), norm="ortho")).square()
    vertical, horizontal = (torch.arange(size, dtype=torch.float64) / (2 * size) for size in x.shape[2:])
    radius = (vertical[:, None] ** 2 + horizontal ** 2).sqrt()           # cycles per pixel
    return torch.stack([(energy * (radius > limit)).sum((1, 2, 3)) for limit in (0.25, 0.0)], 1)


def high_frequency_share(spectrum: Tensor) -> float:
    """The share of high frequencies in [0, 1], from `spectral_energy` (N, 2); 0 for images without any contrast."""
    high, total = spectrum.sum(0).tolist()
    return high / total if total else 0.0


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    for side in (real, fake):
        if side.shape[1] != 2 or (side[:, 0] < 0).any() or (side[:, 0] > side[:, 1] * (1 + 1e-6)).any():
            raise UsageError("a spectrum is (N, 2), the energy of high frequencies and that of all, as spectral_energy "
                             "gives it")
    value = high_frequency_share(fake)
    settings = {"above": "0.25 cycles per pixel", "transform": "cosine", "pooled": "over images"}
    bounds, method = None, ""
    if len(fake) >= 4:
        halves = [high_frequency_share(fake[j]) for _, j in subsets(len(real), len(fake), 40, context.seed)]
        low, high = interval(value, halves)
        bounds, method = (max(0.0, low), min(1.0, high)), "40 random halves"
    return {"high-frequency": Reading(value, "nearer", high_frequency_share(real), bounds, method, settings)}


METRIC = Metric.of_view("high-frequency", "spectrum", ("high-frequency",), _measure, "1711.05914")
