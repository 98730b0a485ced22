"""GAN-CLS: Generative Adversarial Text to Image Synthesis (Reed et al., 2016), arXiv:1605.05396.

    h = phi(t), right text;  h' = phi(t'), text of another image;  x^ = G(z, h)                       Algorithm 1
    D ascends log s_r + (log(1 - s_w) + log(1 - s_f)) / 2,   s_r = D(x, h), s_w = D(x, h'), s_f = D(x^, h)
    G ascends log D(x^, h) + log D(G(z, m), m),   m = beta h + (1 - beta) h'                          Eq. (5)

D is shown real images under wrong text, too, and learns that a sample must be both real and as the text says. G also
learns from the points between two texts (the term -INT), for which there is no image: D has to guess what fits.

Players     discriminator (with phi, the text encoder, unless frozen), generator (one update each, with the texts of the
            batch).
Departures  phi is the mean of random vectors of the words, frozen; the paper's reads characters, was trained beforehand
            with images of known classes, and is frozen, too. Taught by D it made training unstable: both players
            learned from a text that moved. Wrong text is a caption that reads otherwise, whatever the class of its
            image; where captions differ in many words, as those of `shapes`, the nearest of several drawn ones
            (`among`) is wrong in few, as those of one bird for another. D has no batch norm where image and text have
            met: with it, it told right pairs from wrong ones by statistics of the batch. -INT mixes each text with any
            other, and counts as the other term; the authors' code mixes the first half of a batch with the second, so
            that there are half as many points between texts, and they count half.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    Optimizer,
    Player,
    TextModel,
    UsageError,
    adam,
    between,
    positive,
    register,
)
from ...layers import frozen
from ...losses import OBJECTIVES, matching_aware
from ...networks.text import TextDiscriminator, TextEncoder, TextGenerator


@register
class GANCLS(TextModel):
    """The GAN game of images and text, with real images under wrong text as a third kind of input."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        embedding: int = 1024                # numbers in phi(t)
        frozen: bool = True                  # phi stays as it starts, its words random vectors (False: D teaches it)
        text_dim: int = 128                  # what either player compresses them to
        width: int = 1024                    # maps of the generator at the smallest size
        d_width: int = 512                   # those of the discriminator
        norm: Literal["batch", "none"] = "batch"              # of the discriminator
        looks: int = 0                       # further 3x3 convolutions of D at each size but the smallest
        wrong: float = 0.5                   # weight of the wrong pair; the fake one has the rest (0: a plain text GAN)
        interpolation: float = 1.0           # weight of the generator's term between texts (0: without -INT)
        beta: float = 0.5                    # where between two texts
        among: int = 1                       # texts of which the wrong one is that nearest to the right one (1: any)
        lr: float = 2e-4                     # Adam's learning rate of the generator
        d_lr: float = 2e-4                   # that of the discriminator and the text encoder
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        halve_images: int = 885_500          # both rates are halved every so many images (100 epochs of birds)
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "embedding", "text_dim", "width", "d_width", "lr", "d_lr", "beta",
                     "halve_images", "among")
            between(self, 0, 1, "wrong", "beta")
            between(self, 0, 1e6, "interpolation")
            between(self, 0, 8, "looks")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 64, "batch_size": 64, "steps": 80_000},
        "small": {"data": "shapes", "image_size": 16, "z_dim": 4, "embedding": 64, "text_dim": 32, "width": 128,
                  "d_width": 128, "norm": "none", "among": 32, "lr": 1e-3, "d_lr": 1e-3, "betas": (0.0, 0.99),
                  "batch_size": 32, "steps": 1_000, "ema": 5_000},
        "tiny": {"data": "shapes", "image_size": 16, "z_dim": 8, "embedding": 8, "text_dim": 8, "width": 8,
                 "d_width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Generative Adversarial Text to Image Synthesis", authors="Reed, Akata, Yan, Logeswaran, Schiele, Lee",
        year=2016, arxiv="1605.05396",
        summary="Images of a text: the discriminator also sees real images under wrong text, and the generator also "
                "learns between texts.",
        tasks=("generation", "text-to-image"), structure="direct", density="implicit",
        generator="DCGAN on z and embedded text", discriminator="DCGAN, joined by the embedded text at its last maps",
        extra="text encoder", objective="non-saturating GAN, matching-aware",
        constraint="real images under wrong text count as fake",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if not data.is_image:
            raise UsageError("gan-cls makes images, and this data is points: take shapes")
        encoder = TextEncoder(len(data.words), cfg.embedding)
        self.encoder = frozen(encoder) if cfg.frozen else encoder
        self.generator = TextGenerator(cfg.z_dim, cfg.embedding, cfg.text_dim, data.shape, cfg.width)
        self.discriminator = TextDiscriminator(cfg.embedding, cfg.text_dim, data.shape, cfg.d_width, cfg.norm,
                                               looks=cfg.looks)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player((self.discriminator, self.encoder), adam(cfg.d_lr, cfg.betas), ema=cfg.ema,
                                        schedule=partial(self.halve, cfg.d_lr)),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema,
                                    schedule=partial(self.halve, cfg.lr))}

    def halve(self, lr: float, optimizer: Optimizer, step: int, images: int) -> None:
        """Set the rate at this point of the training, from `lr` at its beginning (the authors' main_cls.lua)."""
        optimizer.lr = lr * 0.5 ** (images // self.cfg.halve_images)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        batch.keep(wrong=self.other_text(batch.text, self.cfg.among), other=self.other_text(batch.text))
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        right, wrong = self.encoder(torch.cat([batch.text, batch.wrong])).chunk(2)
        maps = self.discriminator.maps(batch.x)
        return {"adversarial": matching_aware(
            self.discriminator.judge(maps, right), self.discriminator.judge(maps, wrong),
            self.discriminator(self.generator(self.noise(batch), right), right), self.cfg.wrong)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        h = self.asked(batch)
        return self.deceiving(self.discriminator(self.generator(self.noise(len(h)), h), h), batch)

    def asked(self, batch: Batch) -> Tensor:
        """What G has to draw: the texts of a batch, (N, E), and with -INT a point between each and another, (2N, E)."""
        if not self.cfg.interpolation:
            return self.encoder(batch.text)
        right, other = self.encoder(torch.cat([batch.text, batch.other])).chunk(2)
        return torch.cat([right, torch.lerp(other, right, self.cfg.beta)])

    def deceiving(self, scores: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The generator's terms, by D's scores of what it drew of `asked`."""
        told, between = scores[:batch.size], scores[batch.size:]
        terms = {"adversarial": self.objective.generator(told)}
        if self.cfg.interpolation:
            terms["interpolation"] = self.cfg.interpolation * self.objective.generator(between)
        return terms

    def other_text(self, text: Tensor, among: int = 1) -> Tensor:
        """For each of texts (N, L) another of them, or a prompt, that reads otherwise: (N, L).

        It is drawn `among` times, and of what was drawn taken is what has the most words in common with the text.
        """
        known = torch.cat([text, self.labels_for(len(self.data.prompts), None)])
        differs = (text[:, None] != known).any(2)
        drawn = torch.multinomial(differs.float(), among, replacement=True)
        said = one_hot(known, len(self.data.words) + 1).amax(1)[:, 1:].float()
        shared = (said[:len(text)] @ said.mT).gather(1, drawn)
        return known[drawn.gather(1, shared.argmax(1, keepdim=True)).squeeze(1)]

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and texts (N, L) to samples (N, *shape); without texts the prompts are taken in turn."""
        return self.generator(z, self.encoder(self.labels_for(len(z), labels)))

    def between(self, z: Tensor, first: Tensor, second: Tensor, share: Tensor | float = 0.5) -> Tensor:
        """Samples (N, *shape) of z (N, z_dim) and (1 - share) phi(first) + share phi(second), texts (N, L) each."""
        return self.generator(z, torch.lerp(self.encoder(first), self.encoder(second), share))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logits of x being real and as the texts (N, L) say, (N,); without texts, the best over all prompts."""
        maps = self.discriminator.maps(x)
        if labels is not None:
            return self.discriminator.judge(maps, self.encoder(labels))
        each = [self.discriminator.judge(maps, h.expand(len(x), -1))
                for h in self.encoder(self.labels_for(len(self.data.prompts), None))]
        return torch.stack(each).amax(0)
