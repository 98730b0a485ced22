"""Projection GAN: the score is psi(phi(x)) + <embed(y), phi(x)>, and batch norms have gains and biases of the class."""

import pytest
import torch
from tiny import seeded, trainer_of
from torch import nn
from torch.nn.functional import batch_norm, relu

from zerosum.core import DataSpec, UsageError, find
from zerosum.layers import ConditionalBatchNorm, SpectralNorm, conditional_batch_norm
from zerosum.networks import DCGANDiscriminator, ResNetDiscriminator, ResNetGenerator, SNGANDiscriminator
from zerosum.networks.conditional import ConcatDiscriminator, ConditionalGenerator, ProjectionDiscriminator

NETWORKS = {"resnet": lambda: ResNetDiscriminator(16, 3, 8, pool="sum"),
            "cnn": lambda: SNGANDiscriminator((8, 8), 3, 8), "dcgan": lambda: DCGANDiscriminator(8, 3, 8, norm="none")}
SIZES = {"resnet": 16, "cnn": 8, "dcgan": 8}


@pytest.fixture
def x():
    return torch.rand(5, 3, 8, 8, generator=seeded()) * 2 - 1


LABELS = torch.tensor([0, 3, 1, 3, 2])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_score_is_that_of_the_features_and_their_projection(name):
    torch.manual_seed(0)
    plain = NETWORKS[name]()
    x = torch.rand(5, 3, SIZES[name], SIZES[name])
    scores = plain(x)
    network = ProjectionDiscriminator(plain, 4)
    phi, embedding = network.features(x), network.embedding.weight
    by_hand = torch.stack([score + torch.dot(embedding[y], row)
                           for score, y, row in zip(scores, LABELS.tolist(), phi, strict=True)])
    torch.testing.assert_close(network(x, LABELS), by_hand)
    psi = phi @ network.head.weight[0] + network.head.bias
    torch.testing.assert_close(scores, psi)
    unaware = ProjectionDiscriminator(NETWORKS[name](), 4, project=False)
    assert torch.equal(unaware(x, LABELS), unaware(x, LABELS * 0))


def test_its_gradient_is_that_of_the_inner_product(x):
    """d D(x, y) / d embed(y) = phi(x), and the rows of the other classes have none."""
    network = ProjectionDiscriminator(SNGANDiscriminator((8, 8), 3, 8), 4)
    network(x[:2], LABELS[:2]).sum().backward()
    phi, grad = network.features(x[:2]), network.embedding.weight.grad
    torch.testing.assert_close(grad[[0, 3]], phi)
    assert not grad[[1, 2]].any()


def test_a_joined_label_is_a_map_for_each_class(x):
    inner = SNGANDiscriminator((8, 8), 3 + 4, 8)
    network = ConcatDiscriminator(inner, 4)
    maps = torch.zeros(5, 4, 8, 8)
    for i, label in enumerate(LABELS.tolist()):
        maps[i, label] = 1
    assert torch.equal(network(x, LABELS), inner(torch.cat([x, maps], 1)))


