"""What `zerosum data show` reports, and the overview it draws."""

import errno
import json

import numpy as np
import pytest
from data_files import encoded, folder_of, pixels, save
from PIL import Image

from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.data import BUILTIN, ArrayDataset, DataConfig, glimpse, load_data, picture, prepare, survey
from zerosum.data.overview import heading


def look_at(path, **settings):
    return survey(DataConfig(data=str(path), **settings))


def test_counts_sizes_kinds_labels_and_parts(tmp_path):
    for i, name in enumerate(["train/cat/1", "train/cat/2", "train/dog/3", "test/dog/4"]):
        save(tmp_path / f"{name}.png", pixels(i, (8, 6, 3)))
    found = look_at(tmp_path)
    assert (found.kind, found.count, found.shape, found.dtype) == ("folder", 4, (3, 8, 6), "uint8")
    assert found.parts == {"train": 3, "test": 1}
    assert found.sizes == {"6x8": 4} and found.kinds == {"RGB 8-bit": 4}
    assert found.labels == {"cat": 2, "dog": 2}
    assert not (found.bad or found.odd or found.duplicates or found.notes or found.advice)


def test_duplicates_are_equal_pixels_whatever_the_file(tmp_path):
    x = pixels(0)
    save(tmp_path / "a.png", x)
    save(tmp_path / "b.bmp", x)
    save(tmp_path / "c.png", x, compress_level=0)
    save(tmp_path / "d.png", pixels(1))
    save(tmp_path / "e.png", x.transpose(1, 0, 2))
    save(tmp_path / "f.png", pixels(1))
    assert look_at(tmp_path).duplicates == [["a.png", "b.bmp", "c.png"], ["d.png", "f.png"]]


def test_equal_bytes_of_another_shape_are_no_duplicates(tmp_path):
    x = np.full((4, 9), 7, np.uint8)
    save(tmp_path / "a.png", x)
    save(tmp_path / "b.png", x.reshape(6, 6))
    assert look_at(tmp_path).duplicates == []


def test_every_file_that_does_not_fit_is_named_with_its_mend(tmp_path):
    folder_of(tmp_path, 4, (20, 20, 3))
    save(tmp_path / "odd.png", pixels(9, (30, 25, 3)))
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "half.png").write_bytes(encoded(pixels(8, (20, 20, 3)))[:-300])
    found = look_at(tmp_path)
    assert {problem.file: (problem.what, problem.mend) for problem in found.bad} == {
        "empty.png": ("is empty (0 bytes)", "delete it or fetch it again"),
        "half.png": ("breaks off in the middle (truncated)", "fetch it again"),
        "odd.png": ("is 25x30, where most are 20x20", "pass --image-size 16")}
    assert found.sizes == {"20x20": 4, "25x30": 1} and found.count == 5
    assert found.shape == () and "pass --image-size 16" in found.advice
    mended = look_at(tmp_path, image_size=16)
    assert mended.shape == (3, 16, 16) and not mended.advice
    assert [problem.file for problem in mended.bad] == ["empty.png", "half.png"]


