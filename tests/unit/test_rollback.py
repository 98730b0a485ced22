"""--on-collapse rollback: back to before an illness, on with other randomness, exact however often it is killed."""

import os
import signal
from functools import cache
from pathlib import Path

import pytest
import torch

import zerosum as zs
from zerosum.core import NonFiniteError
from zerosum.doctor import Diagnosis
from zerosum.engine import read_json, read_log, read_tensors
from zerosum.runs import saved
from zerosum.runs.recorder import Recorder
from zerosum.runs.run import Run
from zerosum.runs.saved import kept, place_of
from zerosum.runs.vigil import Vigil

STEPS, ALARM = 24, 12
SETTINGS = {"preset": "tiny", "steps": STEPS, "ema": 100.0, "log_every": 1, "checkpoint_every": 1e-9, "device": "cpu",
            "sample_every": 1e-9, "tensorboard": False, "quiet": True, "on_collapse": "rollback", "doctor_every": 1e-9}


def seen_at(step: int, illness: str, branches: int):
    """Alarms from a step on, as long as the training is on one of the first branches."""
    def alarms(self: Vigil) -> list[Diagnosis]:
        if self.trainer.step < step or self.trainer.branch >= branches or self.known:
            return []
        self.known.add(illness)
        return [Diagnosis(illness, "all samples are alike", ("patience",))]
    return alarms


