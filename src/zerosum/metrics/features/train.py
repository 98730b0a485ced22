"""Train the feature networks that are shipped: `python -m zerosum.metrics.features.train [NAME ...]`, minutes each.

Writes weights/NAME.safetensors and weights/records.json, which says what each was trained on and how often it is right.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate, mse_loss

from ...core import adam
from .disguise import ASKED, JOINT, disguised
from .network import SIDE, FeatureNetwork
from .weights import RECORDS, WEIGHTS, hash_of, records

if TYPE_CHECKING:
    from ...data import Dataset

Targets = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """How one network is trained; what is random of an image is what its factors do not depend on."""

    width: int
    epochs: int
    shift: float                             # pixels, at most, to each side
    turn: float = 0.0                        # degrees, at most, to each side
    zoom: float = 0.0                        # share of the size, at most, up and down
    batch: int = 64
    lr: float = 3e-3
    decay: float = 0.01                      # of the weights, by this times the learning rate in every step
    junk: float = 0.25                       # images without any class per image, which are to be named by chance
    disguise: bool = False                   # train it to name how an image was changed: data without good classes


JUNK_WEIGHT = 0.5                            # of the loss on junk (1812.04606, Sec. 4.3)
THUMBNAIL_WEIGHT = 10.0                      # of the mean squared error, so that it counts as much as a name
RECIPES = {
    "digits": Recipe(16, 60, shift=2, turn=10, zoom=0.1),
    "glyphs": Recipe(20, 20, shift=2, turn=4, zoom=0.1),
    "shapes": Recipe(20, 10, shift=0.5),     # more would move a shape into another class of positions
    "photos": Recipe(20, 24, shift=0, junk=0, disguise=True),
}


def examples(data: "Dataset", recipe: Recipe) -> tuple[Tensor, Targets]:
    """Images (N, C, 32, 32) and what they are to be named, by factor; the class comes first."""
    batch = data.gather(torch.arange(len(data)))
    if "attributes" not in batch:
        return data.all(), {"photograph" if recipe.disguise else "class": batch["labels"]}
    return data.all(), {name: batch["attributes"][:, i] for i, name in enumerate(data.factors)}


def moved(x: Tensor, recipe: Recipe) -> Tensor:
    """Every image shifted, turned and zoomed at random within the bounds of the recipe, its border repeated."""
    shift, turn, zoom = (2 * torch.rand(3, len(x), 2) - 1)
    angle, scale = turn[:, 0] * math.radians(recipe.turn), 1 + zoom[:, 0] * recipe.zoom
    shift = shift * 2 * recipe.shift / SIDE
    cos, sin = scale * angle.cos(), scale * angle.sin()
    matrix = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], 1).view(-1, 2, 3)
    return grid_sample(x, affine_grid(matrix, list(x.shape), align_corners=False), padding_mode="border",
                       align_corners=False)


def junk(x: Tensor) -> Tensor:
    """As many images without a class: half of pixels from all over the batch, half of noise, coarse to fine.

    Without them a network is as sure of noise as of a digit (outlier exposure, 1812.04606).
    """
    count, channels, height, width = x.shape
    pixels = x.permute(2, 3, 0, 1)           # at each place a pixel of another image, all its channels together
    order = torch.rand(height, width, count).argsort(2)[..., None].expand(-1, -1, -1, channels)
    mixed = pixels.gather(2, order).permute(2, 3, 0, 1)
    side = 4 * 2 ** int(torch.randint(4, ()))
    noise = interpolate(2 * torch.rand(count - count // 2, channels, side, side) - 1, (height, width), mode="bilinear")
    return torch.cat([mixed[:count // 2], noise])


def train_network(data: "Dataset", recipe: Recipe, tell: Callable[[str], None] = lambda line: None,
                  seed: int = 0) -> FeatureNetwork:
    """Train on a data set, always to the same weights on one machine, the global generator left alone."""
    x, targets = examples(data, recipe)
    factors = {name: int(values.max() + 1) for name, values in targets.items()}
    if recipe.disguise:
        factors |= ASKED
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = FeatureNetwork(x.shape[1], recipe.width, factors, training=True).train()
        optimizer = adam(lr=recipe.lr)(network.parameters())
        per_epoch = len(x) // recipe.batch
        steps = recipe.epochs * per_epoch
        total = 0.0
        for step in range(steps):
            if step % per_epoch == 0:
                order = torch.randperm(len(x))
                tell(f"epoch {step // per_epoch}: loss {total / per_epoch:.4f}")
                total = 0.0
            optimizer.lr = recipe.lr * min(1.0, (step + 1) / per_epoch) * (1 + math.cos(math.pi * step / steps)) / 2
            chosen = order[step % per_epoch * recipe.batch:][:recipe.batch]
            total += _step(network, optimizer, moved(x[chosen], recipe), {k: v[chosen] for k, v in targets.items()},
                           recipe)
    network.folded()
    _normalize(network, x)
    return network


def _step(network: FeatureNetwork, optimizer: object, x: Tensor, targets: Targets, recipe: Recipe) -> float:
    if recipe.disguise:
        x, asked = disguised(x.rot90(int(torch.randint(4, ())), (2, 3)))
        targets = targets | asked
    network.zero_grad()
    known = len(x)
    if recipe.junk:
        x = torch.cat([x, junk(x[:round(recipe.junk * known)])])
    loss = 0.0
    for name, logits in network(x).items():
        if name == "thumbnail":
            loss = loss + THUMBNAIL_WEIGHT * mse_loss(logits, targets[name])
            continue
        loss = loss + cross_entropy(logits[:known], targets[name])
        if recipe.junk:                      # the divergence from the uniform distribution, but for a constant
            loss = loss - JUNK_WEIGHT * logits[known:].log_softmax(1).mean()
    loss.backward()
    with torch.no_grad():                    # decoupled from the gradients (1711.05101)
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.mul_(1 - optimizer.lr * recipe.decay)
    optimizer.step()
    return loss.item()


def _normalize(network: FeatureNetwork, x: Tensor) -> None:
    """Scale the features so that their mean square is 1, without changing what the network says of any image.

    The kernel of KID is made for x.y / D of about 1, which Inception's features have and others happen not to.
    """
    scale = torch.cat([network.features(part) for part in x.split(256)]).square().mean().sqrt()
    network.project.weight.div_(scale), network.project.bias.div_(scale)
    for head in network.heads.values():
        head.weight.mul_(scale)


@torch.no_grad()
def accuracies(network: FeatureNetwork, data: "Dataset", recipe: Recipe) -> dict[str, float]:
    """The share of images whose value is named rightly, by factor; of a thumbnail the explained share of its variance.

    The first is what the network is known by: that of the classes, or of all that can be named of a disguised image.
    """
    x, targets = examples(data, recipe)
    if recipe.disguise:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            x, asked = disguised(x)
        targets = targets | asked
    parts = [network(part) for part in x.split(256)]
    said = {name: torch.cat([part[name] for part in parts]) for name in targets}
    explained = {}
    if recipe.disguise:
        seen = targets.pop("thumbnail")
        explained = {"thumbnail": 1 - float(mse_loss(said["thumbnail"], seen) / seen.var(0, unbiased=False).mean())}
    right = {name: said[name].argmax(1) == values for name, values in targets.items()}
    if recipe.disguise:
        right = {JOINT: torch.stack(list(right.values())).all(0)} | right
    return {name: float(hits.double().mean()) for name, hits in right.items()} | explained


def make(name: str) -> None:
    """Train the network of one built-in data set, measure it on the test part, and write both files."""
    from safetensors.torch import save

    from ...data import load_data

    recipe = RECIPES[name]
    train, test = (load_data(name, split=split) for split in ("train", "test"))
    start = time.process_time()
    network = train_network(train, recipe, lambda line: print(f"{name} {line}", flush=True))
    accuracy = accuracies(network, test, recipe)
    factors = {head: layer.out_features for head, layer in network.heads.items()}
    record = {"hash": hash_of(network), "channels": train.spec.channels, "width": recipe.width, "factors": factors,
              "accuracy": accuracy, "data": {"train": train.fingerprint, "test": test.fingerprint},
              "recipe": asdict(recipe), "seconds": round(time.process_time() - start), "torch": torch.__version__}
    (WEIGHTS / f"{name}.safetensors").write_bytes(save(network.state_dict(), {"record": json.dumps(record)}))
    RECORDS.write_text(json.dumps(dict(sorted((records() | {name: record}).items())), indent=1) + "\n",
                       encoding="utf-8")
    print(name, record)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or RECIPES:
        make(wanted)
