"""Whether an operator has a kernel of its own for a tensor: Triton's, on a GPU on which they are seen to be right."""

import logging
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def kernels_for(x: Tensor) -> ModuleType | None:
    """The module `kernels`, where it can be used for x; else None, and plain PyTorch computes the same."""
    if x.device.type != "cuda" or x.dtype not in DTYPES:
        return None
    # torch.compile, and the transforms of torch.func, look into plain operations and not into these.
    return None if torch.compiler.is_compiling() or transformed() else _tried()


def transformed() -> bool:
    """Whether a transform of torch.func is at work: some operations, and memory formats, are not for it."""
    return torch._C._are_functorch_transforms_active()


@cache
def _tried() -> ModuleType | None:
    try:
        from . import kernels

        check(kernels, "cuda")
    except Exception as error:               # no Triton, no compiler, a GPU too old, ...: all have the same answer
        logging.getLogger(__name__).info("operators run as plain PyTorch: %s", error)
        return None
    return kernels


def check(kernels: ModuleType, device: str) -> None:
    """Raise ValueError unless the kernels compute what plain PyTorch does, forward and backward, on this device."""
    generator = torch.Generator().manual_seed(0)
    x, f, b = (torch.randn(size, generator=generator).to(device) for size in ((2, 3, 9, 8), (4, 3), (3,)))
    x.requires_grad_()
    pairs = [(kernels.fir(x, f, kernels.Geometry((2, 2), (1, 1), (2, 1), (17, 18))),
              torch.nn.functional.conv_transpose2d(x, f.flip((0, 1)).expand(3, 1, 4, 3), stride=2, groups=3)
              [:, :, 2:20, :17]),
             (kernels.bias_lrelu(x, b, 1, 0.2, 2.0),
              2 * torch.nn.functional.leaky_relu(x + b[:, None, None], 0.2))]
    for found, expected in pairs:
        for ours, plain in ((found, expected), *zip(*(torch.autograd.grad(y.square().sum(), x) for y in
                                                      (found, expected)))):
            if not torch.allclose(ours, plain, rtol=1e-3, atol=1e-3):
                raise ValueError(f"a kernel is wrong by {(ours - plain).abs().max():g} on this device")
