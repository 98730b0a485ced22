"""What keeps networks in bounds: penalties on a critic's input gradient and on its scores, clipping of its weights, and
a penalty on a generator's Jacobian."""

from collections.abc import Callable, Iterable
from math import sqrt

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


def orthogonality(weights: Iterable[Tensor]) -> Tensor:
    """How far the rows of weights (out, ...), as matrices, are from orthogonal (scalar, float32).

    sum over W of ||W W^T . (1 - I)||_F^2  (1809.11096, Eq. 3, without beta): the lengths of rows are left free.
    """
    total = torch.zeros(())
    for weight in weights:
        rows = at_least_float32(weight.flatten(1))
        products = rows @ rows.T
        total = total.to(rows.device) + (products - torch.diag(products.diagonal())).square().sum()
    return total


def r1(critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
    """R1: E[||grad D(x)||^2] / 2 on real samples (1801.04406, Eq. 9, without gamma); x: (N, ...), a float32 scalar."""
    return input_gradient(critic, x).flatten(1).square().sum(1).mean() / 2


def r2(critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
    """R2: E[||grad D(G(z))||^2] / 2 on generated samples (1801.04406, Eq. 10, without gamma); otherwise as `r1`."""
    return r1(critic, x_fake, x)


def r1_r2(critic: Critic, x: Tensor, x_fake: Tensor) -> Tensor:
    """R1 + R2, which R3GAN needs together (2501.05441, Sec. 2)."""
    return r1(critic, x, x_fake) + r2(critic, x, x_fake)


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
    "r1": r1,
    "r2": r2,
    "r1+r2": r1_r2,
}


class LeCam(nn.Module):
    """Ties the scores of real samples to the fakes' past ones, and the other way round (2104.03310, Sec. 3).

    R = E[(D(x) - a_F)^2] + E[(D(G(z)) - a_R)^2], without lambda: a_R and a_F are moving averages of the scores of real
    and of generated samples, with the bias of their start at 0 taken out as in Adam (the authors' StyleGAN2 code). They
    are buffers, so that a resumed training goes on with them. Their BigGAN code squares only D(x) > a_F and
    D(G(z)) < a_R, and begins after 1,000 steps.
    """

    real: Tensor
    fake: Tensor
    mass: Tensor

    def __init__(self, decay: float = 0.99):
        super().__init__()
        self.decay = decay
        for name in ("real", "fake", "mass"):          # mass: of the scores in the averages, 0 before the first
            self.register_buffer(name, torch.zeros(()))

    def forward(self, scores_real: Tensor, scores_fake: Tensor) -> Tensor:
        """The penalty, a scalar, by the averages so far; they stay, so that micro-batches are held to the same."""
        a_real, a_fake = (average / self.mass.clamp(min=1e-6) for average in (self.real, self.fake))
        return (scores_real - a_fake).square().mean() + (scores_fake - a_real).square().mean()

    @torch.no_grad()
    def move(self, scores_real: Tensor, scores_fake: Tensor) -> None:
        """Move the averages by the scores of one update, of any shape."""
        for average, scores in ((self.real, scores_real), (self.fake, scores_fake), (self.mass, torch.ones(()))):
            average.lerp_(scores.mean().to(average), 1 - self.decay)


class PathLength(nn.Module):
    """Ties how far images move with their styles to one length, in all places and directions (1912.04958, Eq. 4).

    E[(||J_w^T y||_2 - a)^2] without its weight: y ~ N(0, I) is an image of noise, the norm is over one style and the
    mean square over the layers (the authors' code), and a, a buffer, is the moving average of the lengths.
    """

    mean: Tensor

    def __init__(self, decay: float = 0.01):
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, synthesis: Callable[[Tensor], Tensor], w: Tensor) -> Tensor:
        """The penalty, a float32 scalar, of `synthesis` at w (N, layers, D) with a gradient; the average moves."""
        lengths = self.lengths(synthesis, w)
        mean = self.mean.lerp(lengths.mean(), self.decay)            # with its gradient, as in the authors' code
        self.mean.copy_(mean.detach())
        return (lengths - mean).square().mean()

    def lengths(self, synthesis: Callable[[Tensor], Tensor], w: Tensor, noise: Tensor | None = None) -> Tensor:
        """||J_w^T y||_2, (N,): `noise` y, like the images (N, C, H, W), is drawn if not given; over sqrt(H W)."""
        with torch.autocast(w.device.type, enabled=False):           # as in `input_gradient`
            w = at_least_float32(w)
            x = synthesis(w)
            noise = torch.randn_like(x) if noise is None else noise
            moved = torch.autograd.grad((x * (noise / sqrt(x[0, 0].numel()))).sum(), w, create_graph=True)[0]
        return torch.linalg.vector_norm(moved.flatten(1), dim=1) / sqrt(w.shape[1])
