"""BigGAN: Large Scale GAN Training for High Fidelity Natural Image Synthesis (Brock et al., 2018), arXiv:1809.11096.

    L_D = E_{x,y}[max(0, 1 - D(x, y))] + E_{z,y}[max(0, 1 + D(G(z, y), y))]
    L_G = -E_{z,y}[D(G(z, y), y)] + beta sum_W ||W^T W . (1 - I)||_F^2                                    Eq. (3)

SAGAN, made large. One embedding of the class is shared by all batch norms, and z is hierarchical: a part of it is the
input, and one goes to each block, beside the class. D moves twice a step. What is sampled are averaged weights, and
truncation trades variety for fidelity: numbers of z beyond a threshold are drawn again. That needs a smooth G, which
the regularizer is for: filters may have any length, but should not be alike.

Players     discriminator (every layer of spectral norm one, the embedding too), generator (every layer, the norms' too,
            but the embedding).
Departures  the networks are those of ajbrock/BigGAN-PyTorch. Regularized are all weights but the embedding. `sample`
            truncates by an increasing function of z in the place of drawing again: the same distribution, and the same
            sample at every threshold. Below 1, `truncation` is the paper's threshold; from 1 on, which all tools mean
            as trained, nothing is truncated. Data without classes trains it with norms that are told z alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Player,
    adam,
    best_over_classes,
    between,
    positive,
    register,
)
from ...layers import fresh_spectral_norm, standing_statistics
from ...losses import OBJECTIVES
from ...networks.biggan import BigGANDiscriminator, BigGANGenerator, block_down_to, block_up_to
from ...ops import truncated_normal
from ...penalties import orthogonality

CHUNK = 256                                  # samples made at a time, and in each pass of standing statistics


@register
class BigGAN(LatentModel):
    """The hinge game of classes with a hierarchical z, a shared embedding, and truncation."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 120                     # numbers in z; a hierarchical one has a part more than there are octaves
        prior: Literal["normal"] = "normal"  # z ~ N(0, I)
        shared: int = 128                    # numbers in the embedding of the class (0: each norm has its own)
        hierarchical: bool = True            # whether z goes to every block
        width: int = 96                      # of the generator's maps: a factor of the table for the size
        d_width: int = 96                    # of the discriminator's maps, likewise
        attention: int = 64                  # side of the maps that attention is on, at most (0: none)
        orthogonal: float = 1e-4             # weight of the orthogonal regularization of the generator (beta)
        d_steps: int = 2                     # discriminator updates per generator update
        lr: float = 5e-5                     # Adam's learning rate of the generator
        d_lr: float = 2e-4                   # of the discriminator
        betas: tuple[float, float] = (0.0, 0.999)             # of Adam
        ema: float = 1.42e7                  # half-life of the generator's moving average in images (0: none)
        standing: int = 0                    # passes of standing statistics before sampling (0: moving averages)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "d_width", "d_steps", "lr", "d_lr")
            between(self, 0, 1e4, "shared", "attention", "orthogonal", "standing")
            between(self, 0, 0.99999, "betas")
            between(self, 0, 1e9, "ema")

    # The regularizer sums over pairs of filters: of the small networks, which have few, it takes a larger share.
    PRESETS: dict[str, dict[str, Any]] = {
        "paper": {"data": "photos", "image_size": 128, "batch_size": 2048, "steps": 140_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 48, "shared": 16, "width": 4, "d_width": 4,
                  "attention": 8, "orthogonal": 0.01, "standing": 8, "lr": 1e-3, "d_lr": 2e-3, "batch_size": 32,
                  "steps": 1_400, "ema": 5_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 12, "shared": 4, "width": 2, "d_width": 2, "attention": 8,
                 "standing": 1, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Large Scale GAN Training for High Fidelity Natural Image Synthesis", authors="Brock, Donahue, Simonyan",
        year=2018, arxiv="1809.11096",
        summary="A large SAGAN whose z and class go to every block, with orthogonal regularization, so that samples "
                "may be truncated.",
        tasks=("generation", "conditional-generation"), structure="direct", density="implicit",
        generator="residual with self-attention, hierarchical z, conditional batch norm of a shared embedding",
        discriminator="residual with self-attention, projection of the label", extra="none", objective="hinge",
        constraint="spectral normalization of both players, orthogonal regularization of the generator",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if not data.num_classes:             # this one is asked for nothing
            self.card = replace(self.card, tasks=("generation",))
        if data.num_classes and cfg.hierarchical and not cfg.shared:
            raise ValueError("a hierarchical z goes to the norms beside a shared embedding: set shared above 0, or "
                             "hierarchical to false")
        self.generator, self.discriminator = self.networks((data.height, data.width))
        fresh_spectral_norm(self.generator, embeddings=False)
        fresh_spectral_norm(self.discriminator)
        self.objective = OBJECTIVES["hinge"]

    def networks(self, size: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
        """Build generator and discriminator for images of this height and width, not normalised yet."""
        up, down = self.attended(size)
        return (BigGANGenerator(attention=up, **self.options(size)),
                BigGANDiscriminator(size, self.data.channels, self.cfg.d_width, classes=self.data.num_classes,
                                    attention=down))

    def options(self, size: tuple[int, int]) -> dict[str, Any]:
        """The arguments of the generator that the settings give."""
        cfg = self.cfg
        return {"z_dim": cfg.z_dim, "image_size": size, "channels": self.data.channels, "width": cfg.width,
                "classes": self.data.num_classes, "shared": cfg.shared, "hierarchical": cfg.hierarchical,
                "standing": cfg.standing > 0}

    def attended(self, size: tuple[int, int]) -> tuple[list[int], list[int]]:
        """The octave of the generator, and the block of the discriminator, that attention follows."""
        side = self.cfg.attention
        return ([block_up_to(size, side)], [block_down_to(size, side)]) if side else ([], [])

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player(self.discriminator, adam(cfg.d_lr, cfg.betas)),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake, labels = self.made(batch.size)
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x, batch.labels),
                                                            self.discriminator(x_fake, labels))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        found = {"adversarial": self.objective.generator(self.discriminator(*self.made(batch.size)))}
        if self.cfg.orthogonal:
            found["orthogonal"] = self.cfg.orthogonal * orthogonality(self.regularized())
        return found

    def regularized(self) -> Iterator[Tensor]:
        """The weights whose rows should be orthogonal: all but the shared embedding's."""
        return (weight for name, weight in self.generator.named_parameters()
                if weight.dim() > 1 and name != "shared.weight")

    def made(self, n: int) -> tuple[Tensor, Tensor | None]:
        """n samples, and their classes, which are drawn evenly where there are any."""
        labels = self.drawn_classes(n)
        return self.generate(self.noise(n), labels), labels

    def drawn_classes(self, n: int, generator: torch.Generator | None = None) -> Tensor | None:
        """n classes, each as likely as any other; None where there are none."""
        if not self.data.num_classes:
            return None
        device = self.device if generator is None else generator.device
        return torch.randint(self.data.num_classes, (n,), device=device, generator=generator).to(self.device)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to images (N, C, H, W); without labels the classes come in turn."""
        if labels is None and self.data.num_classes:
            labels = torch.arange(len(z), device=z.device) % self.data.num_classes
        return self.generator(z, self.generator.embedded(labels))

    @torch.no_grad()
    def sample(self, n: int, *, seed: int | None = None, labels: Tensor | Sequence[int] | int | None = None,
               truncation: float = 1.0) -> Tensor:
        """Draw n samples, (n, *data.shape), of z within `truncation` of 0, if that is below 1.

        One seed gives the same samples on every device. Raises UsageError for labels the model does not have.
        """
        threshold = truncation if truncation < 1 else inf
        z = truncated_normal(self.noise(n, None if seed is None else torch.Generator().manual_seed(seed)), threshold)
        chosen, training = self.labels_for(n, labels), self.training
        with self.settled(threshold):
            self.eval()
            chunks = [self.generate(z[i:i + CHUNK], None if chosen is None else chosen[i:i + CHUNK])
                      for i in range(0, n, CHUNK)]
        self.train(training)
        return torch.cat(chunks) if chunks else torch.empty(0, *self.data.shape, device=self.device)

    @contextmanager
    def settled(self, threshold: float = inf) -> Iterator[None]:
        """For as long as it lasts the generator has standing statistics, if the settings ask for them.

        They are those of z under |z| <= threshold: narrower noise has other statistics than the moving averages.
        """
        if not self.cfg.standing:
            yield
            return
        generator = torch.Generator().manual_seed(0)         # always the same passes
        with standing_statistics(self.generator):
            self.train()
            for _ in range(self.cfg.standing):
                self.generate(truncated_normal(self.noise(CHUNK, generator), threshold),
                              self.drawn_classes(CHUNK, generator))
            yield

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is not None or not self.data.num_classes:
            return self.discriminator(x, labels)
        return best_over_classes(self.discriminator, x, self.data.num_classes)
