"""What keeps a critic Lipschitz: penalties on its input gradient, and clipping of its weights."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .ops import at_least_float32

Critic = Callable[[Tensor], Tensor]          # samples (N, ...) -> scores, one or many per sample


def input_gradient(critic: Critic, x: Tensor) -> Tensor:
    """Gradient of the scores of x (N, ...) with respect to x, like x, in float32; it can be differentiated again.

    grad_x sum D(x) holds each sample's own gradient as long as the critic treats samples apart: no batch norm in it.
    """
    x = at_least_float32(x.detach()).requires_grad_()
    differentiable = torch.is_grad_enabled()     # under no_grad the number alone is wanted, to watch it
    # A penalty's gradient is 0.5 % off in bfloat16, so critic and both derivatives leave autocast.
    with torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
        return torch.autograd.grad(critic(x).sum(), x, create_graph=differentiable)[0]


def gradient_penalty(critic: Critic, x: Tensor, x_fake: Tensor, *, target: float = 1.0,
                     eps: Tensor | None = None) -> Tensor:
    """Squared distance of the critic's gradient norm from `target`, between real and fake samples (scalar, float32).

    E[(||grad D(x^)||_2 - target)^2],  x^ = eps x + (1 - eps) x_fake  (1704.00028, Eq. 3, without lambda). x, x_fake:
    (N, ...), the same shape, else ValueError; eps: (N,), drawn from U(0, 1) for each sample if not given.
    """
    if x.shape != x_fake.shape:
        raise ValueError(f"real and fake samples differ in shape: {tuple(x.shape)} and {tuple(x_fake.shape)}")
    x, x_fake = at_least_float32(x), at_least_float32(x_fake)
    eps = torch.rand(x.shape[0], dtype=x.dtype, device=x.device) if eps is None else eps
    eps = eps.reshape(-1, *[1] * (x.dim() - 1))
    gradient = input_gradient(critic, eps * x + (1 - eps) * x_fake)
    # vector_norm has derivative 0, not NaN, at a zero gradient.
    return (torch.linalg.vector_norm(gradient.flatten(1), dim=1) - target).square().mean()


def dragan(critic: Critic, x: Tensor, x_fake: Tensor | None = None, *, target: float = 1.0,
           noise: float = 0.5) -> Tensor:
    """Squared distance of the critic's gradient norm from `target`, around real samples alone (scalar, float32).

    E[(||grad D(x + delta)||_2 - k)^2]  (1705.07215, Alg. 1, without lambda). delta is that of the authors' code: alpha
    noise std(x) u, alpha ~ U(0, 1) for each sample (N, ...), u ~ U(0, 1) for each number, and std over the batch.
    x_fake has no effect: it is there so that all of PENALTIES are called alike.
    """
    x = at_least_float32(x)
    alpha = torch.rand(x.shape[0], *[1] * (x.dim() - 1), dtype=x.dtype, device=x.device)
    gradient = input_gradient(critic, x + alpha * noise * x.std(correction=0) * torch.rand_like(x))
    return (torch.linalg.vector_norm(gradient.flatten(1), dim=1) - target).square().mean()


def no_penalty(critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
    """Zero."""
    return torch.zeros((), device=x.device)


@torch.no_grad()
def clip_weights(module: nn.Module, c: float) -> None:
    """Clamp every parameter of the module, biases and norm layers too, into [-c, c] (1701.07875, Alg. 1, line 7)."""
    for parameter in module.parameters():
        parameter.clamp_(-c, c)


PENALTIES: dict[str, Callable[[Critic, Tensor, Tensor], Tensor]] = {
    "none": no_penalty,
    "gradient-penalty": gradient_penalty,
    "dragan": dragan,
}
