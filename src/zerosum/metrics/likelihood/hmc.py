"""Hamiltonian Monte Carlo between a Gaussian prior and the posterior of z given x (Neal, 2011, arXiv:1206.1901).

Many chains for many x at once: z (C, N, Z), every x with a step size of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ...core import UsageError

Likelihood = Callable[[Tensor], Tensor]      # of z (C, N, Z): log p(x|z) in nats, (C, N)


@dataclass(frozen=True)
class State:
    """Where the chains are: z (C, N, Z), log p(x|z) there (C, N), and its gradient (C, N, Z)."""

    z: Tensor
    log_likelihood: Tensor
    slope: Tensor

    @classmethod
    def at(cls, z: Tensor, likelihood: Likelihood) -> Self:
        """Evaluate the likelihood at z; raises UsageError where it has no gradient."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            value = likelihood(z)
            if not value.requires_grad:
                raise UsageError("annealed importance sampling needs a decoder that is differentiable in z")
            slope, = torch.autograd.grad(value.sum(), z)
        return cls(z.detach(), value.detach(), slope)

    def log_joint(self, beta: float) -> Tensor:
        """log N(z; 0, I) p(x|z)^beta up to a constant, (C, N)."""
        return beta * self.log_likelihood - self.z.square().sum(2) / 2

    def force(self, beta: float) -> Tensor:
        """The gradient of `log_joint`, (C, N, Z)."""
        return beta * self.slope - self.z

    def where(self, chosen: Tensor, other: "State") -> "State":
        """The other state in chains that are chosen (C, N), this one elsewhere."""
        return State(torch.where(chosen[..., None], other.z, self.z),
                     torch.where(chosen, other.log_likelihood, self.log_likelihood),
                     torch.where(chosen[..., None], other.slope, self.slope))


def transition(state: State, likelihood: Likelihood, beta: float, size: Tensor, leapfrogs: int, *,
               generator: torch.Generator) -> tuple[State, Tensor]:
    """One step that leaves N(z; 0, I) p(x|z)^beta as it is: the new state, and the acceptance of each x, (N,).

    size: the step size of each x, (N, 1), which varies by a fifth, so that no path closes on itself (Neal, Sec. 3.2).
    A path that leaves the numbers that a computer has is not accepted.
    """
    device, dtype = state.z.device, state.z.dtype
    size = size * (0.8 + 0.4 * torch.rand(size.shape, generator=generator, dtype=dtype).to(device))
    start = torch.randn(state.z.shape, generator=generator, dtype=dtype).to(device)
    proposal, velocity = state, start + size / 2 * state.force(beta)
    for k in range(leapfrogs):
        proposal = State.at(proposal.z + size * velocity, likelihood)
        velocity = velocity + (size if k < leapfrogs - 1 else size / 2) * proposal.force(beta)
    gain = proposal.log_joint(beta) - state.log_joint(beta) + (start.square() - velocity.square()).sum(2) / 2
    probability = gain.clamp(max=0).exp().nan_to_num(0.0)
    accepted = torch.rand(gain.shape, generator=generator, dtype=dtype).to(device) < probability
    return state.where(accepted, proposal), probability.mean(0)
