"""Array data sets, their floats, their mirror images and fingerprints, and the conversion of single pictures."""

import numpy as np
import pytest
import torch
from data_files import pixels

from zerosum.core import DataSpec, UsageError
from zerosum.data import ArrayDataset, DataConfig, to_float
from zerosum.data.fit import resize, to_channels, to_depth, to_size

SPEC = DataSpec((3, 4, 5), num_classes=2, classes=("a", "b"), attributes=("hue",))


def dataset(**changes):
    fields = {"x": pixels(0, (6, 3, 4, 5)), "spec": SPEC, "name": "d", "labels": np.array([0, 1] * 3),
              "attributes": np.arange(6)[:, None]} | changes
    return ArrayDataset(fields.pop("x"), fields.pop("spec"), **fields)


def test_floats_reach_both_ends_exactly():
    for dtype, top in ((torch.uint8, 255), (torch.uint16, 65535)):
        x = torch.tensor([0, top], dtype=torch.int64).to(dtype)
        assert to_float(x).tolist() == [-1.0, 1.0]
        assert to_float(x).dtype == torch.float32
    points = torch.tensor([3.5, -7.0])
    assert torch.equal(to_float(points), points)


def test_floats_leave_the_stored_samples_alone():
    x = torch.arange(4, dtype=torch.uint8)
    to_float(x)
    assert x.tolist() == [0, 1, 2, 3]


def test_gather_returns_samples_labels_and_attributes():
    data = dataset()
    batch = data.gather(torch.tensor([4, 1, 4]))
    assert torch.equal(batch["x"], torch.from_numpy(data.x[[4, 1, 4]]))
    assert batch["labels"].tolist() == [0, 1, 0]
    assert batch["attributes"].tolist() == [[4], [1], [4]]
    assert batch["x"].dtype == torch.uint8 and batch["labels"].dtype == torch.int64


def test_gathered_samples_may_be_written_to():
    data = dataset(flip=True)
    before = data.x.copy()
    for batch in (data.gather(torch.arange(12)), dataset().gather(torch.arange(6))):
        batch["x"].zero_()
    assert np.array_equal(data.x, before)


def test_all_is_every_sample_as_float():
    data = dataset()
    assert torch.equal(data.all(), torch.from_numpy(data.x).float() / 127.5 - 1)


def test_flip_doubles_the_set_by_mirror_images_with_the_same_labels():
    plain, flipped = dataset(), dataset(flip=True)
    assert len(flipped) == 2 * len(plain) == 12
    batch = flipped.gather(torch.tensor([2, 8]))
    assert torch.equal(batch["x"][1], batch["x"][0].flip(-1))
    assert batch["labels"].tolist() == [0, 0] and batch["attributes"].tolist() == [[2], [2]]


def test_points_have_no_mirror_image():
    with pytest.raises(UsageError, match="leave --flip out"):
        ArrayDataset(np.zeros((3, 2), np.float32), DataSpec((2,)), name="p", flip=True)


@pytest.mark.parametrize("change", [
    {"x": pixels(1, (6, 3, 4, 5))}, {"labels": np.array([1, 0] * 3)}, {"attributes": np.ones((6, 1), np.int64)},
    {"spec": DataSpec((3, 4, 5), 2, ("a", "c"), ("hue",))}, {"flip": True}])
def test_the_fingerprint_changes_with_everything_that_is_trained_on(change):
    assert dataset().fingerprint == dataset().fingerprint
    assert dataset(**change).fingerprint != dataset().fingerprint


def test_the_fingerprint_does_not_depend_on_memory_layout():
    x = pixels(0, (6, 3, 4, 5))
    turned = np.asfortranarray(x)
    assert dataset(x=turned).fingerprint == dataset(x=x).fingerprint


@pytest.mark.parametrize("change", [{"x": pixels(0, (6, 3, 4, 4))}, {"labels": np.zeros(5, np.int64)},
                                    {"captions": ["one"]}])
def test_samples_and_facts_must_agree(change):
    with pytest.raises(UsageError):
        dataset(**change)


