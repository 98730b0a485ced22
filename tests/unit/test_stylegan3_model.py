"""StyleGAN3's rules of training: variants, lazy R1, averages that the discriminator's updates move, a fading blur."""

import pytest
import torch
from torch import nn

from zerosum.core import Batch, DataSpec, UsageError, abilities, condition
from zerosum.latent import mix, movement, sample_moved, truncate
from zerosum.models.style.stylegan3 import StyleGAN3, blurred

SPEC = DataSpec((1, 16, 16), 3, ("a", "b", "c"))


def model_of(spec: DataSpec = SPEC, **settings) -> StyleGAN3:
    torch.manual_seed(0)
    tiny = {key: value for key, value in StyleGAN3.PRESETS["tiny"].items()
            if key not in ("data", "image_size", "batch_size", "steps")}
    return StyleGAN3(StyleGAN3.Config(**tiny | settings), spec)


class Recorder:
    """Stands in for the trainer: computes the losses, and writes down who would be moved by what."""

    def __init__(self, step: int = 0, images: int = 0):
        self.step, self.images, self.moves = step, images, []

    def batch(self, n=None):
        return Batch(torch.randn(4, 1, 16, 16), labels=torch.arange(4) % 3)

    def update(self, player, loss, batch, gain=1.0, second_order=False):
        self.moves.append((player, tuple(loss(batch)), gain, second_order))
        return {}


def test_r_has_pointwise_convolutions_radial_filters_and_twice_the_maps():
    t, r = (model_of(variant=variant).generator.synthesis for variant in "tr")
    layers = [[network.get_submodule(name) for name in network.names] for network in (t, r)]
    for of_t, of_r in zip(*(found[:-1] for found in layers), strict=True):
        assert of_t.weight.shape[2:] == (3, 3) and of_r.weight.shape[2:] == (1, 1)
        assert of_r.weight.shape[0] == 2 * of_t.weight.shape[0]
    assert [layer.down_filter.ndim for layer in layers[0][:-1]] == [1, 1, 1, 1]
    assert [layer.down_filter.ndim for layer in layers[1][:-1]] == [2, 2, 1, 1]          # the last two are critical


def test_r1_comes_lazily_and_weighs_as_much():
    model, moves = model_of(r1_every=2), []
    for step in range(3):
        trainer = Recorder(step)
        model.train_step(trainer)
        moves.append(trainer.moves)
    main = [("generator", ("adversarial",), 1.0, False), ("discriminator", ("adversarial",), 1.0, False)]
    r1 = ("discriminator", ("gradient_penalty",), 2, True)
    assert moves == [[*main, r1], main, [*main, r1]]


def test_only_the_discriminators_optimizer_is_corrected():
    players = model_of(r1_every=16).players()
    g, d = (players[name].optimizer([nn.Parameter(torch.zeros(1))]) for name in ("generator", "discriminator"))
    assert g.lr == 2.5e-3 and g.betas == (0, 0.99)
    assert d.lr == pytest.approx(2e-3 * 16 / 17) and d.betas == pytest.approx((0, 0.99 ** (16 / 17)))


def test_averages_move_in_the_discriminators_update_alone():
    model = model_of(magnitude_beta=0.5)

    class Watched(Recorder):
        def update(self, player, loss, batch, gain=1.0, second_order=False):
            before = {key: value.clone() for key, value in model.generator.named_buffers()}
            loss(batch)
            moved = {key for key, value in model.generator.named_buffers() if not torch.equal(value, before[key])}
            self.moves.append((player, moved))
            return {}

    trainer = Watched(step=1)
    model.train_step(trainer)
    averages = {key for key, _ in model.generator.named_buffers() if key.endswith(("magnitude_ema", "w_avg"))}
    assert trainer.moves == [("generator", set()), ("discriminator", averages)]


@pytest.mark.parametrize(("variant", "images", "sigma"),
                         [("r", 0, 4.0), ("r", 75, 1.0), ("r", 200, 0.0), ("t", 0, 0.0)])
def test_the_discriminator_of_r_sees_blurred_images_at_first(variant, images, sigma, monkeypatch):
    seen = []
    monkeypatch.setattr("zerosum.models.style.stylegan3.blurred", lambda x, sigma: seen.append(sigma) or x)
    model_of(variant=variant, blur=4.0, blur_images=100).train_step(Recorder(0, images))
    assert seen and set(seen) == {sigma}


