"""The one way in which a user's file is written: whole or not at all, with the advice of who writes it."""

import errno
import os

import pytest

from zerosum.core import UsageError, ZerosumError, whole_file


def failing(code):
    def fail(*_arguments, **_options):
        raise OSError(code, os.strerror(code))
    return fail


def test_the_name_is_taken_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old" and len(os.listdir(tmp_path)) == 2
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_who_writes_says_what_to_do(moment, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, moment, failing(errno.EIO))
    with pytest.raises(ZerosumError) as plain, whole_file(path):
        pass
    with pytest.raises(UsageError) as advised, whole_file(path, lambda e, p: UsageError(f"{p}: {e.errno}")):
        pass
    monkeypatch.undo()
    assert str(plain.value) == f"cannot write {path}: {os.strerror(errno.EIO)}"
    assert str(advised.value) == f"{path}: {errno.EIO}"
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "file"
    with whole_file(path) as first, whole_file(path) as second:      # as threads, or two containers with process 1
        first.write(b"first")
        second.write(b"2nd")
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["file"]     # it was closed last


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", failing(errno.EINVAL))
    with whole_file(tmp_path / "file") as file:
        file.write(b"new")
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"new"
