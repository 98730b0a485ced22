"""Auxiliary losses: zero where what was made is what was wanted, known values elsewhere, one line for wrong use."""

import math

import pytest
import torch

from zerosum.losses import AUXILIARY, auxiliary
from zerosum.losses.auxiliary import classification, cycle, gram, identity, l1, l2, perceptual, style, total_variation

X = torch.tensor([[[[0.0, 1.0], [3.0, -1.0]], [[2.0, 0.0], [0.0, 1.0]]]])        # (1, 2, 2, 2)
Y = X + torch.tensor([1.0, -3.0]).view(1, 2, 1, 1)


def two_layers(x):
    return [2 * x, x[:, :1]]


def test_distances_of_pixels():
    assert l1(X, Y).item() == pytest.approx(2.0) and l2(X, Y).item() == pytest.approx(5.0)


def test_distance_of_features_is_the_sum_over_layers():
    """2 x differs by 2 and -6, the first channel alone by 1: 20 + 1."""
    assert perceptual(X, Y, two_layers).item() == pytest.approx(21.0)


def test_gram_matrix_by_hand():
    """Channel products 11, -1, 5 over C H W = 8."""
    torch.testing.assert_close(gram(X), torch.tensor([[[11.0, -1.0], [-1.0, 5.0]]]) / 8)


def test_style_is_the_frobenius_distance_of_gram_matrices_and_knows_no_places():
    layer = [lambda x: [x]][0]
    expected = (gram(X) - gram(Y)).square().sum().item()
    assert style(X, Y, layer).item() == pytest.approx(expected) and expected > 1
    assert style(X, X.flip(2, 3), layer).item() == pytest.approx(0, abs=1e-12)


def test_total_variation_by_hand():
    """Down |3| |-2| |-2| |1|, across |1| |-4| |-2| |1|, each over 4."""
    assert total_variation(X).item() == pytest.approx(8 / 4 + 8 / 4)
    assert total_variation(torch.full((2, 3, 4, 4), 0.7)).item() == 0


def test_class_cross_entropy():
    logits, labels = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    assert classification(logits, labels).item() == pytest.approx(-(math.log(0.75) + math.log(0.5)) / 2)
    assert classification(torch.tensor([[60.0, -60.0]]), labels[:1]).item() == 0


def test_cycle_and_identity():
    assert cycle(X, lambda x: 2 * x, lambda x: x / 2).item() == 0
    assert cycle(X, lambda x: 2 * x, lambda x: x / 2 + 0.5).item() == pytest.approx(0.5)
    assert identity(X, lambda x: x).item() == 0 and identity(X, lambda x: -x).item() == pytest.approx(2.0)


@pytest.mark.parametrize("name", AUXILIARY)
def test_each_is_zero_at_identity_and_weighed(name):
    flat = torch.ones_like(X)                 # one colour, for the one that does not compare
    assert auxiliary({name: 3.0}, flat, flat, two_layers)[name].item() == 0
    once, thrice = (auxiliary({name: weight}, X, Y, two_layers)[name].item() for weight in (1.0, 3.0))
    assert once > 0.1 and thrice == pytest.approx(3 * once)


def test_terms_are_named_and_differentiable():
    made = X.clone().requires_grad_()
    terms = auxiliary({"l1": 100.0, "style": 1.0, "total-variation": 0.1}, made, Y, two_layers)
    assert list(terms) == ["l1", "style", "total-variation"]
    assert torch.autograd.grad(sum(terms.values()), made)[0].abs().sum() > 0


@pytest.mark.parametrize(("weights", "wanted", "message"), [
    ({"l3": 1.0}, X, "unknown auxiliary loss 'l3'; there is: l1, l2, perceptual, style, total-variation"),
    ({"l1": 1.0}, X[:, :1], "differ in shape: .1, 2, 2, 2. and .1, 1, 2, 2."),
    ({"perceptual": 1.0}, X, "perceptual compares features: give features"),
])
def test_wrong_use_is_one_line(weights, wanted, message):
    with pytest.raises(ValueError, match=message):
        auxiliary(weights, X, wanted)
