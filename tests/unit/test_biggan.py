"""BigGAN, BigGAN-deep and SAGAN: attention, norms told by z and class, fresh spectral norm, truncation, the games."""

import math
from dataclasses import replace

import pytest
import torch
from tiny import seeded, trainer_of
from torch import nn
from torch.nn.functional import relu

from zerosum.core import DataSpec, UsageError, condition, find
from zerosum.interop.biggan import settings
from zerosum.layers import (
    FreshSpectralNorm,
    ResidualTwin,
    SelfAttention,
    StandingNorm,
    fresh_spectral_norm,
    standing_statistics,
)
from zerosum.layers.standing_norm import StoredMoments
from zerosum.networks import BigGANDeepDiscriminator, BigGANDeepGenerator, BigGANDiscriminator, BigGANGenerator
from zerosum.networks.biggan import block_down_to, block_up_to
from zerosum.ops import truncated_normal
from zerosum.penalties import orthogonality

SYSTEMS = ("sagan", "biggan", "biggan-deep")


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


class TestAttention:
    def test_it_starts_as_the_identity(self):
        x = torch.randn(2, 16, 6, 4, generator=seeded())
        assert torch.equal(SelfAttention(16)(x), x) and torch.equal(ResidualTwin(16)(x), x)

    def test_every_place_divides_its_attention(self):
        x = torch.randn(3, 8, 6, 4, generator=seeded())
        rows = SelfAttention(8).attention(x)
        assert rows.shape == (3, 24, 6) and (rows >= 0).all()
        torch.testing.assert_close(rows.sum(2), torch.ones(3, 24))

    def test_it_is_the_formula(self):
        torch.manual_seed(0)
        layer, x = SelfAttention(8), torch.randn(1, 8, 2, 2)
        nn.init.constant_(layer.gamma, 0.7)
        # One place is left after pooling 2x2: all look at it, whatever theta and phi are.
        seen = layer.o(layer.g(x).amax((2, 3), keepdim=True)).expand_as(x)
        torch.testing.assert_close(layer(x), x + 0.7 * seen)

    def test_places_far_apart_see_each_other_and_those_of_the_twin_do_not(self):
        for layer, sees in ((SelfAttention(8), True), (ResidualTwin(8), False)):
            nn.init.ones_(layer.gamma)
            x = torch.randn(1, 8, 8, 8, generator=seeded()).requires_grad_()
            layer(x)[..., 0, 0].sum().backward()
            assert bool(x.grad[..., 4:, 4:].any()) == sees

    @pytest.mark.parametrize("channels", [8, 16, 64])
    def test_the_twin_has_as_many_weights(self, channels):
        assert parameters(SelfAttention(channels)) == parameters(ResidualTwin(channels))

    def test_it_needs_eight_channels(self):
        for layer in (SelfAttention, ResidualTwin):
            with pytest.raises(ValueError, match="at least 8 channels, not 7"):
                layer(7)


class TestSpectralNorm:
    def test_evaluation_takes_a_step_and_forgets_it(self):
        torch.manual_seed(0)
        layer = fresh_spectral_norm(nn.Sequential(nn.Linear(6, 5)))[0]
        nn.init.normal_(layer.weight)        # u0 is stale now
        before = layer.u0.clone()
        layer.eval()(torch.zeros(1, 6))
        assert torch.equal(layer.u0, before)
        v = nn.functional.normalize(before @ layer.weight.detach())
        sigma = (v @ layer.weight.detach().T).norm()         # u is its direction
        torch.testing.assert_close(layer.normalized_weight(), layer.weight / sigma)
        layer.train()(torch.zeros(1, 6))
        assert not torch.equal(layer.u0, before)
        torch.testing.assert_close(layer.sv0, sigma[None])

    def test_it_gets_to_the_largest_singular_value(self):
        torch.manual_seed(0)
        network = fresh_spectral_norm(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2)))
        for _ in range(100):
            network(torch.randn(1, 3, 3, 3))
        for layer in (network[0], network[2]):
            norm = torch.linalg.matrix_norm(layer.normalized_weight().flatten(1), 2)
            assert norm.item() == pytest.approx(1, abs=1e-5)

    def test_embeddings_are_left_alone_on_demand(self):
        network = nn.ModuleList([nn.Embedding(4, 3), nn.Linear(3, 3)])
        fresh_spectral_norm(network, embeddings=False)
        assert [isinstance(layer, FreshSpectralNorm) for layer in network] == [False, True]
        with pytest.raises(ValueError, match="no layers left"):
            fresh_spectral_norm(network)


