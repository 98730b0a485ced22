"""The built-in data: real, deterministic, of the sizes and modes that the catalogue says."""

import subprocess
import sys
from hashlib import blake2b

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.data import BUILTIN, DataConfig, describe_builtin, load_data
from zerosum.data.builtin.shapes import COLOURS, draw

IMAGES = ("digits", "glyphs", "photos", "shapes")


@pytest.mark.parametrize("name", BUILTIN)
def test_parts_have_the_stated_counts_and_make_up_the_whole(name):
    train, test, both = (load_data(name, split=split) for split in ("train", "test", "all"))
    assert (len(train), len(test)) == (BUILTIN[name].count, BUILTIN[name].test)
    assert len(both) == len(train) + len(test)

    def rows(data):
        return {blake2b(row.tobytes(), digest_size=16).digest() for row in data.x}

    assert rows(train) | rows(test) == rows(both)
    if name != "glyphs":                     # two glyphs of different size may fall on equal pixels
        assert not rows(train) & rows(test)


@pytest.mark.parametrize("name", BUILTIN)
def test_loading_twice_gives_the_same_data(name):
    assert load_data(name).fingerprint == load_data(name).fingerprint


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_32_pixels_by_default_and_use_the_whole_range(name):
    data = load_data(name)
    assert data.spec.image_size == 32
    x = data.all()
    assert x.shape == (len(data), *data.spec.shape)
    assert x.min() == -1 and x.max() == 1
    labels = data.gather(torch.arange(len(data)))["labels"]
    assert labels.unique().tolist() == list(range(data.spec.num_classes)) and len(data.spec.classes) > 1


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_come_at_other_sizes_and_channels(name, channels):
    assert load_data(name, image_size=48, channels=channels, split="test").spec.shape == (channels, 48, 48)


def test_digits_of_8_pixels_are_the_originals():
    from sklearn.datasets import load_digits
    x, labels = load_digits(return_X_y=True)
    data = load_data("digits", image_size=8, split="all")
    assert np.array_equal(np.rint(data.x[:, 0] / 255 * 16), x.reshape(-1, 8, 8))
    assert np.array_equal(data.labels, labels)


def test_digits_are_divided_alike_in_every_class_and_a_judge_transfers():
    from sklearn.svm import SVC
    train, test = (load_data("digits", image_size=8, split=split) for split in ("train", "test"))
    share = np.bincount(test.labels) / (np.bincount(test.labels) + np.bincount(train.labels))
    assert abs(share - 447 / 1797).max() < 0.006
    judge = SVC(C=10).fit(train.x.reshape(len(train), -1) / 255, train.labels)
    assert judge.score(test.x.reshape(len(test), -1) / 255, test.labels) >= 0.985          # catalogue: 0.991


def test_the_ring_has_eight_distinct_modes_of_the_stated_spread():
    data = load_data("ring")
    assert data.modes.shape == (8, 2)
    assert torch.allclose(data.modes.norm(dim=1), torch.full((8,), 2.0))
    gaps = torch.cdist(data.modes, data.modes) + 10 * torch.eye(8)
    assert gaps.min() == pytest.approx(4 * np.sin(np.pi / 8), abs=1e-4)      # a regular octagon: none twice
    check_mixture(data, 0.02)


def test_the_grid_has_25_modes_of_the_stated_spread():
    data = load_data("grid")
    assert sorted(map(tuple, data.modes.tolist())) == [(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)]
    check_mixture(data, 0.05)


def check_mixture(data, std):
    batch = data.gather(torch.arange(len(data)))
    offset = batch["x"] - data.modes[batch["labels"]]
    assert data.mode_std == std
    assert offset.std().item() == pytest.approx(std, rel=0.01)
    assert offset.mean(0).abs().max() < 0.01 * std * 3
    assert batch["labels"].bincount().unique().numel() == 1  # every mode equally often


def test_the_swissroll_is_a_spiral():
    x = load_data("swissroll").all() * 7.5
    radius, angle = x.norm(dim=1), torch.atan2(x[:, 1], x[:, 0])
    turns = (radius - angle) / (2 * torch.pi)                # on r = t the radius is the angle, up to whole turns
    assert (turns - turns.round()).abs().quantile(0.95) < 2 * 0.25 / (2 * torch.pi) * 1.3
    assert radius.min() > 1.5 * torch.pi - 1.5 and radius.max() < 4.5 * torch.pi + 1.5


def test_shapes_know_what_is_drawn():
    data = load_data("shapes", split="all")
    assert len(np.unique(data.attributes, axis=0)) == 3 * 6 * 3 * 3 * 3 * 4
    factors = list(data.factors)
    assert factors == list(data.spec.attributes)
    for i in range(0, len(data), 7):
        picture = data.x[i].astype(int)
        drawn = abs(picture - picture[:, :1, :1]).sum(0) > 60
        row, column = ((index.min() + index.max()) / 62 for index in np.nonzero(drawn))
        said = {name: data.factors[name][value] for name, value in zip(factors, data.attributes[i], strict=True)}
        assert said["x"] == ("left", "centre", "right")[int(column * 3)]
        assert said["y"] == ("top", "middle", "bottom")[int(row * 3)]
        steps = [0.045, 0.078] if said["shape"] == "triangle" else [0.062, 0.108]
        assert said["size"] == ("small", "medium", "large")[np.digitize(drawn.mean(), steps)]
        assert not drawn[[0, -1]].any() and not drawn[:, [0, -1]].any()      # none is cut off
        assert all(said[name] in data.captions[i] for name in ("shape", "colour", "size", "background"))


def test_no_shape_is_larger_than_the_window_it_is_drawn_in(monkeypatch):
    for size in (16, 96):
        drawn = load_data("shapes", image_size=size, split="test").x
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[draw.__module__], "REACH", 0.35)
            assert np.array_equal(drawn, load_data("shapes", image_size=size, split="test").x)


