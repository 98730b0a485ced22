"""The alias-free generator of StyleGAN3 (2106.12423): every layer is an operation on continuous signals.

    x_0 = W sin(2 pi (f R (x - t) + p))                      Fourier features, turned and moved as w says  (Sec. 2, 3.1)
    x_i = down(lrelu(up(conv_w(x_{i-1} / rms))))             nothing above the next layer's band is left   (Sec. 3.2)

What passes between layers is cut off at f_c, falls to nothing at the stopband f_t, and is sampled at s >= 2 f_t: both
frequencies grow geometrically, and the last layers are sampled critically (Fig. 4c). A margin around the canvas stands
for the infinite plane. Configuration T moves with its input; R, whose convolutions are 1x1 and whose filters are
radial, turns with it, too.
"""

from dataclasses import dataclass
from math import ceil, log2, pi, sqrt

import torch
from torch import Tensor, nn

from ...layers import EqualizedLinear
from ...ops import at_least_float32, design_lowpass_filter, filtered_lrelu, normalized_modulated_conv2d
from .mapping import MappingNetwork
from .stages import Size

SMALLEST = 8                                 # pixels: below, the first layer's band is wider than the image's


@dataclass(frozen=True)
class Signal:
    """What passes between two layers. Frequencies and rates are per unit, the longer side of a canvas of 2^k pixels."""

    cutoff: float                            # f_c: what lies below is kept
    half_width: float                        # f_h: half of the transition band around it
    rate: int                                # s: samples
    size: tuple[int, int]                    # width and height in samples, with the margins
    channels: int


@dataclass(frozen=True)
class AliasFree:
    """The settings of the synthesis, by their official names, with the defaults of T; `r` makes R of them."""

    channel_base: int = 32768                # twice the channels of a layer times its cutoff, ...
    channel_max: int = 512                   # ... but no more than this
    widths: tuple[int, ...] = ()             # channels of each layer but the last, where they follow no such rule
    num_layers: int = 14                     # without the Fourier features and the last, to colours
    num_critical: int = 2                    # of them at the full rate and the full band
    first_cutoff: float = 2.0                # f_c of the first layer
    first_stopband: float = 2**2.1           # f_t of the first layer
    last_stopband_rel: float = 2**0.3        # f_t of the last layer, in cutoffs
    margin_size: int = 10                    # samples around the canvas
    output_scale: float = 0.25               # of what the last layer gives
    conv_kernel: int = 3                     # side of the kernels; R: 1
    filter_size: int = 6                     # taps per factor of up- and downsampling
    lrelu_upsampling: int = 2                # how much faster than its signals the leaky ReLU is sampled
    use_radial_filters: bool = False         # downsampling by jinc filters, but for critical layers; R: True
    conv_clamp: float | None = 256.0         # largest number that a layer lets pass
    magnitude_ema_beta: float = 0.999        # decay of the mean square of what a layer is given

    def signals(self, size: tuple[int, int], channels: int) -> list[Signal]:
        """What each layer makes, from the first to the image (height, width), of so many channels."""
        side = max(size)
        if side < SMALLEST or self.first_cutoff >= side / 2:
            raise ValueError(f"StyleGAN3 makes images of at least {SMALLEST} pixels, more than twice first_cutoff, "
                             f"not {size[0]}x{size[1]}")
        if not 0 <= self.num_critical < self.num_layers:
            raise ValueError(f"num_critical must be less than num_layers, not {self.num_critical} of {self.num_layers}")
        if self.widths and len(self.widths) != self.num_layers:
            raise ValueError(f"{self.num_layers} layers need as many widths, not {len(self.widths)}")
        last_cutoff, found = side / 2, []
        for index in range(self.num_layers + 1):
            progress = min(index / (self.num_layers - self.num_critical), 1)
            cutoff = self.first_cutoff * (last_cutoff / self.first_cutoff) ** progress
            stopband = self.first_stopband * (last_cutoff * self.last_stopband_rel / self.first_stopband) ** progress
            rate = 2 ** ceil(log2(min(2 * stopband, side)))
            canvas = (size[1], size[0]) if index >= self.num_layers - 1 else tuple(
                (rate if length == side else 2 * ceil(rate * length / side / 2)) + 2 * self.margin_size
                for length in size[::-1])
            width = channels if index == self.num_layers else self.widths[index] if self.widths else \
                round(min(self.channel_base / 2 / cutoff, self.channel_max))
            found.append(Signal(cutoff, max(stopband, rate / 2) - cutoff, rate, canvas, width))
        return found


