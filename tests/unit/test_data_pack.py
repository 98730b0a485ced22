"""The packed form: what goes in comes out, whole or not at all."""

import errno
import json
import os
import signal
import time
import zipfile

import numpy as np
import pytest
import torch
from data_files import folder_of, pixels, save

from zerosum.core import UsageError, ZerosumError
from zerosum.data import DataConfig, load_data, prepare


def classes_of(root, shape=(8, 6, 3), dtype=np.uint8, count=5):
    for i in range(count):
        save(root / ("cat", "dog")[i % 2] / f"{i}.png", pixels(i, shape, dtype))
    return root


@pytest.mark.parametrize(("shape", "dtype"), [((8, 6, 3), np.uint8), ((8, 6), np.uint8), ((8, 6, 4), np.uint8),
                                              ((8, 6), np.uint16)])
def test_a_folder_comes_back_bit_for_bit(tmp_path, shape, dtype):
    folder = classes_of(tmp_path / "set", shape, dtype)
    info = prepare(folder, tmp_path / "set.zsd")
    plain, packed = load_data(folder), load_data(tmp_path / "set.zsd")
    index = torch.tensor([4, 0, 3])
    for name, field in plain.gather(index).items():
        assert torch.equal(packed.gather(index)[name], field) and packed.gather(index)[name].dtype == field.dtype
    assert packed.spec == plain.spec == info.spec and packed.x.dtype == dtype
    assert packed.fingerprint == plain.fingerprint == info.fingerprint
    assert info.count == 5 and info.bytes == (tmp_path / "set.zsd").stat().st_size
    assert str(info).startswith(f"{tmp_path}/set.zsd: 5 samples of ")


def test_every_source_can_be_packed(tmp_path):
    folder = classes_of(tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder))
    np.save(tmp_path / "x.npy", pixels(0, (5, 12, 8, 6)))
    np.save(tmp_path / "points.npy", np.random.RandomState(0).randn(9, 2))
    np.save(tmp_path / "floats.npy", np.random.RandomState(0).rand(9, 4, 4))
    prepare(folder, tmp_path / "first.zsd")
    for name in ("set", "set.zip", "x.npy", "points.npy", "floats.npy", "first.zsd"):
        info = prepare(tmp_path / name, tmp_path / "out.zsd")
        assert load_data(tmp_path / "out.zsd").fingerprint == load_data(tmp_path / name).fingerprint == info.fingerprint


def test_captions_attributes_and_names_survive(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    from data_files import encoded
    made = pa.table({"image": [encoded(pixels(i)) for i in range(4)], "label": ["ä", "b", "ä", "b"],
                     "young": [True, False, False, True], "text": ["eins", "zwei", "三", "four\nlines"]})
    pq.write_table(made, tmp_path / "x.parquet")
    prepare(tmp_path / "x.parquet", tmp_path / "x.zsd")
    plain, packed = load_data(tmp_path / "x.parquet"), load_data(tmp_path / "x.zsd")
    assert packed.captions == plain.captions == ["eins", "zwei", "三", "four\nlines"]
    assert packed.factors == plain.factors and np.array_equal(packed.attributes, plain.attributes)
    assert load_data(tmp_path / "x.zsd", label="young").spec.classes == ("False", "True")


def test_all_parts_are_packed_and_told_apart(tmp_path):
    for i, name in enumerate(["train/a/1", "train/b/2", "train/b/3", "test/b/4"]):
        save(tmp_path / "set" / f"{name}.png", pixels(i))
    info = prepare(tmp_path / "set", tmp_path / "x.zsd", DataConfig(split="test"))
    assert info.parts == {"train": 3, "test": 1}
    prints = set()
    for split in ("train", "test", "all"):
        plain, packed = (load_data(tmp_path / name, split=split) for name in ("set", "x.zsd"))
        assert np.array_equal(packed.x, plain.x) and np.array_equal(packed.labels, plain.labels)
        prints.add(packed.fingerprint)
    assert len(prints) == 3


def test_size_channels_and_fit_are_applied_once(tmp_path):
    folder = classes_of(tmp_path / "set", (20, 30, 3))
    prepare(folder, tmp_path / "x.zsd", DataConfig(image_size=16, channels=1, fit="pad"))
    direct = load_data(folder, image_size=16, channels=1, fit="pad")
    assert np.array_equal(load_data(tmp_path / "x.zsd").x, direct.x)
    assert load_data(tmp_path / "x.zsd", image_size=8).spec.shape == (1, 8, 8)


def test_samples_are_mapped_not_read(tmp_path):
    folder_of(tmp_path / "set", 4)
    prepare(tmp_path / "set", tmp_path / "x.zsd")
    x = load_data(tmp_path / "x.zsd").x
    while isinstance(x, np.ndarray) and not isinstance(x, np.memmap):
        x = x.base
    assert isinstance(x, np.memmap) and x.offset % 4096 == 0
    assert not load_data(tmp_path / "x.zsd").x.flags.writeable


def test_flip_works_on_mapped_samples(tmp_path):
    folder_of(tmp_path / "set", 4)
    prepare(tmp_path / "set", tmp_path / "x.zsd")
    batch = load_data(tmp_path / "x.zsd", flip=True).gather(torch.tensor([1, 5]))["x"]
    assert torch.equal(batch[1], batch[0].flip(-1))


def test_truncated_foreign_and_damaged_files_are_refused(tmp_path):
    folder_of(tmp_path / "set", 4)
    prepare(tmp_path / "set", tmp_path / "x.zsd")
    whole = (tmp_path / "x.zsd").read_bytes()
    for cut in (1, 20, 400, len(whole) - 30):
        (tmp_path / "y.zsd").write_bytes(whole[:-cut])
        with pytest.raises(ZerosumError, match=r"breaks off \(\d+ bytes of \d+\)|is no packed data"):
            load_data(tmp_path / "y.zsd")
    for content in (b"", b"something else altogether, but long enough to be a head"):
        (tmp_path / "y.zsd").write_bytes(content)
        with pytest.raises(ZerosumError, match="is no packed data"):
            load_data(tmp_path / "y.zsd")
    damaged = bytearray(whole)
    damaged[-5] ^= 1
    (tmp_path / "y.zsd").write_bytes(damaged)
    with pytest.raises(ZerosumError, match="is damaged"):
        load_data(tmp_path / "y.zsd")
    longer = whole + b"\0"
    (tmp_path / "y.zsd").write_bytes(longer)
    with pytest.raises(ZerosumError, match=r"breaks off \(\d+ bytes of \d+\)"):
        load_data(tmp_path / "y.zsd")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    folder_of(tmp_path / "set", 4)
    (tmp_path / "x.zsd").write_bytes(b"what was there before")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ZerosumError, match=r"the disk is full, .*x\.zsd is not written: free some space"):
        prepare(tmp_path / "set", tmp_path / "x.zsd")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "x.zsd"]
    assert (tmp_path / "x.zsd").read_bytes() == b"what was there before"