def test_shapes_that_match_lie_in_opposite_corners_and_have_one_colour():
    for size in (24, 32):
        data = load_data("matching", image_size=size, split="all")
        assert len(np.unique(data.attributes, axis=0)) == 3 * 3 * 6 * 2
        half = size // 2
        for picture, (*_, colour, corners) in zip(data.x, data.attributes, strict=True):
            quarters = {0: (picture[:, :half, :half], picture[:, half:, half:]),
                        1: (picture[:, :half, half:], picture[:, half:, :half])}
            assert not any(quarter.any() for quarter in quarters[1 - corners])
            for quarter in quarters[corners]:
                assert np.array_equal(quarter.max((1, 2)), COLOURS[colour])
    assert np.array_equal(data.labels, data.attributes[:, 3]) and data.attributes[:, 0].std() > 0


def test_another_attribute_can_be_the_class():
    data = load_data("shapes", label="colour")
    assert data.spec.classes == ("red", "green", "blue", "yellow", "magenta", "cyan")
    assert np.array_equal(data.labels, data.attributes[:, 1])
    with pytest.raises(UsageError, match="did you mean colour"):
        load_data("shapes", label="color")
    with pytest.raises(UsageError, match="leave --label out"):
        load_data("digits", label="colour")


def test_glyphs_are_whole_and_differ_by_every_factor():
    data = load_data("glyphs")
    assert data.spec.attributes == ("char", "font", "weight", "slant") and len(data.factors["font"]) == 7
    border = np.concatenate([data.x[:, 0, 0], data.x[:, 0, -1], data.x[:, 0, :, 0], data.x[:, 0, :, -1]], 1)
    assert (border.max(1) > 128).mean() < 0.002              # none is cut off
    ink = (data.x > 128).mean((1, 2, 3))
    bold = data.attributes[:, 2] == data.factors["weight"].index("bold")
    assert ink[bold].mean() > 1.3 * ink[~bold].mean()


def test_stacked_digits_are_three_digits_and_number_i_is_always_the_same():
    stacked, digits = load_data("stacked-digits", image_size=8), load_data("digits", image_size=8)
    batch = stacked.gather(torch.tensor([0, 7, 49_999]))
    known = {image.tobytes(): label for image, label in zip(digits.x, digits.labels, strict=True)}
    said = [[known[channel.tobytes()] for channel in image] for image in batch["x"].numpy()]
    assert batch["labels"].tolist() == [100 * a + 10 * b + c for a, b, c in said] == [266, 684, 125]
    assert [stacked.spec.classes[label] for label in batch["labels"]] == ["266", "684", "125"]


def test_stacked_digits_have_all_thousand_classes_and_stay_as_small_as_the_digits():
    for split, count in (("train", 50_000), ("test", 26_000)):
        data = load_data("stacked-digits", split=split)
        shares = np.bincount(data.labels, minlength=1000)
        assert shares.sum() == count and shares.min() > 0.3 * count / 1000
        assert data.x.images.nbytes < 2**21
    mirrored = load_data("stacked-digits", flip=True, image_size=8)
    pair = mirrored.gather(torch.tensor([3, 50_003]))
    assert torch.equal(pair["x"][1], pair["x"][0].flip(-1)) and pair["labels"].unique().numel() == 1
    assert mirrored.fingerprint == load_data("stacked-digits", image_size=8).fingerprint + "-flip"
    with pytest.raises(UsageError, match="leave --channels out"):
        load_data("stacked-digits", channels=1)


def test_photos_share_no_pixel_between_parts():
    from sklearn.datasets import load_sample_images
    image = load_sample_images().images[0]
    test = load_data("photos", split="test")
    assert np.array_equal(test.x[0], image[:32, 480:512].transpose(2, 0, 1))
    train = load_data("photos")
    assert np.array_equal(train.x[2849], image[392:424, 448:480].transpose(2, 0, 1))


@pytest.mark.parametrize(("name", "settings"), [
    ("ring", {"image_size": 32}), ("swissroll", {"channels": 3}), ("grid", {"flip": True}), ("shapes", {"flip": True}),
    ("photos", {"image_size": 200}), ("glyphs", {"image_size": 8}), ("shapes", {"image_size": 8}),
    ("matching", {"flip": True}), ("matching", {"image_size": 8})])
def test_what_makes_no_sense_is_refused(name, settings):
    with pytest.raises(UsageError):
        load_data(name, **settings)


@pytest.mark.parametrize(("name", "hint"), [("digts", "did you mean digits"), ("zzz", "built in: digits"),
                                            ("./digits", "no such file"), ("a.zip", "no such file")])
def test_unknown_names_get_the_nearest_right_thing(name, hint):
    with pytest.raises(UsageError, match=hint):
        load_data(name)


def test_a_configuration_and_settings_may_be_given_together():
    assert len(load_data(DataConfig(data="digits"), split="test")) == 447
    with pytest.raises(UsageError, match="did you mean split"):
        load_data("digits", splt="test")


def test_the_list_is_plain_rows():
    rows = describe_builtin()
    assert [row["name"] for row in rows] == list(BUILTIN)
    assert all(set(row) == {"name", "what", "sizes", "classes", "count", "test"} for row in rows)


def test_importing_the_room_imports_only_torch_numpy_and_the_standard_library():
    code = ("import sys, torch, numpy; before = {m.split('.')[0] for m in sys.modules}; import zerosum.data; "
            "new = {m.split('.')[0] for m in sys.modules} - before - set(sys.stdlib_module_names) - {'zerosum'}; "
            "assert not new, new")
    subprocess.run([sys.executable, "-c", code], check=True)
