"""Optimizers, as factories that a player holds until its parameters are known.

Building any `torch.optim` optimizer imports `torch._dynamo`, which costs 1.5 s of start-up. So those that these
papers use are written here for CPU, with PyTorch's update rules and state names; on other devices the factories hand
out PyTorch's own fused kernels, and a checkpoint of one continues on the other.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

Factory = Callable[[Iterable[Tensor]], "Optimizer"]


class Optimizer:
    """Moves a list of parameters along their gradients; one without a gradient (None) is left alone, state and all."""

    slots: tuple[str, ...] = ()               # names of the tensors kept per parameter

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params = list(params)
        self.lr = lr
        self.state: list[dict[str, Tensor]] = [{} for _ in self.params]

    @torch.no_grad()
    def step(self) -> None:
        for param, state in zip(self.params, self.state, strict=True):
            if param.grad is not None:
                if not state:
                    state.update(self.start(param))
                self.move(param, param.grad, state)

    def start(self, param: Tensor) -> dict[str, Tensor]:
        """The state of a parameter before its first step: zeros like it per slot, and a count of steps as `step`."""
        return {name: torch.zeros(()) if name == "step" else torch.zeros_like(param) for name in self.slots}

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        raise NotImplementedError

    def state_tensors(self) -> dict[str, Tensor]:
        """All state as flat names: `<index of the parameter>.<slot>`."""
        return {f"{i}.{name}": value for i, state in enumerate(self.state) for name, value in state.items()}

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take the state back; raises KeyError or RuntimeError where it belongs to other parameters."""
        self.state = [{} for _ in self.params]
        for key, value in tensors.items():
            index, name = key.split(".")
            param = self.params[int(index)]
            # A copy in the parameter's memory format: the bits are the same, and so is the speed.
            self.state[int(index)][name] = (torch.empty_like(param).copy_(value) if value.shape == param.shape
                                            else value.clone())


class SGD(Optimizer):
    """Stochastic gradient descent: v = momentum v + g;  p -= lr v  (Nesterov: p -= lr (g + momentum v))."""

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.0, nesterov: bool = False):
        super().__init__(params, lr)
        self.momentum, self.nesterov = momentum, nesterov

    def start(self, param: Tensor) -> dict[str, Tensor]:
        return {"momentum_buffer": torch.zeros_like(param)} if self.momentum else {}

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        if not self.momentum:
            param.add_(grad, alpha=-self.lr)
            return
        velocity = state["momentum_buffer"].mul_(self.momentum).add_(grad)
        param.add_(grad.add(velocity, alpha=self.momentum) if self.nesterov else velocity, alpha=-self.lr)


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, Algorithm 1)."""

    slots = ("step", "exp_avg", "exp_avg_sq")

    def __init__(self, params: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8):
        super().__init__(params, lr)
        self.betas, self.eps = betas, eps

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        beta1, beta2 = self.betas
        step = state["step"].add_(1).item()
        state["exp_avg"].lerp_(grad, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = state["exp_avg_sq"].sqrt().div_((1 - beta2 ** step) ** 0.5).add_(self.eps)
        param.addcdiv_(state["exp_avg"], root, value=-self.lr / (1 - beta1 ** step))


class RMSProp(Optimizer):
    """RMSProp: s = alpha s + (1 - alpha) g^2;  p -= lr g / (sqrt(s) + eps)."""

    slots = ("step", "square_avg")           # step counts nothing here, but PyTorch's state has it

    def __init__(self, params: Iterable[Tensor], lr: float, alpha: float = 0.99, eps: float = 1e-8):
        super().__init__(params, lr)
        self.alpha, self.eps = alpha, eps

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        state["step"].add_(1)
        state["square_avg"].mul_(self.alpha).addcmul_(grad, grad, value=1 - self.alpha)
        param.addcdiv_(grad, state["square_avg"].sqrt().add_(self.eps), value=-self.lr)


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011): s += g^2;  p -= lr g / (sqrt(s) + eps)."""

    slots = ("step", "sum")                  # likewise

    def __init__(self, params: Iterable[Tensor], lr: float, eps: float = 1e-10):
        super().__init__(params, lr)
        self.eps = eps

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        state["step"].add_(1)
        state["sum"].addcmul_(grad, grad)
        param.addcdiv_(grad, state["sum"].sqrt().add_(self.eps), value=-self.lr)


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
