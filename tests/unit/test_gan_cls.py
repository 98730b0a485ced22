"""GAN-CLS: right, wrong and generated pairs, text that differs, the points between texts, and the networks on text."""

from types import SimpleNamespace

import pytest
import torch
from tiny import seeded, trainer_of
from torch import nn
from torch.nn.functional import softplus

from zerosum.core import Batch
from zerosum.losses import matching_aware
from zerosum.networks.text import Bottleneck, TextDiscriminator, TextEncoder, TextGenerator


def test_the_settings_are_the_papers():
    cfg = type(trainer_of("gan-cls").model.cfg)()
    assert (cfg.z_dim, cfg.prior, cfg.embedding, cfg.text_dim) == (100, "normal", 1024, 128)
    assert (cfg.lr, cfg.d_lr, cfg.betas, cfg.beta, cfg.wrong) == (2e-4, 2e-4, (0.5, 0.999), 0.5, 0.5)


def test_the_loss_is_that_of_algorithm_1():
    right, wrong, fake = torch.randn(3, 50, dtype=torch.float64, generator=seeded())
    s_r, s_w, s_f = (scores.sigmoid() for scores in (right, wrong, fake))
    expected = -(s_r.log().mean() + ((1 - s_w).log().mean() + (1 - s_f).log().mean()) / 2)
    torch.testing.assert_close(matching_aware(right, wrong, fake), expected)
    torch.testing.assert_close(matching_aware(right, wrong, fake, 0.0), -(s_r.log() + (1 - s_f).log()).mean())
    torch.testing.assert_close(matching_aware(right, wrong, fake, 1.0), -(s_r.log() + (1 - s_w).log()).mean())


def test_the_encoder_hears_every_word_and_its_neighbours_but_no_padding():
    encoder = TextEncoder(9, 16).eval()
    text = torch.tensor([[1, 2, 3, 0, 0, 0], [3, 2, 1, 0, 0, 0], [1, 2, 4, 0, 0, 0], [0] * 6])
    one, turned, other, nothing = encoder(text)
    torch.testing.assert_close(one, encoder(text[:1, :3])[0])             # however long the others are
    torch.testing.assert_close(one, turned)                  # neighbours count for nothing at first
    assert not torch.allclose(one, other) and torch.equal(nothing, torch.zeros(16))
    torch.nn.init.normal_(encoder.neighbours.weight)
    one, turned = encoder(text[:2])
    assert not torch.allclose(one, turned)
    torch.testing.assert_close(one, encoder(text[:1, :3])[0])


def test_the_discriminator_joins_text_at_its_last_maps():
    network = TextDiscriminator(6, 5, (3, 16, 16), 8, "none").eval()
    x, h = torch.rand(2, 3, 16, 16), torch.randn(2, 6)
    maps = network.maps(x)
    assert maps.shape == (2, 8, 4, 4) and network.features(maps, h).shape == (2, 8, 4, 4)
    told = network.text(h)
    place = network.joint(torch.cat([maps[:, :, 1, 2], told], 1)[:, :, None, None])[..., 0, 0]
    torch.testing.assert_close(network.features(maps, h)[:, :, 1, 2], place)
    scores = network(x, h)
    assert scores.shape == (2,) and not torch.allclose(scores, network(x, h.flip(0)))
    assert TextGenerator(4, 6, 5, (3, 16, 20), 8).eval()(torch.randn(2, 4), h).shape == (2, 3, 16, 20)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_discriminator_looks_again_at_each_size_that_is_halved(norm):
    plain, twice = (TextDiscriminator(6, 5, (3, 32, 32), 16, norm, looks=looks).eval() for looks in (0, 2))
    x, h = torch.rand(2, 3, 32, 32), torch.randn(2, 6)
    assert twice.maps(x).shape == plain.maps(x).shape == (2, 16, 4, 4) and twice(x, h).shape == (2,)

    def kinds(network):
        return [(layer.in_channels, layer.out_channels, *layer.stride)
                for layer in network.maps.modules() if isinstance(layer, nn.Conv2d)]

    halved, ends = [(3, 4, 2, 2), (4, 8, 2, 2), (8, 16, 2, 2)], [(16, 4, 1, 1), (4, 4, 1, 1), (4, 16, 1, 1)]
    assert kinds(plain) == halved + ends
    assert kinds(twice) == [halved[0], *[(4, 4, 1, 1)] * 2, halved[1], *[(8, 8, 1, 1)] * 2, halved[2], *ends]


