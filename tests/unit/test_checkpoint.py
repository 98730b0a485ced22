"""Files that are whole or absent, read without running code; and the log that may be cut anywhere."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch

from zerosum.core import NonFiniteError, ZerosumError
from zerosum.engine import (
    Log,
    atomic,
    explain,
    read_json,
    read_log,
    read_tensors,
    to_numbers,
    write_json,
    write_tensors,
)


def test_tensors_come_back_as_they_were(tmp_path):
    base = torch.arange(24.0).view(2, 3, 4)
    tensors = {"plain": base, "shared": base, "part": base[:, 1], "empty": torch.empty(0, 3),
               "scalar": torch.tensor(3.5), "bytes": torch.arange(5, dtype=torch.uint8), "long": torch.tensor([2**62]),
               "bool": torch.tensor([True]), "bf16": torch.randn(3).bfloat16(),
               "last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
               "leaf": torch.nn.Parameter(torch.ones(2)), "nan": torch.tensor([float("nan"), float("inf")])}
    about = {"step": 3, "seconds": 0.5, "name": "Zürich"}
    write_tensors(tmp_path / "x.safetensors", tensors, about)
    found, said = read_tensors(tmp_path / "x.safetensors")
    assert said == about and found.keys() == tensors.keys()
    for key, tensor in tensors.items():
        assert found[key].dtype == tensor.dtype and found[key].shape == tensor.shape
        assert torch.equal(found[key].nan_to_num(7) if key == "nan" else found[key],
                           tensor.detach().nan_to_num(7) if key == "nan" else tensor), key
    assert os.listdir(tmp_path) == ["x.safetensors"]


def test_the_same_tensors_are_the_same_bytes(tmp_path):
    tensors = {"b": torch.arange(3.0), "a": torch.eye(2)}
    for name in ("one", "two"):
        write_tensors(tmp_path / name, tensors, {"step": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"\xff" * 100, b"PK\x03\x04", b"\x80\x04K\x01.", b"{}" * 50])
def test_what_is_no_safetensors_file_is_said_to_be_none(content, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ZerosumError, match="is damaged or no safetensors file") as error:
        read_tensors(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_truncated_file(share, tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": torch.randn(100)}, {})
    whole = path.read_bytes()
    path.write_bytes(whole[:int(len(whole) * share)])
    with pytest.raises(ZerosumError, match="is damaged"):
        read_tensors(path)


def test_what_is_not_there(tmp_path):
    with pytest.raises(ZerosumError, match="no such file"):
        read_tensors(tmp_path / "nothing")
    with pytest.raises(ZerosumError, match="cannot read"):
        read_json(tmp_path / "nothing")
    assert list(read_log(tmp_path / "nothing")) == []


def test_json(tmp_path):
    document = {"a": [1, 2.5, None], "ä": "ö"}
    write_json(tmp_path / "x.json", document)
    assert read_json(tmp_path / "x.json") == document
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "x.json", {"a": float("nan")})  # no JSON reader but Python's would take it
    assert read_json(tmp_path / "x.json") == document
    assert os.listdir(tmp_path) == ["x.json"]


@pytest.mark.parametrize("moment", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_an_error_at_any_moment_leaves_the_old_file(moment, code, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_arguments, **_options):
        raise OSError(code, os.strerror(code))

    if moment == "open":
        monkeypatch.setattr("builtins.open", fail)
    elif moment != "write":
        monkeypatch.setattr(os, moment, fail)
    with pytest.raises(ZerosumError) as error, atomic(path) as file:
        file.write(b"new")
        if moment == "write":
            fail()
    monkeypatch.undo()
    assert str(error.value) == explain(OSError(code, os.strerror(code)), path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_any_other_error_leaves_the_old_file_too(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "file") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert (tmp_path / "file").read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _o=original, _n=name: (calls.append(_n), _o(*a))[1])
    with atomic(tmp_path / "file") as file:
        file.write(b"new")
    assert calls == ["fsync", "replace", "fsync"]            # contents, name, and the folder that holds the name


def test_errors_of_the_file_system_say_what_to_do():
    for code, words in ((errno.ENOSPC, "free some, then go on with 'zerosum resume'"), (errno.EACCES, "with --out"),
                        (errno.EROFS, "with --out"), (errno.ENOTDIR, "Not a directory")):
        said = explain(OSError(code, os.strerror(code)), Path("runs/x"))
        assert "runs/x" in said and words in said


# The log --------------------------------------------------------------------------------------------------------------


def test_a_log_waits_until_it_is_flushed(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    log.flush()
    assert not log.path.exists()
    log.write({"step": 1})
    assert not log.path.exists()
    log.flush()
    log.write({"step": 2})
    log.flush()
    log.flush()
    assert log.path.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_a_line_that_was_cut_is_skipped(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"step": 1}\n{"step": 2, "te\n{"step": 3}\n{"\xc3": 1}\n{"st\xc3')
    assert [record["step"] for record in read_log(path)] == [1, 3]


def test_rewinding_drops_what_will_be_written_again(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    log.path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"step": 4, "ter')
    log.rewind(2)
    assert log.path.read_text() == '{"step": 1}\n{"step": 2}\n'
    log.write({"step": 3})
    log.flush()
    assert [record["step"] for record in read_log(log.path)] == [1, 2, 3]


@pytest.mark.parametrize("line", ["3", "[]", '"x"', "null", "{}"])
def test_foreign_lines_do_not_stop_a_run_from_going_on(line, tmp_path):
    log = Log(tmp_path / "log.jsonl")
    log.path.write_text('{"step": 1}\n' + line + "\n")
    log.rewind(5)
    assert log.path.read_text() == '{"step": 1}\n'


def test_a_full_disk_keeps_what_waits(tmp_path, monkeypatch):
    log = Log(tmp_path / "log.jsonl")
    log.write({"step": 1})

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", full)
        with pytest.raises(ZerosumError, match="no space left to write"):
            log.flush()
    log.flush()
    assert json.loads(log.path.read_text()) == {"step": 1}


def test_numbers_are_checked_by_name():
    assert to_numbers({"a/b": torch.tensor(1.5), "c/d": 2}, 7) == {"a/b": 1.5, "c/d": 2.0}
    with pytest.raises(NonFiniteError, match=r"the term 'd/e' of player 'c' became -inf at step 7") as error:
        to_numbers({"a/b": torch.tensor(1.5), "c/d/e": torch.tensor(float("-inf"))}, 7)
    assert error.value.exit_status == 1
