"""The Triton kernels: their numbers, by Triton's interpreter on the CPU, and that they compile for a GPU."""

import importlib
import itertools
import sys
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from zerosum.ops import bias_act, fused
from zerosum.ops.correlation import correlate

triton = pytest.importorskip("triton", reason="Triton is not installed: it comes with PyTorch for CUDA")

UP, DOWN = ((1, 1), (2, 2), (3, 2)), ((1, 1), (2, 2), (1, 3))
PADDINGS, TAPS = ((0, 0, 0, 0), (2, 1, 3, 0), (-1, 2, 0, -1)), ((4, 4), (3, 1))
LAYOUTS = (torch.contiguous_format, torch.channels_last)


@contextmanager
def loaded(interpret: bool):
    """The module, decorated for the interpreter or for the compiler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", str(int(interpret)))
        patch.delitem(sys.modules, "zerosum.ops.kernels", raising=False)
        yield importlib.import_module("zerosum.ops.kernels")
        del sys.modules["zerosum.ops.kernels"]


@pytest.fixture
def kernels():
    with loaded(interpret=True) as module:
        yield module


def images(layout: torch.memory_format, seed: int = 0) -> Tensor:
    x = torch.randn(2, 3, 9, 8, generator=torch.Generator().manual_seed(seed))
    return x.contiguous(memory_format=layout).requires_grad_()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("padding", PADDINGS, ids=str)
def test_fir_is_the_correlation_of_each_channel(kernels, padding, layout):
    for up, down, taps in itertools.product(UP, DOWN, TAPS):
        x, f = images(layout), torch.randn(taps, generator=torch.Generator().manual_seed(1))
        expected = correlate(x, f.expand(3, 1, *taps), groups=3, up=up, down=down, padding=padding)
        found = kernels.fir(x, f, kernels.Geometry(up, down, (padding[0], padding[2]), expected.shape[:1:-1]))
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(*(torch.autograd.grad(y.square().sum(), x)[0] for y in (found, expected)))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_bias_and_leaky_relu_have_first_and_second_derivatives(kernels, layout):
    results = []
    for act in (lambda x, b: kernels.bias_lrelu(x, b, 1, 0.2, 1.5),
                lambda x, b: bias_act(x, b, act="lrelu", gain=1.5)):
        x, b = images(layout), torch.tensor([0.5, -1.0, 0.0], requires_grad=True)
        y = act(x, b)
        first = torch.autograd.grad(y.pow(3).sum(), (x, b), create_graph=True)
        results.append([y, *first, *torch.autograd.grad(first[0].square().sum() + first[1].sum(), (x, b))])
    torch.testing.assert_close(*results)


def test_a_kernel_of_wrong_numbers_is_found_out(kernels, monkeypatch):
    fused.check(kernels, "cpu")
    right = kernels.fir
    monkeypatch.setattr(kernels, "fir", lambda *given: right(*given) * 1.01)
    with pytest.raises(ValueError, match="wrong by"):
        fused.check(kernels, "cpu")


def test_the_cpu_computes_with_plain_pytorch():
    assert fused.kernels_for(torch.zeros(1)) is None


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_compiles_without_a_gpu(dtype):
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    geometry = {"up_x": 2, "up_y": 2, "down_x": 1, "down_y": 1, "left": 2, "top": 1, "taps_x": 4, "taps_y": 4}
    pointers = dict.fromkeys(("x", "y", "b", "g", "out"), f"*{dtype}") | {"f": "*fp32"}
    numbers = {"total": "i64", "alpha": "fp32", "gain": "fp32"}
    with loaded(interpret=False) as module:
        for name, more in (("_fir", geometry | {"last": True}), ("_fir", geometry | {"last": False}),
                           ("_bias_lrelu", {}), ("_lrelu_slope", {})):
            kernel, fixed = getattr(module, name), {"block": 1024, "wide": False} | more
            signature = {name: "constexpr" if name in fixed else pointers.get(name, numbers.get(name, "i32"))
                         for name in kernel.arg_names}
            constants = {(kernel.arg_names.index(name),): value for name, value in fixed.items()}
            built = triton.compile(ASTSource(kernel, signature, constants), target=GPUTarget("cuda", 80, 32))
            assert len(built.asm["cubin"]) > 0
