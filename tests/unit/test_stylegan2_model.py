"""StyleGAN2's rules of training: path lengths, lazy penalties, their optimizers, mixed styles, truncation, classes."""

from math import sqrt

import pytest
import torch
from torch import nn

from zerosum.core import DataSpec, UsageError, condition
from zerosum.latent import mix, truncate
from zerosum.models.style.stylegan2 import StyleGAN2
from zerosum.penalties import PathLength

SPEC = DataSpec((1, 8, 8), 3, ("a", "b", "c"))


def model_of(**settings) -> StyleGAN2:
    torch.manual_seed(0)
    tiny = {key: value for key, value in StyleGAN2.PRESETS["tiny"].items()
            if key not in ("data", "image_size", "batch_size", "steps")}
    return StyleGAN2(StyleGAN2.Config(**tiny | settings), SPEC)


class Recorder:
    """Stands in for the trainer, and writes down who is moved by what."""

    def __init__(self, step: int):
        self.step, self.moves = step, []

    def batch(self, n=None):
        return None

    def update(self, player, loss, batch, gain=1.0, second_order=False):
        self.moves.append((player, loss.__name__, gain, second_order))
        return {}


def test_penalties_come_lazily_and_weigh_as_much():
    model = model_of(r1_every=3, path_every=2)
    moves = []
    for step in range(6):
        trainer = Recorder(step)
        model.train_step(trainer)
        moves.append(trainer.moves)
    main = [("generator", "generator_loss", 1.0, False), ("discriminator", "discriminator_loss", 1.0, False)]
    path, r1 = ("generator", "path_length_loss", 2, True), ("discriminator", "r1_loss", 3, True)
    assert moves == [[main[0], path, main[1], r1], main, [main[0], path, main[1]], [*main, r1],
                     [main[0], path, main[1]], main]


def test_the_optimizers_are_corrected_for_lazy_penalties():
    for settings, (c_g, c_d) in (({}, (4 / 5, 16 / 17)), ({"path_weight": 0.0, "gamma": 0.0}, (1, 1))):
        model = model_of(path_every=4, r1_every=16, lr=2e-3, beta2=0.99, **settings)
        for player, c in zip(model.players().values(), (c_g, c_d), strict=True):
            optimizer = player.optimizer([nn.Parameter(torch.zeros(1))])
            assert optimizer.lr == pytest.approx(2e-3 * c) and optimizer.betas == pytest.approx((0, 0.99 ** c))


def test_path_lengths_are_those_of_finite_differences():
    """||J^T y||^2 = sum_k (y . dx/dw_k)^2, the derivatives by central differences in float64."""
    g = model_of().generator.double().eval()
    w = g.mapping(torch.randn(2, 8), update_average=False).double().detach().requires_grad_()
    y = torch.randn(2, 1, 8, 8, dtype=torch.float64)

    lengths = PathLength().lengths(g.synthesis, w, y)
    eps, squares = 1e-5, torch.zeros(2, dtype=torch.float64)
    with torch.no_grad():
        for layer in range(w.shape[1]):
            for number in range(w.shape[2]):
                step = torch.zeros_like(w)
                step[:, layer, number] = eps
                slope = (g.synthesis(w + step) - g.synthesis(w - step)) / (2 * eps)
                squares += (slope * y).sum((1, 2, 3)).square()
    assert torch.allclose(lengths, (squares / w.shape[1]).sqrt() / sqrt(64), rtol=1e-5)


def test_the_path_length_penalty_and_its_average():
    penalty, w = PathLength(decay=0.25), torch.ones(2, 1, 1, requires_grad=True)
    penalty.mean.fill_(4.0)
    scale = torch.tensor([1.0, 3.0])[:, None, None, None].requires_grad_()

    def synthesis(w):                        # images of one pixel that move 1 and 3 times as fast as w
        return scale * w[..., None]

    penalty.lengths = lambda *given: PathLength.lengths(penalty, *given, noise=torch.ones(2, 1, 1, 1))
    value = penalty(synthesis, w)
    mean = 4 + 0.25 * (2 - 4)                # of lengths 1 and 3
    assert penalty.mean == mean and value == ((1 - mean) ** 2 + (3 - mean) ** 2) / 2
    # d/ds of ((s1 - a)^2 + (s2 - a)^2) / 2, with da/ds = 1/8: (s1 - a) - (s1 + s2 - 2 a) / 8
    value.backward()
    assert torch.allclose(scale.grad.flatten(), torch.tensor([-2.5 + 3 / 8, -0.5 + 3 / 8]))


def test_styles_are_mixed_from_a_random_layer_on():
    model, plain = model_of(style_mixing=1.0), model_of(style_mixing=0.0)
    firsts = set()
    for _ in range(40):
        w = model.mixed_styles(3, None)
        same = [bool(torch.equal(w[:, 0], w[:, layer])) for layer in range(w.shape[1])]
        assert same == sorted(same, reverse=True) and not all(same)
        firsts.add(sum(same))
    assert firsts == {1, 2, 3}
    w = plain.mixed_styles(3, None)
    assert torch.equal(w, w[:, :1].expand_as(w))


def test_the_mean_style_follows_training_and_samples_do_not_move_it():
    model = model_of(style_mixing=1.0).train()
    model.mixed_styles(4, None)
    moved = model.generator.mapping.w_avg.clone()
    assert moved.abs().sum() > 0
    model.sample(3, seed=0)
    model.eval()
    model.map(model.noise(3))
    assert torch.equal(model.generator.mapping.w_avg, moved)


def test_truncation_draws_styles_towards_their_mean():
    model = model_of().requires_grad_(False)
    model.generator.mapping.w_avg.normal_()
    z = torch.randn(5, 8)
    whole, half = model.map(z), model.map(z, truncation=0.5)
    assert torch.allclose(half, (whole + model.generator.mapping.w_avg) / 2)
    x = truncate(model, [0, 1], 3)
    assert torch.equal(x[0][0], x[0][1]) and not torch.equal(x[1][0], x[1][1])


def test_layers_are_mixed_by_the_tools():
    mixed = mix(model_of().requires_grad_(False), "0-1", rows=2, columns=2)
    assert mixed.x.shape == (2, 2, 1, 8, 8)


def test_classes_are_told_if_asked_for():
    plain, told = model_of(), model_of(conditional=True).requires_grad_(False)
    assert (condition(plain), condition(told)) == ("", "labels")
    assert not torch.equal(told.sample(2, seed=0, labels=0), told.sample(2, seed=0, labels=1))
    x = told.sample(2, seed=0)
    assert torch.equal(x, told.sample(2, seed=0, labels=[0, 1]))
    each = torch.stack([told.scores(x, torch.full((2,), label)) for label in range(3)])
    assert torch.equal(told.scores(x), each.amax(0)) and not torch.equal(each[0], each[1])
    with pytest.raises(UsageError, match="labelled data"):
        StyleGAN2(told.cfg, DataSpec((1, 8, 8)))
