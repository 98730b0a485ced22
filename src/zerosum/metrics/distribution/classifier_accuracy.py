"""Classifier accuracy: what a classifier learns from generated samples, and what one of real samples makes of them.

classifier-accuracy (CAS; Ravuri and Vinyals, 2019, arXiv:1905.10887): trained on fakes with the classes they were asked
to have, tested on real samples. It falls with every class that comes out wrong, blurred, or with less variety.
gan-test (Shmelkov et al., 2018, arXiv:1807.09499): trained on real samples, tested on fakes. It asks for the class
only: one good sample per class, repeated, scores 1.

The ideal of both is what the same network reaches when it is trained on as many real samples and tested on other real
ones. The traps: a generator that copies its training data reaches it, and a gan-test above it means samples that are
easier than real ones, not better.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from ...core import UsageError, ZerosumError, adam
from ..features import fit_images
from ..metric import Context, Metric, Reading, Seen, same_width
from ..resampling import wilson

STEPS, BATCH, RATE = 300, 64, 3e-3
SIDE = 32                                    # pixels, to which larger images are made small
SHIFT = 16                                   # training images are moved by at most a sixteenth of their side
WEAK = 0.8                                   # of the reference: a classifier that knows too little to ask

Labelled = tuple[Tensor, Tensor]             # samples (N, C, H, W) in [-1, 1] or (N, D), and their classes (N,) int64


@dataclass(frozen=True)
class Accuracies:
    """Shares of samples that were classified rightly; all three by classifiers trained on `trained_on` samples."""

    cas: float                               # trained on fake, tested on real
    gan_test: float                          # trained on real, tested on fake
    reference: float                         # trained on real, tested on other real
    trained_on: int


def classifier_accuracies(real: Labelled, fake: Labelled, *, seed: int = 0) -> Accuracies:
    """Train on the fakes and on either half of the real samples, and test each on all that it has not seen.

    Deterministic by the seed; the global generator is left alone. Raises UsageError for fewer than four real samples
    or two classes, and for classes or shapes that fakes have and real samples do not; ZerosumError for samples that
    are not finite.
    """
    (x, y), (x_fake, y_fake) = _checked(real, fake)
    generator = torch.Generator().manual_seed(seed)
    halves = _halves(y, generator)
    size = min(len(halves[1]), len(y_fake))
    some = torch.randperm(len(y_fake), generator=generator)[:size]
    classes = int(y.max()) + 1
    cas = _right(train_classifier(x_fake[some], y_fake[some], classes, seed), x, y).mean()
    on_real, on_fake = [], []
    for half, other in (halves, halves[::-1]):
        part = half[torch.randperm(len(half), generator=generator)[:size]]
        network = train_classifier(x[part], y[part], classes, seed)
        on_real.append(_right(network, x[other], y[other]))
        on_fake.append(_right(network, x_fake, y_fake))
    return Accuracies(float(cas), float(torch.cat(on_fake).mean()), float(torch.cat(on_real).mean()), size)


def _checked(real: Labelled, fake: Labelled) -> tuple[Labelled, Labelled]:
    """Both sets with their classes renumbered 0 ... K - 1, and images made small."""
    same_width(real[0], fake[0], "samples")
    for side, (x, targets) in (("real", real), ("fake", fake)):
        if targets.shape != (len(x),):
            raise UsageError(f"{len(x)} {side} samples need as many classes, not {tuple(targets.shape)}")
        if not torch.isfinite(x).all():
            raise ZerosumError(f"{side} samples are NaN or infinite: nothing can be measured")
    classes = real[1].unique()
    if len(classes) < 2 or len(real[0]) < 4 or not len(fake[0]):
        raise UsageError("classifier accuracy needs at least two classes, four real samples and one fake, not "
                         f"{len(classes)}, {len(real[0])} and {len(fake[0])}")
    strange = fake[1][~torch.isin(fake[1], classes)]
    if len(strange):
        raise UsageError(f"fake samples have the class {int(strange[0])}, and no real sample has it")
    return tuple((_small(x), torch.searchsorted(classes, targets)) for x, targets in (real, fake))


def _small(x: Tensor) -> Tensor:
    x = x.float()
    return x if x.ndim == 2 else fit_images(x, (x.shape[1], min(x.shape[2], SIDE), min(x.shape[3], SIDE)))


def _halves(y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The numbers of all samples in two random halves, the larger first, that share every class evenly."""
    order = torch.randperm(len(y), generator=generator)
    order = order[y[order].sort(stable=True).indices]
    return order[::2], order[1::2]


def train_classifier(x: Tensor, y: Tensor, classes: int, seed: int) -> nn.Module:
    """A small network that gives logits (n, classes) of samples like x (N, C, H, W) or (N, D), trained on classes y."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = (_of_images if x.ndim == 4 else _of_points)(x, classes).train()
        optimizer = adam(lr=RATE)(network.parameters())
        for step in range(STEPS):
            optimizer.lr = RATE * (1 - step / STEPS)
            chosen = torch.randint(len(x), (BATCH,))
            network.zero_grad()
            cross_entropy(network(_moved(x[chosen])), y[chosen]).backward()
            optimizer.step()
    return network.requires_grad_(False).eval()


def _of_images(x: Tensor, classes: int) -> nn.Sequential:
    """Three strided convolutions and a layer of 64."""
    layers: list[nn.Module] = []
    for before, after in ((x.shape[1], 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    size = 64 * -(-x.shape[2] // 8) * -(-x.shape[3] // 8)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, classes))


def _of_points(x: Tensor, classes: int) -> nn.Sequential:
    """Two layers of 64; the first normalises, because points come in any unit."""
    return nn.Sequential(nn.BatchNorm1d(x.shape[1], affine=False), nn.Linear(x.shape[1], 64), nn.ReLU(),
                         nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, classes))


def _moved(x: Tensor) -> Tensor:
    """Images shifted by a few pixels, all alike, their border repeated: few of them would be learnt by heart."""
    if x.ndim == 2:
        return x
    height, width = x.shape[2:]
    most = min(height, width) // SHIFT
    down, right = torch.randint(2 * most + 1, (2,)).tolist()
    return pad(x, [most] * 4, mode="replicate")[:, :, down:down + height, right:right + width]


def _right(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """One for every sample whose class the network finds, else zero: (N,) float64."""
    said = torch.cat([network(part).argmax(1) for part in x.split(512)])
    return (said == y).double()


def _measure(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
    found = classifier_accuracies((real.samples, real.targets), (fake.samples, fake.targets), seed=context.seed)
    settings = {"trained on": found.trained_on, "steps": STEPS, "batch": BATCH, "largest side": SIDE}
    low, high = wilson(found.reference, len(real))
    warning = ""
    if found.reference < WEAK:
        warning = (f"trained on {found.trained_on} real samples the classifier is right on {found.reference:.0%} of "
                   "other real ones only: more real samples would say more")
    readings = {}
    for name, value, better, n in (("classifier-accuracy", found.cas, "higher", len(real)),
                                   ("gan-test", found.gan_test, "nearer", len(fake))):
        bounds = wilson(value, n)
        same = "so few samples cannot tell these from real ones" if bounds[0] <= high and low <= bounds[1] else ""
        readings[name] = Reading(value, better, found.reference, bounds, "Wilson, for these classifiers", settings,
                                 warning or same)
    return readings


METRIC = Metric("classifier-accuracy", ("samples", "targets"), ("classifier-accuracy", "gan-test"), _measure,
                "1905.10887")
