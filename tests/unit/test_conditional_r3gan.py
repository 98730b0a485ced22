"""Conditional R3GAN: a pair has one class, the penalties are under the class, and what has no classes is refused."""

import pytest
import torch
from tiny import trainer_of
from torch.nn.functional import softplus

from zerosum.core import DataSpec, UsageError
from zerosum.penalties import r1, r2
from zerosum.runs import create


def test_both_losses_are_relativistic_within_a_class():
    trainer = trainer_of("conditional-r3gan")
    model, batch = trainer.model, trainer.batch()
    y = model.condition(batch.labels)
    torch.manual_seed(0)
    losses = model.discriminator_loss(batch, gamma=2.0)
    torch.manual_seed(0)
    x_fake = model.generator(model.noise(batch), y)
    real, fake = model.discriminator(batch.x, y), model.discriminator(x_fake, y)
    assert torch.allclose(losses["adversarial"], softplus(fake - real).mean())
    penalty = sum(each(lambda x: model.discriminator(x, y), batch.x, x_fake) for each in (r1, r2))
    assert torch.allclose(losses["gradient_penalty"], 2.0 * penalty)
    torch.manual_seed(0)
    assert torch.allclose(model.generator_loss(batch)["adversarial"], softplus(real - fake).mean())


def test_the_class_matters_to_both_players():
    model = trainer_of("conditional-r3gan").model.eval()
    z, labels = torch.randn(1, 8).expand(2, -1), torch.tensor([0, 1])
    x = model.generate(z, labels)
    assert not torch.allclose(x[0], x[1])
    best = model.scores(x)
    assert torch.equal(best, torch.stack([model.scores(x, torch.full((2,), label)) for label in range(10)]).amax(0))


@pytest.mark.parametrize("shape, classes, said", [((1, 8, 8), 0, "labelled data"), ((2,), 3, "points"),
                                                  ((1, 3, 22), 3, "not 3x22")])
def test_data_that_it_cannot_learn_is_refused(shape, classes, said):
    with pytest.raises(UsageError, match=said):
        create("conditional-r3gan", DataSpec(shape, classes, tuple(map(str, range(classes)))), preset="tiny")
