"""Several processes that train as one, through gloo on this machine."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from toys import PenaltyGame, Toy, train

import zerosum as zs
from zerosum.cli import main
from zerosum.core import NonFiniteError, UsageError
from zerosum.doctor import Diagnosis
from zerosum.engine import leave, read_json, read_log, read_tensors, write_tensors
from zerosum.runs.recorder import Recorder
from zerosum.runs.vigil import Vigil

pytestmark = pytest.mark.skipif(not torch.distributed.is_available() or not torch.distributed.is_gloo_available(),
                                reason="this PyTorch has no gloo")
TWO = 2


@pytest.fixture
def together(fork):
    """Runs act(rank) in two processes that know of each other; returns the children, ended."""
    def start(act: Callable[[int], int | None], wait: bool = True) -> list:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def of_rank(rank: int) -> Callable[[], int | None]:
            def run() -> int | None:
                os.environ |= {"WORLD_SIZE": str(TWO), "RANK": str(rank), "LOCAL_RANK": str(rank),
                               "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                status = act(rank)
                leave()
                return status
            return run

        children = [fork(of_rank(rank)) for rank in range(TWO)]
        if wait:
            assert [child.wait() for child in children] == [0] * TWO, "".join(child.err for child in children)
        return children
    return start


def save(trainer, path: Path) -> None:
    tensors, numbers = trainer.state()
    write_tensors(path, tensors, numbers)


@pytest.mark.parametrize("micro_batch", [0, 3])
def test_two_times_eight_are_sixteen(micro_batch, together, tmp_path):
    def act(rank):
        trainer = train(PenaltyGame(), micro_batch=micro_batch)
        for _ in range(6):
            terms = trainer.play()
        assert len(trainer.batch().x) == 8
        save(trainer, tmp_path / str(rank))
        write_tensors(tmp_path / f"terms-{rank}", terms, {})

    together(act)
    alone = train(PenaltyGame())
    for _ in range(6):
        terms = alone.play()
    alone.batch()
    (first, at), (second, then) = read_tensors(tmp_path / "0"), read_tensors(tmp_path / "1")
    assert at == then == {"step": 6, "images": 7 * 16, "branch": 0, "averages_since": {}, "processes": TWO}
    assert all(torch.equal(value, second[key]) for key, value in first.items())      # bitwise
    expected, _ = alone.state()
    assert first.keys() - {"random.1", "buffers.0", "buffers.1"} == expected.keys()
    for key, value in expected.items():
        if key.startswith("model."):
            assert (value - first[key]).abs().max() < 1e-6, key
        elif key.startswith("optimizer."):
            assert (value - first[key]).abs().max() < 1e-6 * max(1, value.abs().max()), key
    for rank in range(TWO):
        logged, _ = read_tensors(tmp_path / f"terms-{rank}")
        assert logged.keys() == terms.keys()
        assert all(abs(logged[key] - value) < 2e-6 for key, value in terms.items())


def test_they_start_alike_and_draw_different_noise(together, tmp_path):
    def act(rank):
        model = Toy()
        torch.nn.init.constant_(model.left.w, rank)
        trainer = train(model)
        assert torch.equal(model.left.w, torch.zeros(3))
        write_tensors(tmp_path / str(rank), {"noise": torch.randn(3), "x": trainer.batch().x}, {})

    together(act)
    (first, _), (second, _) = read_tensors(tmp_path / "0"), read_tensors(tmp_path / "1")
    assert not torch.equal(first["noise"], second["noise"])
    seen = torch.cat([first["x"], second["x"]])
    assert torch.equal(seen, train(Toy()).batch().x)         # halves of the batch that one process would see


def test_a_number_that_is_not_finite_stops_all(together):
    def act(rank):
        model = Toy()
        factor = float("nan") if rank == 1 else 1.0
        trainer = train(model)
        with pytest.raises(NonFiniteError, match="'sum' of player 'left'"):
            trainer.update("left", lambda batch: {"sum": factor * model.left.w.sum()}, trainer.batch())
        assert torch.equal(model.left.w, torch.tensor([1.0, 2.0, 3.0]))

    together(act)


def test_a_batch_that_cannot_be_shared(together):
    def act(rank):
        with pytest.raises(UsageError, match="batch_size 15 does not divide by 2 processes"):
            train(Toy(), batch_size=15)

    together(act)


SETTINGS = {"preset": "tiny", "log_every": 1, "checkpoint_every": 0, "device": "cpu", "tensorboard": False,
            "quiet": True}


@pytest.mark.parametrize("model", ["dcgan", "keras-dcgan", "fisher-gan"])
def test_a_run_of_two_goes_on_bit_for_bit(model, together, tmp_path, monkeypatch):
    """Running statistics differ between the processes, and keras-dcgan trains on them; fisher-gan has a multiplier."""
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    whole, cut = tmp_path / "whole", tmp_path / "cut"

    def act(rank):
        zs.train(model, steps=6, out=whole, **SETTINGS)
        zs.train(model, steps=3, out=cut, **SETTINGS)
        zs.resume(cut, steps=6, quiet=True)

    together(act)
    (expected, at), (found, then) = (read_tensors(folder / "checkpoints" / "step-00000006.safetensors")
                                     for folder in (whole, cut))
    assert at | {"seconds": 0} == then | {"seconds": 0}
    assert expected.keys() == found.keys() and {"buffers.0", "buffers.1"} <= found.keys()
    assert all(torch.equal(value, found[key]) for key, value in expected.items())
    assert not torch.equal(found["buffers.0"], found["buffers.1"])
    terms = [[record["terms"] for record in read_log(folder / "log.jsonl")] for folder in (whole, cut)]
    assert terms[0] == terms[1] and len(terms[0]) == 6


def test_a_signal_to_one_stops_both(together, tmp_path, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    folder = tmp_path / "run"

    def act(rank):
        step_of = Recorder.__call__

        def watch(self, terms):
            if rank == 1 and self.trainer.step == 10:
                os.kill(os.getpid(), signal.SIGTERM)
            return step_of(self, terms)
        Recorder.__call__ = watch
        return main(["train", "gan", "--preset", "tiny", "--steps", "100000", "--log-every", "4", "--out", str(folder),
                     "--quiet", "--no-tensorboard"])

    children = together(act, wait=False)
    assert [child.wait() for child in children] == [128 + signal.SIGTERM] * TWO, children[0].err + children[1].err
    document = read_json(folder / "run.json")
    assert document["state"] == "interrupted" and document["steps"] == 12    # where they next agreed
    assert all("nothing is lost" in child.err for child in children)


def test_both_go_back_from_a_collapse_that_one_sees(together, tmp_path, monkeypatch):
    """The first process looks, all go back at the same step, and a resumed run is the same to the last bit."""
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    monkeypatch.setattr("zerosum.runs.vigil.SHARE", 1e9)

    def alarms(self):
        new = not (self.trainer.branch or self.known)
        self.known.add("fooled discriminator")
        return [Diagnosis("fooled discriminator", "it is blind", ("patience",))] if new else []
    monkeypatch.setattr(Vigil, "alarms", lambda self: alarms(self) if self.trainer.step >= 8 else [])
    settings = SETTINGS | {"checkpoint_every": 1e-9, "doctor_every": 1e-9, "on_collapse": "rollback"}
    whole, cut = tmp_path / "whole", tmp_path / "cut"

    def act(rank):
        zs.train("dcgan", steps=14, out=whole, **settings)
        zs.train("dcgan", steps=6, out=cut, **settings)
        zs.resume(cut, steps=11, quiet=True)
        zs.resume(cut, steps=14, quiet=True)

    together(act)
    (back,), (again,) = (read_json(folder / "run.json")["rollbacks"] for folder in (whole, cut))
    assert back == again and back["step"] == 9 and back["to"] <= 4
    (expected, at), (found, then) = (read_tensors(folder / "checkpoints" / "step-00000014-branch-1.safetensors")
                                     for folder in (whole, cut))
    assert at | {"seconds": 0} == then | {"seconds": 0} and at["branch"] == 1
    assert all(torch.equal(value, found[key]) for key, value in expected.items())


def test_torchrun_writes_one_run_folder(tmp_path):
    """Through the door: torchrun, no --out, everything on."""
    done = subprocess.run([sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(TWO),
                           "--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0",
                           "-m", "zerosum", "train", "gan", "--preset", "tiny", "--steps", "6", "--log-every", "2"],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (folder,) = Path("runs").iterdir()
    assert folder.name == "gan-digits-001"
    document = read_json(folder / "run.json")
    assert (document["state"], document["steps"], document["images"]) == ("finished", 6, 48)
    assert [record["step"] for record in read_log(folder / "log.jsonl")] == [2, 4, 6]
    assert (folder / "report.html").exists() and document["scores"]
    assert done.stdout.count("gan: 6 steps") == 1
    with pytest.raises(UsageError, match="trained by 2 processes, and here are 1: start as many"):
        zs.resume(folder, quiet=True, steps=8)
    assert zs.load(folder).model.sample(2, seed=0).shape == (2, 1, 8, 8)
