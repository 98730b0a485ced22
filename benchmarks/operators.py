"""How much faster the operators of StyleGAN2 and 3 are than their textbook formulation, forward and backward.

    python benchmarks/operators.py [--json]

The textbook inserts zeros, pads, convolves each channel, keeps every second pixel; gives each image weights of its own
in a grouped convolution; and takes a pass for each of bias, activation and gain. Both sides of a row take turns in one
process on one thread, and medians of CPU seconds are compared. The textbook is measured in both memory layouts, ours
in the library's own (channels_last, but for maps of 8 x 8 and less). The goals are for the textbook as it stands,
without channels_last; the second ratio is to the faster of its two layouts.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu, pad

from zerosum.ops import (
    bias_act,
    conv2d_resample,
    design_lowpass_filter,
    downsample2d,
    filter2d,
    filtered_lrelu,
    modulated_conv2d,
    setup_filter,
    upsample2d,
)

ROUNDS = 11                                  # turns of each, of which the first does not count


def upfirdn2d_textbook(x: Tensor, f: Tensor, *, padding: list[int], up: int = 1, down: int = 1,
                       gain: float = 1) -> Tensor:
    n, channels, height, width = x.shape
    x = pad(x.reshape(n, channels, height, 1, width, 1), [0, up - 1, 0, 0, 0, up - 1])
    x = pad(x.reshape(n, channels, height * up, width * up), padding)
    lines = [f] if f.ndim == 2 else [f[:, None], f[None, :]]
    for line in lines:
        weight = (line * gain ** (1 / len(lines))).flip((0, 1))
        x = conv2d(x, weight.expand(channels, 1, *line.shape), groups=channels)
    return x[:, :, ::down, ::down]


def modulated_conv2d_textbook(x: Tensor, weight: Tensor, styles: Tensor) -> Tensor:
    n, channels, height, width = x.shape
    w = weight[None] * styles[:, None, :, None, None]
    w = w * (w.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    y = conv2d(x.reshape(1, n * channels, height, width), w.flatten(0, 1), padding=1, groups=n)
    return y.reshape(n, -1, height, width)


def filtered_lrelu_textbook(x: Tensor, f: Tensor, b: Tensor, padding: list[int]) -> Tensor:
    x = upfirdn2d_textbook(x + b[:, None, None], f, up=2, padding=padding, gain=4)
    return upfirdn2d_textbook(leaky_relu(x, 0.2) * sqrt(2), f, down=2, padding=[0] * 4)


class Row(NamedTuple):
    """An operator: textbook and ours as functions of tensors, the shapes of these, and the ratio that is asked for."""

    textbook: Callable[..., Tensor]
    ours: Callable[..., Tensor]
    shapes: tuple[tuple[int, ...], ...]
    goal: float
    channels_last: bool = True


SHORT = setup_filter([1, 3, 3, 1])
LONG = design_lowpass_filter(12, cutoff=16, width=9, rate=72)
ROWS = {
    "upsample2d B8 C128 32 -> 64": Row(
        lambda x: upfirdn2d_textbook(x, SHORT, up=2, padding=[2, 1, 2, 1], gain=4),
        lambda x: upsample2d(x, SHORT), ((8, 128, 32, 32),), 4.5),
    "downsample2d B8 C128 64 -> 32": Row(
        lambda x: upfirdn2d_textbook(x, SHORT, down=2, padding=[1] * 4),
        lambda x: downsample2d(x, SHORT), ((8, 128, 64, 64),), 4.5),
    "blur B8 C128 64 -> 65": Row(
        lambda x: upfirdn2d_textbook(x, SHORT, padding=[2] * 4),
        lambda x: filter2d(x, SHORT, padding=[0, 1, 0, 1]), ((8, 128, 64, 64),), 2),
    "conv2d_resample B8 C128 64 -> 32": Row(
        lambda x, w: conv2d(upfirdn2d_textbook(x, SHORT, padding=[2] * 4), w, stride=2),
        lambda x, w: conv2d_resample(x, w, SHORT, down=2, padding=1), ((8, 128, 64, 64), (128, 128, 3, 3)), 1),
    "modulated_conv2d B8 C256 @8": Row(
        modulated_conv2d_textbook, lambda *given: modulated_conv2d(*given, padding=1),
        ((8, 256, 8, 8), (256, 256, 3, 3), (8, 256)), 5, channels_last=False),
    "modulated_conv2d B4 C512 @4": Row(
        modulated_conv2d_textbook, lambda *given: modulated_conv2d(*given, padding=1),
        ((4, 512, 4, 4), (512, 512, 3, 3), (4, 512)), 10, channels_last=False),
    "modulated_conv2d B8 C128 @32": Row(
        modulated_conv2d_textbook, lambda *given: modulated_conv2d(*given, padding=1),
        ((8, 128, 32, 32), (128, 128, 3, 3), (8, 128)), 1),
    "bias_act B8 C128 @64": Row(
        lambda x, b: leaky_relu(x + b[:, None, None], 0.2) * sqrt(2), lambda x, b: bias_act(x, b, act="lrelu"),
        ((8, 128, 64, 64), (128,)), 1.5),
    "filtered_lrelu B4 C64 @36": Row(
        lambda x, b: filtered_lrelu_textbook(x, LONG, b, [8, 7, 8, 7]),
        lambda x, b: filtered_lrelu(x, LONG, LONG, b, up=2, down=2, padding=[8, 7, 8, 7]),
        ((4, 64, 36, 36), (64,)), 2),
}


def drawn(row: Row, channels_last: bool) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(shape, generator=generator) for shape in row.shapes]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return [(t.contiguous(memory_format=layout) if t.ndim == 4 else t).requires_grad_() for t in tensors]


def seconds(function: Callable[..., Tensor], given: list[Tensor]) -> float:
    """CPU seconds of one forward and backward pass."""
    start = time.process_time()
    y = function(*given)
    torch.autograd.grad(y, given, torch.ones_like(y))
    return time.process_time() - start


def measure(row: Row) -> dict[str, float]:
    """Milliseconds of all sides, ratios of the medians, and the largest relative difference of the outputs."""
    sides = {"textbook": (row.textbook, False), "textbook channels_last": (row.textbook, True),
             "ours": (row.ours, row.channels_last)}
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, (function, layout) in sides.items():
            spent[name].append(seconds(function, drawn(row, layout)))
    found = {name: 1000 * statistics.median(values[1:]) for name, values in spent.items()}
    with torch.no_grad():
        given = drawn(row, row.channels_last)
        expected, y = row.textbook(*given), row.ours(*given)
    error = ((y - expected).abs().max() / expected.abs().max()).item()
    fastest = min(found["textbook"], found["textbook channels_last"])
    return found | {"ratio": found["textbook"] / found["ours"], "ratio to the faster layout": fastest / found["ours"],
                    "goal": row.goal, "error": error}


def apart(name: str) -> dict[str, float]:
    """`measure` in a process of its own: what one row leaves in the allocator halves or doubles the time of another."""
    done = subprocess.run([sys.executable, __file__, "--row", name], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    torch.set_num_threads(1)
    if "--row" in sys.argv:
        print(json.dumps(measure(ROWS[sys.argv[-1]])))
        return
    result = {name: apart(name) for name in ROWS}
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    print(f"{'CPU ms, forward and backward':34}  textbook channels_last   ours   ratio  goal  faster layout  error")
    for name, row in result.items():
        print(f"{name:34} {row['textbook']:9.1f} {row['textbook channels_last']:13.1f} {row['ours']:6.1f} "
              f"{row['ratio']:6.1f}x {row['goal']:4.1f}x {row['ratio to the faster layout']:13.1f}x "
              f"{row['error']:6.0e}")


if __name__ == "__main__":
    main()
