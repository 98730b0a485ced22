"""Walks through a latent space and choosing by score, against closed forms."""

import math

import pytest
import torch
from torch import nn

from zerosum.core import DataSpec, LatentModel, UsageError
from zerosum.latent import best_by_score, between_seeds, interpolate, lerp, slerp, walk


def test_lerp():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 4.0])
    assert torch.equal(lerp(a, b, 0.0), a) and torch.equal(lerp(a, b, 1.0), b)
    assert torch.allclose(lerp(a, b, 0.25), torch.tensor([1.5, 1.0]))


def test_slerp_follows_the_circle():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    for t in (0.0, 0.1, 0.5, 0.9, 1.0):
        expected = torch.tensor([math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)])
        assert torch.allclose(slerp(a, b, t), expected, atol=1e-6)


def test_slerp_moves_at_a_constant_rate_with_lengths_in_between():
    torch.manual_seed(0)
    a, b = torch.randn(5, 64), 2 * torch.randn(5, 64)
    ts = torch.linspace(0, 1, 9)
    path = torch.stack([slerp(a, b, t) for t in ts])
    lengths = path.norm(dim=-1)
    expected = a.norm(dim=-1) + ts[:, None] * (b.norm(dim=-1) - a.norm(dim=-1))
    assert torch.allclose(lengths, expected, rtol=1e-5)
    units = path / lengths[..., None]
    angles = torch.acos((units[1:] * units[:-1]).sum(-1).clamp(-1, 1))
    assert torch.allclose(angles, angles[:1].expand_as(angles), atol=2e-3)
    assert torch.allclose(path[0], a, atol=1e-5) and torch.allclose(path[-1], b, atol=1e-5)


@pytest.mark.parametrize("b", [[2.0, 0.0], [1.0, 1e-6]], ids=["parallel", "nearly"])
def test_slerp_where_there_is_no_circle(b):
    a, b = torch.tensor([1.0, 0.0]), torch.tensor(b)
    for t in (0.0, 0.3, 1.0):
        assert torch.allclose(slerp(a, b, t), lerp(a, b, t), atol=1e-6)


def test_slerp_from_and_to_nothing():
    a, zero = torch.tensor([3.0, 4.0]), torch.zeros(2)
    assert torch.allclose(slerp(zero, a, 1.0), a) and torch.allclose(slerp(a, zero, 0.0), a)
    assert torch.equal(slerp(zero, zero, 0.5), zero)


def test_slerp_between_opposites_stays_finite():
    a = torch.tensor([1.0, 0.0, 0.0])
    assert slerp(a, -a, 0.5).isfinite().all() and torch.allclose(slerp(a, -a, 1.0), -a)


class Identity(LatentModel):
    """A generator that shows its noise, and a judge that likes the first coordinate."""

    class cfg:
        z_dim, prior = 3, "normal"

    def __init__(self):
        super().__init__(self.cfg, DataSpec((3,)))
        self.generator = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1))
        self.drop = nn.Dropout(0.5)

    def labels_for(self, n, labels):
        return labels

    def generate(self, z, labels=None):
        return self.drop(self.generator(z)) + (0 if labels is None else labels[:, None])

    def scores(self, x, labels=None):
        assert not self.training
        return self.drop(x[:, 0]).round()                    # rounded, so that some are equal


def test_a_walk_visits_its_anchors_and_closes():
    model = Identity().train()
    film = interpolate(model, rows=5, anchors=3, frames=12, seed=4)
    assert film.shape == (12, 5, 3) and not film.requires_grad and model.training
    anchors = model.noise(15, torch.Generator().manual_seed(4)).view(3, 5, 3)
    for frame, anchor in ((0, 0), (4, 1), (8, 2)):
        assert torch.allclose(film[frame], anchors[anchor], atol=1e-6)
    assert torch.allclose(film[11], slerp(anchors[2], anchors[0], 0.75), atol=1e-5)          # on the way back
    assert torch.equal(film, interpolate(model, rows=5, anchors=3, frames=12, seed=4))
    assert not torch.equal(film, interpolate(model, rows=5, anchors=3, frames=12, seed=5))