def test_the_blur_is_a_gaussian_that_halves_at_sigma():
    x = torch.zeros(1, 1, 33, 33)
    x[..., 16, 16] = 1
    y = blurred(x, 3.0)
    assert float(y.sum()) == pytest.approx(1, abs=1e-5)
    assert float(y[..., 16, 19] / y[..., 16, 16]) == pytest.approx(0.5)
    assert not y[..., 16, 26].any() and y[..., 16, 25].all()                             # up to 3 sigma
    assert blurred(x, 0.2) is x


def test_a_matrix_moves_pixels():
    """With a margin and bands of its own, a model's image moves by whole pixels as a whole."""
    model = model_of(DataSpec((1, 32, 32)), margin_size=10, num_layers=6).eval()
    z = model.noise(2)
    with torch.no_grad():
        still = model.transformed(z, torch.eye(3))
        moved = model.transformed(z, torch.tensor([[1.0, 0, 3], [0, 1, -2], [0, 0, 1]]))
    x, y = moved[:, :, :-2, 3:], still[:, :, 2:, :-3]
    assert (x - y).abs().max() < 0.02 * (still.max() - still.min())
    assert "transform" in abilities(model) and torch.equal(model.generator.synthesis.input.transform, torch.eye(3))


def test_the_latent_tools_work():
    model = model_of().requires_grad_(False)
    model.generator.mapping.w_avg.normal_()
    x = truncate(model, [0, 1], 3)
    assert torch.equal(x[0][0], x[0][1]) and not torch.equal(x[1][0], x[1][1])
    assert mix(model, "0-2", rows=2, columns=2).x.shape == (2, 2, 1, 16, 16)


def test_classes_are_told_if_asked_for():
    plain, told = model_of(), model_of(conditional=True).requires_grad_(False)
    assert (condition(plain), condition(told)) == ("", "labels")
    assert not torch.equal(told.sample(2, seed=0, labels=0), told.sample(2, seed=0, labels=1))
    each = torch.stack([told.scores(x := told.sample(2, seed=0), torch.full((2,), label)) for label in range(3)])
    assert torch.equal(told.scores(x), each.amax(0))
    with pytest.raises(UsageError, match="labelled data"):
        StyleGAN3(told.cfg, DataSpec((1, 16, 16)))


@pytest.mark.parametrize("shape", [(4, 16, 16), (3, 16, 24), (1, 40, 16), (2, 12, 12)])
def test_images_of_any_channels_and_shape_train(shape):
    model = model_of(DataSpec(shape), variant="r")
    trainer = Recorder()
    trainer.batch = lambda n=None: Batch(torch.randn(4, *shape))
    model.train_step(trainer)
    assert len(trainer.moves) == 3 and model.sample(2, seed=0).shape == (2, *shape)


def test_samples_are_moved_and_turned():
    model = model_of(margin_size=10).eval()
    still, nudged = sample_moved(model, 3, movement(), seed=5), sample_moved(model, 3, movement(3, -2), seed=5)
    torch.testing.assert_close(still, model.sample(3, seed=5))
    inner, outer = still[:, :, 4:-4, 2:-5], nudged[:, :, 2:-6, 5:-2]                # 3 to the right, 2 up
    assert (inner - outer).abs().mean() < 0.05 * inner.std()


def test_a_turn_is_counter_clockwise_and_comes_before_the_shift():
    right = torch.tensor([1.0, 0, 1])                                              # a pixel right of the centre
    torch.testing.assert_close(movement(turn=90) @ right, torch.tensor([0.0, -1, 1]))     # is then above it
    torch.testing.assert_close(movement(5, 2, 90) @ right, torch.tensor([5.0, 1, 1]))


def test_classes_are_moved_as_asked_for():
    model = model_of(conditional=True).eval()
    labels = torch.tensor([2, 2])
    moved = sample_moved(model, 2, movement(), labels=labels)
    torch.testing.assert_close(moved, model.sample(2, seed=0, labels=labels))


def test_a_model_without_a_movable_input_cannot_be_moved():
    class Still(nn.Module):
        name = "still"

    with pytest.raises(UsageError, match="still cannot transform"):
        sample_moved(Still(), 1, movement())
