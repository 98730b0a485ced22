"""What a latent z is made of: noise, and codes that are to mean something (InfoGAN, 1606.03657, Sec. 4).

    z = (noise, c_1, ..., c_m, u)     noise from the model's prior, c_i ~ Cat(K_i) one-hot and even, u ~ U(-1, 1)^d
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot


class Latent(NamedTuple):
    """The parts of z: noise (N, noise), one-hot codes (N, K_i) each, and continuous codes (N, d); or Q's word on x."""

    noise: Tensor
    categorical: tuple[Tensor, ...]
    continuous: Tensor


@dataclass(frozen=True)
class LatentSpec:
    """How many numbers of z are noise, how many values each categorical code has, and how many codes are continuous."""

    noise: int
    categorical: tuple[int, ...] = ()
    continuous: int = 0

    @property
    def size(self) -> int:
        """How many numbers z has."""
        return self.noise + sum(self.categorical) + self.continuous

    def draw(self, noise: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes beside noise (N, noise): z (N, size). A seeded draw is made where its generator is."""
        n, device = len(noise), noise.device if generator is None else generator.device
        codes = [one_hot(torch.randint(values, (n,), device=device, generator=generator), values)
                 for values in self.categorical]
        uniform = torch.rand(n, self.continuous, device=device, generator=generator) * 2 - 1
        return torch.cat([noise, *(part.to(noise) for part in (*codes, uniform))], 1)

    def split(self, z: Tensor) -> Latent:
        """The parts of z (N, size)."""
        noise, *codes, continuous = z.split([self.noise, *self.categorical, self.continuous], 1)
        return Latent(noise, tuple(codes), continuous)

    def join(self, parts: Latent) -> Tensor:
        """Parts as z again, (N, size)."""
        return torch.cat([parts.noise, *parts.categorical, parts.continuous], 1)

    def shares(self, z: Tensor) -> Tensor:
        """z (N, size) with categorical codes that sum to 1: truncation scales z, and a code shall stay whole."""
        parts = self.split(z)
        whole = (code.clamp_min(0) for code in parts.categorical)
        return self.join(parts._replace(categorical=tuple(c / c.sum(1, keepdim=True).clamp_min(1e-12) for c in whole)))

    def chosen(self, z: Tensor, code: int = 0) -> Tensor:
        """The value that a categorical code has in z (N, size): (N,) int64."""
        return self.split(z).categorical[code].argmax(1)

    def choose(self, z: Tensor, values: Tensor | int, code: int = 0) -> Tensor:
        """The same z (N, size) with another value, or (N,) values, of a categorical code."""
        parts = self.split(z)
        codes = list(parts.categorical)
        values = torch.as_tensor(values, device=z.device).expand(len(z))
        codes[code] = one_hot(values, self.categorical[code]).to(z)
        return self.join(parts._replace(categorical=tuple(codes)))

    def turn(self, z: Tensor, values: Tensor | float, code: int = 0) -> Tensor:
        """The same z (N, size) with another value, or (N,) values, of a continuous code."""
        parts = self.split(z)
        continuous = parts.continuous.clone()
        continuous[:, code] = torch.as_tensor(values, device=z.device, dtype=z.dtype)
        return self.join(parts._replace(continuous=continuous))


def names_of_codes(spec: LatentSpec) -> tuple[str, ...]:
    """c1, c2, ... for the categorical codes and u1, u2, ... for the continuous ones, in their order in z."""
    return (*(f"c{i + 1}" for i in range(len(spec.categorical))), *(f"u{i + 1}" for i in range(spec.continuous)))
