"""Discriminator as generator: Lee (2018), Introduction of Generative Adversarial Network, lecture of the course MLDS,
speech.ee.ntu.edu.tw/~tlkagk/courses_MLDS18.html.

    negatives <- drawn at random
    each round:   D ascends  E_x[log D(x)] + E_{x ~ negatives}[log(1 - D(x))]
                  negatives <- argmax_x D(x), searched for from random starts
    sample:       argmax_x D(x)

There is no generator: what D scores high and is not real is found by solving the argmax, and pushed down. Where data
are, the positives hold D up. The argmax is solved by gradient ascent, or exactly, where all images of black and white
pixels can be listed.

Players     discriminator (one update per step).
Departures  the lecture leaves open how the argmax is solved. New negatives take the place of the oldest of a pool, and
            those of past rounds stay for a while, else D forgets them. Where all images are listed, the negatives are
            the best of all, real ones included, and samples are drawn from those with D(x) > 1/2.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register
from ...losses import OBJECTIVES
from ...networks.mlp import MLPDiscriminator

MOST_PIXELS = 20                             # of images that are all listed: a million of them


@register
class DiscriminatorGenerator(LatentModel):
    """A discriminator alone, which learns from the samples that it finds itself."""

    @dataclass(frozen=True)
    class Config:
        search: Literal["argmax", "none"] = "argmax"   # for negatives that D scores high; none: drawn at random
        binary: bool = False                 # images of black and white pixels, 20 at most: all are listed
        round_steps: int = 50                # updates from one search for negatives to the next
        pool: int = 2_000                    # negatives kept
        renewed: int = 500                   # of which the oldest are replaced each round
        ascent_steps: int = 60               # of the gradient, for each search
        ascent_rate: float = 0.1             # root mean square of the first step's change; it falls linearly to zero
        reach: float = 3.0                   # points are looked for in [-reach, reach], images in [-1, 1]
        width: int = 256                     # units of the hidden layers
        depth: int = 3                       # hidden layers
        activation: Literal["leaky-relu", "relu", "tanh"] = "leaky-relu"   # of the hidden layers
        lr: float = 1e-3                     # Adam's learning rate
        betas: tuple[float, float] = (0.9, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the moving average of D in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "round_steps", "pool", "renewed", "ascent_steps", "ascent_rate", "reach", "width", "depth",
                     "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")
            if self.renewed > self.pool:
                raise UsageError(f"renewed {self.renewed} is more than the pool holds: at most {self.pool}")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 64, "steps": 20_000},
        "small": {"data": "digits", "image_size": 8, "round_steps": 5, "pool": 1_024, "renewed": 64,
                  "ascent_rate": 0.05, "lr": 5e-4, "batch_size": 64, "steps": 2_500},
        "ring": {"data": "ring", "width": 128, "activation": "tanh", "batch_size": 128, "steps": 1_500},
        "tiny": {"data": "digits", "image_size": 8, "round_steps": 2, "pool": 8, "renewed": 4, "ascent_steps": 3,
                 "width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Introduction of Generative Adversarial Network: can a discriminator generate?", authors="Lee", year=2018,
        arxiv="https://speech.ee.ntu.edu.tw/~tlkagk/courses_MLDS18.html",
        summary="No generator: samples are what the discriminator scores highest, and those that it finds by itself "
                "are its next negatives.",
        tasks=("generation",), structure="iterative", density="approximate",
        generator="none: gradient ascent of the discriminator, or enumeration", discriminator="MLP", extra="none",
        objective="logistic, on real samples and on the argmax of the discriminator", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if cfg.binary and not (data.is_image and data.size <= MOST_PIXELS):
            raise UsageError(f"binary lists all images of black and white pixels, {MOST_PIXELS} of them at most, and "
                             f"these samples are {'x'.join(map(str, data.shape))}: use binary=false")
        self.discriminator = MLPDiscriminator(data.shape, width=cfg.width, depth=cfg.depth, activation=cfg.activation,
                                              dropout=(0.0, 0.0))
        self.objective = OBJECTIVES["non-saturating"]
        self.edge = 1.0 if data.is_image else cfg.reach
        self.register_buffer("negatives", self.at_random(cfg.pool))

    def players(self) -> dict[str, Player]:
        return {"discriminator": Player(self.discriminator, adam(self.cfg.lr, self.cfg.betas), ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        now, later = divmod(trainer.step, self.cfg.round_steps)
        if now and not later:
            self.renew(now)
        batch = trainer.batch()
        batch.keep(negatives=self.negatives[torch.randint(self.cfg.pool, (batch.size,), device=self.device)])
        return trainer.update("discriminator", self.discriminator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x),
                                                            self.discriminator(batch.negatives))}

    @torch.no_grad()
    def renew(self, now: int) -> None:
        """Replace the oldest negatives by what D, as it is in round `now`, scores highest."""
        cfg = self.cfg
        found = self.at_random(cfg.renewed).to(self.negatives)
        if cfg.search == "argmax":
            found = self.candidates()[0][:cfg.renewed] if cfg.binary else self.ascend(found)
        oldest = torch.arange(len(found), device=self.device) + (now - 1) * cfg.renewed
        self.negatives[oldest % cfg.pool] = found

    def at_random(self, n: int) -> Tensor:
        """Samples (n, *shape) that nobody looked for: points within reach, images, or images of black and white."""
        x = self.start(torch.rand(n, self.data.size) * 2 - 1)
        return x.sign() if self.cfg.binary else x

    def start(self, z: Tensor) -> Tensor:
        """The samples (N, *shape) at which z (N, size) in [-1, 1] lies."""
        return (z * self.edge).unflatten(1, self.data.shape)

    def ascend(self, x: Tensor) -> Tensor:
        """Climb D from x (N, *shape), each sample for itself, by steps of equal length that shrink to nothing."""
        for step in range(self.cfg.ascent_steps):
            x = x.detach()
            x.requires_grad = True
            with torch.enable_grad():
                gradient = torch.autograd.grad(self.discriminator(x).sum(), x)[0]
            length = self.cfg.ascent_rate * (1 - step / self.cfg.ascent_steps) * self.data.size ** 0.5
            move = length * normalize(gradient.flatten(1), dim=1)
            x = (x.detach() + move.view_as(x)).clamp(-self.edge, self.edge)
        return x.detach()

    def candidates(self) -> tuple[Tensor, Tensor]:
        """All images of black and white pixels, (2^size, *shape), and their scores (2^size,): the best first."""
        bits = torch.arange(self.data.size, device=self.device)
        every = torch.arange(2 ** self.data.size, device=self.device)[:, None] >> bits & 1
        x = (every * 2.0 - 1).unflatten(1, self.data.shape)
        scores, order = self.discriminator(x).sort(descending=True, stable=True)
        return x[order], scores

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw z: where to start from, U(-1, 1), (N, size); or U(0, 1), (N, 1), which of all listed images it is."""
        n, size = n.size if isinstance(n, Batch) else n, 1 if self.cfg.binary else self.data.size
        z = torch.rand(n, size, device=self.device if generator is None else generator.device, generator=generator)
        return (z if self.cfg.binary else z * 2 - 1).to(self.device)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z to samples (N, *shape): the top of the hill on which it lies; or, of all listed images with D(x) > 1/2,
        the best for z = 0, and the last for z = 1."""
        if not self.cfg.binary:
            return self.ascend(self.start(z))
        x, scores = self.candidates()
        believed = (scores > 0).sum().clamp(min=1)
        return x[(z[:, 0] * believed).long().clamp(max=believed - 1)]

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)
