"""ss-InfoGAN: Guiding InfoGAN with Semi-Supervision (Spurr et al., 2017), arXiv:1707.04487.

    c = c_ss + c_us,   min_{G,Q} max_D V(D, G) - lambda_1 L_I(G, Q_us) - lambda_2 L_IS(G, Q_ss)
    L_IS = E_{x, c_ss real}[log Q_ss(c_ss|x)] + E_{c, x = G(z, c)}[log Q_ss(c_ss|x)] + constants

InfoGAN's codes c_us mean what is found; one code beside them, c_ss, means the class, of which a few labels tell. Q_ss
learns its half of L_IS from labelled real samples alone, and G the other, from Q_ss: so c_ss is no class that D and G
agree upon, but the one that is labelled. A step of D takes a batch without labels, or one of labelled samples: at
first always, then ever more seldom.

    generate(z, labels)                       c_ss is the label; sample(8, labels=3) makes threes
    generate(latent.turn(z, -0.5))            the first continuous code of c_us at -0.5

Players     discriminator (D, Q_us and, on labelled batches, Q_ss), generator.
Departures  The networks are InfoGAN's of the same widths here. The labelled samples are the first of each class in the
            order of the training, and drawn with replacement; the authors' are drawn at once from all classes. The
            share of labelled batches falls evenly, and not by a tenth after every 100 steps.
"""

from dataclasses import dataclass, replace
from random import Random

from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, Game, Player, UsageError, between, positive, register
from ...layers import LabelledPool
from ...losses import categorical_information
from ...ops import Latent, LatentSpec, at_least_float32
from .infogan import InfoGAN


@register
class SSInfoGAN(InfoGAN):
    """InfoGAN with one code more, to which a few labelled samples give its meaning."""

    @dataclass(frozen=True)
    class Config(InfoGAN.Config):
        categorical: tuple[int, ...] = ()    # values of each categorical code of c_us; the class is beside them
        information: float = 0.8             # lambda_1 of the categorical codes of c_us
        continuous_information: float = 0.8  # lambda_1 of the continuous ones
        labels_per_class: int = 60           # labelled samples of each class; the labels of all others are not used
        label_information: float = 2.0       # lambda_2, of Q_ss on labelled samples and of G through Q_ss
        labelled_share: float = 0.01         # share of D's batches that are labelled, in the end
        labelled_steps: int = 1000           # steps in which it falls to that from 1
        d_lr: float = 1e-4                   # Adam's learning rate of discriminator and Q

        def __post_init__(self) -> None:
            super().__post_init__()
            positive(self, "labels_per_class", "labelled_steps")
            between(self, 0, 1e6, "label_information")
            between(self, 0, 1, "labelled_share")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 128, "steps": 5_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 22, "network": "dropout-mlp", "width": 128,
                  "labels_per_class": 5, "labelled_share": 0.1, "lr": 1e-3, "d_lr": 4e-4, "batch_size": 64,
                  "steps": 6_000, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 8, "q_width": 0, "labels_per_class": 2,
                 "labelled_steps": 2, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Guiding InfoGAN with Semi-Supervision", authors="Spurr, Aksan, Hilliges", year=2017,
        arxiv="1707.04487",
        summary="InfoGAN with a code for the class, to which a few labelled samples give its meaning; the other codes "
                "mean what is found.",
        tasks=("generation", "conditional-generation", "classification", "disentanglement", "semi-supervised"),
        structure="direct", density="implicit",
        generator="DCGAN or MLP on noise and codes", discriminator="DCGAN or MLP",
        extra="Q_ss, which tells the class, and Q_us, which tells the other codes, on the layers of the discriminator",
        objective="non-saturating GAN",
        constraint="lower bounds on the mutual information of codes and sample, and of class and labelled sample",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("ss-infogan needs labelled data: put images into one subfolder per class, or use digits")
        super().__init__(cfg, data)
        self.classifier = nn.Linear(self.discriminator.head.in_features, data.num_classes)
        self.pool = LabelledPool(data.num_classes, cfg.labels_per_class, data.shape)

    @property
    def latent(self) -> LatentSpec:
        """What z is made of; c_ss is the first categorical code."""
        rest = super().latent
        return replace(rest, categorical=(self.data.num_classes, *rest.categorical))

    def players(self) -> dict[str, Player]:
        players = super().players()
        judge = players["discriminator"]
        return players | {"discriminator": replace(judge, networks=(*judge.modules, self.classifier))}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        self.pool.take(batch.x, batch.labels)
        if self.is_labelled(trainer.step):
            x, labels = self.pool.draw(batch.size)
            logs = trainer.update("discriminator", self.labelled_loss, Batch(x, labels=labels))
        else:
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def is_labelled(self, step: int) -> bool:
        """Whether this step of D takes labelled samples: a coin that falls alike in all processes."""
        share = max(self.cfg.labelled_share, 1 - step / self.cfg.labelled_steps)
        return Random(step).random() < share

    def labelled_loss(self, batch: Batch) -> dict[str, Tensor]:
        told = self.tell_class(self.discriminator.features(batch.x))
        return {**self.discriminator_loss(batch), "label_information": self.of_class(told, batch.labels)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.noise(batch)
        features = self.discriminator.features(self.generate(z))
        return {"adversarial": self.objective.generator(self.discriminator.judge(features)),
                **self.information(features, self.latent.split(z)),
                "label_information": self.of_class(self.tell_class(features), self.latent.chosen(z))}

    def information(self, features: Tensor, asked: Latent) -> dict[str, Tensor]:
        """-lambda_1 L_I of the features (N, F) of what was made of the codes asked for, but for c_ss."""
        return super().information(features, asked._replace(categorical=asked.categorical[1:]))

    def of_class(self, logits: Tensor, labels: Tensor) -> Tensor:
        """-lambda_2 L_IS of logits (N, K) of samples with labels, or c_ss, (N,)."""
        return -self.cfg.label_information * categorical_information(logits, one_hot(labels, logits.shape[1]))

    def tell_class(self, features: Tensor) -> Tensor:
        """Q_ss of features (N, F): logits (N, num_classes)."""
        return at_least_float32(self.classifier(features))

    def recognise(self, x: Tensor) -> Latent:
        """Q_ss and Q_us of samples x (N, *shape): logits of c_ss and of the other categorical codes, and means."""
        features = self.discriminator.features(x)
        rest = self.tell(features)
        return rest._replace(categorical=(self.tell_class(features), *rest.categorical))

    def classify(self, x: Tensor) -> Tensor:
        """The class that Q_ss sees on samples x (N, *shape): (N,) int64."""
        return self.recognise(x).categorical[0].argmax(1)
