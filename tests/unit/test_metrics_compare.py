"""Comparison of several models: the same for all, exact p-values, Holm's correction, verdicts, and every refusal."""

import math
import re

import numpy as np
import pytest
import torch
from stand_ins import Copier, FakeRun, Plan

from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.data import DataConfig, load_data
from zerosum.metrics import Score, ScoreCard, compare
from zerosum.metrics.compare import holm, judged, p_value


def score(value, reach=None, name="m", **card) -> Score:
    """A score with a symmetric interval, or one that is given."""
    interval = (value - reach, value + reach) if isinstance(reach, int | float) else reach
    return Score(name, value, ScoreCard(100, 100, **({"interval": interval, "ideal": 0.0} | card)))


def of(**values: Score):
    return judged({model: {"m": value} for model, value in values.items()})


def verdicts(found) -> dict[str, str]:
    return {standing.model: standing.verdict for standing in found.standings("m")}


class Noisy(Copier):
    """A copier that knows the shape of its data."""

    def __init__(self, noise: float, name: str = "digits"):
        super().__init__(name, noise)
        self.data = self.rows.spec

    @property
    def asked(self) -> list[tuple[int, int]]:
        return [(n, seed) for n, seed, _ in self.calls]


# The test ------------------------------------------------------------------------------------------------------------


def test_p_of_two_symmetric_intervals_is_that_of_a_normal_difference():
    # Standard errors 3 and 4: their difference has 5, and 9.8 / 5 = 1.96 standard errors are p = 0.05.
    z = 1.959964
    assert p_value(score(10.0, 3 * z), score(10.0 + 5 * z, 4 * z)) == pytest.approx(0.05, abs=1e-6)
    assert p_value(score(10.0 + 5 * 2.575829, 4 * z), score(10.0, 3 * z)) == pytest.approx(0.01, abs=1e-6)
    assert p_value(score(1.0, 0.5), score(1.0, 0.1)) == 1.0
    assert p_value(score(1.0, 0.0), score(2.0, 0.0)) == 0.0 and p_value(score(1.0, 0.0), score(1.0, 0.0)) == 1.0


def test_the_sides_that_face_each_other_count():
    low, high = score(1.0, (0.0, 2.0)), score(4.0, (3.0, 40.0))
    z = 3.0 / math.hypot(1.0, 1.0)                           # above the lower one, below the higher one
    assert p_value(low, high) == pytest.approx(math.erfc(1.959964 * z / math.sqrt(2)))
    mirrored = [score(-s.value, (-s.card.interval[1], -s.card.interval[0]), better="higher") for s in (low, high)]
    assert p_value(*mirrored) == pytest.approx(p_value(low, high))


def test_nearer_compares_the_distances_to_the_ideal():
    above, below = (score(value, 0.1, better="nearer", ideal=0.5) for value in (0.7, 0.3))
    assert p_value(above, below) == pytest.approx(1.0)
    near = score(0.45, 0.02, better="nearer", ideal=0.5)
    below = score(0.1, (0.09, 0.3), better="nearer", ideal=0.5)       # 0.2 of reach towards the ideal
    z = 0.35 / math.hypot(0.02, 0.2)
    assert p_value(near, below) == pytest.approx(math.erfc(1.959964 * z / math.sqrt(2)))
    assert verdicts(of(a=below, b=near)) == {"b": "best", "a": "worse"}


def test_the_test_keeps_its_level():
    """Two equal means, 2000 times: 5 % significant, within four standard errors."""
    draws = np.random.default_rng(0).normal(size=(2000, 2))
    rejected = sum(p_value(*(score(float(x), 1.959964) for x in pair)) < 0.05 for pair in draws)
    assert abs(rejected / 2000 - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 2000)


def test_holm():
    # The example of the paper's procedure: 4, 3, 2, 1 times, and never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0] and holm([0.2]) == [0.2] and holm([]) == []