def test_the_generator_has_a_bottleneck_behind_the_norms_of_its_first_two_stages():
    layers = list(TextGenerator(4, 6, 5, (3, 32, 32), 16).body.body)
    places = [i for i, layer in enumerate(layers) if isinstance(layer, Bottleneck)]
    assert [(type(layers[i - 1]), type(layers[i + 1])) for i in places] == [(nn.BatchNorm2d, nn.ReLU)] * 2
    assert [layers[i - 1].num_features for i in places] == [16, 8]
    block, x = layers[places[0]].eval(), torch.rand(2, 16, 4, 4)
    torch.testing.assert_close(block(x), x + block.body(x))
    assert block.body[0].weight.shape == (4, 16, 1, 1) and block.body[-2].weight.shape == (16, 4, 3, 3)
    assert block.body[2](torch.tensor(-1.0)) == 0 and Bottleneck(8, "none", 0.2).body[2](torch.tensor(-1.0)) == -0.2


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_discriminator_has_a_bottleneck_before_text_is_joined_and_no_norm_behind(norm):
    network = TextDiscriminator(6, 5, (3, 16, 16), 8, norm)
    norms = [isinstance(module, nn.BatchNorm2d) for module in network.maps.modules()]
    assert isinstance(network.maps[-2], Bottleneck) and any(norms) == (norm == "batch")
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.joint.modules())


def test_without_norm_a_discriminator_starts_with_signals_of_size_one():
    network, x, h = TextDiscriminator(64, 32, (3, 16, 16), 64, "none"), torch.randn(64, 3, 16, 16), torch.randn(64, 64)
    assert 0.3 < float(network.features(network.maps(x), h).detach().std()) < 3


def test_the_rates_are_halved():
    model = trainer_of("gan-cls", halve_images=100, lr=0.4, d_lr=0.2).model
    for player, start in (("generator", 0.4), ("discriminator", 0.2)):
        optimizer = SimpleNamespace(lr=0.0)
        for images, share in ((0, 1), (99, 1), (100, 0.5), (250, 0.25)):
            model.players()[player].schedule(optimizer, 0, images)
            assert optimizer.lr == start * share


@pytest.mark.parametrize("size", [1, 8, 64])
def test_wrong_text_reads_otherwise(size):
    trainer = trainer_of("gan-cls")
    text = trainer.batch(size).text
    for given in (text, text[:1].expand(size, -1)):          # also where all the batch says the same
        wrong = trainer.model.other_text(given)
        assert wrong.shape == given.shape and bool((wrong != given).any(1).all())
    known = {tuple(row) for row in torch.cat([text, trainer.model.labels_for(64, None)]).tolist()}
    assert {tuple(row) for row in trainer.model.other_text(text).tolist()} <= known


def test_without_int_the_generator_is_asked_for_the_texts_alone():
    trainer = trainer_of("gan-cls", interpolation=0.0)
    model, batch = trainer.model.eval(), trainer.batch()
    torch.testing.assert_close(model.asked(batch), model.encoder(batch.text))
    assert set(model.generator_loss(batch)) == {"adversarial"}


def test_the_more_texts_it_is_among_the_nearer_is_the_wrong_one():
    trainer = trainer_of("gan-cls")
    model, text = trainer.model, trainer.batch(64).text
    known = torch.cat([text, model.labels_for(64, None)])
    words = [set(row) - {0} for row in known.tolist()]
    nearest = [max(len(own & other) for row, other in zip(known, words, strict=True) if not torch.equal(row, mine))
               for mine, own in zip(text, words, strict=False)]

    def shared(among):
        wrong = model.other_text(text, among)
        assert bool((wrong != text).any(1).all())
        return [len(own & set(row)) for own, row in zip(words, wrong.tolist(), strict=False)]

    assert shared(100_000) == nearest
    assert sum(shared(1)) < sum(shared(16)) < sum(nearest)


