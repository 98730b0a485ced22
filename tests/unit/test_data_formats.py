"""MNIST, CIFAR, parquet and numpy files: read exactly, refused in one line when damaged, never run."""

import gzip
import json
import os
import pickle
import struct
import sys

import numpy as np
import pytest
import torch
from data_files import encoded, pixels

from zerosum.core import UsageError, ZerosumError
from zerosum.data import DataConfig, load_data, survey


def idx(x: np.ndarray, code: int = 8) -> bytes:
    return struct.pack(f">BBBB{x.ndim}I", 0, 0, code, x.ndim, *x.shape) + x.tobytes()


def mnist(folder, zipped=False, train=6, test=3):
    folder.mkdir(exist_ok=True)
    for name, seed, n in (("train", 0, train), ("t10k", 1, test)):
        for what, x in (("images-idx3", pixels(seed, (n, 7, 5))), ("labels-idx1", (np.arange(n) % 4).astype(np.uint8))):
            path = folder / (f"{name}-{what}-ubyte" + (".gz" if zipped else ""))
            path.write_bytes(gzip.compress(idx(x)) if zipped else idx(x))
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_files_are_read_plain_and_gzipped(tmp_path, zipped):
    folder = mnist(tmp_path / "mnist", zipped)
    train, test = load_data(folder), load_data(folder, split="test")
    assert np.array_equal(train.x[:, 0], pixels(0, (6, 7, 5))) and np.array_equal(test.x[:, 0], pixels(1, (3, 7, 5)))
    assert train.labels.tolist() == [0, 1, 2, 3, 0, 1] and test.labels.tolist() == [0, 1, 2]
    assert train.spec.classes == test.spec.classes == ("0", "1", "2", "3")


def test_a_single_idx_file_finds_its_labels(tmp_path):
    folder = mnist(tmp_path)
    assert load_data(folder / "train-images-idx3-ubyte").labels.tolist() == [0, 1, 2, 3, 0, 1]
    (folder / "train-labels-idx1-ubyte").unlink()
    assert load_data(folder / "train-images-idx3-ubyte").labels is None


def test_idx_files_of_coloured_pictures_are_read(tmp_path):
    x = pixels(0, (4, 7, 5, 3))
    (tmp_path / "images").write_bytes(idx(x))
    assert np.array_equal(load_data(tmp_path / "images").x, x.transpose(0, 3, 1, 2))


def test_plain_files_are_preferred_to_their_gzipped_copies(tmp_path):
    mnist(tmp_path, zipped=True)
    assert len(load_data(mnist(tmp_path))) == 6


def test_pictures_of_mnist_can_be_resized(tmp_path):
    assert load_data(mnist(tmp_path), image_size=16, channels=3).spec.shape == (3, 16, 16)


def test_damaged_idx_files_are_refused(tmp_path):
    folder = mnist(tmp_path)
    images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    whole = images.read_bytes()
    images.write_bytes(whole[:-3])
    with pytest.raises(ZerosumError, match="breaks off: it has 223 bytes of 226"):
        load_data(folder)
    images.write_bytes(whole)
    labels.write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(ZerosumError, match="4 labels for 6 pictures"):
        load_data(folder)
    with pytest.raises(UsageError, match="give the file of images"):
        load_data(labels)
    zipped = tmp_path / "x-images-idx3-ubyte.gz"
    zipped.write_bytes(gzip.compress(whole)[:-20])
    with pytest.raises(ZerosumError, match="damaged or breaks off"):
        load_data(zipped)


def test_several_idx_sets_in_one_folder_are_not_guessed_between(tmp_path):
    mnist(tmp_path)
    (tmp_path / "letters-train-images-idx3-ubyte").write_bytes(idx(pixels(0, (2, 7, 5))))
    with pytest.raises(UsageError, match="several IDX sets"):
        load_data(tmp_path)


