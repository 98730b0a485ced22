"""Evaluation from end to end: what may be asked, of what, with which card, and every wrong use in one line."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from stand_ins import Copier, FakeRun, Plan
from torch import nn

from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.data import DataConfig, load_data
from zerosum.metrics import METRICS, Score, compute, evaluate, together
from zerosum.metrics.metric import Metric
from zerosum.version import __version__

# What needs more than samples is tried where it is tested: a model, classes that were asked for, training data.
OF_ANY_SAMPLES = {name: metric for name, metric in METRICS.items()
                  if isinstance(metric, Metric) and not metric.memory and "targets" not in metric.views}


def test_default_metrics_print_what_separates_best_first():
    assert list(evaluate(Copier(), "digits", n=100)) == ["1-nn", "1-nn-real", "1-nn-fake", "kid", "fid"]
    assert list(evaluate(Copier("ring"), "ring", n=100)) == ["modes", "modes-3-sigma", "high-quality", "w2"]
    assert list(evaluate(Copier("swissroll"), "swissroll", n=100)) == ["1-nn", "1-nn-real", "1-nn-fake", "mmd", "mmd-p",
                                                                       "w2"]


def test_worse_samples_score_worse_on_every_default_metric():
    good, bad = (evaluate(Copier(noise=noise), "digits") for noise in (0.0, 1.0))
    for name in ("1-nn", "kid", "fid"):
        assert bad[name].card.interval[0] > good[name].card.interval[1], name


def test_the_card_tells_the_protocol_and_the_line_says_it():
    score = evaluate(Copier(), "digits", "fid", n=300, seed=5)["fid"]
    card = score.card
    assert (card.n_real, card.n_fake, card.data, card.split, card.image_size) == (447, 300, "digits", "test", (32, 32))
    assert (card.seed, card.version, card.better, card.ideal) == (5, __version__, "lower", 0.0)
    assert card.features["name"] == "judge-digits" and len(card.features["weights_hash"]) == 16
    assert card.interval[0] <= score.value <= card.interval[1]
    line = str(score)
    assert "\n" not in line
    for part in (f"fid {score.value:.4g}", "447 real (digits test 32x32), 300 fake", "judge-digits 64-d #", "seed 5",
                 f"zerosum {__version__}", "NOTE 300 samples are few for 64 features"):
        assert part in line


def test_a_score_is_json():
    for score in evaluate(Copier(), "digits", list(set(OF_ANY_SAMPLES) - {"modes"}), n=100).values():
        document = json.loads(json.dumps(score.to_json(), allow_nan=False))
        assert document["name"] == score.name and document["value"] == score.value
        assert document["card"]["n_fake"] == 100
        assert Score.from_json(document) == score


def test_a_shared_protocol_is_said_once_below_the_scores():
    scores = evaluate(Copier(), "digits", "1-nn,fid", n=100)
    lines = together(scores.values())
    firsts = [line.split()[0] for line in lines]
    assert firsts == ["1-nn", "1-nn-real", "1-nn-fake", "fid", "of", *["NOTE"] * (len(lines) - 5)]
    assert lines[4] == f"of {scores['fid'].protocol}"
    assert any(line.startswith("NOTE fid: 100 samples are few") for line in lines)
    other = evaluate(Copier(), "digits", "fid", n=100, features="pixels")
    assert sum(line.startswith("of ") for line in together([scores["fid"], other["fid"]])) == 2


def test_every_metric_gives_the_scores_it_announces():
    for name, metric in OF_ANY_SAMPLES.items():
        scores = evaluate(Copier("ring"), "ring", name, n=60) if name == "modes" else \
            evaluate(Copier(), "digits", name, n=60)
        assert tuple(scores) == metric.gives


def test_the_same_seed_gives_the_same_scores_and_another_seed_others():
    first, again, other = (evaluate(Copier(), "digits", "kid", n=200, seed=seed)["kid"] for seed in (3, 3, 4))
    assert first == again
    assert first.value != other.value


def test_chunks_of_samples_have_seeds_of_their_own():
    model = Copier()
    evaluate(model, "digits", "1-nn", n=1100)
    assert [n for n, *_ in model.calls] == [500, 500, 100]
    assert len({seed for _, seed, _ in model.calls}) == 3


def test_a_conditional_model_is_given_labels_as_they_occur_in_the_data():
    model = Copier()
    model.card = type("Card", (), {"tasks": ("conditional-generation",)})
    evaluate(model, "digits", "1-nn", n=500)
    [(_, _, labels)] = model.calls
    assert torch.bincount(labels, minlength=10).min() > 25
    plain = Copier()
    evaluate(plain, "digits", "1-nn", n=50)
    assert plain.calls[0][2] is None


def test_real_samples_come_at_the_size_of_the_model():
    model = Copier()
    model.rows = load_data("digits", image_size=16)
    model.data = model.rows.spec
    assert evaluate(model, "digits", "high-frequency", n=50)["high-frequency"].card.image_size == (16, 16)


def test_a_run_knows_its_data_and_is_compared_with_the_test_split():
    score = evaluate(FakeRun(Copier(), Plan(DataConfig("digits"))), metrics="fid", n=50)["fid"]
    assert (score.card.data, score.card.split, score.card.n_fake) == ("digits", "test", 50)


def test_two_arrays_need_no_model_and_no_data_set():
    x = load_data("digits").gather(torch.arange(200))["x"]
    scores = evaluate(x.numpy(), x.float() / 127.5 - 1, "1-nn,fid")         # uint8 and float of the same images
    assert scores["1-nn"].value <= 0.05
    assert abs(scores["fid"].value) < 1e-6
    assert scores["fid"].card.features["name"] == "features-photos"
    assert (scores["fid"].card.n_real, scores["fid"].card.n_fake) == (200, 200)


def test_any_object_with_a_name_and_a_size_is_an_extractor():
    class Mean:
        name, dim, weights_hash = "mean", 1, ""

        def __call__(self, x):
            return x.mean((1, 2, 3))[:, None]

    score = evaluate(Copier(), "digits", "w1", n=447, features=Mean())["w1"]
    assert score.card.features == {"name": "mean", "dim": 1, "weights_hash": ""}
    assert score.value < 0.1


def test_compute_on_plain_arrays():
    rng = np.random.RandomState(0)
    scores = compute(["fid", "precision-recall"], real=rng.standard_normal((100, 4)),
                     fake=rng.standard_normal((90, 4)).astype(np.float32), seed=1)
    assert list(scores) == ["fid", "precision", "recall", "density", "coverage"]
    assert all(isinstance(score, Score) for score in scores.values())
    assert (scores["recall"].card.n_real, scores["recall"].card.n_fake, scores["recall"].card.seed) == (100, 90, 1)


ARRAY = np.zeros((5, 3), np.float32)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: compute("fdi", real=ARRAY, fake=ARRAY), r"unknown metric 'fdi' \(did you mean fid\?\)"),
    (lambda: compute([], real=ARRAY, fake=ARRAY), "no metric is named"),
    (lambda: compute("fid", real=ARRAY, fake=ARRAY[:, :2]), "same width, not 3 and 2"),
    (lambda: compute("fid", real=ARRAY, fake=ARRAY[:1]), "at least 2 fake samples, not 1"),
    (lambda: compute("fid", real=ARRAY[:, 0], fake=ARRAY[:, 0]), r"numbers \(N, D\), not float32 \(5,\)"),
    (lambda: compute("classes", real=ARRAY, fake=ARRAY), r"whole numbers \(N,\), not float32 \(5, 3\)"),
    (lambda: evaluate(torch.zeros(5, 1, 8, 8)), "say which data"),
    (lambda: evaluate(torch.zeros(5, 8, 8), "digits"), r"images \(N, C, H, W\) or points"),
    (lambda: evaluate(torch.full((5, 1, 8, 8), 255.0), "digits"), "reach 255"),
    (lambda: evaluate(torch.zeros(5, 2), "digits"), "the samples are 2 and the data is 1x32x32"),
    (lambda: evaluate(torch.zeros(5, 3), "ring"), "the samples are 3 and the data is 2"),
    (lambda: evaluate(nn.Linear(1, 1), "digits"), "Linear cannot draw samples"),
    (lambda: evaluate(Copier(), "digits", n=1), "n must be at least 2, not 1"),
    (lambda: evaluate(Copier(), "digit"), "did you mean digits"),
    (lambda: evaluate(torch.zeros(5, 1, 8, 8), "digits", "high-frequency"), "these are 1x8x8, the data 1x32x32"),
    (lambda: evaluate(Copier(), "digits", features=3), "not int"),
    (lambda: evaluate(torch.zeros(5, 1, 8, 8), torch.zeros(5, 1, 8, 8), "classes"), "needs a judge that gives labels"),
])
def test_wrong_use_is_one_line_that_says_what_to_do(call, message):
    with pytest.raises(UsageError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_samples_that_are_not_numbers_are_a_failure_not_a_score():
    broken = np.ones((5, 3), np.float32)
    broken[1:3, 0] = np.nan
    with pytest.raises(ZerosumError, match="2 of 5 fake samples are NaN or infinite"):
        compute("fid", real=ARRAY, fake=broken)
    with pytest.raises(ZerosumError, match="5 of 5 samples are NaN or infinite"):
        evaluate(torch.full((5, 1, 32, 32), torch.nan), "digits", "classes")


def test_model_spec_of_points_is_not_asked_for_a_size():
    model = Copier("ring")
    model.data = DataSpec((2,))
    assert evaluate(model, "ring", "modes", n=100)["modes"].card.image_size == ()


def test_importing_metrics_imports_torch_numpy_and_the_standard_library_only():
    code = ("import sys, torch, numpy; before = set(sys.modules); import zerosum.metrics; "
            "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "zerosum" in loaded
    assert not {name for name in loaded if name not in sys.stdlib_module_names} - {"zerosum", "torch", "numpy"}
