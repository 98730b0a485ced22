"""The optimizers against PyTorch's, against Keras' formula, and across a change from one to the other."""

import copy

import pytest
import torch
from torch import Tensor

from zerosum.core import OPTIMIZERS, TorchOptimizer
from zerosum.core.optimizers import FTRL, SGD, Adadelta, Adagrad, Adam, RMSProp

PAIRS = {
    "adam": (lambda p: Adam(p, 1e-2, (0.5, 0.9)), lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.5, 0.9))),
    "adam without beta1": (lambda p: Adam(p, 1e-2, (0.0, 0.9)),
                           lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.0, 0.9))),
    "sgd": (lambda p: SGD(p, 1e-2), lambda p: torch.optim.SGD(p, lr=1e-2)),
    "momentum": (lambda p: SGD(p, 1e-2, 0.9), lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9)),
    "nesterov": (lambda p: SGD(p, 1e-2, 0.9, nesterov=True),
                 lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, nesterov=True)),
    "rmsprop": (lambda p: RMSProp(p, 1e-2), lambda p: torch.optim.RMSprop(p, lr=1e-2)),
    "adagrad": (lambda p: Adagrad(p, 1e-2), lambda p: torch.optim.Adagrad(p, lr=1e-2)),
    "adadelta": (lambda p: Adadelta(p, 1.0), lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.95, eps=1e-6)),
}


def parameters() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in ((4, 3), (5,), (2, 3, 2), ())]


def gradients(step: int) -> list[Tensor | None]:
    """Some parameters get no gradient in some steps, one never gets any, one is exactly zero once."""
    generator = torch.Generator().manual_seed(100 + step)
    scale = 10 ** (step % 3 - 1)
    grads: list[Tensor | None] = [scale * torch.randn(p.shape, generator=generator) for p in parameters()]
    if step % 4 == 1:
        grads[0] = None
    if step < 5:
        grads[1] = None
    grads[2] = grads[2] * (step != 7)
    grads[3] = None
    return grads


def move(params: list[Tensor], optimizer, steps: range) -> None:
    for step in steps:
        for param, grad in zip(params, gradients(step), strict=True):
            param.grad = grad
        optimizer.step()


