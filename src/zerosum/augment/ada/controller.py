"""ADA's controller: more augmentation while the discriminator overfits, less while it does not."""

import torch
from torch import Tensor, nn

from .pipe import AugmentPipe
from .spec import AdaSpec


class AdaptiveProbability(nn.Module):
    """Moves a probability by how sure the discriminator is of what it was trained on (2006.06676, Sec. 3.1).

        r_t = E[sign(D(x))],   p += sign(r_t - target) batch interval / ramp,   p >= 0

    r_t is a mean over `interval` updates; p goes from 0 to 1 within `ramp` real images at the fastest. In the paper
    target is 0.6 and ramp 500,000 (100,000 where a trained network is tuned). The buffers are what is needed to resume.
    """

    signs: Tensor
    updates: Tensor
    images: Tensor

    def __init__(self, target: float = 0.6, ramp: float = 500_000, interval: int = 4):
        super().__init__()
        self.target, self.ramp, self.interval = target, ramp, interval
        self.register_buffer("signs", torch.zeros(()))                       # their sum since p moved last
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))  # how many these are
        self.register_buffer("images", torch.zeros((), dtype=torch.int64))   # real ones seen when p moved last

    @torch.no_grad()
    def move(self, p: Tensor, sign: Tensor, images: int) -> None:
        """Take note of an update's E[sign(D(x))], averaged over all processes, and move p, in place, when it is time.

        images: the real ones that the training has seen so far.
        """
        self.signs.add_(sign)
        self.updates.add_(1)
        due = self.updates >= self.interval
        step = torch.sign(self.signs / self.updates - self.target) * (images - self.images) / self.ramp
        p.copy_(torch.where(due, (p + step).clamp(min=0), p))
        self.images.copy_(torch.where(due, images, self.images))
        for since in (self.signs, self.updates):
            since.mul_(~due)


class AdaptiveAugment(nn.Module):
    """ADA: the pipeline, with p = 0 at first, and its controller."""

    def __init__(self, spec: AdaSpec | str = "bgc", target: float = 0.6, ramp: float = 500_000, interval: int = 4):
        super().__init__()
        self.pipe = AugmentPipe(spec, p=0.0)
        self.controller = AdaptiveProbability(target, ramp, interval)

    def forward(self, x: Tensor) -> Tensor:
        """Augment images x (N, C, H, W)."""
        return self.pipe(x)

    def move(self, sign: Tensor, images: int) -> None:
        """Move p by an update's E[sign(D(x))], averaged over all processes, after so many real images in all."""
        self.controller.move(self.pipe.p, sign, images)
