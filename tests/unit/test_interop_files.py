"""Files of weights are read without running anything in them, whatever they ask for and however they are damaged."""

import io
import pickle
import random
import resource
import struct
import sys
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import foreign_files
import numpy as np
import pytest
import torch
from foreign_files import SOURCE, network_pickle, saved, tensorflow_pickle
from torch import nn

from zerosum.core import ZerosumError
from zerosum.interop.files import read_contents
from zerosum.interop.states import Network, networks_in

NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(2, 2))
TYPES = (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64,
         torch.bool, torch.complex64)


def read(tmp_path: Path, data: bytes) -> list[Network]:
    file = tmp_path / "weights"
    file.write_bytes(data)
    return networks_in(read_contents(file))


def refused(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(ZerosumError) as error:
        read(tmp_path, data)
    assert "\n" not in str(error.value)
    return str(error.value)


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], value) and found[key].dtype == value.dtype for key, value in expected.items())


# What is read ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", [True, False])
def test_a_checkpoint_gives_its_networks_and_not_its_optimizers(tmp_path, new):
    optimizer = torch.optim.Adam(NET.parameters())
    NET(torch.zeros(1, 3, 4, 4))[0].sum().backward()
    optimizer.step()
    data = saved({"g": NET.state_dict(), "g_optim": optimizer.state_dict(), "step": 3, "mean": torch.zeros(2)}, new=new)
    (found,) = read(tmp_path, data)
    assert found.place == "g"
    assert_same(found.state, NET.state_dict())


@pytest.mark.parametrize("new", [True, False])
def test_numbers_of_every_type_and_views_are_as_pytorch_reads_them(tmp_path, new):
    state = {f"{kind}.x": torch.arange(6).reshape(2, 3).to(kind).t() for kind in TYPES}
    tied = torch.randn(8)
    state |= {"tied.a": tied, "tied.b": tied[2:6:2], "empty.x": torch.empty(0, 3), "one.x": torch.tensor(1.5)}
    (found,) = read(tmp_path, saved(OrderedDict(state), new=new))
    assert_same(found.state, state)


def test_numbers_in_the_other_byte_order_are_turned_round(tmp_path):
    data = saved({"a.x": torch.tensor([1.5, -2.0]), "a.y": torch.tensor([1 + 2j])})
    other, file = io.BytesIO(), zipfile.ZipFile(io.BytesIO(data))
    with zipfile.ZipFile(other, "w") as turned:
        for name in file.namelist():
            content = file.read(name)
            if name.endswith("byteorder"):
                content = b"big"
            elif "/data/" in name:
                content = np.frombuffer(content, "<f4").astype(">f4").tobytes()
            turned.writestr(name, content)
    (found,) = read(tmp_path, other.getvalue())
    assert found.state["a.x"].tolist() == [1.5, -2.0] and found.state["a.y"].tolist() == [1 + 2j]


@pytest.mark.parametrize("protocol", range(6))
def test_pickled_modules_give_their_weights(tmp_path, protocol):
    data = pickle.dumps({"G": NET, "rate": 0.1}, protocol=protocol)
    (found,) = read(tmp_path, data)
    assert (found.place, found.kind) == ("G", "Sequential")
    assert_same(found.state, NET.state_dict())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_networks_that_carry_their_source_are_read_and_not_run(tmp_path, protocol):
    state = {"b4.conv.weight": torch.randn(2, 3), "mapping.count": torch.tensor(3), "scale": torch.ones(1)}
    arguments = {"c_dim": 2, "mapping_kwargs": {"num_layers": 2}, "clamp": None}
    both = network_pickle({"D": (state, "Discriminator", arguments), "G_ema": (state, "Generator", {})}, protocol)
    discriminator, generator = read(tmp_path, both)
    assert discriminator.kind == "Discriminator" and generator.place == "G_ema"
    assert discriminator.arguments == arguments and discriminator.source == SOURCE
    assert discriminator.state.keys() == state.keys()
    assert all(torch.equal(discriminator.state[key], value) for key, value in state.items())


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_arrays_of_numpy_are_weights_too(tmp_path, protocol):
    arrays = {"a.f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "a.i": np.arange(3, dtype=">i4"),
              "a.s": np.float32(2)}
    (found,) = read(tmp_path, pickle.dumps(arrays, protocol=protocol))
    assert all(np.array_equal(found.state[key].numpy(), value) for key, value in arrays.items())


