"""Style models from 16 to 1024 pixels: both players can be built at the paper's widths, and fit each other."""

import pytest
import torch

from zerosum.core import DataSpec
from zerosum.runs import create


@pytest.mark.parametrize("name", ["stylegan2", "stylegan3"])
@pytest.mark.parametrize("size", [16, 32, 64, 128, 256, 512, 1024])
def test_the_papers_widths_can_be_built_at_any_size(name, size):
    with torch.device("meta"):
        model = create(name, DataSpec((3, size, size)))
        x = model.generate(model.noise(2))
        assert x.shape == (2, 3, size, size) and model.scores(x).shape == (2,)

