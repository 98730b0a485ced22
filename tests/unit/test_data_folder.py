"""Folders and zips of pictures: classes, parts, sizes, kinds, and what lies beside them."""

import json
import logging
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from data_files import encoded, folder_of, pixels, save
from PIL import Image

from zerosum.core import UsageError, ZerosumError
from zerosum.data import DataConfig, load_data, load_held_out, survey


def test_pixels_arrive_unchanged_in_the_order_of_names(tmp_path):
    data = load_data(folder_of(tmp_path, 5))
    assert np.array_equal(data.x, np.stack([pixels(i).transpose(2, 0, 1) for i in range(5)]))
    assert data.spec.shape == (3, 8, 8) and data.spec.num_classes == 0
    assert "labels" not in data.gather(torch.arange(2))


def test_sub_folders_are_classes_also_deep_ones(tmp_path):
    for i, name in enumerate(["zebra/1.png", "ape/2.png", "ape/deep/3.png"]):
        save(tmp_path / "all" / name, pixels(i))             # the folder that all share says nothing
    data = load_data(tmp_path)
    assert data.spec.classes == ("ape", "zebra")
    assert data.labels.tolist() == [0, 0, 1]


def test_pictures_beside_class_folders_have_no_classes_and_a_line_says_so(tmp_path, caplog):
    save(tmp_path / "cat/1.png", pixels(0))
    save(tmp_path / "2.png", pixels(1))
    assert load_data(tmp_path).spec.num_classes == 0
    assert "1 pictures lie beside the sub-folders" in caplog.text


@pytest.mark.parametrize("second", ["test", "val", "Validation"])
def test_folders_named_train_and_test_are_parts(tmp_path, second):
    for i, name in enumerate(["train/cat/1.png", "train/dog/2.png", "train/dog/3.png", f"{second}/dog/4.png"]):
        save(tmp_path / name, pixels(i))
    train, test, both = (load_data(tmp_path, split=split) for split in ("train", "test", "all"))
    assert (len(train), len(test), len(both)) == (3, 1, 4)
    assert train.spec.classes == test.spec.classes == ("cat", "dog") and test.labels.tolist() == [1]
    assert np.array_equal(test.x[0], pixels(3).transpose(2, 0, 1))


def test_a_part_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="has no test part, only train"):
        load_data(folder_of(tmp_path), split="test")


def test_what_is_held_out_is_the_test_part_if_there_is_one(tmp_path):
    folder_of(tmp_path / "one" / "train", 3)
    assert load_held_out(tmp_path / "one").split == "train"
    folder_of(tmp_path / "one" / "test", 2)
    data = load_held_out(tmp_path / "one", channels=1)
    assert (data.split, len(data), data.spec.channels) == ("test", 2, 1)
    assert len(load_held_out("digits")) == 447


def test_mixed_sizes_are_named_with_the_size_to_ask_for(tmp_path):
    folder_of(tmp_path, 3, (70, 90, 3))
    save(tmp_path / "odd.png", pixels(9, (100, 64, 3)))
    with pytest.raises(UsageError, match=r"2 sizes \(90x70: 3, 64x100: 1\): pass --image-size 64"):
        load_data(tmp_path)
    for fit in ("crop", "pad", "stretch"):
        assert load_data(tmp_path, image_size=64, fit=fit).x.shape == (4, 3, 64, 64)


def test_any_aspect_stays_as_it_is(tmp_path):
    assert load_data(folder_of(tmp_path, 2, (5, 11, 3))).spec.shape == (3, 5, 11)


@pytest.mark.parametrize(("mode", "shape", "dtype", "channels"), [
    ("L", (8, 8), np.uint8, 1), ("LA", (8, 8, 2), np.uint8, 2), ("RGB", (8, 8, 3), np.uint8, 3),
    ("RGBA", (8, 8, 4), np.uint8, 4), ("I;16", (8, 8), np.uint16, 1)])
def test_every_kind_of_png_keeps_its_channels_and_depth(tmp_path, mode, shape, dtype, channels):
    x = pixels(3, shape, dtype)
    assert Image.open(save(tmp_path / "a.png", x)).mode == mode
    data = load_data(tmp_path)
    assert data.x.dtype == dtype and data.spec.shape == (channels, 8, 8)
    assert np.array_equal(data.x[0], x[None] if x.ndim == 2 else x.transpose(2, 0, 1))