class TestStandingStatistics:
    def test_they_are_the_mean_over_passes_and_are_taken_back(self):
        norm = StandingNorm(3, standing=True)
        before = {key: value.clone() for key, value in norm.state_dict().items()}
        batches = [torch.randn(8, 3, 4, 4, generator=seeded(k)) * (k + 1) for k in range(3)]
        x = torch.randn(2, 3, 4, 4, generator=seeded(9))
        with standing_statistics(norm):
            for batch in batches:
                norm.train()(batch)
            found = norm.eval()(x)
        mean = torch.stack([batch.mean((0, 2, 3)) for batch in batches]).mean(0)
        var = torch.stack([batch.var((0, 2, 3), correction=0) for batch in batches]).mean(0)
        shape = (1, 3, 1, 1)
        torch.testing.assert_close(found, (x - mean.view(shape)) / (var.view(shape) + 1e-5).sqrt())
        assert all(torch.equal(value, before[key]) for key, value in norm.state_dict().items())
        assert not any(layer.accumulating for layer in norm.modules() if isinstance(layer, StoredMoments))

    def test_both_kinds_of_moments_normalize_alike(self):
        x = torch.randn(8, 3, 4, 4, generator=seeded())
        torch.testing.assert_close(StandingNorm(3, standing=True)(x), StandingNorm(3)(x))

    def test_others_cannot_gather_them(self):
        with pytest.raises(ValueError, match="no batch norm that can gather"), standing_statistics(StandingNorm(3)):
            pass


class TestTruncation:
    def test_it_is_the_distribution_of_drawing_again(self):
        z = torch.randn(400_000, generator=seeded())
        for threshold in (0.1, 0.7, 2.0):
            found, kept = truncated_normal(z, threshold), z[z.abs() <= threshold]
            assert found.abs().max() <= threshold
            shares = torch.linspace(0.05, 0.95, 10)
            torch.testing.assert_close(found[:kept.numel()].quantile(shares), kept.quantile(shares),
                                       atol=0.03 * threshold, rtol=0)

    def test_ends(self):
        z = torch.tensor([-9.0, -1, 0, 1, 9])
        assert torch.equal(truncated_normal(z, 0.0).abs(), torch.zeros(5))
        torch.testing.assert_close(truncated_normal(z, 12.0)[1:4], z[1:4])
        assert truncated_normal(z, 0.5).diff().gt(0).all()

    def test_samples_are_truncated_below_one(self):
        model = trainer_of("biggan").model.eval()
        seen = []
        model.generate = lambda z, labels: (seen.append(z), torch.zeros(len(z), *model.data.shape))[1]
        model.cfg = replace(model.cfg, standing=0)
        for truncation in (0.5, 1.0):
            model.sample(300, seed=0, truncation=truncation)
        half, whole = torch.cat(seen[:2]), torch.cat(seen[2:])
        assert half.abs().max() <= 0.5 and torch.equal(whole, model.noise(300, seeded(0)))


def test_orthogonality():
    orthonormal = torch.linalg.qr(torch.randn(6, 6, generator=seeded())).Q[:4]
    lengths = torch.tensor([1.0, 2, 3, 4])[:, None]
    assert orthogonality([orthonormal * lengths]).item() == pytest.approx(0, abs=1e-8)     # rows may have any length
    rows = torch.tensor([[1.0, 0], [1, 1]])
    assert orthogonality([rows]).item() == 2                                               # <r1, r2>^2, both ways
    assert orthogonality([rows, rows.view(2, 1, 1, 2)]).item() == 4


def test_it_is_the_gradient_of_orthogonality():
    weight = torch.randn(3, 4, dtype=torch.float64, generator=seeded()).requires_grad_()
    assert torch.autograd.gradcheck(lambda w: orthogonality([w]), weight)


