"""Equivariance: movements of signals that are known everywhere, and scores of models that move, stick, or cannot."""

from math import cos, pi, sin

import pytest
import torch

from zerosum.core import DataSpec, LatentModel, UsageError
from zerosum.metrics import evaluate
from zerosum.metrics.equivariance.movements import (
    REACH,
    bandlimit,
    filtered_as_turned,
    shifted,
    shifted_by_pixels,
    turned_about_centre,
)
from zerosum.metrics.equivariance.scores import GIVES, rotation, translation


class Waves(LatentModel):
    """A sum of plane waves of few cycles, which knows what it looks like anywhere."""

    sticks = 0.0                             # how strongly a fixed pattern shows, wherever the waves go

    def __init__(self, shape=(2, 48, 48)):
        super().__init__(type("cfg", (), {"z_dim": 6, "prior": "normal"}), DataSpec(shape))
        self.register_parameter("unused", torch.nn.Parameter(torch.zeros(1)))

    def transformed(self, z, matrix, labels=None):
        channels, height, width = self.data.shape
        places = torch.stack(torch.broadcast_tensors(torch.arange(width) + (1 - width) / 2,
                                                     (torch.arange(height) + (1 - height) / 2)[:, None],
                                                     torch.ones(height, width)), 2)
        seen = places.double() @ matrix.double().inverse().t()
        cycles = 0.08 * torch.tanh(z.double()).view(len(z), 3, 2)                # at most 0.12 per pixel
        angle = 2 * pi * torch.einsum("nkd,hwd->nkhw", cycles, seen[:, :, :2])
        x = torch.stack([torch.sin(angle + shift).mean(1) for shift in range(channels)], 1)
        return (x + self.sticks * torch.sin(places[:, :, 0] * 1.3)).float()

    def generate(self, z, labels=None):
        return self.transformed(z, torch.eye(3)).clamp(-1, 1)


def wave(matrix: torch.Tensor) -> torch.Tensor:
    return Waves((1, 40, 48)).transformed(torch.tensor([[1.0, 2, -1, 0.5, 0.2, -0.3]]), matrix)


def off(moved, x: torch.Tensor) -> float:
    assert moved.valid.any() and moved.x.shape == x.shape
    return (moved.x - x)[:, :, moved.valid].abs().max().item()


def test_whole_pixels():
    x = torch.arange(20.0).view(1, 1, 4, 5)
    moved = shifted_by_pixels(x, (2, -1))
    assert moved.valid.tolist() == [[False, False, True, True, True]] * 3 + [[False] * 5]
    assert moved.x[0, 0, 0].tolist() == [0, 0, 5, 6, 7]
    assert off(shifted_by_pixels(wave(torch.eye(3)), (-5, 4)), wave(translation(-5, 4))) < 1e-5


@pytest.mark.parametrize("shift", [(0.5, -0.25), (-3.7, 2.1), (4.0, 0.0)])
def test_fractions_of_pixels(shift):
    moved = shifted(wave(torch.eye(3)), shift)
    assert off(moved, wave(translation(*shift))) < 0.02
    assert moved.valid.sum() >= (40 - 10) * (48 - 10)


@pytest.mark.parametrize("angle", [0.3, -2.0, pi / 2, 0.0])
def test_turns(angle):
    """A turned image is what the filter alone makes of what would be seen."""
    turned, seen = turned_about_centre(wave(torch.eye(3)), angle), filtered_as_turned(wave(rotation(angle)), angle)
    assert seen.valid.sum() == (40 - 10) * (48 - 10)
    assert off(turned._replace(valid=turned.valid & seen.valid), seen.x) < 5e-3


def test_a_right_angle_turns_counter_clockwise():
    x = torch.zeros(1, 1, 40, 40)
    x[:, :, 10, 25] = 1
    seen = turned_about_centre(x, pi / 2).x[0, 0]
    assert divmod(int(seen.argmax()), 40) == divmod(int(x.rot90(1, (2, 3)).argmax()), 40)


@pytest.mark.parametrize("up", [1, 4])
def test_the_filter_keeps_what_is_flat_and_stops_what_no_grid_carries(up):
    f = bandlimit(0.7, up)
    assert f.shape == (2 * REACH * up - 1,) * 2
    torch.testing.assert_close(f, f.flip((0, 1)))
    phases = torch.nn.functional.pad(f, [0, 1, 0, 1]).view(2 * REACH, up, 2 * REACH, up).sum((0, 2))
    torch.testing.assert_close(phases, torch.full((up, up), up**-2.0, dtype=torch.float64))
    if up == 4:
        taps = torch.arange(1 - REACH * up, REACH * up) / up
        beyond = f * torch.cos(2 * pi * 1.2 * (cos(0.7) * taps + sin(0.7) * taps[:, None]))
        assert abs(beyond.sum()) < 1e-3


def test_matrices_move_places():
    place = torch.tensor([3.0, 4.0, 1.0])
    assert (translation(2, -1) @ place).tolist() == [5, 3, 1]
    torch.testing.assert_close(rotation(pi / 2) @ place, torch.tensor([4.0, -3.0, 1.0]))


def cards(model: LatentModel, **settings):
    return evaluate(model, data=torch.rand(8, *model.data.shape), metrics=["equivariance"], n=16, **settings)


def scored(model: LatentModel, **settings) -> dict[str, float]:
    return {name: score.value for name, score in cards(model, **settings).items()}


def test_what_moves_scores_high_and_what_sticks_does_not():
    moves, sticks = Waves(), Waves()
    sticks.sticks = 0.1
    high, low = scored(moves), scored(sticks)
    assert set(high) == set(GIVES)
    assert high["eq-t"] > 100 and high["eq-t-frac"] > 45 and high["eq-r"] > 60
    assert all(10 < low[name] < 35 for name in GIVES)
    card = cards(moves)["eq-r"].card
    assert card.unit == "dB" and card.better == "higher" and card.interval[0] < high["eq-r"] < card.interval[1]
    assert scored(moves)["eq-r"] == high["eq-r"] != scored(moves, seed=1)["eq-r"]


def test_images_need_not_be_square():
    assert scored(Waves((1, 40, 56)))["eq-t"] > 100


def test_what_shows_nothing_is_told():
    model = Waves()
    model.transformed = lambda z, matrix, labels=None: torch.zeros(len(z), 2, 48, 48)
    score = cards(model)["eq-t"]
    assert score.value == float("inf") and "nothing that could move" in score.card.warnings[-1]


def test_a_model_without_a_movable_input_is_refused():
    class Fixed(Waves):
        transformed = None
    with pytest.raises(UsageError, match="cannot transform; it can"):
        scored(Fixed())
