"""Divergences by name against closed forms; the demonstration's two statements; its figure and its page."""

import json
import math
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from zerosum.cli.theory_docs import distances_page
from zerosum.core import UsageError
from zerosum.demos import distances, find_demo
from zerosum.demos.distances import DIMENSIONS, SHIFTS, STEP, sliding, spread, truth
from zerosum.demos.divergence import OF_PROBABILITIES, OF_SAMPLES, divergence
from zerosum.losses import DIVERGENCES, fisher_ipm

ROOT = Path(__file__).parents[2]
P, Q = torch.tensor([0.5, 0.3, 0.2]).double(), torch.tensor([0.1, 0.3, 0.6]).double()


@pytest.mark.parametrize(("kind", "of_losses", "times"), [
    ("kl", "kl", 1), ("reverse-kl", "reverse-kl", 1), ("jensen-shannon", "jensen-shannon", 2),
    ("chi-squared", "pearson", 1), ("hellinger", "hellinger", 2), ("total-variation", "total-variation", 1)])
def test_f_divergences_are_those_of_f_gan(kind, of_losses, times):
    """D_f = sum q f(p / q); f-GAN's table has twice Jensen-Shannon and twice Hellinger's square."""
    expected = (Q * DIVERGENCES[of_losses].f(P / Q)).sum().item() / times
    assert divergence(P, Q, kind) == pytest.approx(expected, abs=1e-12)


def test_what_one_law_lacks():
    half, other = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    assert divergence(half, other, "kl") == pytest.approx(math.log(2))
    assert divergence(other, half, "kl") == divergence(half, other, "reverse-kl") == math.inf
    assert divergence(half, other, "chi-squared") == 1 and divergence(other, half, "chi-squared") == math.inf
    assert all(divergence(half, half, kind) == 0 for kind in OF_PROBABILITIES)


def test_fisher_over_all_functions_is_the_chi_squared_distance():
    assert divergence(P, Q, "fisher") == pytest.approx(((P - Q) ** 2 / ((P + Q) / 2)).sum().sqrt().item())


def test_metrics_of_samples_by_hand():
    x = torch.tensor([[0.0], [2.0]])
    assert divergence(x, x + 5, "wasserstein") == pytest.approx(5)
    # About the common mean: samples -3.5, -1.5 and 1.5, 3.5; S = 7.25, E x - E y = -5.
    assert divergence(x, x + 5, "fisher") == pytest.approx(5 / math.sqrt(7.25))
    assert all(divergence(x, x, kind) == pytest.approx(0, abs=1e-9) for kind in OF_SAMPLES)


def test_no_linear_function_exceeds_the_linear_fisher_metric():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, dtype=torch.float64, generator=draw)
    y = 1.5 * torch.randn(40, 3, dtype=torch.float64, generator=draw) + 1
    best, middle = divergence(x, y, "fisher"), (x.mean(0) + y.mean(0)) / 2
    for _ in range(100):
        v = torch.randn(3, dtype=torch.float64, generator=draw)
        assert fisher_ipm((x - middle) @ v, (y - middle) @ v).abs() <= best + 1e-12


def test_the_wrong_form_and_the_wrong_name():
    x = torch.zeros(3, 1)
    with pytest.raises(UsageError, match=r"wasserstein needs samples \(N, D\)"):
        divergence(P, Q, "wasserstein")
    with pytest.raises(UsageError, match=r"kl needs probabilities \(K,\)"):
        divergence(x, x, "kl")
    with pytest.raises(UsageError, match="did you mean wasserstein"):
        divergence(x, x, "waserstein")


def test_disjoint_laws():
    """Jensen-Shannon is log 2 and KL infinite at every distance; the metrics of samples are finite and monotone."""
    found, apart = sliding(), [i for i, shift in enumerate(SHIFTS) if shift >= 1]
    assert all(found["jensen-shannon"][i] == pytest.approx(math.log(2)) for i in apart)
    assert all(found["fisher"][i] == pytest.approx(2) for i in apart)
    assert all(found[kind][i] is None for kind in ("kl", "reverse-kl", "chi-squared") for i in range(1, len(SHIFTS)))
    assert found["wasserstein of samples"] == pytest.approx(SHIFTS)
    for kind in OF_SAMPLES:
        values = found[f"{kind} of samples"]
        assert all(a < b < math.inf for a, b in pairwise(values))


def test_estimates_spread_in_many_dimensions():
    """The deviation of ratio estimates grows with the dimension, that of the metrics of samples does not."""
    found = spread((2, 64), draws=12)
    for kind, of in found.items():
        low, high = of["deviation"]
        assert (high < 1.5 * low) if kind.endswith("samples") else (high > 2 * low), kind
    assert truth(4) == {"kl": 2 * STEP ** 2, "reverse-kl": 2 * STEP ** 2,
                        "chi-squared": pytest.approx(math.exp(4 * STEP ** 2) - 1)}


def test_what_is_committed_is_what_the_demonstration_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(distances, "spread", partial(spread, draws=2))
    committed = json.loads((ROOT / "results" / "demos" / "distances.json").read_text())
    paths = find_demo("distances")(tmp_path, lambda _text: None)
    assert [path.name for path in paths] == ["distances.json", "distances.png"]
    document = json.loads(paths[0].read_text())
    assert document.keys() == committed.keys() and document["dimensions"] == list(DIMENSIONS)
    for name, values in document["sliding"].items():
        assert [value is None for value in values] == [value is None for value in committed["sliding"][name]]
        there = [(a, b) for a, b in zip(committed["sliding"][name], values, strict=True) if b is not None]
        assert all(a == pytest.approx(b, rel=1e-5, abs=1e-6) for a, b in there)
    page = distances_page(committed)
    assert page.endswith("\n") and "| kl | 0 | ∞ |" in page and "results/demos/distances.png" in page