def test_sixteen_bits_reach_the_network_as_floats(tmp_path):
    save(tmp_path / "a.png", np.array([[0, 65535], [32768, 1]], np.uint16))
    expected = [-1, 1, 32768 / 32767.5 - 1, 1 / 32767.5 - 1]
    assert load_data(tmp_path).all().ravel().tolist() == pytest.approx(expected, abs=1e-7)


def test_mixed_kinds_become_the_one_that_loses_nothing(tmp_path, caplog):
    save(tmp_path / "grey.png", pixels(0, (8, 8)))
    save(tmp_path / "rgb.png", pixels(1))
    data = load_data(tmp_path)
    assert data.spec.channels == 3 and (data.x[0] == data.x[0, :1]).all()
    assert "several kinds (1 grey 8-bit, 1 RGB 8-bit) become RGB 8-bit" in caplog.text
    save(tmp_path / "alpha.png", pixels(2, (8, 8, 2)))
    save(tmp_path / "deep.png", pixels(3, (8, 8), np.uint16))
    data = load_data(tmp_path)
    assert data.spec.channels == 4 and data.x.dtype == np.uint16
    assert np.array_equal(data.x[3, :3], pixels(1).transpose(2, 0, 1).astype(np.uint16) * 257)
    assert load_data(tmp_path, channels=1).spec.shape == (1, 8, 8)


def test_hidden_files_and_other_files_are_left_alone(tmp_path):
    folder_of(tmp_path, 2)
    for name in (".hidden.png", "._a.png", ".cache/x.png", "notes.txt", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("nothing")
    assert len(load_data(tmp_path)) == 2
    assert sorted(survey(DataConfig(data=str(tmp_path))).ignored) == ["Thumbs.db", "notes.txt"]


def test_links_are_followed_and_loops_end(tmp_path):
    folder_of(tmp_path / "real", 2)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "set" / "up").symlink_to(tmp_path)
    assert len(load_data(tmp_path / "set")) == 2


def test_a_pipe_with_a_picture_name_does_not_hang(tmp_path):
    folder_of(tmp_path, 2)
    os.mkfifo(tmp_path / "pipe.png")
    assert len(load_data(tmp_path)) == 2


def test_names_of_any_script_and_of_no_script(tmp_path):
    save(tmp_path / "猫" / "ä b.png", pixels(0))
    save(tmp_path / "собака" / "日本.PNG", pixels(1))
    assert load_data(tmp_path).spec.classes == ("собака", "猫")
    raw = os.fsencode(tmp_path / "猫") + b"/\xff.png"
    Path(os.fsdecode(raw)).write_bytes(b"")
    found = survey(DataConfig(data=str(tmp_path))).bad
    assert [problem.file for problem in found] == ["猫/\\xff.png"]
    json.dumps([problem.file for problem in found]).encode()


def test_upright_is_what_exif_says(tmp_path):
    image = Image.fromarray(pixels(0, (8, 16, 3)))
    exif = Image.Exif()
    exif[0x0112] = 6                         # turned by 90 degrees
    image.save(tmp_path / "photo.jpg", exif=exif, quality=100)
    data = load_data(tmp_path)
    assert data.spec.shape == (3, 16, 8)
    with Image.open(tmp_path / "photo.jpg") as stored:
        assert np.array_equal(data.x[0], np.asarray(stored.rotate(-90, expand=True)).transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["png", "bmp", "ppm", "tif", "webp", "gif", "jpg"])
def test_every_common_format_is_read(tmp_path, kind):
    save(tmp_path / f"a.{kind}", np.full((8, 8, 3), 200, np.uint8))
    data = load_data(tmp_path)
    assert data.spec.shape == (3, 8, 8) and abs(data.x.astype(int) - 200).max() <= 2