def test_a_missing_target_folder_and_a_folder_as_target_are_named(tmp_path):
    folder_of(tmp_path / "set", 2)
    with pytest.raises(UsageError, match="no such folder"):
        prepare(tmp_path / "set", tmp_path / "nowhere" / "x.zsd")
    with pytest.raises(ZerosumError, match="cannot be written"):
        prepare(tmp_path / "set", tmp_path / "set")
    with pytest.raises(UsageError, match="needs no packing"):
        prepare("digits", tmp_path / "x.zsd")


def test_bad_files_found_late_leave_nothing_behind(tmp_path):
    folder_of(tmp_path / "set", 4)
    content = (tmp_path / "set" / "c.png").read_bytes()
    (tmp_path / "set" / "c.png").write_bytes(content[:-60])
    with pytest.raises(ZerosumError, match=r"1 of 4 .* c\.png breaks off"):
        prepare(tmp_path / "set", tmp_path / "x.zsd")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_progress_counts_up_to_the_total(tmp_path):
    seen = []
    prepare(folder_of(tmp_path / "set", 4), tmp_path / "x.zsd", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_killed_prepare_leaves_the_old_file_or_the_new_one(tmp_path):
    np.save(tmp_path / "x.npy", pixels(0, (2000, 3, 64, 64)))
    prepare(folder_of(tmp_path / "set", 3), tmp_path / "x.zsd")
    before, after = (load_data(tmp_path / name).fingerprint for name in ("x.zsd", "x.npy"))
    start = time.monotonic()
    prepare(tmp_path / "x.npy", tmp_path / "y.zsd")
    usual = time.monotonic() - start
    seen = set()
    for share in (0.0, 0.2, 0.5, 0.8, 20.0):
        child = os.fork()
        if child == 0:                       # the packing process; it ends here whatever happens
            try:
                prepare(tmp_path / "x.npy", tmp_path / "x.zsd")
            finally:
                os._exit(0)
        time.sleep(share * usual)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen.add(load_data(tmp_path / "x.zsd").fingerprint)
        assert seen <= {before, after}
    assert seen == {before, after}


def test_the_description_is_plain_json(tmp_path):
    info = prepare(classes_of(tmp_path / "set"), tmp_path / "x.zsd")
    content = (tmp_path / "x.zsd").read_bytes()
    start = int.from_bytes(content[16:24], "little")
    document = json.loads(content[start:])
    assert document["shape"] == [3, 8, 6] and document["fingerprint"] == info.fingerprint