def made(model, batch, seed):
    torch.manual_seed(seed)
    return model.noise(batch)


def test_the_losses_show_right_wrong_and_generated_pairs():
    trainer = trainer_of("gan-cls", norm="none", wrong=0.25, interpolation=3.0, beta=0.25)
    model, batch = trainer.model.eval(), trainer.batch()
    batch.keep(wrong=model.other_text(batch.text), other=model.other_text(batch.text))
    h, h_wrong, h_other = (model.encoder(text) for text in (batch.text, batch.wrong, batch.other))
    x_fake = model.generator(made(model, batch, 1), h)
    right, wrong, fake = (model.discriminator(x, text) for x, text in ((batch.x, h), (batch.x, h_wrong), (x_fake, h)))
    torch.manual_seed(1)
    torch.testing.assert_close(model.discriminator_loss(batch)["adversarial"],
                               softplus(-right).mean() + 0.25 * softplus(wrong).mean() + 0.75 * softplus(fake).mean())
    torch.manual_seed(1)
    terms = model.generator_loss(batch)
    torch.manual_seed(1)
    both = torch.cat([h, 0.25 * h + 0.75 * h_other])
    told, between = model.discriminator(model.generator(model.noise(len(both)), both), both).chunk(2)
    torch.testing.assert_close(terms["adversarial"], softplus(-told).mean())
    torch.testing.assert_close(terms["interpolation"], 3 * softplus(-between).mean())


@pytest.mark.parametrize("frozen", [True, False])
def test_the_encoder_moves_with_the_discriminator_alone_unless_it_is_frozen(frozen):
    trainer = trainer_of("gan-cls", frozen=frozen)
    players, words = trainer.model.players(), trainer.model.encoder.vectors.weight
    before = words.clone()
    assert (id(words) in {id(p) for p in players["discriminator"].parameters()}) == (not frozen)
    assert id(words) not in {id(p) for p in players["generator"].parameters()}
    trainer.play()
    assert torch.equal(words, before) == frozen and "encoder.vectors.weight" in trainer.model.state_dict()


def test_scores_without_text_are_the_best_over_the_prompts():
    model = trainer_of("gan-cls").model.eval()
    x = torch.rand(2, *model.data.shape, generator=seeded())
    each = [model.scores(x, model.labels_for(2, prompt)) for prompt in model.data.prompts]
    torch.testing.assert_close(model.scores(x), torch.stack(each).amax(0))


def test_noise_and_text_both_count():
    model = trainer_of("gan-cls").model.eval()
    z = model.noise(2, seeded())
    text = model.data.encode(["a small red circle"] * 2)
    torch.testing.assert_close(model.generate(z, text), model.generator(z, model.encoder(text)))
    x = model.generate(z, text)
    assert not torch.allclose(x[0], x[1])
    assert not torch.allclose(x, model.generate(z, model.labels_for(2, "a large square")))


def test_a_batch_carries_the_wrong_text_into_its_parts():
    trainer = trainer_of("gan-cls", batch_size=6)
    seen = []
    trainer.model.discriminator_loss = lambda batch: seen.append(batch) or {"adversarial": sum(
        p.sum() for p in trainer.model.players()["discriminator"].parameters())}
    trainer.play()
    [batch] = seen
    assert isinstance(batch, Batch) and bool((batch.wrong != batch.text).any(1).all())
    assert all(len(part.wrong) == 3 for part in batch.split(3))


def test_between_two_texts():
    model = trainer_of("gan-cls").model.eval()
    z, (first, second) = model.noise(2, seeded()), model.data.encode(["a small red circle", "a large blue square"])
    first, second = first.expand(2, -1), second.expand(2, -1)
    for share, text in ((0.0, first), (1.0, second)):
        torch.testing.assert_close(model.between(z, first, second, share), model.generate(z, text))
    middle = (model.encoder(first) + model.encoder(second)) / 2
    torch.testing.assert_close(model.between(z, first, second), model.generator(z, middle))
    each = model.between(z, first, second, torch.tensor([[0.0], [1.0]]))
    torch.testing.assert_close(each, torch.stack([model.generate(z, first)[0], model.generate(z, second)[1]]))