class TestNetworks:
    def test_as_many_parameters_as_the_paper_counts(self):
        """App. B, in millions, at 128 pixels: BigGAN's G 70.4 and D 88.0, BigGAN-deep's D 34.6 and G about 50.4."""
        with torch.device("meta"), pytest.MonkeyPatch.context() as patch:
            for module in ("biggan", "biggan_deep"):
                patch.setattr(f"zerosum.networks.{module}.init_biggan", lambda network: None)
            found = [parameters(network) / 1e6 for network in (
                BigGANGenerator(classes=1000, attention=[3]), BigGANDiscriminator(classes=1000, attention=[0]),
                BigGANDeepDiscriminator(classes=1000, attention=[0]),
                BigGANDeepGenerator(classes=1000, attention=[7]))]
        assert [round(each, 1) for each in found[:3]] == [70.4, 88.0, 34.6]
        assert found[3] == pytest.approx(50.4, rel=0.005)

    @pytest.mark.parametrize(("kind", "options"), [
        (BigGANGenerator, {"z_dim": 8, "image_size": (32, 32), "attention": [0, 2]}),
        (BigGANGenerator, {"z_dim": 10, "image_size": (64, 64), "attention": [3], "standing": True}),
        (BigGANGenerator, {"z_dim": 7, "image_size": (16, 16), "hierarchical": False, "shared": 0}),
        (BigGANGenerator, {"z_dim": 7, "image_size": (48, 48), "hierarchical": False, "channels": 1}),
        (BigGANDeepGenerator, {"z_dim": 7, "image_size": (64, 64), "attention": [5, 7]}),
        (BigGANDeepGenerator, {"z_dim": 7, "image_size": (32, 32), "depth": 3, "hierarchical": False}),
        (BigGANDiscriminator, {"image_size": (32, 32), "attention": [0, 1, 2, 3]}),
        (BigGANDiscriminator, {"image_size": (64, 64), "channels": 1}),
        (BigGANDeepDiscriminator, {"image_size": (64, 64), "attention": [1, 2], "depth": 3}),
    ])
    def test_sizes_are_read_from_shapes(self, kind, options):
        network = kind(**{"width": 8, "classes": 5} | ({"shared": 6} if "z_dim" in options else {}) | options)
        again = kind(**settings(network.state_dict()))
        again.load_state_dict(network.state_dict())
        assert again.state_dict().keys() == network.state_dict().keys()

    def test_z_reaches_every_block_by_a_part_of_its_own(self):
        network = BigGANGenerator(8, (32, 32), 1, 8, classes=3, shared=5).eval()
        h, seen = torch.randn(1, 8).requires_grad_(), []
        for layers in network.blocks:
            layers[0].bn1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
        network(h, network.embedded(torch.tensor([1])))
        assert [part.shape for part in seen] == [(1, 7)] * 3
        for k, part in enumerate(seen):
            assert torch.equal(part[:, :5], network.shared.weight[1:2])
            assert torch.equal(part[:, 5:], h[:, 2 * k + 2:2 * k + 4])

    def test_attention_is_where_maps_have_the_side(self):
        assert [block_up_to((128, 128), side) for side in (4, 8, 64, 128, 999)] == [0, 0, 3, 4, 4]
        assert [block_down_to((128, 128), side) for side in (999, 64, 32, 1)] == [0, 0, 1, 4]
        assert block_up_to((96, 48), 24) == 1 and block_down_to((8, 8), 64) == 0

    @pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 20), (4, 16, 48), (1, 64, 64)])
    @pytest.mark.parametrize("name", SYSTEMS)
    def test_images_of_every_kind_can_be_made(self, name, shape):
        settings = {"z_dim": 60, "width": 4, "d_width": 4, "attention": 8}
        for classes in (("a", "b"), ()):
            spec = DataSpec(shape, num_classes=len(classes), classes=classes)
            model = find(name)(find(name).Config(**settings), spec)
            assert model.sample(2, seed=0).shape == (2, *shape)
            assert model.scores(torch.zeros(2, *shape)).shape == (2,)

    def test_impossible_sizes(self):
        for size in ((7, 8), (9, 9)):
            with pytest.raises(ValueError, match=rf"at least 8 pixels .* not {size[0]}x{size[1]}"):
                BigGANGenerator(8, size)
        with pytest.raises(ValueError, match="has 4 equal parts: 9 numbers"):
            BigGANGenerator(9, (32, 32))
        with pytest.raises(UsageError, match="needs images"):
            find("sagan")(find("sagan").Config(), DataSpec((2,)))


