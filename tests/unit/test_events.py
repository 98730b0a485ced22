"""TensorBoard events: written lazily, and read back by TensorBoard itself."""

import subprocess
import sys

import pytest
import torch

from zerosum.core import UsageError
from zerosum.runs import events
from zerosum.runs.pictures import grid

pytest.importorskip("tensorboard")


def read_back(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    accumulator.Reload()
    return accumulator


def test_tensorboard_reads_what_was_written(tmp_path):
    log = events.Events(tmp_path)
    for step in (20, 40, 60):
        log.scalars(step, {"critic/wasserstein": -step / 8, "generator/adversarial": float(step)})
    log.image(60, grid(torch.zeros(4, 3, 8, 10)))
    log.close()
    read = read_back(tmp_path)
    assert read.Tags()["scalars"] == ["critic/wasserstein", "generator/adversarial"]
    assert [(e.step, e.value) for e in read.Scalars("critic/wasserstein")] == [(20, -2.5), (40, -5.0), (60, -7.5)]
    (image,) = read.Images("samples")
    assert (image.step, image.width, image.height) == (60, 20, 16)
    assert image.encoded_image_string.startswith(b"\x89PNG")


def test_a_resumed_run_replaces_the_steps_that_it_repeats(tmp_path):
    first = events.Events(tmp_path)
    for step in (10, 20, 30):
        first.scalars(step, {"loss": 1.0})
    first.flush()                            # and killed: never closed
    first.path.rename(tmp_path / "events.out.tfevents.0000000001.1.zerosum")
    second = events.Events(tmp_path)
    for step in (20, 30):
        second.scalars(step, {"loss": 2.0})
    second.close()
    assert [(e.step, e.value) for e in read_back(tmp_path).Scalars("loss")] == [(10, 1.0), (20, 2.0), (30, 2.0)]


def test_what_waits_is_written_when_it_is_due(tmp_path, monkeypatch):
    log = events.Events(tmp_path)
    log.scalars(1, {"loss": 1.0})
    assert not log.path.exists()
    log._due = 0.0
    log.scalars(2, {"loss": 2.0})
    assert [e.step for e in read_back(tmp_path).Scalars("loss")] == [1, 2]


def test_nothing_reported_leaves_no_file(tmp_path):
    events.Events(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "available", lambda: False)
    with pytest.raises(UsageError, match=r"zerosum\[tensorboard\]"):
        events.Events(tmp_path)


def test_reporting_imports_nothing_and_writing_nothing_heavy(tmp_path):
    code = ("import sys, pathlib\n"
            "from zerosum.runs.events import Events\n"
            f"log = Events(pathlib.Path({str(tmp_path)!r}))\n"
            "log.scalars(1, {'loss': 1.0})\n"
            "assert 'tensorboard' not in sys.modules\n"
            "log.close()\n"
            "heavy = {'tensorflow', 'torch.utils.tensorboard', 'torch._dynamo', 'matplotlib'} & set(sys.modules)\n"
            "assert not heavy, heavy\n")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert read_back(tmp_path).Scalars("loss")[0].value == 1.0