def test_more_pairs_need_larger_differences():
    two = of(a=score(1.0, 1.0), b=score(2.6, 1.0))
    three = of(a=score(1.0, 1.0), b=score(2.6, 1.0), c=score(1.1, 1.0))
    (pair,), pairs = two.differences["m"], three.differences["m"]
    assert pair.significant and len(pairs) == 3
    same = next(p for p in pairs if (p.better, p.worse) == ("a", "b"))
    assert same.p == pytest.approx(3 * pair.p) and not same.significant


# Verdicts ------------------------------------------------------------------------------------------------------------


def test_best_no_worse_and_worse():
    found = of(far=score(9.0, 0.5), good=score(1.0, 0.5), close=score(1.1, 0.5))
    assert verdicts(found) == {"good": "best", "close": "no worse", "far": "worse"}
    assert [s.beats for s in found.standings("m")] == [("far",), ("far",), ()]
    assert found.to_json()["standing"]["m"][0] == {"model": "good", "verdict": "best", "p": None,
                                                   "better than": ["far"]}


@pytest.mark.parametrize(("values", "reason"), [
    ({"a": score(1.0), "b": score(2.0)}, "no interval"),
    ({"a": score(1.0, 0.1), "b": score(2.0, (1.0, math.nan))}, "no interval"),
    ({"a": score(1.0, 0.1), "b": score(math.nan, 0.1)}, "fewer than two values are finite"),
    ({"a": score(1.0, 0.1, settings={"k": 3}), "b": score(2.0, 0.1, settings={"k": 5})},
     "measured with different settings: k"),
])
def test_what_cannot_be_tested_has_no_verdict(values, reason):
    found = of(**values)
    assert found.silent == {"m": reason} and not found.differences
    assert not {"worse", "no worse"} & set(verdicts(found).values())
    assert (verdicts(found)["a"] == "best") == ("settings" not in reason)
    assert f"\n  not tested: {reason}\n" in str(found) and "Holm" not in str(found)


def test_an_interval_that_leaves_something_out_is_not_tested():
    found = judged({model: {"recall": score(value, 0.1), "precision": score(value, 0.1)}
                    for model, value in (("a", 0.2), ("b", 0.9))})
    assert list(found.silent) == ["recall"] and "leaves out" in found.silent["recall"]
    assert found.standings("recall")[0].verdict == "best" and found.differences["precision"][0].significant


def test_equal_generators_are_rarely_told_apart():
    """Twenty pairs of disjoint sets of noisy digits: at 5 %, more than four false alarms have p < 0.003."""
    rows, real = load_data("digits", image_size=8).all(), load_data("digits", image_size=8, split="test")
    alarms = dict.fromkeys(("1-nn", "kid", "fid", "precision"), 0)
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        x = rows[torch.randperm(len(rows), generator=generator)[:600]]
        one, other = (x + 0.3 * torch.randn(x.shape, generator=generator)).split(300)
        found = compare({"one": one, "other": other}, real, "1-nn,kid,fid,precision-recall", n=300)
        for metric in alarms:
            alarms[metric] += found.differences[metric][0].significant
    assert max(alarms.values()) <= 4, alarms


def test_details_do_not_part_two_scores():
    assert of(a=score(1.0, 0.1, details={"bias": 1}), b=score(2.0, 0.1, details={"bias": 2})).silent == {}


def test_a_value_that_is_not_finite_comes_last():
    found = of(a=score(math.nan, 0.1), b=score(2.0, 0.1), c=score(1.0, 0.1))
    assert list(verdicts(found).items()) == [("c", "best"), ("b", "worse"), ("a", "")]
    assert "not finite" in str(found)


def test_the_table_fits_a_terminal_and_marks_the_best():
    long = {f"a-run-whose-name-goes-on-and-on-{i}-digits-001": score(i + 1.0, 0.01) for i in range(4)}
    lines = str(of(**long)).splitlines()
    assert max(map(len, lines)) <= 80
    assert re.fullmatch(r"  1  a-run.*001 +1  +\[0.99, 1.01\]  best +beats 2 3 4", lines[1])
    assert "worse, p < 0.001" in lines[2]