def cifar10(folder, old=True):
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(["data_batch_1", "data_batch_2", "test_batch"]):
        batch = {"data": pixels(i, (4, 3072)), "labels": [0, 1, 2, 1], "filenames": list("abcd"), "batch_label": name}
        (folder / name).write_bytes(python2(batch) if old else pickle.dumps(batch))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["plane", "car", "bird"]}))
    return folder


def python2(batch) -> bytes:
    """A pickle as Python 2 wrote the published files: protocol 2, byte strings, numpy's old module name."""
    x = batch["data"]

    def text(value: str) -> bytes:
        return b"U" + struct.pack("B", len(value)) + value.encode()

    array = (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85" + text("b") + b"tR(K\1"
             + b"K" + struct.pack("B", x.shape[0]) + b"M" + struct.pack("<H", x.shape[1]) + b"\x86"
             + b"cnumpy\ndtype\n" + text("u1") + b"K\0K\1\x87R(K\3" + text("|")
             + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
             + b"\x89T" + struct.pack("<i", x.nbytes) + x.tobytes() + b"tb")
    labels = b"](" + b"".join(b"K" + struct.pack("B", label) for label in batch["labels"]) + b"e"
    return b"\x80\2}(" + text("data") + array + text("labels") + labels + b"u."


@pytest.mark.parametrize("old", [False, True])
def test_cifar10_pickles_are_read(tmp_path, old):
    folder = cifar10(tmp_path / "cifar-10-batches-py", old)
    for path in (folder, tmp_path):          # also the folder that the archive was unpacked in
        train = load_data(path)
        expected = np.concatenate([pixels(i, (4, 3072)) for i in (0, 1)]).reshape(-1, 3, 32, 32)
        assert np.array_equal(train.x, expected)
        assert train.labels.tolist() == [0, 1, 2, 1] * 2 and train.spec.classes == ("plane", "car", "bird")
        assert len(load_data(path, split="test")) == 4
    assert len(load_data(folder / "data_batch_2")) == 4


def test_cifar10_binary_is_read(tmp_path):
    rows = pixels(0, (5, 3073))
    rows[:, 0] = [0, 1, 2, 1, 0]
    (tmp_path / "data_batch_1.bin").write_bytes(rows.tobytes())
    (tmp_path / "batches.meta.txt").write_text("plane\ncar\nbird\n\n")
    data = load_data(tmp_path)
    assert np.array_equal(data.x.reshape(5, -1), rows[:, 1:])
    assert data.labels.tolist() == [0, 1, 2, 1, 0] and data.spec.classes == ("plane", "car", "bird")
    (tmp_path / "data_batch_1.bin").write_bytes(rows.tobytes()[:-1])
    with pytest.raises(ZerosumError, match="breaks off"):
        load_data(tmp_path)


def test_cifar100_has_fine_and_coarse_classes(tmp_path):
    batch = {"data": pixels(0, (3, 3072)), "fine_labels": [2, 0, 1], "coarse_labels": [1, 0, 1]}
    (tmp_path / "train").write_bytes(pickle.dumps(batch, protocol=2))
    names = {"fine_label_names": ["x", "y", "z"], "coarse_label_names": ["P", "Q"]}
    (tmp_path / "meta").write_bytes(pickle.dumps(names))
    data = load_data(tmp_path)
    assert data.labels.tolist() == [2, 0, 1] and data.spec.classes == ("x", "y", "z")
    assert data.attributes.tolist() == [[2, 1], [0, 0], [1, 1]] and data.spec.attributes == ("fine", "coarse")
    coarse = load_data(tmp_path, label="coarse")
    assert coarse.labels.tolist() == [1, 0, 1] and coarse.spec.classes == ("P", "Q")


def test_cifar100_binary_is_read(tmp_path):
    rows = pixels(1, (3, 3074))
    rows[:, :2] = [[1, 2], [0, 0], [1, 1]]   # coarse, fine
    (tmp_path / "train.bin").write_bytes(rows.tobytes())
    (tmp_path / "fine_label_names.txt").write_text("x\ny\nz\n")
    (tmp_path / "coarse_label_names.txt").write_text("P\nQ\n")
    data = load_data(tmp_path)
    assert data.labels.tolist() == [2, 0, 1] and data.spec.classes == ("x", "y", "z")
    assert data.attributes[:, 1].tolist() == [1, 0, 1] and data.factors["coarse"] == ("P", "Q")


class Evil:
    def __init__(self, call, argument):
        self.call, self.argument = call, argument

    def __reduce__(self):
        return self.call, (self.argument,)


@pytest.mark.parametrize("call", [os.system, eval, exec, __import__, os.remove])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_asks_to_run_something_is_refused_and_nothing_runs(tmp_path, call, protocol):
    trap = tmp_path / "trap"
    trap.write_text("here")
    argument = str(trap) if call is os.remove else f"rm {trap}" if call is os.system else "antigravity"
    content = pickle.dumps({"data": Evil(call, argument), "labels": []}, protocol)
    (tmp_path / "data_batch_1").write_bytes(content if protocol >= 2 else b"\x80\2" + content)
    with pytest.raises(ZerosumError, match=r"is refused \(it asks to run .*, which CIFAR does not need\)"):
        load_data(tmp_path)
    assert trap.exists() and "antigravity" not in sys.modules


def test_stranger_pickles_are_refused_in_one_line(tmp_path):
    file = tmp_path / "data_batch_1"
    for content in (pickle.dumps([1, 2]), pickle.dumps({"data": 3}), pickle.dumps({"labels": [1]})):
        file.write_bytes(content)
        with pytest.raises(UsageError, match='has no "data"'):
            load_data(tmp_path)
    for x in (pixels(0, (4, 100)), np.zeros((4, 3072)), np.asfortranarray(pixels(0, (4, 3072)))):
        file.write_bytes(pickle.dumps({"data": x, "labels": [0] * 4}, protocol=2))
        with pytest.raises(ZerosumError, match="not rows of 3072 bytes"):
            load_data(tmp_path)
    for labels in ([0, 1], [0, 1, -1, 2], "word", [0, [1], 2, 3]):
        file.write_bytes(pickle.dumps({"data": pixels(0, (4, 3072)), "labels": labels}, protocol=2))
        with pytest.raises(ZerosumError, match="labels do not match"):
            load_data(tmp_path)
    whole = pickle.dumps({"data": pixels(0, (4, 3072)), "labels": [0] * 4}, protocol=2)
    file.write_bytes(whole[:5000])
    with pytest.raises(ZerosumError, match="is refused"):
        load_data(tmp_path)


def table(path, rows=6, metadata=None, **columns):
    import pyarrow as pa
    import pyarrow.parquet as pq
    images = [{"bytes": encoded(pixels(i)), "path": f"{i}.png"} for i in range(rows)]
    made = pa.table({"image": images} | columns)
    pq.write_table(made.replace_schema_metadata(metadata), path, row_group_size=4)
    return path


def test_parquet_of_hugging_face_is_read_with_names_captions_and_attributes(tmp_path):
    features = {"label": {"_type": "ClassLabel", "names": ["cat", "dog", "owl"]}, "image": {"_type": "Image"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    columns = {"label": [0, 1, 0, 1, 1, 0], "text": list("uvwxyz"), "young": [True, False] * 3, "id": list(range(6))}
    table(tmp_path / "train-00000-of-00001.parquet", metadata=metadata, **columns)
    table(tmp_path / "test-00000-of-00001.parquet", 2, metadata=metadata,
          **{name: values[:2] for name, values in columns.items()})
    data = load_data(tmp_path)
    assert np.array_equal(data.x, np.stack([pixels(i).transpose(2, 0, 1) for i in range(6)]))
    assert data.spec.classes == ("cat", "dog", "owl") and data.labels.tolist() == columns["label"]
    assert data.captions == list("uvwxyz")
    assert data.spec.attributes[:2] == ("label", "young") and data.attributes[:, 1].tolist() == [1, 0] * 3
    assert load_data(tmp_path, label="young").spec.classes == ("False", "True")
    assert len(load_data(tmp_path, split="test")) == 2
    with pytest.raises(UsageError, match="did you mean label"):
        load_data(tmp_path, label="labl")


def test_parquet_with_plain_bytes_and_string_labels(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    made = pa.table({"picture": [encoded(pixels(i)) for i in range(4)], "class": ["b", "a", "b", "a"]})
    pq.write_table(made, tmp_path / "x.parquet")
    data = load_data(tmp_path / "x.parquet")
    assert data.spec.classes == ("a", "b") and data.labels.tolist() == [1, 0, 1, 0]


def test_bad_rows_of_parquet_are_named(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    images = pa.array([encoded(pixels(0)), b"", None, encoded(pixels(1))], pa.binary())
    made = pa.table({"image": images, "label": [0, 1, 0, 1]})
    pq.write_table(made, tmp_path / "x.parquet")
    with pytest.raises(ZerosumError, match=r"2 of 4 files .*x\.parquet\[1\] is empty .*x\.parquet\[2\] is empty"):
        load_data(tmp_path / "x.parquet")
    assert load_data(tmp_path / "x.parquet", skip_bad=True).labels.tolist() == [0, 1]


def test_parquet_without_pictures_damaged_or_without_its_extra(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"number": [1, 2]}), path)
    with pytest.raises(UsageError, match=r"no column of encoded pictures \(it has number\)"):
        load_data(path)
    table(path, label=[0, 1] * 3)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ZerosumError, match="is damaged"):
        load_data(path)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"needs an extra: pip install 'zerosum\[parquet\]'"):
        load_data(path)


@pytest.mark.parametrize(("shape", "expected"), [
    ((5, 8, 6), (1, 8, 6)), ((5, 8, 6, 3), (3, 8, 6)), ((5, 3, 8, 6), (3, 8, 6)), ((5, 12, 40, 30), (12, 40, 30)),
    ((5, 40, 30, 12), (12, 40, 30)), ((5, 8, 6, 1), (1, 8, 6))])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_npy_pictures_of_any_channels(tmp_path, shape, expected, dtype):
    x = pixels(0, shape, dtype)
    np.save(tmp_path / "x.npy", x)
    data = load_data(tmp_path / "x.npy")
    assert data.spec.shape == expected and data.x.dtype == dtype
    batch = data.gather(torch.tensor([3]))["x"][0]
    plane = x[3] if len(shape) == 3 else x[3, ..., 0] if expected == (shape[3], *shape[1:3]) else x[3, 0]
    assert np.array_equal(batch[0].numpy(), plane)


def test_npy_pictures_stay_on_the_disk_until_they_are_gathered(tmp_path):
    np.save(tmp_path / "x.npy", pixels(0, (5, 3, 8, 8)))
    x = load_data(tmp_path / "x.npy").x
    while isinstance(x, np.ndarray) and not isinstance(x, np.memmap):
        x = x.base
    assert isinstance(x, np.memmap)


def test_npy_points(tmp_path):
    x = np.random.RandomState(0).randn(20, 3)
    np.save(tmp_path / "x.npy", x)
    data = load_data(tmp_path / "x.npy")
    assert data.spec.shape == (3,) and not data.spec.is_image
    assert np.array_equal(data.all().numpy(), x.astype(np.float32))
    assert survey(DataConfig(data=str(tmp_path / "x.npy"))).sizes == {}


@pytest.mark.parametrize(("values", "expected"), [
    (np.array([0.0, 0.5, 1.0]), [-1, 0, 1]), (np.array([-1.0, 0.5, 1.0]), [-1, 0.5, 1]),
    (np.array([False, True, True]), [-1, 1, 1]), (np.array([0, 255, 255], np.int64), [-1, 1, 1]),
    (np.array([0, 65535, 65535], np.int32), [-1, 1, 1]), (np.array([0, 65535, 65535], ">u2"), [-1, 1, 1])])
def test_npy_values_reach_the_network_in_the_right_range(tmp_path, values, expected):
    np.save(tmp_path / "x.npy", np.tile(values[:, None, None], (1, 4, 4)))
    assert load_data(tmp_path / "x.npy").all()[:, 0, 0, 0].tolist() == expected


def test_npz_of_keras_and_of_medmnist(tmp_path):
    train, test = pixels(0, (4, 6, 6)), pixels(1, (2, 6, 6))
    np.savez(tmp_path / "keras.npz", x_train=train, y_train=[3, 5, 3, 5], x_test=test, y_test=[5, 5])
    np.savez_compressed(tmp_path / "med.npz", train_images=train, train_labels=[[3], [5], [3], [5]], test_images=test,
                        test_labels=[[5], [5]], val_images=test, val_labels=[[3], [3]])
    for name in ("keras", "med"):
        data = load_data(tmp_path / f"{name}.npz")
        assert np.array_equal(data.x[:, 0], train) and data.labels.tolist() == [0, 1, 0, 1]
        assert data.spec.classes == ("3", "5")
        assert load_data(tmp_path / f"{name}.npz", split="test").labels.tolist() == [1, 1]


def test_npz_with_one_array_under_any_name(tmp_path):
    np.savez(tmp_path / "a.npz", whatever=pixels(0, (4, 6, 6)))
    assert len(load_data(tmp_path / "a.npz")) == 4
    np.savez(tmp_path / "b.npz", one=pixels(0, (4, 6, 6)), two=pixels(0, (4, 6, 6)))
    with pytest.raises(UsageError, match="no array named images"):
        load_data(tmp_path / "b.npz")


@pytest.mark.parametrize(("x", "line"), [
    (np.array(["a", "b"]), "not numbers"), (np.zeros(7), "has shape"), (np.zeros((2, 3, 4, 5, 6)), "has shape"),
    (np.full((3, 4, 4), 7.0), "scale them"), (np.full((3, 4, 4), np.nan), "NaN"), (np.zeros((0, 4, 4)), "has shape"),
    (np.full((3, 4, 4), -5), "0 to 255 or 0 to 65535"), (np.full((3, 4, 4), 70_000), "0 to 255 or 0 to 65535")])
def test_arrays_that_are_no_samples_are_refused(tmp_path, x, line):
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(ZerosumError, match=line):
        load_data(tmp_path / "x.npy")


def test_damaged_arrays_and_arrays_of_objects_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([Evil(os.system, f"touch {tmp_path}/ran")], object), allow_pickle=True)
    with pytest.raises(ZerosumError, match="cannot be read"):
        load_data(tmp_path / "x.npy")
    assert not (tmp_path / "ran").exists()
    np.save(tmp_path / "y.npy", pixels(0, (9, 8, 8)))
    (tmp_path / "y.npy").write_bytes((tmp_path / "y.npy").read_bytes()[:-10])
    with pytest.raises(ZerosumError, match="cannot be read"):
        load_data(tmp_path / "y.npy")
    np.savez(tmp_path / "z.npz", x=pixels(0, (9, 8, 8)), y=[1, 2])
    with pytest.raises(UsageError, match="2 labels for 9 samples"):
        load_data(tmp_path / "z.npz")
    (tmp_path / "z.npz").write_bytes((tmp_path / "z.npz").read_bytes()[:300])
    with pytest.raises(ZerosumError, match="cannot be read"):
        load_data(tmp_path / "z.npz")


def test_other_files_are_no_data(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"x" * 600)
    with pytest.raises(UsageError, match="is no data: give a folder or zip"):
        load_data(tmp_path / "a.tar")
