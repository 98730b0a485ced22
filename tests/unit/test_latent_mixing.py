"""Truncation, mixing, codes and arithmetic, against a generator that shows its latent."""

import pytest
import torch
from torch import nn

from zerosum.core import DataSpec, LatentModel, UsageError
from zerosum.latent import (
    Directions,
    code_names,
    mix,
    running_sum,
    sample_with_codes,
    set_code,
    terms_of,
    traverse_codes,
    truncate,
)
from zerosum.ops import LatentSpec


class Shown(LatentModel):
    """Samples are their latents, and 100 times the label."""

    name = "shown"

    class cfg:
        z_dim, prior = 4, "normal"

    def __init__(self, size=4, classes=0):
        super().__init__(self.cfg, DataSpec((size,), num_classes=classes))
        self.card = type("card", (), {"tasks": ("conditional-generation",) if classes else ("generation",)})
        self.generator = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1))

    def generate(self, z, labels=None):
        return z + (0 if labels is None else 100 * labels[:, None])


class Coded(Shown):
    """Two numbers of noise, codes of 3 and 2 values, one continuous code."""

    name, latent = "coded", LatentSpec(2, (3, 2), 1)

    def __init__(self):
        super().__init__(8)

    class cfg:
        z_dim, prior = 2, "normal"

    def noise(self, n, generator=None):
        return self.latent.draw(super().noise(n, generator), generator)


class Styled(Shown):
    """Three layers of style, of which the last is shown ten times as large."""

    name = "styled"

    def map(self, z, labels=None):
        return z[:, None].repeat(1, 3, 1)

    def synthesize(self, w):
        assert not self.training
        return w[:, 0] + w[:, 1] + 10 * w[:, 2]


def drawn(model, n, seed=0):
    return model.noise(n, torch.Generator().manual_seed(seed))


# Truncation ----------------------------------------------------------------------------------------------------------


def test_truncation_shows_the_same_samples_with_less_noise():
    x = truncate(Shown(), [0, 0.5, 1], 3, seed=4)
    assert x.shape == (3, 3, 4)
    assert torch.equal(x[2], Shown().sample(3, seed=4)) and torch.equal(x[1], x[2] / 2) and not x[0].any()


@pytest.mark.parametrize(("shares", "rows"), [([], 2), ([0.5], 0), ([-0.1], 2), ([float("nan")], 2)])
def test_wrong_truncation(shares, rows):
    with pytest.raises(UsageError, match="truncation needs at least one row, and shares"):
        truncate(Shown(), shares, rows)


# Mixing --------------------------------------------------------------------------------------------------------------


def test_labels_are_mixed_into_latents():
    mixed = mix(Shown(classes=3), rows=2, columns=3, seed=1)
    z = drawn(Shown(), 5, 1)
    assert mixed.part == "label"
    assert torch.equal(mixed.x, z[:2, None] + 100 * torch.arange(3)[None, :, None])
    assert torch.equal(mixed.a, z[:2] + torch.tensor([[0], [100]]))
    assert torch.equal(mixed.b, z[2:] + 100 * torch.arange(3)[:, None])


def test_codes_are_mixed_into_latents():
    model = Coded()
    for part, place in (("c1", slice(2, 5)), ("c2", slice(5, 7)), ("u1", slice(7, 8))):
        mixed = mix(model, part, rows=3, columns=2, seed=5)
        expected = mixed.a[:, None].repeat(1, 2, 1)
        expected[..., place] = mixed.b[None, :, place]
        assert torch.equal(mixed.x, expected) and not torch.equal(mixed.x, mixed.a[:, None].expand_as(mixed.x))
    assert mix(model).part == "c1"


@pytest.mark.parametrize(("part", "theirs"), [("0-1", 2), ("2", 10), ("0-2", 12), ("1-2", 11)])
def test_layers_of_style_are_mixed(part, theirs):
    z = drawn(Shown(), 5)
    mixed = mix(Styled().train(), part, rows=2, columns=3)
    expected = (12 - theirs) * z[:2, None] + theirs * z[None, 2:]
    assert torch.allclose(mixed.x, expected, atol=1e-5) and torch.allclose(mixed.a, 12 * z[:2])
    assert torch.allclose(mixed.b, 12 * z[2:])


def test_the_coarse_half_of_style_unless_asked():
    assert mix(Styled()).part == "0-1"


@pytest.mark.parametrize(("model", "part", "says"), [
    (Shown, None, "shown has nothing to mix: no label, no code, no style"),
    (Coded, "label", "coded has no part 'label' to mix; it has c1, c2, u1"),
    (Styled, "2-3", "styled has the layers 0 to 2: mix 2-3 is not among them"),
    (Styled, "2-1", "mix 2-1 is not among them"),
    (Shown, "0-1", "nothing to mix")])