def test_stylegan_labels_are_read(tmp_path):
    for i in range(3):
        save(tmp_path / f"0000{i % 2}" / f"img{i}.png", pixels(i))
    labels = [["00000/img0.png", 5], ["00001/img1.png", 3], ["00000/img2.png", 5]]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    data = load_data(tmp_path)
    assert data.spec.classes == ("3", "5") and data.labels.tolist() == [1, 1, 0]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": None}))
    assert load_data(tmp_path).spec.num_classes == 0
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels[:2]}))
    assert load_data(tmp_path).spec.num_classes == 0


def test_a_zip_is_read_like_the_folder(tmp_path):
    for i, name in enumerate(["b/1.png", "a/2.png", "a/3.png"]):
        save(tmp_path / "set" / name, pixels(i))
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (tmp_path / "set").rglob("*.png"):
            archive.write(file, file.relative_to(tmp_path))
    folder, packed = load_data(tmp_path / "set"), load_data(tmp_path / "set.zip")
    assert packed.fingerprint == folder.fingerprint and packed.spec.classes == ("a", "b")


def test_zips_of_windows_and_mac_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for name in ("set/cat/1.png", "set/dog/2.png"):
            entry = zipfile.ZipInfo(name)
            entry.filename = name.replace("/", "\\")
            archive.writestr(entry, encoded(pixels(len(name))))
        archive.writestr("__MACOSX/set/cat/._1.png", b"resource")
        archive.writestr("set/empty/", b"")
    data = load_data(tmp_path / "w.zip")
    assert len(data) == 2 and data.spec.classes == ("cat", "dog")


def test_damaged_and_encrypted_zips_are_refused_in_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", encoded(pixels(0)))
        archive.writestr("2.png", encoded(pixels(1)))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    (tmp_path / "short.zip").write_bytes(content[:-30])
    with pytest.raises(ZerosumError, match="damaged zip"):
        load_data(tmp_path / "short.zip")
    content[60] ^= 255                       # inside the first picture: its checksum fails
    (tmp_path / "flipped.zip").write_bytes(content)
    with pytest.raises(ZerosumError, match=r"1 of 2 files .*1\.png cannot be read \(damaged inside the zip"):
        load_data(tmp_path / "flipped.zip")
    assert len(load_data(tmp_path / "flipped.zip", skip_bad=True)) == 1
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[6] |= 1                          # the encryption flag, in the entry and in the directory
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(UsageError, match="encrypted"):
        load_data(tmp_path / "locked.zip")


def test_a_zip_bomb_is_named_and_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("zerosum.data.formats.pictures.LARGEST", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", encoded(pixels(0)))
        archive.writestr("2.png", b"\0" * 10_000)
    with pytest.raises(ZerosumError, match=r"2\.png cannot be read"):
        load_data(tmp_path / "a.zip")


def test_a_folder_without_pictures_says_what_it_wants(tmp_path):
    with pytest.raises(UsageError, match="holds no pictures"):
        load_data(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="holds no pictures among 1 files: they must end in"):
        load_data(tmp_path)


def test_a_single_picture_is_no_data(tmp_path):
    with pytest.raises(UsageError, match="give a folder or zip"):
        load_data(save(tmp_path / "a.png", pixels(0)))


def test_a_folder_that_is_not_ours_to_list_is_named(tmp_path, monkeypatch):
    folder_of(tmp_path / "open", 1)
    folder_of(tmp_path / "closed", 1)
    real = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ZerosumError, match=r"closed cannot be listed \(Permission denied\)"):
        load_data(tmp_path)


def test_what_does_not_fit_in_memory_is_told_to_be_packed(tmp_path, monkeypatch):
    monkeypatch.setattr("zerosum.data.load.MEMORY", 1000)
    with pytest.raises(UsageError, match=r"too much to keep in memory: zerosum data prepare .* -o set\.zsd"):
        load_data(folder_of(tmp_path / "set"))


def test_decoding_into_memory_is_said(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "zerosum"):
        load_data(folder_of(tmp_path, 3))
    assert "decoding 3 samples into memory" in caplog.text


def test_flip_and_skip_bad_go_together(tmp_path):
    folder_of(tmp_path, 3)
    (tmp_path / "b.png").write_bytes(b"")
    assert len(load_data(tmp_path, flip=True, skip_bad=True)) == 4
