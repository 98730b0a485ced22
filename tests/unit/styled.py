"""A small model with styles, which stands in for the ones to come."""

import torch
from torch import nn

from zerosum.core import DataSpec, LatentModel


class Styled(LatentModel):
    """Three layers of 16 units, each scaled and shifted by a style of 4 numbers; noise of 6 becomes one style."""

    layers = 3

    def __init__(self):
        super().__init__(type("cfg", (), {"z_dim": 6, "prior": "normal"}), DataSpec((1, 8, 8)))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.mapping = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
            self.constant = nn.Parameter(torch.randn(16))
            self.mix = nn.ModuleList(nn.Linear(16, 16) for _ in range(self.layers))
            self.affine = nn.ModuleList(nn.Linear(4, 32) for _ in range(self.layers))
            self.last = nn.Linear(16, 64)

    def map(self, z, labels=None):
        return 4 * self.mapping(z)[:, None].expand(-1, self.layers, -1)

    def synthesize(self, w):
        h = self.constant.expand(len(w), -1)
        for layer in range(self.layers):
            gain, shift = self.affine[layer](w[:, layer]).chunk(2, 1)
            h = torch.tanh(self.mix[layer](h) * (1 + gain) + shift)
        return torch.tanh(self.last(h)).view(-1, 1, 8, 8)

    def generate(self, z, labels=None):
        return self.synthesize(self.map(z, labels))