def test_what_cannot_be_mixed(model, part, says):
    with pytest.raises(UsageError, match=says):
        mix(model(), part)


def test_mixing_needs_samples():
    with pytest.raises(UsageError, match="at least one row and one column, not 0 and 6"):
        mix(Coded(), rows=0)


# Codes ---------------------------------------------------------------------------------------------------------------


def test_codes_have_names():
    assert code_names(Coded()) == ("c1", "c2", "u1") and code_names(Shown()) == ()


def test_codes_are_set_one_by_one():
    z = drawn(Coded(), 3)
    x = sample_with_codes(Coded(), 3, {"c1": 2, "u1": -0.5})
    assert torch.equal(x[:, 2:5], torch.tensor([[0.0, 0, 1]]).expand(3, 3)) and (x[:, 7] == -0.5).all()
    assert torch.equal(x[:, :2], z[:, :2]) and torch.equal(x[:, 5:7], z[:, 5:7])
    assert torch.equal(sample_with_codes(Coded(), 3, {}), Coded().sample(3, seed=0))


@pytest.mark.parametrize(("name", "value", "says"), [
    ("c1", 3, "c1 takes the whole numbers from 0 to 2, not 3"), ("c2", 0.5, "from 0 to 1, not 0.5"),
    ("u1", float("nan"), "set it within 100 of 0, not to nan"), ("c1", -1, "not -1"),
    ("u2", 0, "unknown code 'u2'")])
def test_wrong_codes(name, value, says):
    with pytest.raises(UsageError, match=says):
        set_code(Coded(), drawn(Coded(), 1), name, value)


def test_one_code_changes_along_a_row():
    rows = traverse_codes(Coded(), seed=2)
    z = drawn(Coded(), 1, 2)[0]
    assert rows.shape == (3, 9, 8)
    assert rows[0, :, 2:5].argmax(1).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert rows[1, :, 5:7].argmax(1).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert torch.allclose(rows[2, :, 7], torch.linspace(-1, 1, 9))
    for row, place in ((0, slice(2, 5)), (1, slice(5, 7)), (2, slice(7, 8))):
        rest = rows[row].clone()
        rest[:, place] = z[place]
        assert torch.equal(rest, z.expand(9, 8))


def test_a_model_without_codes():
    for refused in (lambda: traverse_codes(Shown()), lambda: sample_with_codes(Shown(), 1, {"c1": 0})):
        with pytest.raises(UsageError, match="shown has no codes that could be set: train infogan"):
            refused()


# Arithmetic ----------------------------------------------------------------------------------------------------------


def latent_of(*seeds):
    return torch.stack([drawn(Shown(), 1, seed) for seed in seeds]).mean(0)


def directions():
    return Directions(("large", "light green"), torch.eye(4)[:2], torch.ones(2), "classes", "balanced accuracy")


def test_latents_of_seeds_are_averaged_and_added():
    sums = running_sum(terms_of(Shown(), "3,17,42 - 5,9 + 8"))
    first, second, third = latent_of(3, 17, 42), latent_of(5, 9), latent_of(8)
    assert torch.allclose(sums, torch.cat([first, first - second, first - second + third]), atol=1e-6)
    assert torch.equal(running_sum(terms_of(Shown(), "3")), Shown().sample(1, seed=3))


def test_a_direction_is_a_step_in_standard_deviations():
    spread = drawn(Shown(), 10_000).std(0)
    terms = terms_of(Shown(), "7 + 2*large - 'light green'", directions())
    moved = running_sum(terms)[-1] - latent_of(7)[0]
    assert torch.allclose(moved, torch.tensor([2 * spread[0], -spread[1], 0, 0]), atol=1e-6)
    assert [term.is_direction for term in terms] == [False, True, True]


@pytest.mark.parametrize("text", ["", "7 +", "+ 7", "7 8", "7 * 8", "7 + x*large", "7 + nan*large", "7 + inf*large"])
def test_a_sum_that_cannot_be_read(text):
    with pytest.raises(UsageError, match=r"cannot read '.*': write terms with ' \+ ' or ' - ' between them"):
        terms_of(Shown(), text, directions())


def test_names_that_there_are_not():
    with pytest.raises(UsageError, match="'large' would be a direction: give a file with --directions"):
        terms_of(Shown(), "7 + large")
    with pytest.raises(UsageError, match="unknown direction 'lagre'"):
        terms_of(Shown(), "7 + lagre", directions())
    with pytest.raises(UsageError, match="quotation mark"):
        terms_of(Shown(), "7 + 'light green", directions())
    with pytest.raises(UsageError, match="directions of 4 numbers do not fit latents of 8"):
        terms_of(Coded(), "7 + large", directions())