class FourierInput(nn.Module):
    """w (N, w_dim) -> waves of random directions, mixed: (N, signal.channels, height, width).

    w turns and moves the plane. `transform` (3, 3) does so for all images afterwards: it maps a place of the resulting
    image to the one that is seen there, from the centre, in units of the signals.
    """

    def __init__(self, w_dim: int, signal: Signal):
        super().__init__()
        self.signal = signal
        # Uniform in the disc of the cutoff: the squared radius of a normal pair, 2 E, has exp(-E) uniform in [0, 1].
        freqs = torch.randn(signal.channels, 2)
        squared = freqs.square().sum(1, keepdim=True)
        self.register_buffer("freqs", freqs * signal.cutoff * squared.rsqrt() * (-squared / 4).exp())
        self.register_buffer("phases", torch.rand(signal.channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.weight = nn.Parameter(torch.randn(signal.channels, signal.channels))
        self.affine = EqualizedLinear(w_dim, 4, weight_std=0.0)
        with torch.no_grad():
            self.affine.bias[0] = 1          # no turn

    def forward(self, w: Tensor, transform: Tensor | None = None) -> Tensor:
        """Draw the plane as w (N, w_dim) places it; `transform` stands in for the stored one."""
        kind = "cpu" if w.is_meta else w.device.type             # there is no autocast of a meta device
        with torch.autocast(kind, enabled=False):                # a phase has more digits than bfloat16
            turn, shift = self.placed(at_least_float32(w), self.transform if transform is None else transform)
            phases = self.phases + (self.freqs @ shift[:, :, None]).squeeze(2)
            freqs = self.freqs @ turn
            # Waves that a user's transform brings out of the band fade out between cutoff and half the rate.
            limit = self.signal.rate / 2 - self.signal.cutoff
            amplitudes = (1 - (freqs.norm(dim=2) - self.signal.cutoff) / limit).clamp(0, 1)
            x, y = ((torch.arange(n, device=w.device) + (1 - n) / 2) / self.signal.rate for n in self.signal.size)
            across, down = freqs[:, None, None, :, 0] * x[:, None], freqs[:, None, None, :, 1] * y[:, None, None]
            waves = torch.sin(2 * pi * (across + down + phases[:, None, None])) * amplitudes[:, None, None]
            return (waves @ (self.weight / sqrt(self.signal.channels)).t()).permute(0, 3, 1, 2)

    def placed(self, w: Tensor, transform: Tensor) -> tuple[Tensor, Tensor]:
        """Turn (N, 2, 2) and shift (N, 2) of the plane: x -> turn x + shift, w's after the user's."""
        t = self.affine(w)
        cosine, sine, *move = (t / t[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        turn = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
        shift = transform[:2, 2] - torch.stack(move, 1)
        return turn @ transform[:2, :2], (turn @ shift[:, :, None]).squeeze(2)


class SynthesisLayer(nn.Module):
    """x (N, C, H, W) of the signal `given`, w (N, w_dim) -> the signal `made`; the `last` one is linear and 1x1.

    `radial`: downsample by a jinc filter.
    """

    def __init__(self, w_dim: int, given: Signal, made: Signal, cfg: AliasFree, *, last: bool = False,
                 radial: bool = False):
        super().__init__()
        kernel = 1 if last else cfg.conv_kernel
        self.last, self.clamp, self.beta, self.padding = last, cfg.conv_clamp, cfg.magnitude_ema_beta, kernel - 1
        self.affine = EqualizedLinear(w_dim, given.channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(made.channels, given.channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(made.channels))
        self.register_buffer("magnitude_ema", torch.ones(()))
        rate = max(given.rate, made.rate) * (1 if last else cfg.lrelu_upsampling)
        self.up, self.down = rate // given.rate, rate // made.rate
        up_taps, down_taps = (1 if last or factor == 1 else cfg.filter_size * factor for factor in (self.up, self.down))
        self.register_buffer("up_filter", design_lowpass_filter(
            up_taps, cutoff=given.cutoff, width=2 * given.half_width, rate=rate))
        self.register_buffer("down_filter", design_lowpass_filter(
            down_taps, cutoff=made.cutoff, width=2 * made.half_width, rate=rate, radial=radial))
        self.sides = []                      # left, right, top, bottom, before the first filter
        for before, after in zip(given.size, made.size, strict=True):
            total = (after - 1) * self.down + up_taps + down_taps - 1 - (before + kernel - 1) * self.up
            start = (total + self.up) // 2   # samples lie in the middle of pixels (App. C.3)
            self.sides += [start, total - start]

    def forward(self, x: Tensor, w: Tensor, update_emas: bool = False) -> Tensor:
        """Make the next signal; `update_emas` moves the mean square of x by which inputs are scaled."""
        if update_emas:
            magnitude = at_least_float32(x.detach()).square().mean()
            self.magnitude_ema.copy_(magnitude.lerp(self.magnitude_ema, self.beta))
        styles = self.affine(w)
        if self.last:
            styles = styles / sqrt(styles.shape[1])
        x = normalized_modulated_conv2d(x, self.weight, styles, demodulate=not self.last, padding=self.padding,
                                        input_gain=self.magnitude_ema.rsqrt())
        return filtered_lrelu(x, self.up_filter, self.down_filter, self.bias.to(x), up=self.up, down=self.down,
                              padding=self.sides, gain=1 if self.last else sqrt(2), slope=1 if self.last else 0.2,
                              clamp=self.clamp)


class StyleGAN3Synthesis(nn.Module):
    """Styles (N, num_layers + 2, w_dim) -> images (N, channels, height, width), free of any bound.

    `rate`: pixels per unit of the input's `transform`.
    """

    def __init__(self, w_dim: int, size: tuple[int, int], channels: int, cfg: AliasFree):
        super().__init__()
        signals = cfg.signals(size, channels)
        self.rate = signals[-1].rate
        self.output_scale, self.num_ws = cfg.output_scale, cfg.num_layers + 2
        self.input = FourierInput(w_dim, signals[0])
        self.names = []
        for index, made in enumerate(signals):
            layer = SynthesisLayer(w_dim, signals[max(index - 1, 0)], made, cfg, last=index == cfg.num_layers,
                                   radial=cfg.use_radial_filters and index < cfg.num_layers - cfg.num_critical)
            self.names.append(f"L{index}_{made.size[0]}_{made.channels}")
            self.add_module(self.names[-1], layer)

    def forward(self, w: Tensor, update_emas: bool = False, transform: Tensor | None = None) -> Tensor:
        """Draw one image for each sequence of styles; `transform` (3, 3) stands in for the input's own."""
        first, *others = at_least_float32(w).unbind(1)
        x = self.input(first, transform)
        for name, style in zip(self.names, others, strict=True):
            x = self.get_submodule(name)(x, style, update_emas)
        return at_least_float32(x) * self.output_scale


class StyleGAN3Generator(nn.Module):
    """z (N, z_dim), and a condition (N, c_dim), -> images (N, channels, height, width), free of any bound.

    `image_size`: a side, or (height, width). `mapping_layers`, `mapping_lr`, `average_beta`: of the mapping network;
    all others are fields of `AliasFree`. Raises ValueError for sizes that it cannot be built for.
    """

    def __init__(self, z_dim: int = 512, image_size: Size = 1024, channels: int = 3, *,
                 w_dim: int = 512, c_dim: int = 0, mapping_layers: int = 2, mapping_lr: float = 0.01,
                 average_beta: float = 0.998, **synthesis):
        super().__init__()
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        self.synthesis = StyleGAN3Synthesis(w_dim, (height, width), channels, AliasFree(**synthesis))
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim, self.synthesis.num_ws, layers=mapping_layers, lr=mapping_lr,
                                      average_beta=average_beta)

    def forward(self, z: Tensor, c: Tensor | None = None, *, truncation: float = 1.0, cutoff: int | None = None,
                update_emas: bool = False) -> Tensor:
        """Map noise to images; `truncation` and `cutoff` as in `MappingNetwork`, `update_emas` moves all averages."""
        w = self.mapping(z, c, truncation=truncation, cutoff=cutoff, update_average=update_emas)
        return self.synthesis(w, update_emas)