def test_a_straight_walk_is_straight():
    film = interpolate(Identity(), rows=2, anchors=2, frames=8, path="lerp")
    there, back = film[1:5] - film[:4], film[5:] - film[4:-1]
    assert torch.allclose(there, there[:1].expand_as(there), atol=1e-6)
    assert torch.allclose(back, -there[:3], atol=1e-6)


def test_a_walk_under_labels():
    labels = torch.tensor([10, 20])
    plain, labelled = (interpolate(Identity(), rows=2, frames=4, labels=given) for given in (None, labels))
    assert torch.allclose(labelled - plain, labels[:, None].float().expand(4, 2, 3), atol=1e-5)


def smooth():
    """A generator without corners."""
    torch.manual_seed(0)
    model = Identity()
    model.generator = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 3))
    return model.eval()


@pytest.mark.parametrize("path", ["slerp", "lerp"])
def test_a_walk_between_seeds_ends_where_it_should_and_never_jumps(path):
    model, seeds = smooth(), [3, 17, 42]
    film = between_seeds(model, seeds, frames=41, path=path)
    for frame, seed in ((0, 3), (20, 17), (40, 42)):
        assert torch.equal(film[frame], model.sample(1, seed=seed))
    steps = (film[1:] - film[:-1]).flatten(1).norm(dim=1)
    assert steps.max() <= 3 * steps.mean()


def test_a_jump_would_be_noticed():
    model = smooth()
    model.generator.append(nn.Hardtanh()).append(nn.Threshold(0.1, -1.0))
    film = between_seeds(model, [3, 17, 42], frames=200)
    steps = (film[1:] - film[:-1]).flatten(1).norm(dim=1)
    assert steps.max() > 3 * steps.mean()


def test_a_walk_on_the_sphere_stays_on_it():
    anchors = 2 * nn.functional.normalize(torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(1)), dim=2)
    on_it = walk(Identity().eval(), anchors, 31)
    assert torch.allclose(on_it.norm(dim=2), torch.full((31, 5), 2.0), atol=1e-5)
    assert torch.equal(on_it[[0, 10, 20, 30]], anchors)
    assert walk(Identity().eval(), anchors, 31, path="lerp").norm(dim=2).min() < 1.9


@pytest.mark.parametrize("wrong", [{"anchors": 1}, {"frames": 1}, {"rows": 0}])
def test_walks_that_are_none(wrong):
    with pytest.raises(UsageError, match="at least one row, two anchors and two frames"):
        interpolate(Identity(), **wrong)


@pytest.mark.parametrize(("n", "share", "drawn"), [(5, 0.05, 100), (7, 0.5, 14), (4, 1.0, 4), (3, 0.9, 3),
                                                   (300, 0.5, 600)])
def test_the_best_are_exactly_the_top(n, share, drawn):
    model = Identity().train()
    x, scores, cost = best_by_score(model, n, share, seed=3)
    assert cost == drawn
    everything = model.eval().sample(drawn, seed=3)
    order = sorted(range(drawn), key=lambda i: -everything[i, 0].round())      # Python's sort is stable
    assert torch.equal(x, everything[order[:n]])
    assert torch.equal(scores, everything[order[:n], 0].round())
    assert len(set(scores.tolist())) < n or n < 8            # some are equal, and keep their order


def test_the_best_keeps_the_mode():
    model = Identity().train()
    best_by_score(model, 2, 0.5)
    assert model.training


def test_labels_of_the_best_are_drawn_in_turn():
    x, *_ = best_by_score(Identity(), 2, 0.1, labels=torch.tensor([0, 100]))
    assert (x[:, 0] > 50).all()               # of twenty, ten have the label that is liked


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_shares_that_are_none(share):
    with pytest.raises(UsageError, match="between 0 and 1"):
        best_by_score(Identity(), 4, share)


def test_who_cannot_judge():
    class Blind(Identity):
        scores = None
    with pytest.raises(UsageError, match="cannot score; it can sample, generate"):
        best_by_score(Blind(), 4, 0.5)