def test_nothing_but_bad_files_is_a_survey_too(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(encoded(pixels(0))[:-60])
    found = look_at(tmp_path)
    assert found.count == 0 and len(found.bad) == 2 and "none of its 2 files" in found.advice


def test_a_survey_is_json(tmp_path):
    folder_of(tmp_path, 3)
    (tmp_path / "x.png").write_bytes(b"")
    for data in (tmp_path, "shapes", "ring"):
        document = json.loads(json.dumps(look_at(data).to_json()))
        assert document["count"] > 0
    assert document["labels"]["mode 0"] == 6250


@pytest.mark.parametrize("name", BUILTIN)
def test_the_table_of_built_in_data_is_true(name):
    found = look_at(name)
    assert found.kind == "built-in" and found.count == BUILTIN[name].count + BUILTIN[name].test
    assert BUILTIN[name].classes.split()[0] == (str(len(found.labels)) if found.labels else "none")


def test_attributes_are_counted_by_value():
    found = look_at("shapes")
    assert found.attributes["colour"] == dict.fromkeys(("red", "green", "blue", "yellow", "magenta", "cyan"), 972)


def test_a_packed_file_whose_content_changed_is_noticed(tmp_path):
    prepare(folder_of(tmp_path / "set", 3), tmp_path / "x.zsd")
    assert look_at(tmp_path / "x.zsd").notes == []
    content = bytearray((tmp_path / "x.zsd").read_bytes())
    content[4096 + 17] ^= 1
    (tmp_path / "x.zsd").write_bytes(content)
    assert "(damaged)" in look_at(tmp_path / "x.zsd").notes[0]


def test_progress_reaches_the_total(tmp_path):
    seen = []
    survey(DataConfig(data=str(folder_of(tmp_path, 3))), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_unknown_data_is_refused():
    with pytest.raises(UsageError, match="did you mean"):
        look_at("shape")


def test_the_overview_shows_each_class_in_its_own_row(tmp_path):
    x = np.zeros((30, 3, 8, 8), np.uint8)
    labels = np.arange(30) % 2
    x[labels == 0, 0] = 255
    x[labels == 1, 2] = 255
    data = ArrayDataset(x, DataSpec((3, 8, 8), 2, ("reds", "blues")), name="d", labels=labels)
    picture(data, tmp_path / "p.png")
    drawn = np.asarray(Image.open(tmp_path / "p.png"))
    red, blue = (np.argwhere((drawn == colour).all(-1)) for colour in ([255, 0, 0], [0, 0, 255]))
    assert len(red) == len(blue) == 15 * 48 * 48             # all fifteen of each, enlarged to 48 pixels
    assert red[:, 0].max() < blue[:, 0].min()


def test_a_glimpse_has_every_class_and_the_picture_the_true_counts(tmp_path):
    for i in range(60):
        save(tmp_path / "set" / ("many" if i % 20 else "few") / f"{i:02}.png", pixels(i))
    (tmp_path / "set" / "many" / "99.png").write_bytes(b"")
    config = DataConfig(data=str(tmp_path / "set"))
    some = glimpse(config, most=24)
    assert np.bincount(some.labels).tolist() == [3, 11]      # of twelve of the larger class, the empty file is one
    assert heading(some, survey(config)) == "set (all): 60 samples of 3x8x8, 2 classes"
    assert picture(some, tmp_path / "p.png", survey(config)).is_file()
    with pytest.raises(ZerosumError, match=r"cannot be written .*: give another -o"):
        picture(some, tmp_path / "nowhere" / "p.png")
    with pytest.raises(UsageError, match=r"cannot write \.jpg: name a \.png file"):
        picture(some, tmp_path / "p.jpg")


def test_an_overview_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "p.png").write_bytes(b"old")

    def half(_image, file, *_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(ZerosumError, match=r"p\.png cannot be written \(No space left on device\): give another -o"):
        picture(load_data("digits"), tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_glimpse_needs_no_more_memory_than_it_shows(tmp_path, monkeypatch):
    monkeypatch.setattr("zerosum.data.load.MEMORY", 100)
    folder_of(tmp_path, 20)
    assert len(glimpse(DataConfig(data=str(tmp_path)), most=12)) == 12


@pytest.mark.parametrize(("shape", "dtype"), [((1, 8, 8), np.uint8), ((2, 8, 8), np.uint8), ((4, 8, 200), np.uint8),
                                              ((7, 8, 8), np.uint8), ((1, 8, 8), np.uint16), ((3, 8, 8), np.float32)])
def test_any_image_can_be_drawn(tmp_path, shape, dtype):
    x = np.full((3, *shape), 0.5, dtype) if dtype == np.float32 else pixels(0, (3, *shape), dtype)
    path = picture(ArrayDataset(x, DataSpec(shape), name="d"), tmp_path / "p.png")
    assert Image.open(path).size[0] > 100


@pytest.mark.parametrize("dims", [1, 2, 5])
def test_points_are_drawn_as_a_scatter(tmp_path, dims):
    x = np.random.RandomState(0).randn(50, dims).astype(np.float32)
    assert Image.open(picture(ArrayDataset(x, DataSpec((dims,)), name="d"), tmp_path / "p.png")).size == (660, 660)
    assert picture(load_data("ring"), tmp_path / "ring.png").is_file()