@pytest.mark.parametrize("condition", ["concat", "none"])
def test_what_it_is_compared_with_has_the_same_networks(condition):
    ours, other = (trainer_of("projection-gan", network="cnn", condition=each).model
                   for each in ("projection", condition))
    assert [p.shape for p in ours.generator.parameters()] == [p.shape for p in other.generator.parameters()]
    count = {name: sum(p.numel() for p in model.discriminator.parameters())
             for name, model in (("ours", ours), ("other", other))}
    first, embedding = 4 * 9 * 10, 10 * 8 * 16               # weights of ten more maps, and of ten vectors
    assert count["other"] - count["ours"] == {"concat": first - embedding, "none": -embedding}[condition]
    layers = [m for m in other.discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert layers and all(isinstance(layer, SpectralNorm) for layer in layers)
    batch = trainer_of("projection-gan").batch()
    scores = [other.eval().scores(batch.x, batch.labels.roll(k)) for k in (0, 1)]
    assert torch.equal(*scores) == (condition == "none")


def test_conditional_batch_norm_by_hand():
    h, norm = torch.randn(6, 2, 3, 3, generator=seeded()), ConditionalBatchNorm(3, 2)
    assert torch.equal(norm.weight, torch.ones(3, 2)) and torch.equal(norm.bias, torch.zeros(3, 2))
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    y = torch.tensor([0, 0, 1, 2, 2, 1])
    norm.condition = torch.eye(3)[y]
    found = norm(h)
    normal = (h - h.mean((0, 2, 3), keepdim=True)) / (h.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    by_hand = torch.stack([normal[i] * norm.weight[c][:, None, None] + norm.bias[c][:, None, None]
                           for i, c in enumerate(y.tolist())])
    torch.testing.assert_close(found, by_hand)
    torch.testing.assert_close(norm.norm.running_mean, 0.1 * h.mean((0, 2, 3)))
    norm.eval()
    moved = batch_norm(h, norm.norm.running_mean, norm.norm.running_var)
    torch.testing.assert_close(norm(h)[2], moved[2] * norm.weight[1][:, None, None] + norm.bias[1][:, None, None])


def test_all_batch_norms_of_a_network_become_conditional():
    network = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.BatchNorm2d(4))
    norms = conditional_batch_norm(network, 3)
    assert {m for m in network.modules() if isinstance(m, ConditionalBatchNorm)} == set(norms) and len(norms) == 2
    assert all(not m.affine for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    with pytest.raises(ValueError, match="no batch norm"):
        conditional_batch_norm(nn.Linear(2, 2), 3)


def test_the_last_norm_of_a_resnet_knows_no_class():
    network = ConditionalGenerator(ResNetGenerator(4, 16, 1, 8), 3)
    assert isinstance(network.network.norm, nn.BatchNorm2d) and network.network.norm.affine
    assert len(network.norms) == 2 * len(network.network.blocks)
    z, y = torch.randn(2, 4), torch.eye(3)[:2]
    assert network(z, y).shape == (2, 1, 16, 16)
    assert all(norm.condition is None for norm in network.norms)      # nothing of a batch stays behind


def test_the_condition_moves_the_generator():
    """Catalogue TRK-27: the gradient of G's output with respect to the condition is not zero, from the first step."""
    model = trainer_of("projection-gan").model
    model.train()
    with torch.no_grad():                    # at the start all classes are alike, and nothing but G tells them apart
        for norm in model.generator.norms:
            norm.bias.normal_(std=0.1)
    y = torch.eye(10).requires_grad_()
    x = model.morph(model.noise(10), y)
    x.square().sum().backward()
    assert (y.grad.abs().sum(1) > 0).all()
    model.generator.norms[0].requires_grad_(True)
    model.generate(model.noise(4), torch.tensor([2, 2, 5, 5])).square().sum().backward()
    moved = model.generator.norms[0].bias.grad.abs().sum(1) > 0
    assert moved.nonzero().flatten().tolist() == [2, 5]


def test_the_losses_are_hinges_under_the_label():
    trainer = trainer_of("projection-gan")
    model, batch = trainer.model, trainer.batch()
    torch.manual_seed(3)
    d = model.eval().discriminator_loss(batch)["adversarial"]
    torch.manual_seed(3)
    x_fake = model.generate(model.noise(batch), batch.labels)
    real, fake = (model.discriminator(x, batch.labels) for x in (batch.x, x_fake))
    torch.testing.assert_close(d, relu(1 - real).mean() + relu(1 + fake).mean())
    torch.manual_seed(3)
    g = model.generator_loss(batch)["adversarial"]
    torch.manual_seed(3)
    z, labels = model.noise(2 * batch.size), torch.randint(10, (2 * batch.size,))
    torch.testing.assert_close(g, -model.discriminator(model.generate(z, labels), labels).mean())


def test_every_layer_of_d_and_its_embedding_are_normalised():
    model = trainer_of("projection-gan").model
    layers = [m for m in model.discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]
    assert all(isinstance(layer, SpectralNorm) for layer in layers)
    embedding = model.discriminator.embedding
    assert embedding in layers
    norm = torch.linalg.matrix_norm(embedding.normalized_weight(), 2)
    torch.testing.assert_close(norm, torch.ones(()), atol=1e-2, rtol=0)
    assert not any(isinstance(m, SpectralNorm) for m in model.generator.modules())


def test_scores_without_labels_are_the_best_of_all():
    trainer = trainer_of("projection-gan")
    model, x = trainer.model.eval(), trainer.batch().x
    each = torch.stack([model.discriminator(x, torch.full((len(x),), k)) for k in range(10)])
    torch.testing.assert_close(model.scores(x), each.amax(0))
    torch.testing.assert_close(model.scores(x, torch.full((len(x),), 4)), each[4])


def test_weights_between_classes_lie_between():
    model = trainer_of("projection-gan").model.eval()
    z, ends = model.noise(1, seeded()), torch.eye(10)[:2]
    assert torch.equal(model.morph(z, ends[:1]), model.generate(z, torch.tensor([0])))
    with torch.no_grad():
        for norm in model.generator.norms:
            norm.bias.uniform_()
    a, b, between = (model.morph(z, weights[None]) for weights in (*ends, ends.mean(0)))
    assert not torch.equal(between, a) and not torch.equal(between, b)


def test_it_needs_classes_and_images():
    with pytest.raises(UsageError, match="needs labelled data"):
        find("projection-gan")(trainer_of("projection-gan").model.cfg, DataSpec((1, 8, 8)))
    with pytest.raises(UsageError, match="makes images"):
        trainer_of("projection-gan", data="ring", image_size=0)
