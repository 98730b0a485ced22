"""The mapping network of StyleGAN 1 to 3 (1812.04948, Sec. 2): z, and a class, -> w, by layers that learn slowly.

    w = f(z / rms(z), e(c) / rms(e(c)))

It also keeps the mean of all w so far, towards which truncation pulls: w' = mean + psi (w - mean) (ibid., App. B).
"""

import torch
from torch import Tensor, nn

from ...layers import EqualizedLinear
from ...ops import normalize_2nd_moment


class MappingNetwork(nn.Module):
    """z (N, z_dim) and a condition (N, c_dim), either of which may be absent (0), -> w.

    `layers` fully connected ones with a leaky ReLU, `width` wide (0: w_dim), at `lr` times the learning rate; the
    condition goes through a linear `embedding` of its own (0: w_dim numbers). `copies`: how many layers of a synthesis
    network get w each; 0 is for a discriminator, whose output has no such axis. `average_beta`: decay of the mean of w.
    Raises ValueError where there is neither z nor a condition.
    """

    def __init__(self, z_dim: int, c_dim: int, w_dim: int, copies: int = 0, *, layers: int = 8, width: int = 0,
                 embedding: int = 0, lr: float = 0.01, act: str = "lrelu", average_beta: float = 0.995):
        super().__init__()
        if z_dim + c_dim == 0:
            raise ValueError("a mapping network needs z, a condition, or both")
        self.z_dim, self.c_dim, self.copies, self.average_beta = z_dim, c_dim, copies, average_beta
        embedding = (embedding or w_dim) if c_dim else 0
        self.embed = EqualizedLinear(c_dim, embedding) if c_dim else None
        sizes = [z_dim + embedding, *[width or w_dim] * (layers - 1), w_dim]
        self.depth = layers
        for index in range(layers):
            self.add_module(f"fc{index}", EqualizedLinear(sizes[index], sizes[index + 1], act=act, lr=lr))
        if copies:
            self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z: Tensor | None, c: Tensor | None = None, *, truncation: float = 1.0, cutoff: int | None = None,
                update_average: bool | None = None) -> Tensor:
        """Map z (N, z_dim) and c (N, c_dim) to w: (N, copies, w_dim), or (N, w_dim) without copies.

        `truncation` is psi, for the first `cutoff` copies (None: all). `update_average` moves the mean of w (None: in
        training, as StyleGAN2-ADA does; StyleGAN3 asks for it).
        """
        parts = [] if self.z_dim == 0 else [normalize_2nd_moment(z.to(torch.float32))]
        if self.embed is not None:
            parts.append(normalize_2nd_moment(self.embed(c.to(torch.float32))))
        w = torch.cat(parts, 1)
        for index in range(self.depth):
            w = self.get_submodule(f"fc{index}")(w)
        if not self.copies:
            return w
        if self.training if update_average is None else update_average:
            self.w_avg.copy_(w.detach().mean(0).lerp(self.w_avg, self.average_beta))
        w = w[:, None].expand(-1, self.copies, -1)
        if truncation == 1:
            return w
        cutoff = self.copies if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(w[:, :cutoff], truncation), w[:, cutoff:]], 1)
