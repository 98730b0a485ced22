"""TAC-GAN: Text Conditioned Auxiliary Classifier Generative Adversarial Network (Dash et al., 2017), arXiv:1703.06412.

    L_DS = H(D_S(x, h), 1) + H(D_S(x^, h), 0) + H(D_S(x, h'), 0)         x^ = G(z, h), h' wrong text for x
    L_DC = H(D_C(x, h), c) + H(D_C(x^, h), c) + H(D_C(x, h'), c)         c the class of x, which is that of the text
    D descends L_DS + L_DC,   G descends H(D_S(x^, h), 1) + H(D_C(x^, h), c);   H is binary cross-entropy

GAN-CLS with ACGAN's second head, on what D sees of image and text. Under wrong text D must still name the class of the
image, so that it cannot read the class off the text alone. (1907.02690, Twin Auxiliary Classifiers, is another.)

Players     discriminator (with both heads and the text encoder), generator (one update each).
Departures  Those of GAN-CLS as to text and networks, where the paper has Skip-Thought vectors. H of a class is the mean
            over all classes, as in the authors' code, which moves the generator twice in a step; here once. The paper
            shows a wrong image under the right text; here the text is the wrong one, which makes the same pairs.
            `class_weight` weighs L_DC; it is 1 in the paper.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, Player, UsageError, between, register
from ...losses import binary_cross_entropy
from ...ops import at_least_float32
from .gan_cls import GANCLS


@register
class TACGAN(GANCLS):
    """The GAN game of images and text, in which D also names the class of what it sees, and G helps it to."""

    @dataclass(frozen=True)
    class Config(GANCLS.Config):
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ N(0, I) or U(-1, 1)
        embedding: int = 4800                # numbers in phi(t)
        text_dim: int = 512                  # what either player compresses them to
        wrong: float = 1.0                   # weight of the wrong pair in L_DS, where each of the others has 1
        class_weight: float = 1.0            # of L_DC, and of the generator's term
        interpolation: float = 0.0           # weight of a term between texts, GAN-CLS's -INT (0: none, as in the paper)
        halve_images: int = 1_000_000_000    # both rates are halved every so many images (the paper keeps them)

        def __post_init__(self) -> None:
            super().__post_init__()
            between(self, 0, 1e6, "class_weight")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 128, "batch_size": 64, "steps": 22_000},
        "small": {**GANCLS.PRESETS["small"], "embedding": 256, "text_dim": 128, "looks": 1, "among": 4,
                  "class_weight": 3.0, "betas": (0.5, 0.99), "halve_images": 24_000, "steps": 2_500},
        "tiny": GANCLS.PRESETS["tiny"],
    }

    card = Card(
        title="Text Conditioned Auxiliary Classifier Generative Adversarial Network",
        authors="Dash, Gamboa, Ahmed, Liwicki, Afzal", year=2017, arxiv="1703.06412",
        summary="Images of a text: the discriminator tells real from generated, right from wrong text, and names the "
                "class of what it sees.",
        tasks=("generation", "text-to-image", "classification"), structure="direct", density="implicit",
        generator="DCGAN on z and embedded text",
        discriminator="DCGAN, joined by the embedded text at its last maps, with two heads: real or not, and class",
        extra="text encoder", objective="non-saturating GAN, matching-aware",
        constraint="real images under wrong text count as fake; cross-entropy of the class, for both players",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("tac-gan needs captions and classes: take shapes")
        super().__init__(cfg, data)
        self.classifier = nn.Linear(self.discriminator.last.weight[0].numel(), data.num_classes)

    def players(self) -> dict[str, Player]:
        players = super().players()
        judge = players["discriminator"]
        return players | {"discriminator": replace(judge, networks=(*judge.modules, self.classifier))}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        right, wrong = self.encoder(torch.cat([batch.text, batch.wrong])).chunk(2)
        maps = self.discriminator.maps(batch.x)
        fake = self.discriminator.maps(self.generator(self.noise(batch), right))
        (s_r, c_r), (s_w, c_w), (s_f, c_f) = self.both(maps, right), self.both(maps, wrong), self.both(fake, right)
        named = {f"class_{of}": self.named(c, batch.labels) for of, c in (("real", c_r), ("wrong", c_w), ("fake", c_f))}
        return named | {"adversarial": self.objective.discriminator(s_r, s_f)
                        + self.cfg.wrong * binary_cross_entropy(s_w, 0.0)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        h = self.asked(batch)
        scores, classes = self.both(self.discriminator.maps(self.generator(self.noise(len(h)), h)), h)
        return self.deceiving(scores, batch) | {"class_fake": self.named(classes[:batch.size], batch.labels)}

    def both(self, maps: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (N,) of images, as their maps, under embeddings (N, E), and logits of classes (N, num_classes)."""
        features = self.discriminator.features(maps, embedding)
        return self.discriminator.score(features), at_least_float32(self.classifier(features.flatten(1)))

    def named(self, logits: Tensor, labels: Tensor) -> Tensor:
        """class_weight H(logits, c), over all classes (N, num_classes), of labels (N,)."""
        return self.cfg.class_weight * binary_cross_entropy(logits, one_hot(labels, self.data.num_classes).to(logits))

    def classify(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The class that D sees on images x (N, *shape) under texts (N, L), or the prompts in turn: (N,) int64."""
        text = self.encoder(self.labels_for(len(x), labels))
        return self.both(self.discriminator.maps(x), text)[1].argmax(1)
