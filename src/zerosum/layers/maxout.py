"""Maxout units, the hidden layers of the first discriminator."""

from torch import Tensor, nn


class Maxout(nn.Module):
    """The largest of several linear functions: h_i(x) = max_j (x W_ij + b_ij) (1302.4389, Sec. 3)."""

    def __init__(self, in_features: int, out_features: int, pieces: int):
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(in_features, out_features * pieces)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, in_features) to (N, out_features)."""
        return self.linear(x).unflatten(-1, (-1, self.pieces)).amax(-1)
