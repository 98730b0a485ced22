"""ProGAN's networks as tkarras/progressive_growing_of_gans computes them: variables of TensorFlow, and what they do."""

from itertools import pairwise
from math import log2, sqrt

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu, pad

Variables = dict[str, Tensor]


def progan_variables(side: int = 16, z_dim: int = 5, channels: int = 3, hidden: int = 6, *,
                     fused: bool = True) -> tuple[Variables, Variables]:
    """Variables of a generator and a discriminator with 4, 3, 2, ... maps, drawn from N(0, 1), biases and all."""
    sides = [4 << k for k in range(int(log2(side)) - 1)]
    maps = {at: max(2, 4 - k) for k, at in enumerate(sides)}
    g = {"lod": torch.zeros(()), "4x4/Dense/weight": torch.randn(z_dim, 16 * maps[4]),
         "4x4/Dense/bias": torch.randn(maps[4]), "4x4/Conv/weight": torch.randn(3, 3, maps[4], maps[4]),
         "4x4/Conv/bias": torch.randn(maps[4])}
    d = {"lod": torch.zeros(()), "4x4/Conv/weight": torch.randn(3, 3, maps[4] + 1, maps[4]),
         "4x4/Conv/bias": torch.randn(maps[4]), "4x4/Dense0/weight": torch.randn(16 * maps[4], hidden),
         "4x4/Dense0/bias": torch.randn(hidden), "4x4/Dense1/weight": torch.randn(hidden, 1),
         "4x4/Dense1/bias": torch.randn(1)}
    for before, at in pairwise(sides):
        inputs, outputs, up = maps[before], maps[at], f"{at}x{at}/Conv0{'_up' * fused}"
        g |= {f"{up}/weight": torch.randn(*((3, 3, outputs, inputs) if fused else (3, 3, inputs, outputs))),
              f"{up}/bias": torch.randn(outputs), f"{at}x{at}/Conv1/weight": torch.randn(3, 3, outputs, outputs),
              f"{at}x{at}/Conv1/bias": torch.randn(outputs)}
        down = f"{at}x{at}/Conv1{'_down' * fused}"
        d |= {f"{at}x{at}/Conv0/weight": torch.randn(3, 3, outputs, outputs), f"{at}x{at}/Conv0/bias":
              torch.randn(outputs), f"{down}/weight": torch.randn(3, 3, outputs, inputs),
              f"{down}/bias": torch.randn(inputs)}
    for lod, at in enumerate(reversed(sides)):
        g |= {f"ToRGB_lod{lod}/weight": torch.randn(1, 1, maps[at], channels),
              f"ToRGB_lod{lod}/bias": torch.randn(channels)}
        d |= {f"FromRGB_lod{lod}/weight": torch.randn(1, 1, channels, maps[at]),
              f"FromRGB_lod{lod}/bias": torch.randn(maps[at])}
    return g, d


def _weight(v: Tensor, gain: float, fan_in: int | None = None) -> Tensor:
    return v * gain / sqrt(fan_in or v[..., 0].numel())


def _conv(x: Tensor, v: Variables, name: str, gain: float = sqrt(2)) -> Tensor:
    w = _weight(v[f"{name}/weight"], gain).permute(3, 2, 0, 1)
    return conv2d(x, w, v[f"{name}/bias"], padding=w.shape[-1] // 2)


def _boxed(w: Tensor) -> Tensor:
    """(3, 3, a, b) -> (4, 4, a, b): four shifted copies, added up."""
    w = pad(w.permute(2, 3, 0, 1), (1, 1, 1, 1)).permute(2, 3, 0, 1)
    return w[1:, 1:] + w[:-1, 1:] + w[1:, :-1] + w[:-1, :-1]


def _up(x: Tensor, v: Variables, name: str) -> Tensor:
    if f"{name}_up/weight" not in v:
        return _conv(interpolate(x, scale_factor=2), v, name)
    w = v[f"{name}_up/weight"]
    w = _boxed(_weight(w, sqrt(2), 9 * w.shape[3])).permute(3, 2, 0, 1)
    return conv_transpose2d(x, w, v[f"{name}_up/bias"], stride=2, padding=1)


def _pixel_norm(x: Tensor) -> Tensor:
    return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()


def _active(x: Tensor) -> Tensor:
    return leaky_relu(x, 0.2)


def progan_image(v: Variables, z: Tensor, lod: float = 0.0) -> Tensor:
    """G_paper, its linear structure: (N, z_dim) -> (N, C, H, W)."""
    octaves = sum(key.startswith("ToRGB") and key.endswith("bias") for key in v) - 1
    x = (_pixel_norm(z) @ _weight(v["4x4/Dense/weight"], sqrt(2) / 4)).view(len(z), -1, 4, 4)
    x = _pixel_norm(_active(x + v["4x4/Dense/bias"][:, None, None]))
    x = _pixel_norm(_active(_conv(x, v, "4x4/Conv")))
    image = _conv(x, v, f"ToRGB_lod{octaves}", 1.0)
    for octave in range(1, octaves + 1):
        at = f"{4 << octave}x{4 << octave}"
        x = _pixel_norm(_active(_up(x, v, f"{at}/Conv0")))
        x = _pixel_norm(_active(_conv(x, v, f"{at}/Conv1")))
        left = octaves - octave
        share = min(max(lod - left, 0.0), 1.0)
        image = torch.lerp(_conv(x, v, f"ToRGB_lod{left}", 1.0), interpolate(image, scale_factor=2), share)
    return image


def progan_judge(v: Variables, image: Tensor, group: int = 4) -> Tensor:
    """D_paper of a network that has grown to the end: (N, C, H, W) -> (N,)."""
    octaves = sum(key.startswith("FromRGB") and key.endswith("bias") for key in v) - 1
    x = _active(_conv(image, v, "FromRGB_lod0"))
    for octave in range(octaves, 0, -1):
        at = f"{4 << octave}x{4 << octave}"
        x = _active(_conv(x, v, f"{at}/Conv0"))
        w = (_boxed(_weight(v[f"{at}/Conv1_down/weight"], sqrt(2))) / 4).permute(3, 2, 0, 1)
        x = _active(conv2d(x, w, v[f"{at}/Conv1_down/bias"], stride=2, padding=1))
    n, group = len(x), min(group, len(x))
    y = x.view(group, -1, *x.shape[1:])
    y = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3)).repeat(group)
    x = torch.cat([x, y[:, None, None, None].expand(n, 1, 4, 4)], 1)
    x = _active(_conv(x, v, "4x4/Conv")).flatten(1)
    x = _active(x @ _weight(v["4x4/Dense0/weight"], sqrt(2)) + v["4x4/Dense0/bias"])
    return (x @ _weight(v["4x4/Dense1/weight"], 1.0) + v["4x4/Dense1/bias"]).squeeze(1)
