"""An encoder for a model that has none: learns from the model's own samples which noise each was made of."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..core import Model, UsageError, abilities, adam, require
from .layer import without_weights
from .passes import chosen_labels, evaluating

Encoder = Callable[[Tensor], Tensor]         # samples (N, C, H, W) -> latents (N, z_dim)
SMALLEST, MAPS, MOST = 4, 32, 256            # side of the last map; feature maps of the first layer, and of any


def encoder_of(model: Model, steps: int = 1_000, *, seed: int = 0) -> Encoder:
    """The model's own `encode` where it has that ability, and else one that `fit_encoder` trains."""
    if "encode" not in abilities(model):
        return fit_encoder(model, steps, seed=seed)

    @torch.no_grad()
    def own(x: Tensor) -> Tensor:
        with evaluating(model):
            return model.encode(x)                                                             # type: ignore[operator]
    return own


def fit_encoder(model: Model, steps: int = 1_000, *, batch: int = 64, lr: float = 1e-3, seed: int = 0) -> Encoder:
    """Train E on samples whose noise is known: |(E(G(z)) - z) / s|^2 + |G(E(G(z))) - G(z)|^2, means over numbers.

    s is the standard deviation of each number of z; E is a convolutional network, trained by Adam whose rate falls to
    nothing. The second term asks for the picture where many z make the same one (Zhu et al., 1609.03552, Sec. 4.1,
    with real pictures). Raises UsageError for a model that makes no images from noise.
    """
    require(model, "generate")
    if not model.data.is_image:
        raise UsageError("an encoder is fitted to images, and this model makes points")
    generator = torch.Generator().manual_seed(seed)
    known = model.noise(2_000, generator)                                                      # type: ignore[operator]
    mean, spread = known.mean(0), known.std(0).clamp_min(1e-6)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)              # the initial weights are drawn from the global generator
        network = _network(model.data.shape, known.shape[1]).to(model.device)
    encode = lambda x: network(x) * spread + mean                                              # noqa: E731
    parameters = list(network.parameters())
    optimizer = adam(lr)(parameters)
    labels = chosen_labels(model, batch)
    with evaluating(model), without_weights(model), torch.enable_grad():
        for step in range(steps):
            optimizer.lr = lr * (1 - step / steps)
            z = model.noise(batch, generator)                                                  # type: ignore[operator]
            x = model.generate(z, labels).detach()                                             # type: ignore[operator]
            guess = encode(x)
            again = model.generate(guess, labels)                                              # type: ignore[operator]
            loss = ((guess - z) / spread).square().mean() + (again - x).square().mean()
            for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.grad = slope
            optimizer.step()
    network.eval().requires_grad_(False)
    return torch.no_grad()(encode)


def _network(shape: tuple[int, ...], z_dim: int) -> nn.Sequential:
    """Half the side and twice the maps at each layer, then a linear one."""
    channels, height, width = shape
    layers: list[nn.Module] = []
    maps = MAPS
    while min(height, width) > SMALLEST:
        layers += [nn.Conv2d(channels, maps, 4, 2, 1), nn.BatchNorm2d(maps), nn.LeakyReLU(0.2)]
        channels, maps, height, width = maps, min(2 * maps, MOST), height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width, z_dim))
