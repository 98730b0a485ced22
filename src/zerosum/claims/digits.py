"""What the claims on digits share: judges that were trained on none of the models, and the pixels' own baseline."""

import torch
from torch import Tensor

from ..data import Dataset, load_data
from ..metrics.distribution.classes import covered_classes
from ..metrics.distribution.fid import fid
from ..metrics.features.judge import judge, labels_of
from ..metrics.features.svc import svc_judge
from .panels import images_panel
from .trial import Trained, Trial

SAMPLES = 1_000


def classes_of(x: Tensor) -> Tensor:
    """The digit that the support vector machine sees on each image (N, 1, H, W): (N,) int64."""
    return svc_judge(x.shape[-1]).classify(x)


def coverage(x: Tensor) -> float:
    """How many of the ten classes it sees among the images."""
    return float(covered_classes(labels_of(load_data("digits")), classes_of(x)))


def confidence(x: Tensor) -> float:
    """Mean probability of the most likely class, under the judge network."""
    return float(judge("digits").probabilities(x).amax(1).mean())


def judge_fid(x: Tensor, data: Dataset) -> float:
    """Fréchet distance between x and the test split at its size, in the features of the judge network."""
    real = load_data("digits", image_size=data.spec.height, split="test").all()
    return fid(judge("digits")(real), judge("digits")(x))


def judged(trial: Trial, name: str, done: Trained) -> dict[str, float]:
    """Let the judges look at samples of a trained side, and show them; `name` is the side's."""
    x = done.model.sample(SAMPLES, seed=trial.seed)
    fid = judge_fid(x, done.data)
    trial.panel(f"{name}: FID {fid:.2f}", images_panel(x))
    return {f"fid, {name}": fid, f"classes, {name}": coverage(x)}


def independent_pixels(data: Dataset, count: int, seed: int) -> Tensor:
    """Images whose every pixel is drawn from its own histogram, independently of the others."""
    x = data.all()
    flat = x.flatten(1)
    rows = torch.randint(len(x), (count, flat.shape[1]), generator=torch.Generator().manual_seed(seed))
    return flat.gather(0, rows).view(count, *data.spec.shape)