@pytest.mark.parametrize("name", SYSTEMS)
class TestGames:
    def test_the_losses_are_hinges_under_classes_that_are_drawn(self, name):
        trainer = trainer_of(name)
        model, batch = trainer.model.eval(), trainer.batch()
        torch.manual_seed(3)
        d = model.discriminator_loss(batch)["adversarial"]
        torch.manual_seed(3)
        labels = torch.randint(10, (batch.size,))
        x_fake = model.generate(model.noise(batch), labels)
        real, fake = model.discriminator(batch.x, batch.labels), model.discriminator(x_fake, labels)
        torch.testing.assert_close(d, relu(1 - real).mean() + relu(1 + fake).mean())
        torch.manual_seed(3)
        torch.testing.assert_close(model.generator_loss(batch)["adversarial"], -fake.mean())

    def test_an_update_moves_its_player_alone(self, name):
        trainer = trainer_of(name)
        model = trainer.model
        for mover, rest in (("discriminator", "generator"), ("generator", "discriminator")):
            before = {key: value.clone() for key, value in model.named_parameters()}
            trainer.update(mover, getattr(model, f"{mover}_loss"), trainer.batch())
            moved = {key.split(".")[0] for key, value in model.named_parameters()
                     if not torch.equal(value, before[key])}
            assert moved == {mover} and rest not in moved

    def test_both_players_have_norm_one(self, name):
        model = trainer_of(name).model
        kinds = (nn.Conv2d, nn.Linear)
        layers = [m for m in model.modules() if isinstance(m, kinds)] + [model.discriminator.embed]
        assert layers and all(isinstance(layer, FreshSpectralNorm) for layer in layers)
        embeddings = [m for m in model.generator.modules() if isinstance(m, nn.Embedding)]
        assert embeddings and not any(isinstance(m, FreshSpectralNorm) for m in embeddings)

    def test_without_classes_it_is_asked_for_nothing(self, name):
        cls = find(name)
        model = cls(trainer_of(name).model.cfg, DataSpec((1, 8, 8)))
        assert condition(model) == "" and condition(cls) == "labels"
        assert model.sample(3, seed=0).shape == (3, 1, 8, 8)
        with pytest.raises(UsageError, match="no labels"):
            model.sample(3, labels=1)


def test_the_regularizer_is_that_of_all_weights_but_the_embedding():
    model = trainer_of("biggan").model
    weights = [layer.weight for layer in model.generator.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    expected = 1e-4 * sum((w.flatten(1) @ w.flatten(1).T).fill_diagonal_(0).square().sum() for w in
                          (weight.detach() for weight in weights))
    batch = trainer_of("biggan").batch()
    torch.testing.assert_close(model.generator_loss(batch)["orthogonal"], expected)
    assert trainer_of("biggan", orthogonal=0).model.generator_loss(batch).keys() == {"adversarial"}


def test_the_paper_s_settings():
    sagan, biggan, deep = (find(name).Config() for name in SYSTEMS)
    assert (sagan.lr, sagan.d_lr, sagan.betas, sagan.d_steps) == (1e-4, 4e-4, (0.0, 0.9), 1)
    for cfg in (biggan, deep):
        assert (cfg.lr, cfg.d_lr, cfg.betas, cfg.d_steps, cfg.orthogonal) == (5e-5, 2e-4, (0.0, 0.999), 2, 1e-4)
    assert (biggan.z_dim, biggan.width, deep.z_dim, deep.width) == (120, 96, 128, 128)
    batch = find("biggan").PRESETS["paper"]["batch_size"]
    assert biggan.ema == pytest.approx(-batch * math.log(2) / math.log(0.9999), rel=0.01)