def test_warnings_are_said_once():
    a, b = (score(v, 0.1, warnings=(f"about {v} of it is bias",)) for v in (1.0, 2.0))
    assert "NOTE m: about 1.0 of it is bias (a; likewise b)" in of(a=a, b=b).notes()
    both = judged({"a": {"m": a, "o": a}, "b": {"m": b, "o": score(1.0, 0.1)}})
    assert both.notes()[1:] == ["NOTE m, o: about 1.0 of it is bias (a; likewise b)"]
    sizes = of(a=score(1.0, 0.1, image_size=(8, 8)), b=score(1.0, 0.1, image_size=(16, 16)))
    assert [note.endswith(end) for note, end in zip(sizes.notes(), ("(a)", "(b)"), strict=True)] == [True, True]


# Measuring -----------------------------------------------------------------------------------------------------------


def test_all_meet_the_same_data_noise_and_number():
    models = {"good": Noisy(0.0), "bad": Noisy(1.0)}
    found = compare(models, "digits", ["fid", "kid"], n=120, seed=5)
    assert models["good"].asked == models["bad"].asked and sum(n for n, _ in models["good"].asked) == 120
    cards = [scores["fid"].card for scores in found.scores.values()]
    assert (cards[0].n_real, cards[0].features, cards[0].seed) == (cards[1].n_real, cards[1].features, 5)
    for metric in ("fid", "kid"):
        assert {s.model: s.verdict for s in found.standings(metric)} == {"good": "best", "bad": "worse"}


def test_two_equal_models_are_equally_good():
    found = compare({"one": Noisy(0.5), "other": Noisy(0.5)}, "digits", "1-nn,fid", n=100)
    for metric in found.metrics:
        assert [(s.verdict, s.p) for s in found.standings(metric)] == [("best", None)] * 2
        assert found.differences[metric][0].p == 1.0


def test_runs_know_their_data():
    digits = Plan(DataConfig("digits"))
    runs = {"a": FakeRun(Noisy(0.1), digits), "b": FakeRun(Noisy(0.9), Plan(DataConfig("digits", flip=True)))}
    card = compare(runs, metrics="fid", n=50).scores["a"]["fid"].card
    assert (card.data, card.split, card.n_real) == ("digits", "test", 447)          # and no mirror images


@pytest.mark.parametrize(("models", "data", "said"), [
    ({"a": Noisy(0.0)}, "digits", "at least two"),
    ({"a": Noisy(0.0), "b": Noisy(0.0, "ring")}, "digits", "of different kinds (a: 1x32x32, b: 2)"),
    ({"a": Noisy(0.0), "b": torch.zeros(9, 1, 16, 16)}, "digits", "of different sizes (a: 1x32x32, b: 1x16x16)"),
    ({"a": Noisy(0.0), "b": Noisy(0.1)}, None, "a is no run and knows no data: say which"),
    ({"a": FakeRun(Noisy(0.0), Plan(DataConfig("digits"))), "b": FakeRun(Noisy(0.0), Plan(DataConfig("glyphs")))},
     None, "trained on different data (a: digits, b: glyphs): say which all are compared with (--data D)"),
])
def test_what_cannot_be_compared(models, data, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        compare(models, data)


def test_other_sizes_are_compared_at_the_size_of_the_data():
    found = compare({"small": torch.rand(30, 1, 8, 8), "large": torch.rand(30, 1, 16, 16)},
                    DataConfig("digits", image_size=16), "kid", n=30)
    assert found.metrics == ["kid"] and found.silent == {}


def test_what_fails_is_named():
    broken = torch.full((20, 1, 8, 8), math.nan)
    with pytest.raises(ZerosumError, match=r"^broken: .*NaN"):
        compare({"fine": torch.rand(20, 1, 8, 8), "broken": broken}, "digits", "kid")


def test_a_model_without_a_spec_is_taken_as_it_is():
    class Plain:
        data = DataSpec

        def sample(self, n, *, seed=None):
            return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))

    assert compare({"a": Plain(), "b": Noisy(0.0)}, DataConfig("digits"), "kid", n=30).standings("kid")[0].model == "b"