def assert_equal(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() <= 1e-6 * b.abs().max()


@pytest.mark.parametrize("name", PAIRS)
def test_twenty_steps_equal_pytorch(name):
    ours, theirs, start = parameters(), parameters(), parameters()
    make_ours, make_theirs = PAIRS[name]
    move(ours, make_ours(ours), range(20))
    move(theirs, make_theirs(theirs), range(20))
    assert_equal(ours, theirs)
    assert all((a - b).abs().max() > 1e-3 for a, b in zip(ours[:3], start[:3], strict=True)), "they moved"
    assert torch.equal(ours[3], start[3]), "what has no gradient stays where it is"


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("from_ours", [True, False], ids=["ours first", "PyTorch's first"])
def test_a_checkpoint_continues_on_the_other(name, from_ours):
    """20 steps of PyTorch = 8 of one, state handed over, 12 of the other."""
    whole, params = parameters(), parameters()
    make_ours, make_theirs = PAIRS[name]
    move(whole, make_theirs(whole), range(20))
    first, second = make_ours(params), TorchOptimizer(params, make_theirs)
    first, second = (first, second) if from_ours else (second, first)
    move(params, first, range(8))
    second.load_state_tensors(copy.deepcopy(first.state_tensors()))
    move(params, second, range(8, 20))
    assert_equal(params, whole)


def test_a_schedule_may_set_rate_and_betas_on_either():
    ours, theirs, unchanged = parameters(), parameters(), parameters()
    make_ours, make_theirs = PAIRS["adam"]
    for params, optimizer in ((ours, make_ours(ours)), (theirs, TorchOptimizer(theirs, make_theirs))):
        move(params, optimizer, range(8))
        assert (optimizer.lr, optimizer.betas) == (1e-2, (0.5, 0.9))
        optimizer.lr, optimizer.betas = 2e-2, (0.0, 0.99)
        move(params, optimizer, range(8, 12))
        assert (optimizer.lr, optimizer.betas) == (2e-2, (0.0, 0.99))
    move(unchanged, make_ours(unchanged), range(12))
    assert_equal(ours, theirs)
    assert (ours[0] - unchanged[0]).abs().max() > 1e-3


def test_the_names_of_the_state_are_pytorchs():
    for make_ours, make_theirs in PAIRS.values():         # PyTorch also keeps a state for what never had a gradient
        params = parameters()
        ours, theirs = make_ours(params), TorchOptimizer(params, make_theirs)
        move(params, ours, range(6))
        move(params, theirs, range(6))
        assert ours.state_tensors().keys() == {key for key in theirs.state_tensors() if not key.startswith("3.")}


def test_nesterov_is_kerass():
    """v = mu v - lr g;  w += mu v - lr g (keras.optimizers.SGD), by hand for gradients 1, -2, 4 from w = 1."""
    w, optimizer = torch.tensor([1.0]), None
    optimizer = SGD([w], lr=0.1, momentum=0.9, nesterov=True)
    v, expected = 0.0, 1.0
    for g in (1.0, -2.0, 4.0):
        v = 0.9 * v - 0.1 * g
        expected += 0.9 * v - 0.1 * g
        w.grad = torch.tensor([g])
        optimizer.step()
        assert w.item() == pytest.approx(expected, rel=1e-6, abs=1e-7)
    # v = -0.1, 0.11, -0.301;  w = 1 - 0.19, + 0.299, - 0.6709
    assert expected == pytest.approx(0.4381)


@pytest.mark.parametrize("name", PAIRS)
def test_the_learning_rate_may_change_between_steps(name):
    ours, theirs = parameters(), parameters()
    first, second = PAIRS[name][0](ours), TorchOptimizer(theirs, PAIRS[name][1])
    for step in range(6):
        first.lr = second.lr = 1e-2 * (step + 1)
        move(ours, first, range(step, step + 1))
        move(theirs, second, range(step, step + 1))
    assert first.lr == second.lr == 6e-2
    assert_equal(ours, theirs)


def test_one_step_of_adam_is_its_learning_rate():
    """Whatever the gradient's size, the first step is lr sign(g) (Kingma and Ba, Sec. 2.1)."""
    w = torch.zeros(3)
    w.grad = torch.tensor([1e-3, -5.0, 100.0])
    Adam([w], 0.01).step()
    torch.testing.assert_close(w, torch.tensor([-0.01, 0.01, -0.01]), rtol=1e-4, atol=0)


def test_state_of_other_parameters_is_refused():
    params = parameters()
    optimizer = Adam(params, 1e-2)
    move(params, optimizer, range(6))
    with pytest.raises((KeyError, IndexError, RuntimeError)):
        Adam(params[:1], 1e-2).load_state_tensors(optimizer.state_tensors())


# Two steps from w = 1 with gradients 2, then -1, by hand from TensorFlow's documentation.
G1, G2 = 2.0, -1.0
BY_HAND = {
    "sgd": (1 - 0.1 * G1, 1 - 0.1 * G1 - 0.1 * G2),
    "momentum": (1 - 0.1 * G1, 1 - 0.1 * G1 - 0.1 * (0.9 * G1 + G2)),
    "nesterov": (1 - 0.1 * 1.9 * G1, 1 - 0.1 * 1.9 * G1 - 0.1 * (G2 + 0.9 * (0.9 * G1 + G2))),
    "adam": (0.9, 0.9 - 0.1 * ((0.09 * 2 + 0.1 * -1) / 0.19) / ((0.000999 * 4 + 0.001) / (1 - 0.999**2)) ** 0.5),
    "adagrad": (1 - 0.1 * 2 / 2, 1 - 0.1 * 2 / 2 + 0.1 / 5**0.5),
    "rmsprop": (1 - 0.1 * 2 / 0.04**0.5, 1 - 0.1 * 2 / 0.04**0.5 + 0.1 / (0.99 * 0.04 + 0.01) ** 0.5),
    # s = .05 g^2, d = sqrt(1e-6) / sqrt(s + 1e-6) g; then both averages move on
    "adadelta": ((w := 1 - 0.1 * (d := (1e-6 / (0.2 + 1e-6)) ** 0.5 * 2)),
                 w + 0.1 * ((0.05 * d * d + 1e-6) / (0.95 * 0.2 + 0.05 + 1e-6)) ** 0.5),
    # n = .1, 4.1, 5.1; sigma = (sqrt(n) - sqrt(n before)) / lr; w = -z lr / sqrt(n)
    "ftrl": ((w := -(z := 2 - (4.1**0.5 - 0.1**0.5) / 0.1) * 0.1 / 4.1**0.5),
             -(z - 1 - (5.1**0.5 - 4.1**0.5) / 0.1 * w) * 0.1 / 5.1**0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_steps_by_hand(name):
    w = torch.tensor([1.0], dtype=torch.float64)
    optimizer = OPTIMIZERS[name](0.1)([w])
    for g, expected in zip((G1, G2), BY_HAND[name], strict=True):
        w.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
        assert w.item() == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_ftrl_leaves_out_what_l1_outweighs_and_shrinks_by_l2():
    w = torch.ones(2, dtype=torch.float64)
    optimizer = FTRL([w], lr=0.1, l1=3.0, l2=0.5)
    w.grad = torch.tensor([0.0, 20.0], dtype=torch.float64)       # z = 0, which |z| <= l1, and 20 - sigma
    optimizer.step()
    root = (0.1 + 400) ** 0.5
    z = 20 - (root - 0.1**0.5) / 0.1
    expected = -(z + 3.0) / (root / 0.1 + 2 * 0.5)
    assert w.tolist() == pytest.approx([0.0, expected], rel=1e-12)


def test_ftrl_goes_on_from_its_state():
    whole, first = torch.ones(3), torch.ones(3)
    optimizers = FTRL([whole], 0.1), FTRL([first], 0.1)
    for step in range(6):
        if step == 3:
            again = FTRL([first], 0.1)
            again.load_state_tensors(copy.deepcopy(optimizers[1].state_tensors()))
            optimizers = optimizers[0], again
        for param, optimizer in zip((whole, first), optimizers, strict=True):
            param.grad = torch.tensor([1.0, -0.5, 0.1]) * (step + 1)
            optimizer.step()
    assert torch.equal(whole, first)