def test_safetensors_are_read(tmp_path):
    from safetensors.torch import save

    (found,) = read(tmp_path, save(NET.state_dict()))
    assert {key: value.shape for key, value in found.state.items()} == {
        key: value.shape for key, value in NET.state_dict().items()}


# What is refused ------------------------------------------------------------------------------------------------------


def call(module: str, name: str, *args: str) -> bytes:
    """A pickle that calls a function with words."""
    words = b"".join(b"X" + struct.pack("<I", len(word)) + word.encode() for word in args)
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + words + b"tR."


@pytest.mark.parametrize("name", [
    "os.system", "posix.system", "nt.system", "builtins.eval", "builtins.exec", "builtins.getattr",
    "builtins.__import__", "subprocess.Popen", "runpy.run_path", "importlib.import_module", "functools.partial",
    "operator.attrgetter", "types.FunctionType", "types.CodeType", "marshal.loads", "pickle.loads", "ctypes.CDLL",
    "torch.load", "torch.hub.load", "torch.jit.load", "torch.package.PackageImporter", "numpy.load", "shutil.rmtree",
    "numpy.testing._private.utils.runstring", "cloudpickle.loads", "webbrowser.open", "sys.exit", "pty.spawn",
    "asyncio.create_subprocess_shell", "logging.config.listen", "timeit.timeit", "multiprocessing.Process",
    "zerosum.runs.load"])
def test_a_call_is_refused_by_its_name(tmp_path, name):
    assert name in refused(tmp_path, call(*name.rsplit(".", 1), "touch /tmp/x"))


def test_names_of_python_2_are_known(tmp_path):
    assert "builtins.eval" in refused(tmp_path, call("__builtin__", "eval", "1"))
    assert "subprocess" in refused(tmp_path, call("commands", "getoutput", "ls"))


@pytest.mark.parametrize("opcode, data", [
    ("INST", b"(S'ls'\nios\nsystem\n."), ("OBJ", b"\x80\x02(cargparse\nNamespace\no."),
    ("NEWOBJ_EX", b"\x80\x04cargparse\nNamespace\n)}\x92."), ("EXT1", b"\x80\x02\x82\x01."),
    ("EXT2", b"\x80\x02\x83\x01\x00."), ("EXT4", b"\x80\x02\x84\x01\x00\x00\x00."), ("NEXT_BUFFER", b"\x80\x05\x97.")])
def test_instructions_that_weights_do_not_use_are_refused_by_name(tmp_path, opcode, data):
    assert opcode in refused(tmp_path, data)


def test_a_chain_of_attributes_is_refused(tmp_path):
    data = b"\x80\x04\x8c\x0bcollections\x8c\x19OrderedDict.__init__.call\x93."
    assert "OrderedDict.__init__" in refused(tmp_path, data)


def test_a_call_of_what_was_made_and_a_nested_call_are_refused(tmp_path):
    made = b"\x80\x02cargparse\nNamespace\n)R)R."
    assert "made itself" in refused(tmp_path, made)
    assert "os.system" in refused(tmp_path, b"\x80\x02ccollections\nOrderedDict\n(cos\nsystem\n)RtR.")


def test_a_name_in_the_memo_is_refused_when_it_is_said(tmp_path):
    assert "os.system" in refused(tmp_path, b"\x80\x02cos\nsystem\nq\x000}h\x00.")


def test_a_hostile_part_of_a_zip_and_of_an_older_file_is_refused(tmp_path):
    class Hostile:
        def __reduce__(self):
            return eval, ("1 + 1",)

    for new in (True, False):
        assert "builtins.eval" in refused(tmp_path, saved({"g": Hostile()}, new=new))


