"""Balance: rules by which a player sits out a round because the other one is behind, as pure functions of scores."""

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


class Standing(NamedTuple):
    """How the discriminator stands: its two losses, -E[log D(x)] and -E[log(1 - D(G(z)))], and its share of hits.

    By default as one that cannot tell.
    """

    loss_real: float = math.log(2)
    loss_fake: float = math.log(2)
    accuracy: float = 0.5


class Moves(NamedTuple):
    """Who moves this round."""

    discriminator: bool = True
    generator: bool = True


Policy = Callable[[Standing], Moves]


def standing(scores_real: Tensor, scores_fake: Tensor) -> dict[str, Tensor]:
    """What a `Standing` is made of, as scalar tensors by name, without a gradient.

    Of a batch: several processes must decide on the mean over all of them, or they would not move together.
    """
    real, fake = scores_real.detach(), scores_fake.detach()
    hits = ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
    return {"loss_real": softplus(-real).mean(), "loss_fake": softplus(fake).mean(), "accuracy": hits}


def always(now: Standing) -> Moves:
    """Both move, as in 1406.2661."""
    return Moves()


def accuracy_below(threshold: float = 0.8) -> Policy:
    """The discriminator moves unless it is right more often than `threshold` (3D-GAN, 1610.07584)."""
    return lambda now: Moves(discriminator=now.accuracy <= threshold)


def loss_margin(equilibrium: float = 0.68, margin: float = 0.4) -> Policy:
    """Who is ahead waits (the code of VAE/GAN, 1512.09300).

    The discriminator waits if one of its losses is below equilibrium - margin, the generator if one is above
    equilibrium + margin; if both would wait, both move. The losses of a D that cannot tell are log 2 = 0.69.
    """
    def policy(now: Standing) -> Moves:
        losses = now.loss_real, now.loss_fake
        discriminator = min(losses) >= equilibrium - margin
        generator = max(losses) <= equilibrium + margin
        return Moves(discriminator, generator) if discriminator or generator else Moves()
    return policy
