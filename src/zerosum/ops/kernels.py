"""The Triton kernels behind `upfirdn2d` and `bias_act`; `fused` decides whether they are used.

One program computes a block of the output, in the order in which the memory lies, and adds up in float32.
"""

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 1024                                 # output pixels of one program
Pair = tuple[int, int]


class Geometry(NamedTuple):
    """Of a filter, in pairs (x, y): up- and downsampling, the padding on the left and above, the output's size."""

    up: Pair
    down: Pair
    before: Pair
    size: Pair


@triton.jit
def _fir(x, f, y, total, channels, height, width, out_height, out_width,
         up_x: tl.constexpr, up_y: tl.constexpr, down_x: tl.constexpr, down_y: tl.constexpr, left: tl.constexpr,
         top: tl.constexpr, taps_x: tl.constexpr, taps_y: tl.constexpr, last: tl.constexpr, block: tl.constexpr,
         wide: tl.constexpr):
    """y[o] = sum_j f[j] v[o down + j], v = x with zeros between its pixels, of which no tap reads any."""
    index = tl.program_id(0).to(tl.int64 if wide else tl.int32) * block + tl.arange(0, block)
    inside = index < total
    if last:                                 # channels_last
        channel, pixel = index % channels, index // channels
        column, rows = pixel % out_width, pixel // out_width
        row, image = rows % out_height, rows // out_height
        start, step_y, step_x = image * height * width * channels + channel, width * channels, channels
    else:
        column, rows = index % out_width, index // out_width
        row, plane = rows % out_height, rows // out_height
        start, step_y, step_x = plane * height * width, width, 1
    # Shifted by whole pixels to be positive, where the remainder means the same to every compiler.
    shift_x: tl.constexpr = (max(left, 0) + up_x - 1) // up_x
    shift_y: tl.constexpr = (max(top, 0) + up_y - 1) // up_y
    base_x, base_y = column * down_x - left + shift_x * up_x, row * down_y - top + shift_y * up_y
    first_x, first_y = (up_x - base_x % up_x) % up_x, (up_y - base_y % up_y) % up_y
    added = tl.full((block,), 0.0, tl.float32)
    for at_y in range((taps_y + up_y - 1) // up_y):
        tap_y = first_y + at_y * up_y
        from_y = (base_y + tap_y) // up_y - shift_y
        seen_y = inside & (tap_y < taps_y) & (from_y >= 0) & (from_y < height)
        for at_x in range((taps_x + up_x - 1) // up_x):
            tap_x = first_x + at_x * up_x
            from_x = (base_x + tap_x) // up_x - shift_x
            seen = seen_y & (tap_x < taps_x) & (from_x >= 0) & (from_x < width)
            pixel_at = tl.load(x + start + from_y * step_y + from_x * step_x, mask=seen, other=0.0)
            added += pixel_at.to(tl.float32) * tl.load(f + tap_y * taps_x + tap_x, mask=seen, other=0.0)
    tl.store(y + index, added, mask=inside)


@triton.jit
def _bias_lrelu(x, b, y, total, inner, channels, alpha, gain, block: tl.constexpr, wide: tl.constexpr):
    """y = gain lrelu(x + b)."""
    index = tl.program_id(0).to(tl.int64 if wide else tl.int32) * block + tl.arange(0, block)
    inside = index < total
    value = tl.load(x + index, mask=inside, other=0.0).to(tl.float32)
    value += tl.load(b + index // inner % channels, mask=inside, other=0.0).to(tl.float32)
    tl.store(y + index, tl.where(value > 0, value, value * alpha) * gain, mask=inside)


@triton.jit
def _lrelu_slope(g, y, out, total, alpha, gain, block: tl.constexpr, wide: tl.constexpr):
    """out = g times the slope of gain lrelu where its value is y."""
    index = tl.program_id(0).to(tl.int64 if wide else tl.int32) * block + tl.arange(0, block)
    inside = index < total
    grad = tl.load(g + index, mask=inside, other=0.0).to(tl.float32)
    value = tl.load(y + index, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + index, tl.where(value > 0, grad, grad * alpha) * gain, mask=inside)


class _FIR(torch.autograd.Function):
    """The derivative of a filter is the filter backwards, up- and downsampling in each other's place."""

    @staticmethod
    def forward(ctx, x: Tensor, f: Tensor, geometry: Geometry) -> Tensor:
        layout = _layout(x)
        x = x.contiguous(memory_format=layout)
        width, height = geometry.size
        y = x.new_empty(*x.shape[:2], height, width).contiguous(memory_format=layout)
        ctx.save_for_backward(f)
        ctx.derivative = Geometry(geometry.down, geometry.up, tuple(
            taps - 1 - before for taps, before in zip(f.shape[::-1], geometry.before, strict=True)), x.shape[:1:-1])
        if y.numel():
            _fir[_blocks(y)](x, f, y, y.numel(), x.shape[1], *x.shape[2:], height, width, *geometry.up, *geometry.down,
                             *geometry.before, *f.shape[::-1], layout == torch.channels_last, BLOCK, _wide(x, y))
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        return _FIR.apply(grad, ctx.saved_tensors[0].flip((0, 1)).contiguous(), ctx.derivative), None, None


class _BiasLeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, b: Tensor, options: tuple[int, float, float]) -> Tensor:
        dim, *slopes = options
        layout = _layout(x) if dim == 1 else torch.contiguous_format
        x, y = x.contiguous(memory_format=layout), torch.empty_like(x, memory_format=layout)
        inner = 1 if layout == torch.channels_last else x[(0,) * (dim + 1)].numel()
        if y.numel():
            _bias_lrelu[_blocks(y)](x, b.contiguous(), y, y.numel(), inner, len(b), *slopes, BLOCK, _wide(y))
        ctx.save_for_backward(y)
        ctx.dim, ctx.slopes = dim, slopes
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        grad = _Slope.apply(grad, ctx.saved_tensors[0], *ctx.slopes)
        return grad, grad.sum([axis for axis in range(grad.ndim) if axis != ctx.dim]), None


class _Slope(torch.autograd.Function):
    @staticmethod
    def forward(ctx, grad: Tensor, y: Tensor, alpha: float, gain: float) -> Tensor:
        grad = grad.contiguous(memory_format=_layout(y))
        ctx.save_for_backward(y)
        ctx.slopes = alpha, gain
        out = torch.empty_like(grad)
        if out.numel():
            _lrelu_slope[_blocks(out)](grad, y, out, out.numel(), alpha, gain, BLOCK, _wide(out))
        return out

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        return _Slope.apply(grad, ctx.saved_tensors[0], *ctx.slopes), None, None, None


def fir(x: Tensor, f: Tensor, geometry: Geometry) -> Tensor:
    """Correlate each channel of (N, C, H, W) with f (kh, kw), which gets no gradient."""
    return _FIR.apply(x, f.to(torch.float32).contiguous(), geometry)


def bias_lrelu(x: Tensor, b: Tensor, dim: int, alpha: float, gain: float) -> Tensor:
    """gain lrelu(x + b) for b along an axis of x."""
    return _BiasLeakyReLU.apply(x, b, (dim, alpha, gain))


def _layout(x: Tensor) -> torch.memory_format:
    images = x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if images else torch.contiguous_format


def _wide(*tensors: Tensor) -> bool:
    return max(x.numel() for x in tensors) + BLOCK >= 2**31


def _blocks(y: Tensor) -> tuple[int]:
    return (triton.cdiv(y.numel(), BLOCK),)