def test_a_hostile_storage_inside_a_pickle_is_refused(tmp_path):
    inner = call("os", "system", "ls")
    numbers = b"ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I", len(inner)) + inner + b"tR"
    data = b"\x80\x03}X\x03\x00\x00\x00a.bctorch._utils\n_rebuild_tensor_v2\n(" + numbers + b"K\x00)))NtRs."
    assert "os.system" in refused(tmp_path, data)


def tensor(offset: bytes, size: bytes, stride: bytes) -> bytes:
    """A file of two numbers with a tensor of this shape."""
    file = zipfile.ZipFile(io.BytesIO(saved({"a.x": torch.zeros(2)})))
    root = file.namelist()[0].split("/")[0]
    storage = (b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ")
    made = (b"\x80\x02}X\x03\x00\x00\x00a.xctorch._utils\n_rebuild_tensor_v2\n" + storage + offset + size + stride
            + b"\x89}tRs.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        changed.writestr(f"{root}/data.pkl", made)
        changed.writestr(f"{root}/data/0", bytes(8))
    return out.getvalue()


def test_a_tensor_lies_within_its_storage(tmp_path):
    assert read(tmp_path, tensor(b"K\x00", b"(K\x02t", b"(K\x01t"))[0].state["a.x"].tolist() == [0, 0]
    for shape in ((b"K\x01", b"(K\x02t", b"(K\x01t"), (b"K\x00", b"(K\x02t", b"(K\x02t"),
                  (b"K\x00", b"(J\xff\xff\xff\x7ft", b"(K\x00t"), (b"K\x00", b"(K\x02t", b"(J\xff\xff\xff\xfft"),
                  (b"K\x00", b"(K\x02t", b"(K\x01K\x01t"), (b"J\xff\xff\xff\xff", b"(K\x01t", b"(K\x01t"),
                  (b"K\x00", b"(K\x00" + b"J\xff\xff\xff\x7f" * 3 + b"t", b"(K\x01K\x01K\x01K\x01t")):
        refused(tmp_path, tensor(*shape))


def test_billions_of_references_are_refused_at_once(tmp_path):
    laughs = b"\x80\x02]q\x00" + b"".join(
        b"](" + b"h" + bytes([k]) + b"h" + bytes([k]) + b"eq" + bytes([k + 1]) for k in range(40)) + b"."
    began = time.process_time()
    assert "again and again" in refused(tmp_path, laughs)
    assert time.process_time() - began < 10


def test_one_tensor_said_to_be_thousands_is_refused(tmp_path):
    state = {"a.0": torch.zeros(10_000)}
    state |= {f"a.{k}": state["a.0"] for k in range(1_000)}
    assert "more often" in refused(tmp_path, saved(state))


def test_deep_nesting_and_long_calls_are_refused(tmp_path):
    assert "nested" in refused(tmp_path, b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    more = b"0h\x00" + b"cbuiltins\nlist\nh\x00\x85R"
    data = b"\x80\x02](" + b"K\x00" * 100_000 + b"eq\x00" + more * 100 + b"."
    assert "more than" in refused(tmp_path, data)


def test_a_key_that_costs_much_to_hash_is_refused(tmp_path):
    twice = b"\x80\x02)q\x00" + b"".join(b"h" + bytes([k]) + b"h" + bytes([k]) + b"\x86q" + bytes([k + 1])
                                         for k in range(60))
    assert "key" in refused(tmp_path, twice + b"}h\x3cNs.")


def archive(*entries: tuple[str, bytes], compressed: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_zip_files_are_refused(tmp_path):
    plain = ("a/data.pkl", b"\x80\x02}.")
    assert "../../x" in refused(tmp_path, archive(plain, ("../../x", b"")))
    assert "/etc/x" in refused(tmp_path, archive(plain, ("/etc/x", b"")))
    assert "C:" in refused(tmp_path, archive(plain, ("C:/x", b"")))
    assert "compressed" in refused(tmp_path, archive(plain, ("a/data/0", bytes(1_000_000)), compressed=True))
    assert "two entries" in refused(tmp_path, archive(plain, plain))
    assert "data.pkl" in refused(tmp_path, archive(("a/b", b"")))
    assert "TorchScript" in refused(tmp_path, archive(plain, ("a/constants.pkl", b"")))
    encrypted = bytearray(archive(plain))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(tmp_path, bytes(encrypted))
    overlapping = bytearray(archive(plain, ("a/data/0", bytes(100))))
    at = overlapping.rindex(b"PK\x01\x02")
    overlapping[at + 20:at + 28] = struct.pack("<II", 2**31, 2**31)
    assert "more than its size" in refused(tmp_path, bytes(overlapping))


def test_a_missing_empty_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(ZerosumError, match="No such file"):
        read_contents(tmp_path / "none.pt")
    for data in (b"", b"hello\n", b"<html>not found</html>", b"\x89PNG\r\n", saved({"a.b": torch.ones(3)})[:-40],
                 saved({"a.b": torch.ones(3)}, new=False)[:-4]):
        refused(tmp_path, data)


# Mutations ------------------------------------------------------------------------------------------------------------

WATCHED = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "pickle.find_class", "exec", "import",
           "socket.connect", "os.remove", "shutil.rmtree"}
watched: list[list[str]] = []                # what was seen in the block that is watched, if one is


def watch(event: str, arguments: tuple) -> None:
    if watched and event in WATCHED:
        watched[0].append(f"{event} {arguments[0]}")


def mutated(data: bytes, random: random.Random) -> bytes:
    """The file with one to four damages: changed, lost, repeated, moved and exchanged bytes, and names put in."""
    out = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, other = random.randrange(len(out) + 1), random.randrange(len(out) + 1)
        length = random.choice((1, 1, 1, 2, 4, 16, 64))
        kind = random.randrange(7)
        if kind == 0:
            out[at:at + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            del out[at:at + length]
        elif kind == 2:
            out[at:at] = out[other:other + length] * random.choice((1, 2, 50))
        elif kind == 3:
            out[at:at + 4] = struct.pack("<I", random.choice((0, 2**31 - 1, 2**32 - 1, 2**24)))
        elif kind == 4:
            out[at:at] = random.choice((b"cos\nsystem\n", b"cbuiltins\neval\n", b"(S'id'\ntR", b"R", b"Q", b"b",
                                        b"h\x00", b"\x81", b"\x93", b"u", b"t", b"\x92", b"o", b"."))
        elif kind == 5:
            del out[at:]
        else:
            out[at:at + length] = random.randbytes(length)
        out = out or bytearray(b".")
    return bytes(out)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_thousands_of_damaged_files_are_read_or_refused_in_one_line(tmp_path):
    """Nothing is run, nothing but our own error comes out, nothing takes long or much memory."""
    from safetensors.torch import save

    state = {"a.weight": torch.randn(2, 2), "a.count": torch.tensor(1)}
    valid = [saved(state), saved(state, new=False), pickle.dumps(nn.Linear(1, 1), protocol=2),
             network_pickle({"G": (state, "Generator", {"c_dim": 0})}), save(state),
             pickle.dumps({"a.x": np.arange(3.0)}, protocol=0),
             tensorflow_pickle((foreign_files.Network("G", "G_style", state, foreign_files.Network(
                 "G_mapping", "G_mapping", state)), 3))]
    for data in valid:                       # whatever is imported at the first use
        read(tmp_path, data)
    for codec in ("cp437", "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be", "utf_16", "utf_32", "utf_8_sig"):
        "".encode(codec)                     # of names in zip files and of JSON
    sys.addaudithook(watch)
    before, chance, slowest, results = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, random.Random(0), 0.0, []
    seen: list[str] = []
    watched.append(seen)
    try:
        for number in range(2_000 * len(valid)):
            data = mutated(valid[number % len(valid)], chance)
            began = time.process_time()
            try:
                results.append(len(read(tmp_path, data)))
            except ZerosumError as error:
                assert "\n" not in str(error) and str(error).isprintable()
                results.append(-1)
            slowest = max(slowest, time.process_time() - began)
    finally:
        watched.clear()
    assert not seen
    assert 500 < results.count(-1) < len(results) - 100   # both happen
    assert slowest < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
