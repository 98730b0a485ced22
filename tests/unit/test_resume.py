"""A run that was stopped by anything, at any moment, goes on bit for bit as if it had never stopped."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

import zerosum as zs
from zerosum.cli import main
from zerosum.core import UsageError, ZerosumError, registry
from zerosum.engine import Log, read_json, read_log, read_tensors, write_tensors
from zerosum.runs import pictures
from zerosum.runs.recorder import Recorder

STEPS = 30
# Batch norm, moving averages, Adam, dropout-free: everything that a state is made of, in three milliseconds a step.
SETTINGS = {"preset": "tiny", "steps": STEPS, "ema": 100.0, "log_every": 1, "checkpoint_every": 0, "device": "cpu",
            "sample_every": 0.05, "tensorboard": False, "quiet": True}
# The run that will be stopped saves after every step.
WORDS = ["dcgan", "--preset=tiny", f"--steps={STEPS}", "--ema=100", "--log-every=1", "--checkpoint-every=1e-9",
         "--device=cpu", "--sample-every=0.05", "--no-tensorboard", "--quiet"]


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])


@cache
def uninterrupted(folder: Path) -> Path:
    zs.train("dcgan", out=folder, **SETTINGS)
    return folder


@pytest.fixture
def whole(tmp_path_factory) -> Path:
    """The run that nobody stopped."""
    return uninterrupted(tmp_path_factory.getbasetemp() / "uninterrupted")


def logged(folder: Path) -> list[tuple]:
    return [(record["step"], record["images"], record["terms"]) for record in read_log(folder / "log.jsonl")]


def assert_same_run(folder: Path, whole: Path) -> None:
    assert read_json(folder / "run.json")["state"] == "finished"
    assert (folder / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    last = f"checkpoints/step-{STEPS:08d}.safetensors"
    (found, at), (expected, then) = read_tensors(folder / last), read_tensors(whole / last)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], value) for key, value in expected.items())
    assert {**at, "seconds": 0} == {**then, "seconds": 0}
    assert logged(folder) == logged(whole) and len(logged(whole)) == STEPS
    final = f"samples/step-{STEPS:08d}.png"
    assert (folder / final).read_bytes() == (whole / final).read_bytes()
    assert not list(folder.glob("**/*.part"))


def command(*words) -> int:
    return main([str(word) for word in words])


def train_here(folder: Path) -> int:
    return command("train", *WORDS, "--out", folder)


def slowly(act: Callable[[], int]) -> int:
    """Pauses after every step, so that whoever watches cannot miss it."""
    save = Recorder.checkpoint
    Recorder.checkpoint = lambda self: (save(self), time.sleep(0.03))
    return act()


def reached(folder: Path, step: int) -> bool:
    return any(int(path.stem.removeprefix("step-")) >= step for path in folder.glob("checkpoints/step-*"))


def goes_on(folder: Path) -> None:
    assert command("resume", folder, "--quiet", "--checkpoint-every", 0) == 0


def wait_for(what, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


# Killed ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_random_moments(seed, fork, whole, tmp_path):
    folder, moment = tmp_path / "run", random.Random(seed)
    step = moment.randrange(2, 14)
    child = fork(lambda: slowly(lambda: train_here(folder)))
    wait_for(lambda: reached(folder, step))
    time.sleep(moment.random() * 0.05)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert read_json(folder / "run.json")["steps"] < STEPS
    if seed % 2:                              # killed once more while it goes on
        again = fork(lambda: slowly(lambda: command("resume", folder, "--quiet")))
        wait_for(lambda: reached(folder, step + 4))
        again.kill()
        again.wait()
    goes_on(folder)
    assert_same_run(folder, whole)


def die_at(name: str, n: int) -> None:
    """Make the nth call of os.NAME the last thing that this process does."""
    original, calls = getattr(os, name), []

    def call(*arguments):
        calls.append(arguments)
        if len(calls) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)
    setattr(os, name, call)


# A checkpoint is three files of two syncs and one renaming each; run.json of the start comes first.
@pytest.mark.parametrize(("name", "n"), [("fsync", 1), ("fsync", 2), ("fsync", 21), ("fsync", 22), ("fsync", 24),
                                         ("fsync", 25), ("replace", 1), ("replace", 14), ("replace", 15),
                                         ("replace", 16), ("unlink", 3)])
def test_killed_while_it_writes(name, n, fork, whole, tmp_path):
    folder = tmp_path / "run"

    def act():
        die_at(name, n)
        return train_here(folder)

    child = fork(act)
    assert child.wait() == -signal.SIGKILL, child.err
    if not (folder / "run.json").exists():    # killed before there was a run: it starts like any other
        assert train_here(folder) == 0
    else:
        goes_on(folder)
    assert_same_run(folder, whole)


def test_killed_in_the_middle_of_a_checkpoint(fork, whole, tmp_path):
    """The system kills the child at the 20 000th byte of a checkpoint of more."""
    folder = tmp_path / "run"

    def act():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        save = Recorder.checkpoint

        def limited(self):
            if self.trainer.step == 20:
                resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
            save(self)
        Recorder.checkpoint = limited
        return train_here(folder)

    child = fork(act)
    assert child.wait() == -signal.SIGXFSZ, child.err
    (left,) = folder.glob("checkpoints/.*.part")
    assert left.stat().st_size == 20_000
    assert read_json(folder / "run.json")["steps"] == 19
    goes_on(folder)
    assert_same_run(folder, whole)


# Asked to stop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(number, fork, whole, tmp_path):
    folder = tmp_path / "run"
    child = fork(lambda: slowly(lambda: train_here(folder)))
    wait_for(lambda: reached(folder, 5))
    child.kill(number)
    assert child.wait() == 128 + number
    document = read_json(folder / "run.json")
    assert document["state"] == "interrupted" and 5 <= document["steps"] < STEPS
    assert child.err == (f"zerosum: stopped at step {document['steps']}; nothing is lost: 'zerosum resume {folder}' "
                         "goes on from there\n")
    assert child.out == ""
    goes_on(folder)
    assert_same_run(folder, whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_finished_run_is_measured(number, fork, whole, tmp_path):
    folder = tmp_path / "run"

    def act():
        Recorder.score = lambda self, quick=False: time.sleep(60)
        return train_here(folder)

    child = fork(act)
    wait_for((folder / "timelapse.gif").exists)
    child.kill(number)
    assert child.wait() == 128 + number
    assert child.err == (f"zerosum: stopped at step {STEPS}; nothing is lost: 'zerosum resume {folder}' "
                         "goes on from there\n")
    assert read_json(folder / "run.json")["state"] == "interrupted"
    goes_on(folder)
    assert_same_run(folder, whole)


def test_a_second_ctrl_c_does_not_wait(fork, tmp_path):
    folder = tmp_path / "run"

    def act():
        save = Recorder.checkpoint
        Recorder.checkpoint = lambda self: time.sleep(60) if self.wish else (save(self), time.sleep(0.03))
        return train_here(folder)

    child = fork(act)
    wait_for(lambda: reached(folder, 5))
    child.kill(signal.SIGINT)
    time.sleep(0.5)
    child.kill(signal.SIGINT)
    assert child.wait() == 130
    assert child.err == "zerosum: interrupted\n"
    assert read_json(folder / "run.json")["state"] == "interrupted"


def test_ctrl_c_in_a_real_terminal_session(tmp_path):
    """The same through the door: a process of its own."""
    folder = tmp_path / "run"
    child = subprocess.Popen([sys.executable, "-m", "zerosum", "train", "gan", "--preset", "tiny", "--steps", "1000000",
                              "--checkpoint-every", "0.05", "--out", str(folder)], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list(folder.glob("checkpoints/step-*.safetensors")))
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert err.splitlines()[-1].startswith("zerosum: stopped at step ")
    assert "Traceback" not in err


# No space -------------------------------------------------------------------------------------------------------------


def full_disk_before(owner, name: str, call: int, size: int) -> None:
    """Before the nth call of owner.NAME, let no file grow beyond `size` bytes."""
    original, calls = getattr(owner, name), []

    def limited(*arguments, **options):
        calls.append(name)
        if len(calls) == call:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return original(*arguments, **options)
    setattr(owner, name, limited)


@pytest.mark.parametrize("where", [
    (Recorder, "checkpoint", 20, 20_000),     # the checkpoint itself
    (Recorder, "checkpoint", 20, 100),        # whatever comes first
    (Log, "flush", 20, 1_000),                # half a line of the log
    (pictures, "save_png", 1, 100),
    (Recorder, "picture", 2, 100),
    (zs.runs.Run, "save", 5, 100),
], ids=["checkpoint", "everything", "log", "first picture", "second picture", "run.json"])
def test_a_full_disk(where, fork, whole, tmp_path):
    folder = tmp_path / "run"

    def act():
        full_disk_before(*where)
        return train_here(folder)

    child = fork(act)
    assert child.wait() == 1
    assert child.out == "" and len(child.err.splitlines()) == 1, child.err
    assert child.err.startswith(f"zerosum: no space left to write {folder}")
    assert "free some, then go on with 'zerosum resume'" in child.err
    assert not list(folder.glob("**/*.part"))
    for checkpoint in folder.glob("checkpoints/*"):
        read_tensors(checkpoint)
    goes_on(folder)
    assert_same_run(folder, whole)


# Refused --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(fork, tmp_path) -> Path:
    """A run that was stopped at step 8, with the checkpoints of steps 7 and 8."""
    folder = tmp_path / "stopped"

    def act():
        save = Recorder.checkpoint

        def stopping(self):
            save(self)
            if self.trainer.step == 7:
                os.kill(os.getpid(), signal.SIGTERM)
        Recorder.checkpoint = stopping
        return train_here(folder)

    assert fork(act).wait() == 128 + signal.SIGTERM
    assert [path.stem for path in sorted(folder.glob("checkpoints/*"))] == ["step-00000007", "step-00000008"]
    return folder


def refused(capsys, *words) -> str:
    status = command(*words)
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and err.startswith("zerosum: ")
    return f"{status} {err}"


def test_changed_settings_are_refused_by_name(stopped, capsys):
    before = {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}
    said = refused(capsys, "resume", stopped, "--lr", "0.5", "--batch-size", "4", "--image-size=12", "--steps", "70")
    assert said.startswith("2 ")
    for change in ("lr 0.0002 -> 0.5", "batch_size 8 -> 4", "image_size 8 -> 12"):
        assert change in said
    assert "steps" not in said
    assert "did you mean --batch-size" in refused(capsys, "resume", stopped, "--batch-sice", "4")
    assert before == {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}


def test_a_setting_that_is_repeated_is_no_change(stopped, whole):
    assert command("resume", stopped, "--lr", "0.0002", "--batch-size", "8", "--quiet") == 0
    assert_same_run(stopped, whole)


def test_a_new_budget_and_new_habits_are_allowed(stopped, whole):
    assert command("resume", stopped, "--steps", STEPS, "--sample-every", "100", "--checkpoint-every", "0", "--threads",
                   "1", "--quiet") == 0
    assert_same_run(stopped, whole)
    assert command("resume", stopped, "--images", (STEPS + 3) * 8, "--quiet") == 0
    document = read_json(stopped / "run.json")
    assert (document["steps"], document["images"]) == (STEPS + 3, (STEPS + 3) * 8)
    assert document["settings"]["train"]["steps"] == 0       # the new budget replaces the old


def test_a_new_budget_replaces_one_that_is_spent(tmp_path):
    """A run that was bounded in minutes must not stop again at once for having used them."""
    run = zs.train("gan", preset="tiny", minutes=1e-4, out=tmp_path / "run", quiet=True, tensorboard=False)
    steps = run.document["steps"]
    assert zs.resume(tmp_path / "run", steps=steps + 50, quiet=True).document["steps"] == steps + 50


def test_a_longer_budget_is_the_run_that_was_longer_from_the_start(tmp_path, whole):
    settings = SETTINGS | {"steps": 20}
    zs.train("dcgan", out=tmp_path / "run", **settings)
    zs.resume(tmp_path / "run", steps=STEPS, quiet=True)
    assert_same_run(tmp_path / "run", whole)


def test_changed_data_are_refused(stopped, capsys):
    document = read_json(stopped / "run.json")
    document["data"]["fingerprint"] = "0" * 32
    (stopped / "run.json").write_text(json.dumps(document))
    assert refused(capsys, "resume", stopped).startswith(f"1 zerosum: the data 'digits' has changed since {stopped}")


def test_another_number_of_processes_is_refused(stopped, capsys):
    for path in stopped.glob("checkpoints/*"):
        tensors, numbers = read_tensors(path)
        write_tensors(path, tensors, numbers | {"processes": 2})
    assert "trained by 2 processes, and here are 1" in refused(capsys, "resume", stopped)


# Damaged --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, "half", "pickle"], ids=["empty", "zeros", "half", "pickle"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(damage, stopped, whole, capsys):
    before, newest = sorted(stopped.glob("checkpoints/*"))
    damage = newest.read_bytes()[:5_000] if damage == "half" else damage
    newest.write_bytes(hostile() if damage == "pickle" else damage)
    goes_on(stopped)
    err = capsys.readouterr().err
    assert err.startswith(f"warning: {newest} is damaged or no safetensors file")
    assert err.endswith("going on from the one before\n") and len(err.splitlines()) == 1
    assert_same_run(stopped, whole)
    assert before.name < newest.name


def test_no_readable_checkpoint_is_no_fresh_start(stopped, capsys):
    for path in stopped.glob("checkpoints/*"):
        path.write_bytes(b"nothing")
    assert command("resume", stopped, "--quiet") == 1
    assert "no checkpoint can be read" in capsys.readouterr().err.splitlines()[-1]


class Hostile:
    def __reduce__(self):
        return (os.system, ("touch pwned",))


def hostile() -> bytes:
    import pickle

    return pickle.dumps(Hostile())


def test_no_file_of_a_run_runs_code(stopped, capsys):
    (stopped / "weights.safetensors").write_bytes(hostile())
    said = refused(capsys, "sample", stopped, "-n", 4)
    assert said.startswith("1 ") and "is damaged or no safetensors file" in said
    for path in stopped.glob("checkpoints/*"):
        path.write_bytes(hostile())
    assert command("resume", stopped, "--quiet") == 1
    capsys.readouterr()
    torch.save({"state": Hostile()}, stopped / "weights.safetensors")
    assert refused(capsys, "sample", stopped).startswith("1 ")
    assert not Path("pwned").exists()


@pytest.mark.parametrize("content", ["", "{", '{"model": "dcgan"', "[]", "{}", '{"model": 3}', "\x00\x01"])
@pytest.mark.parametrize("word", ["resume", "sample", "evaluate", "report", "interpolate"])
def test_a_run_json_that_is_none(word, content, tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text(content)
    said = refused(capsys, word, folder)
    assert said.startswith("1 ") and str(folder / "run.json") in said


def test_checkpoints_of_another_model_are_refused(stopped, tmp_path):
    zs.train("gan", preset="tiny", out=tmp_path / "other", quiet=True, tensorboard=False)
    (theirs,) = (tmp_path / "other").glob("checkpoints/*")
    newest = sorted(stopped.glob("checkpoints/*"))[-1]
    newest.write_bytes(theirs.read_bytes())
    with pytest.raises(ZerosumError, match="this checkpoint belongs to another model"):
        zs.resume(stopped, quiet=True)
    (stopped / "weights.safetensors").write_bytes((tmp_path / "other" / "weights.safetensors").read_bytes())
    with pytest.raises(ZerosumError, match="belongs to another model"):
        _ = zs.load(stopped).model


def test_a_run_of_ones_own_model_needs_its_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    file = tmp_path / "my_gan.py"
    file.write_text('"""Mine."""\nfrom zerosum.core import register\nfrom zerosum.models.objective.gan import GAN\n\n\n'
                    "@register\nclass MyGAN(GAN):\n"
                    "    def generator_loss(self, batch):\n"
                    "        return {'adversarial': 2 * super().generator_loss(batch)['adversarial']}\n")
    folder = tmp_path / "run"
    assert command("train", file, "--preset", "tiny", "--out", folder, "--quiet", "--no-tensorboard") == 0
    registry._classes.pop("my-gan")           # as in another process
    said = refused(capsys, "sample", folder)
    assert said.startswith("2 ") and "--model FILE.py" in said
    assert command("sample", folder, "-n", 4, "--model", file) == 0
    assert command("resume", folder, "--model", file, "--steps", 6, "--quiet") == 0
    assert zs.load(folder, model=str(file)).document["steps"] == 6
    with pytest.raises(UsageError, match="no such model file"):
        zs.load(folder, model="nowhere.py")