@pytest.mark.parametrize("bad", [{"image_size": 1}, {"image_size": 9000}, {"channels": 5}, {"channels": -1},
                                 {"data": ""}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(UsageError):
        DataConfig(**bad)


def test_grey_is_the_luma_of_rgb():
    x = np.array([[[255]], [[0]], [[0]]], np.uint8)
    assert to_channels(x, 1).tolist() == [[[76]]]            # 0.299 x 255 = 76.2
    assert to_channels(np.full((3, 2, 2), 77, np.uint8), 1).tolist() == np.full((1, 2, 2), 77).tolist()


def test_what_is_transparent_becomes_white():
    x = np.array([[[10]], [[20]], [[30]], [[0]]], np.uint8)
    assert to_channels(x, 3).ravel().tolist() == [255, 255, 255]
    x[3] = 255
    assert to_channels(x, 3).ravel().tolist() == [10, 20, 30]
    half = np.array([[[0]], [[51]]], np.uint8)               # a fifth of black over white
    assert to_channels(half, 1).ravel().tolist() == [204]
    floats = np.array([[[-1.0]], [[1.0]]], np.float32)
    assert to_channels(floats, 1).ravel().tolist() == [-1.0]
    assert to_channels(-np.ones((2, 1, 1), np.float32), 1).ravel().tolist() == [1.0]


@pytest.mark.parametrize("have", [1, 2, 3, 4])
@pytest.mark.parametrize("want", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_conversion_of_channels_keeps_type_and_size(have, want, dtype):
    x = to_channels(pixels(0, (have, 3, 5), dtype), want)
    assert x.shape == (want, 3, 5) and x.dtype == dtype


def test_more_channels_become_one_grey_and_no_more_than_that():
    with pytest.raises(UsageError, match="leave --channels out"):
        to_channels(np.zeros((7, 2, 2), np.uint8), 3)


def test_added_alpha_is_opaque():
    assert (to_channels(pixels(0, (3, 2, 2), np.uint16), 4)[3] == 65535).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_resizing_a_flat_picture_changes_no_value(channels, dtype):
    value = 0.25 if dtype == np.float32 else 200
    x = np.full((channels, 9, 12), value, dtype)
    if channels in (2, 4) and dtype == np.uint8:
        x[-1] = 255                          # opaque: Pillow weighs colours by alpha and rounds
    for out in (to_size(x, 6, "crop"), to_size(x, 6, "stretch"), to_size(x, 20, "crop")):
        assert out.shape[1] == out.shape[2] and out.dtype == dtype
        assert np.allclose(out, x[:, :1, :1])


def test_crop_takes_the_middle_and_pad_adds_black():
    x = np.zeros((1, 4, 8), np.uint8)
    x[:, :, 2:6] = 9
    assert (to_size(x, 4, "crop") == 9).all()
    bright = np.full((1, 4, 8), 200, np.uint8)
    padded = to_size(bright, 8, "pad")
    assert (padded[:, 2:6] == 200).all() and (padded[:, :2] == 0).all() and (padded[:, 6:] == 0).all()
    assert (to_size(np.ones((1, 4, 8), np.float32), 8, "pad")[:, 0] == -1).all()


def test_downscaling_is_antialiased():
    stripes = np.zeros((1, 32, 32), np.uint8)
    stripes[..., ::2] = 255
    assert abs(resize(stripes, 8, 8)[:, 2:-2, 2:-2].astype(int) - 127).max() <= 8


@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_overshoot_at_an_edge_does_not_wrap_around(channels, dtype):
    low, high = (-1, 1) if dtype == np.float32 else (0, np.iinfo(dtype).max)
    x = np.full((channels, 8, 8), low, dtype)
    x[:, :, 4:] = high                       # bicubic weights overshoot on both sides of an edge
    out = to_size(x, 24, "stretch")
    assert (out[..., :9] <= low + (high - low) * 0.02).all() and (out[..., 15:] >= high - (high - low) * 0.02).all()


def test_depth_is_widened_without_loss():
    x = np.array([0, 1, 255], np.uint8)
    assert to_depth(x, np.dtype(np.uint16)).tolist() == [0, 257, 65535]
    assert to_depth(x, np.dtype(np.uint8)) is x
