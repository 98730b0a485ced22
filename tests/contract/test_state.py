"""All of a system's state is saved: it goes on bit for bit, and a run folder gives back what was trained."""

import numpy as np
import torch

import zerosum as zs
from zerosum.engine import read_tensors, write_tensors
from zerosum.runs.recorder import Recorder


def test_six_steps_are_three_and_three(tiny, tmp_path):
    straight = tiny(batch_size=5)
    for _ in range(6):
        straight_terms = straight.play()

    first = tiny(batch_size=5)
    for _ in range(3):
        first.play()
    tensors, numbers = first.state()
    write_tensors(tmp_path / "state.safetensors", tensors, numbers)
    del first
    torch.manual_seed(99)
    np.random.seed(99)
    second = tiny(weights_seed=99, batch_size=5)             # nothing but the file may tell it where to go on
    second.load_state(*read_tensors(tmp_path / "state.safetensors"))
    for _ in range(3):
        second_terms = second.play()

    (expected, at), (found, then) = straight.state(), second.state()
    assert at == then and expected.keys() == found.keys()
    for key, tensor in expected.items():
        assert torch.equal(tensor, found[key]), key
    assert {k: v.item() for k, v in straight_terms.items()} == {k: v.item() for k, v in second_terms.items()}


def test_it_learns_from_the_seed_alone(tiny):
    states = []
    for seed in (3, 3, 4):
        trainer = tiny(seed=seed)            # seeds the global generators: one after the other
        trainer.play()
        states.append(trainer.state()[0])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    assert any(not torch.equal(value, states[2][key]) for key, value in states[0].items() if key.startswith("model."))


def test_a_run_folder_gives_the_model_back(name, tmp_path, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])     # measuring is tested elsewhere
    run = zs.train(name, preset="tiny", out=tmp_path / "run", quiet=True, device="cpu", tensorboard=False)
    again = zs.load(tmp_path / "run")
    assert again.document["state"] == "finished" and again.plan.settings() == run.plan.settings()
    assert not any(p.requires_grad for p in again.model.parameters()) and not again.model.training
    saved, _ = read_tensors(tmp_path / "run" / "weights.safetensors")
    assert saved.keys() == again.model.state_dict().keys()
    one, other = run.model.sample(5, seed=1), again.model.sample(5, seed=1)
    assert torch.equal(one, other) and one.isfinite().all()
    state, _ = read_tensors(run.checkpoints[-1])
    for player in again.model.players():
        for key, value in state.items():
            if key.startswith(f"ema.{player}."):
                assert torch.equal(value, saved[key.removeprefix(f"ema.{player}.")]), key
