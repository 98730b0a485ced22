"""Scores during training: of the averaged weights, against data that is read once, and without a trace in the run."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from zerosum.core import UsageError, ZerosumError
from zerosum.engine import read_tensors
from zerosum.runs import recorder

ALWAYS = 1e-9                                # seconds between scores: one after every step
QUICK = {"preset": "tiny", "steps": 5, "ema": 50.0, "device": "cpu", "quiet": True, "tensorboard": False,
         "sample_every": 0, "checkpoint_every": 0}


def scored(run) -> list[dict[str, float]]:
    return [record["scores"] for record in run.log if "scores" in record]


@pytest.fixture
def watched(monkeypatch):
    """In place of measuring, notes what was to be measured: weights, data, settings."""
    seen = []

    def note(subject, data, metrics, n):
        seen.append(({name: value.clone() for name, value in subject.model.state_dict().items()}, data, metrics, n))
        return {}
    monkeypatch.setattr(zs.metrics, "evaluate", note)
    return seen


def test_scoring_leaves_no_trace_in_the_run(tmp_path):
    """The last state, with optimizers, averages and every random generator, is bit for bit the same."""
    scores = {name: zs.train("dcgan", out=tmp_path / name, score_every=every, metrics="kid,1-nn", **QUICK)
              for name, every in (("measured", ALWAYS), ("unmeasured", 0))}
    assert len(scored(scores["measured"])) == 5 and not scored(scores["unmeasured"])
    (found, at), (expected, then) = (read_tensors(run.checkpoints[-1]) for run in scores.values())
    assert found.keys() == expected.keys() and any(key.startswith("ema.") for key in found)
    assert all(torch.equal(found[key], value) for key, value in expected.items())
    assert at | {"seconds": 0} == then | {"seconds": 0}


def test_scores_are_of_the_averaged_weights(tmp_path, watched):
    run = zs.train("dcgan", out=tmp_path / "run", score_every=ALWAYS, **QUICK)
    averaged, raw = read_tensors(run.folder / "weights.safetensors")[0], read_tensors(run.checkpoints[-1])[0]
    assert len(watched) == 6                                 # the last step and the end see the same weights
    for weights, _, _, _ in watched[-2:]:
        assert all(torch.equal(weights[name], value) for name, value in averaged.items())
    assert any(not torch.equal(weights[name], raw[f"model.{name}"]) for name in weights)
    assert not torch.equal(*(next(iter(weights.values())) for weights, *_ in (watched[0], watched[-1])))


def test_held_out_data_is_read_once(tmp_path, watched, monkeypatch):
    reads = []
    monkeypatch.setattr(recorder, "load_data", lambda config: reads.append(config) or zs.load_data(config))
    zs.train("dcgan", out=tmp_path / "run", score_every=ALWAYS, **QUICK)
    assert [config.split for config in reads] == ["test"]
    assert {id(data) for _, data, _, _ in watched} == {id(watched[0][1])} and watched[0][1].split == "test"
    assert [n for *_, n in watched] == [500] * 5 + [None]


def test_data_without_a_test_part_is_not_read_again(tmp_path, monkeypatch):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, x in enumerate(np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)):
        Image.fromarray(x).save(folder / f"{i}.png")
    monkeypatch.setattr(recorder, "load_data", lambda config: pytest.fail("read again"))
    run = zs.train("dcgan", str(folder), out=tmp_path / "run", metrics="kid", **QUICK | {"batch_size": 4})
    assert run.scores[0]["card"]["split"] == "train" and run.scores[0]["card"]["n_real"] == 12


def test_the_metrics_are_the_users(tmp_path):
    run = zs.train("dcgan", out=tmp_path / "run", metrics="kid,memorisation", score_every=ALWAYS, **QUICK)
    names = ["kid", "memorisation", "nearer-than-real", "copies"]
    assert [list(scores) for scores in scored(run)] == [names] * 5
    assert [score["name"] for score in run.scores] == names and run.scores[0]["card"]["n_fake"] == 447
    again = zs.resume(run.folder, steps=6, metrics="fid", quiet=True)
    assert [score["name"] for score in again.scores] == ["fid"]
    assert again.document["settings"]["train"]["metrics"] == "fid"
    with pytest.raises(UsageError, match=r"unknown metric 'fit' \(did you mean fid\?\)"):
        zs.resume(run.folder, steps=7, metrics="fit", quiet=True)


@pytest.mark.parametrize(("model", "settings", "said"), [
    ("dcgan", {"metrics": "kid,fit"}, "unknown metric 'fit'"),
    ("dcgan", {"metrics": "modes"}, "the metric 'modes' needs data whose modes are known"),
    ("dcgan", {"metrics": "class-fid"}, "needs data with labels, and a model that is asked for them"),
    ("dcgan", {"metrics": "ms-ssim-diversity"}, "at least 11 x 11, not 8 x 8"),
    ("dcgan", {"metrics": "bits-per-dim"}, "dcgan cannot log prob"),
    ("gan", {"metrics": "classes", "preset": "ring"}, "needs a judge that gives labels"),
    ("gan", {"metrics": "inception-score", "preset": "ring"}, "looks at images, and ring is points"),
])
def test_what_cannot_be_scored_is_refused_before_it_starts(model, settings, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        zs.train(model, out=tmp_path / "run", **QUICK | settings)
    assert not Path(tmp_path / "run").exists()


def test_a_run_goes_on_where_it_cannot_be_measured(tmp_path, monkeypatch, caplog):
    def fail(*_, **__):
        raise ZerosumError("5 of 500 samples are NaN")
    monkeypatch.setattr(zs.metrics, "evaluate", fail)
    with caplog.at_level(logging.WARNING, "zerosum"):
        run = zs.train("dcgan", out=tmp_path / "run", score_every=ALWAYS, **QUICK)
    assert run.document["state"] == "finished" and run.scores == [] and not scored(run)
    assert caplog.messages == ["not measured at step 1: 5 of 500 samples are NaN"]
