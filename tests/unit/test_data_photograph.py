"""One picture file in the shape of a model: size, colours, depth and transparency."""

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.core import UsageError
from zerosum.data.photograph import load_picture


def test_a_picture_of_the_right_shape_is_exact():
    x = np.random.RandomState(0).randint(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(x).save("x.png")
    found = load_picture("x.png", (3, 8, 8))
    assert found.shape == (1, 3, 8, 8) and found.dtype == torch.float32
    assert np.array_equal(((found[0] + 1) * 127.5).round().permute(1, 2, 0).numpy(), x)


def test_what_is_not_square_is_cropped_padded_or_stretched():
    x = np.zeros((10, 30), np.uint8)
    x[:, 10:20] = 255                         # a white middle
    Image.fromarray(x).save("x.png")
    cropped, padded, stretched = (load_picture("x.png", (1, 10, 10), fit)[0, 0] for fit in ("crop", "pad", "stretch"))
    assert (cropped == 1).all() and (padded[0] == -1).all() and padded[5].max() > 0.9
    assert stretched[:, 0].max() < -0.9 and stretched[:, 5].min() > 0.9
    assert load_picture("x.png", (3, 6, 12)).shape == (1, 3, 6, 12)


def test_depth_and_transparency():
    Image.fromarray(np.full((4, 4), 65535, np.uint16)).save("deep.png")
    assert (load_picture("deep.png", (3, 4, 4)) == 1).all()
    paint = np.zeros((4, 4, 4), np.uint8)
    paint[1, 1] = 255, 0, 0, 255
    Image.fromarray(paint).save("paint.png")
    alpha = load_picture("paint.png", (4, 4, 4))[0, 3]
    assert alpha[1, 1] == 1 and (alpha == 1).sum() == 1 and (alpha == -1).sum() == 15
    assert (load_picture("paint.png", (3, 4, 4))[0, :, 0, 0] == 1).all()       # without it, on white


def test_what_is_no_picture():
    with open("text.png", "w") as file:
        file.write("hello")
    with pytest.raises(UsageError, match=r"text\.png is text, not a picture: delete it"):
        load_picture("text.png", (1, 4, 4))
    with pytest.raises(UsageError, match="no such picture: nowhere"):
        load_picture("nowhere", (1, 4, 4))
