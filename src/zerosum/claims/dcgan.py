"""Claim of DCGAN (1511.06434): convolutions make better images than perceptrons, and D's features know the classes."""

import torch
from torch import Tensor, nn

from ..core import Model
from ..data import load_data
from ..metrics.features.judge import labels_of
from ..networks.guidelines import check_dcgan_guidelines
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import images_panel
from .trial import Trial

PER_CLASS, SPLITS = 20, 10                   # labels per class, and random choices of them


def features_of_discriminator(model: Model, x: Tensor) -> Tensor:
    """What D's convolutions see, max-pooled to at most 4x4 maps and flattened (Sec. 5.1)."""
    maps: list[Tensor] = []
    hooks = [layer.register_forward_hook(lambda _layer, _inputs, out: maps.append(out))
             for layer in model.discriminator.modules() if isinstance(layer, nn.LeakyReLU)]
    with torch.no_grad():
        model.discriminator(x)
    for hook in hooks:
        hook.remove()
    return torch.cat([nn.functional.adaptive_max_pool2d(out, min(4, out.shape[-1])).flatten(1) for out in maps], 1)


def few_label_accuracy(train: Tensor, labels: Tensor, test: Tensor, truth: Tensor, seed: int) -> float:
    """Accuracy of logistic regression on PER_CLASS labels a class; the mean over SPLITS random choices."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    draws, right = torch.Generator().manual_seed(seed), []
    for _ in range(SPLITS):
        order = torch.randperm(len(labels), generator=draws)
        chosen = torch.cat([order[labels[order] == label][:PER_CLASS] for label in range(10)])
        machine = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
        machine.fit(train[chosen].numpy(), labels[chosen].numpy())
        right.append(machine.score(test.numpy(), truth.numpy()))
    return sum(right) / SPLITS


def measure(trial: Trial) -> dict[str, float]:
    done, plain = trial.train("dcgan"), trial.train("gan")
    x, x_plain = (side.model.sample(1_000, seed=trial.seed) for side in (done, plain))
    test = load_data("digits", image_size=done.data.spec.height, split="test")
    real, truth, labels = test.all(), labels_of(test), labels_of(done.data)
    for title, images in (("real", real), ("dcgan", x), ("gan, perceptrons", x_plain)):
        trial.panel(title, images_panel(images))
    raw = few_label_accuracy(done.data.all().flatten(1), labels, real.flatten(1), truth, trial.seed)
    learned = few_label_accuracy(features_of_discriminator(done.model, done.data.all()), labels,
                                 features_of_discriminator(done.model, real), truth, trial.seed)
    fid, fid_plain = judge_fid(x, done.data), judge_fid(x_plain, done.data)
    tutorial = trial.start("keras-dcgan").model
    return {"fid": fid, "fid, gan": fid_plain, "fid ratio": fid / fid_plain, "fid, train split": judge_fid(
                done.data.all(), done.data), "classes": coverage(x), "classes, gan": coverage(x_plain),
            "accuracy of D's features": learned, "accuracy of pixels": raw,
            "guidelines broken": broken(done.model), "guidelines broken, keras-dcgan": broken(tutorial),
            "parameters": count(done.model), "parameters, gan": count(plain.model)}


def broken(model: Model) -> int:
    """How many of the five guidelines the networks break."""
    return sum(not rule.ok for rule in check_dcgan_guidelines(model.generator, model.discriminator))


def count(model: Model) -> int:
    """Parameters of both networks."""
    return sum(p.numel() for p in model.parameters())


CLAIM = Claim(
    statement="All-convolutional networks that keep five guidelines make better images than perceptrons of as many "
              "parameters, and the discriminator's features classify better than pixels where labels are few.",
    baseline="the fully connected GAN of 2014: as many parameters and steps, the same optimiser; for the features, "
             "logistic regression on pixels; for the guidelines, the tutorial's keras-dcgan",
    sides={
        "dcgan": Side("dcgan", "small"),
        "gan": Side("gan", "small", {"image_size": 16, "z_dim": 64, "width": 192, "d_width": 96, "lr": 5e-4,
                                     "steps": 3_000}),
        "keras-dcgan": Side("keras-dcgan", "tiny"),
    },
    checks=(
        Check("FID at most half of the perceptrons'", "fid ratio", "at most", 0.5, "catalogue ARC-03"),
        Check("all ten digits among 1000 samples", "classes", "at least", 10, "catalogue ARC-01"),
        Check("D's features classify at least as well as pixels, with 20 labels a class", "accuracy of D's features",
              "at least", "accuracy of pixels", "catalogue ARC-03; 1511.06434, Sec. 5"),
        Check("keeps all guidelines", "guidelines broken", "at most", 0, "catalogue TRK-07"),
        Check("the check is no formality: keras-dcgan breaks four", "guidelines broken, keras-dcgan", "at least", 4,
              "catalogue TRK-07"),
    ),
    measure=measure,
)