@pytest.fixture(autouse=True)
def _scripted(monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    monkeypatch.setattr("zerosum.runs.vigil.SHARE", 1e9)
    monkeypatch.setattr(Vigil, "alarms", seen_at(ALARM, "mode collapse between classes", 1))


@cache
def uninterrupted(folder: Path) -> Path:
    zs.train("dcgan", out=folder, **SETTINGS)
    return folder


@pytest.fixture
def whole(tmp_path_factory) -> Path:
    """The run that was rolled back once, and that nobody stopped."""
    return uninterrupted(tmp_path_factory.getbasetemp() / "rolled-back")


def terms(folder: Path) -> list:
    return [(record["step"], record["images"], record["terms"]) for record in read_log(folder / "log.jsonl")
            if "terms" in record]


def last(folder: Path) -> dict:
    return read_tensors(Run.open(folder).checkpoints[-1])[0]


def test_it_goes_back_and_on_with_other_randomness(whole, tmp_path):
    (rollback,) = read_json(whole / "run.json")["rollbacks"]
    assert rollback["step"] == ALARM + 1 and 0 < rollback["to"] <= ALARM // 2
    assert rollback["illness"] == "mode collapse between classes" and rollback["evidence"] == "all samples are alike"
    zs.train("dcgan", out=tmp_path / "calm", **SETTINGS | {"on_collapse": "ignore"})
    ours, theirs = terms(whole), terms(tmp_path / "calm")
    assert [step for step, *_ in ours] == [step for step, *_ in theirs] == list(range(1, STEPS + 1))
    assert ours[:rollback["to"]] == theirs[:rollback["to"]]
    assert all(a != b for a, b in zip(ours[rollback["to"]:], theirs[rollback["to"]:], strict=True))
    assert read_json(whole / "run.json")["state"] == "finished"
    steps = [int(path.stem.removeprefix("step-")) for path in Run.open(whole).pictures]
    assert steps == list(range(1, STEPS + 1))
    assert not [path for path in Run.open(whole).checkpoints if place_of(path) < (1, rollback["to"])
                and place_of(path)[1] >= rollback["to"]]


def die_in(module, name: str, when=lambda *arguments: True):
    """Let a function kill this process before it does anything, where `when` says so."""
    original = getattr(module, name)

    def dying(*arguments, **options):
        if when(*arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    setattr(module, name, dying)


MOMENTS = {
    "before its checkpoint": lambda: die_in(saved, "save", lambda run, trainer, seconds: trainer.branch == 1),
    "after its checkpoint": lambda: die_in(saved, "rewind"),
    "right after": lambda: die_in(Recorder, "__init__", lambda *given: given[2].branch == 1),
    "three checkpoints later": lambda: die_in(Recorder, "checkpoint", lambda recorder: (
        recorder.trainer.branch == 1 and recorder.trainer.step == 9)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_around_a_rollback(moment, fork, whole, tmp_path):
    folder = tmp_path / "run"

    def act():
        MOMENTS[moment]()
        zs.train("dcgan", out=folder, **SETTINGS)

    child = fork(act)
    assert child.wait() == -signal.SIGKILL, child.err
    zs.resume(folder, quiet=True)
    (ours,), (theirs,) = (read_json(path / "run.json")["rollbacks"] for path in (folder, whole))
    if moment == "before its checkpoint":     # it collapses again, which takes a step to be seen
        assert ours["to"] == theirs["to"]
    else:
        assert ours == theirs
    assert terms(folder) == terms(whole)
    assert (folder / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    found, expected = last(folder), last(whole)
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)


def test_the_fourth_collapse_ends_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Vigil, "alarms", seen_at(ALARM, "mode collapse between classes", 9))
    run = zs.train("dcgan", out=tmp_path / "run", **SETTINGS | {"quiet": False})
    assert len(run.document["rollbacks"]) == 3 and run.document["steps"] == ALARM + 1
    assert run.document["state"] == "finished"
    said = [line for line in capsys.readouterr().err.splitlines() if "other randomness" in line]
    assert [line[-9:] for line in said] == [" (1 of 3)", " (2 of 3)", " (3 of 3)"]
    assert said[0].startswith("step 13: mode collapse between classes: back to step ")
    page = (run.folder / "report.html").read_text()
    assert "Back to" in page and page.count(">mode collapse between classes</th>") == 4      # three and the alarm


def test_what_chance_does_not_bring_does_not_go_back(tmp_path, monkeypatch):
    monkeypatch.setattr(Vigil, "alarms", seen_at(ALARM, "memorisation", 9))
    run = zs.train("dcgan", out=tmp_path / "run", **SETTINGS)
    assert run.document["rollbacks"] == [] and run.document["steps"] == STEPS
    assert [record["alarm"] for record in run.log if "alarm" in record] == ["memorisation"]


def test_a_loss_that_is_not_finite_goes_back_too(tmp_path):
    with pytest.raises(NonFiniteError):
        zs.train("recipe", out=tmp_path / "run", **SETTINGS | {
            "objective": "least-squares", "optimizer": "sgd", "lr": 10.0, "d_lr": 10.0, "augmentation": "none",
            "penalty": "none", "lecam_weight": 0.0, "checkpoint_every": 0.0})
    document = read_json(tmp_path / "run" / "run.json")
    assert [(each["to"], each["illness"]) for each in document["rollbacks"]] == [(0, "divergence")] * 3
    assert document["state"] == "failed"


def test_with_no_state_to_go_back_to_it_ends(tmp_path, monkeypatch, capsys):
    def spoil(self, original=Recorder._look):
        original(self)
        if self.ill is not None:
            for path in self.run.checkpoints:
                path.write_bytes(b"")
    monkeypatch.setattr(Recorder, "_look", spoil)
    run = zs.train("dcgan", out=tmp_path / "run", **SETTINGS | {"quiet": False})
    assert run.document["steps"] == ALARM + 1 and run.document["state"] == "finished"
    assert f"step {ALARM + 1}: no state from before can be read, so the run ends here" in capsys.readouterr().err


def test_a_state_from_the_first_half_is_always_kept():
    files: list[Path] = []
    for step in range(0, 2_000, 7):
        files = kept([*files, Path(f"step-{step:08d}.safetensors")], True)
        oldest = place_of(files[0])[1]
        assert len(files) <= 4 and (step / 4 - 7 <= oldest <= step / 2)
    assert kept(files, False) == files[-2:]
