"""Optimizers, as factories that a player holds until its parameters are known.

On the CPU they make the optimizers of this library, elsewhere PyTorch's own fused ones, and a checkpoint of one
continues on the other.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .optimizers import FTRL, SGD, Adadelta, Adagrad, Adam, Optimizer, RMSProp

Factory = Callable[[Iterable[Tensor]], Optimizer]


class TorchOptimizer(Optimizer):
    """Any `torch.optim` optimizer behind the same three methods."""

    def __init__(self, params: Iterable[Tensor], make: Callable[[list[Tensor]], Any]):
        self.params = list(params)
        self.inner = make(self.params)

    @property
    def lr(self) -> float:                                                         # type: ignore[override]
        return self.inner.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.inner.param_groups:
            group["lr"] = value

    @property
    def betas(self) -> tuple[float, float]:
        return self.inner.param_groups[0]["betas"]

    @betas.setter
    def betas(self, value: tuple[float, float]) -> None:
        for group in self.inner.param_groups:
            group["betas"] = value

    @property
    def momentum(self) -> float:
        return self.inner.param_groups[0]["momentum"]

    @momentum.setter
    def momentum(self, value: float) -> None:
        for group in self.inner.param_groups:
            group["momentum"] = value

    def step(self) -> None:
        self.inner.step()

    def state_tensors(self) -> dict[str, Tensor]:
        return {f"{i}.{name}": torch.as_tensor(value)
                for i, param in enumerate(self.params) for name, value in self.inner.state.get(param, {}).items()
                if value is not None}

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            index, name = key.split(".")
            states.setdefault(int(index), {})[name] = value
        self.inner.load_state_dict({"state": states, "param_groups": self.inner.state_dict()["param_groups"]})


def _for_device(ours: Callable[[list[Tensor]], Optimizer], theirs: Callable[[list[Tensor]], Any]) -> Factory:
    def make(params: Iterable[Tensor]) -> Optimizer:
        params = list(params)
        on_cpu = all(param.device.type == "cpu" for param in params)
        return ours(params) if on_cpu else TorchOptimizer(params, theirs)
    return make


def adam(lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> Factory:
    """Adam with this learning rate and these betas."""
    return _for_device(lambda params: Adam(params, lr, betas, eps),
                       lambda params: torch.optim.Adam(params, lr=lr, betas=(float(betas[0]), float(betas[1])), eps=eps,
                                                       fused=True))


def sgd(lr: float, momentum: float = 0.0, nesterov: bool = False) -> Factory:
    """Stochastic gradient descent with this learning rate."""
    return _for_device(lambda params: SGD(params, lr, momentum, nesterov),
                       lambda params: torch.optim.SGD(params, lr=lr, momentum=momentum, nesterov=nesterov))


def rmsprop(lr: float, alpha: float = 0.99, eps: float = 1e-8) -> Factory:
    """RMSProp with this learning rate."""
    return _for_device(lambda params: RMSProp(params, lr, alpha, eps),
                       lambda params: torch.optim.RMSprop(params, lr=lr, alpha=alpha, eps=eps))


def adagrad(lr: float, eps: float = 1e-10) -> Factory:
    """Adagrad with this learning rate."""
    return _for_device(lambda params: Adagrad(params, lr, eps),
                       lambda params: torch.optim.Adagrad(params, lr=lr, eps=eps))


def adadelta(lr: float, rho: float = 0.95, eps: float = 1e-6) -> Factory:
    """Adadelta with this learning rate, 1 in the paper."""
    return _for_device(lambda params: Adadelta(params, lr, rho, eps),
                       lambda params: torch.optim.Adadelta(params, lr=lr, rho=rho, eps=eps))


def ftrl(lr: float, l1: float = 0.0, l2: float = 0.0) -> Factory:
    """FTRL-proximal with this learning rate; PyTorch has none, so that this one serves every device."""
    return lambda params: FTRL(params, lr, l1, l2)


OPTIMIZERS: dict[str, Callable[..., Factory]] = {
    "adam": adam, "sgd": sgd, "momentum": partial(sgd, momentum=0.9),
    "nesterov": partial(sgd, momentum=0.9, nesterov=True), "rmsprop": rmsprop, "adagrad": adagrad,
    "adadelta": adadelta, "ftrl": ftrl,
}


def make_optimizer(name: str, lr: float, betas: tuple[float, float]) -> Factory:
    """The optimizer of this name, a key of OPTIMIZERS, with this learning rate; betas are Adam's alone."""
    return adam(lr, betas) if name == "adam" else OPTIMIZERS[name](lr)
