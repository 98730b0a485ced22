"""The update rules of the optimizers that these papers use, with PyTorch's names for their state.

Building any `torch.optim` optimizer imports `torch._dynamo`, which costs 1.5 s of start-up. So they are written here.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import softshrink


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


class Adadelta(Optimizer):
    """Adadelta (1212.5701, Algorithm 1): d = sqrt(a + eps) / sqrt(s + eps) g, with s and a averages of g^2 and d^2."""

    slots = ("step", "square_avg", "acc_delta")      # likewise

    def __init__(self, params: Iterable[Tensor], lr: float, rho: float = 0.95, eps: float = 1e-6):
        super().__init__(params, lr)
        self.rho, self.eps = rho, eps

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        state["step"].add_(1)
        state["square_avg"].mul_(self.rho).addcmul_(grad, grad, value=1 - self.rho)
        root = state["square_avg"].add(self.eps).sqrt_()
        delta = state["acc_delta"].add(self.eps).sqrt_().div_(root).mul_(grad)
        state["acc_delta"].mul_(self.rho).addcmul_(delta, delta, value=1 - self.rho)
        param.add_(delta, alpha=-self.lr)


class FTRL(Optimizer):
    """Follow the regularized leader, proximal (McMahan et al., 2013, Algorithm 1), as in TensorFlow.

    z += g - (sqrt(n + g^2) - sqrt(n)) / lr w;  n += g^2;  w = (sign(z) l1 - z) / (sqrt(n) / lr + 2 l2), 0 if |z| <= l1.
    n starts at 0.1 and z at 0, so that the first step forgets most of where the weights started.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, l1: float = 0.0, l2: float = 0.0):
        super().__init__(params, lr)
        self.l1, self.l2 = l1, l2

    def start(self, param: Tensor) -> dict[str, Tensor]:
        return {"n": torch.full_like(param, 0.1), "z": torch.zeros_like(param)}

    def move(self, param: Tensor, grad: Tensor, state: dict[str, Tensor]) -> None:
        z, before = state["z"], state["n"].sqrt()
        root = state["n"].addcmul_(grad, grad).sqrt()
        z.add_(grad).addcmul_(root - before, param, value=-1 / self.lr)
        shrunk = softshrink(z, self.l1)
        param.copy_(shrunk.neg_().div_(root.div_(self.lr).add_(2 * self.l2)))
