"""Style networks of lucidrains, rosinality and huangzh13, written anew from their equations under their names."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, interpolate, leaky_relu, linear, pad

# lucidrains/stylegan2-pytorch -----------------------------------------------------------------------------------------


def scatter(network: nn.Module) -> nn.Module:
    """No parameter where it starts."""
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, std=1.0 if name.startswith(("S.", "SE.")) and parameter.dim() == 2 else 0.3)
    return network.eval()


class Three(nn.Module):
    """Each pixel becomes 1/4 of its neighbours and 1/2 of itself along either axis, over reflected edges."""

    def __init__(self):
        super().__init__()
        self.register_buffer("f", torch.tensor([1.0, 2.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        x = pad(x, (1, 1, 1, 1), mode="reflect")
        x = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
        return (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4


class LucidMapping(nn.Module):
    def __init__(self, width: int, depth: int):
        super().__init__()
        self.net = nn.ModuleList(nn.Linear(width, width) if k % 2 == 0 else nn.Identity() for k in range(2 * depth))

    def forward(self, z: Tensor) -> Tensor:
        x = z / z.norm(dim=1, keepdim=True)
        for layer in self.net[::2]:
            x = leaky_relu(linear(x, layer.weight * 0.1, layer.bias * 0.1), 0.2)
        return x


class Modulated(nn.Module):
    """Weights of each image, one convolution for each."""

    def __init__(self, inputs: int, outputs: int, kernel: int, demodulated: bool = True):
        super().__init__()
        self.weight, self.demodulated = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel)), demodulated

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        made = []
        for image, style in zip(x, y, strict=True):
            w = self.weight * (style + 1)[None, :, None, None]
            w = w / (w.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt() if self.demodulated else w
            made.append(conv2d(image[None], w, padding=w.shape[-1] // 2))
        return torch.cat(made)


class LucidRGB(nn.Module):
    def __init__(self, width: int, maps: int, channels: int, last: bool):
        super().__init__()
        self.to_style, self.conv = nn.Linear(width, maps), Modulated(maps, channels, 1, False)
        self.upsample = None if last else nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), Three())

    def forward(self, x: Tensor, image: Tensor | None, w: Tensor) -> Tensor:
        x = self.conv(x, self.to_style(w)) + (0 if image is None else image)
        return x if self.upsample is None else self.upsample(x)


class LucidBlock(nn.Module):
    def __init__(self, width: int, inputs: int, maps: int, channels: int, last: bool):
        super().__init__()
        self.to_style1, self.to_noise1, self.conv1 = nn.Linear(width, inputs), nn.Linear(1, maps), Modulated(
            inputs, maps, 3)
        self.to_style2, self.to_noise2, self.conv2 = nn.Linear(width, maps), nn.Linear(1, maps), Modulated(
            maps, maps, 3)
        self.to_rgb = LucidRGB(width, maps, channels, last)

    def forward(self, x: Tensor, image: Tensor | None, w: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        side = x.shape[2]
        for style, drawn, conv in ((self.to_style1, self.to_noise1, self.conv1),
                                   (self.to_style2, self.to_noise2, self.conv2)):
            added = drawn(noise[:, :side, :side]).permute(0, 3, 2, 1)            # turned over its diagonal
            x = leaky_relu(conv(x, style(w)) + added, 0.2)
        return x, self.to_rgb(x, image, w)


class LucidGenerator(nn.Module):
    def __init__(self, width: int, maps: list[int], channels: int, const: bool):
        super().__init__()
        if const:
            self.initial_block = nn.Parameter(torch.randn(1, maps[0], 4, 4))
        else:
            self.to_initial_block = nn.ConvTranspose2d(width, maps[0], 4, bias=False)
        self.initial_conv = nn.Conv2d(maps[0], maps[0], 3, padding=1)
        self.blocks = nn.ModuleList(LucidBlock(width, maps[max(0, k - 1)], maps[k], channels, k == len(maps) - 1)
                                    for k in range(len(maps)))
        self.attns, self.const = nn.ModuleList([nn.Identity() for _ in maps]), const

    def forward(self, w: Tensor, noise: Tensor) -> Tensor:
        """Styles (N, blocks, width) and noise (N, side, side, 1), from 0 to 1, to images from 0 to 1."""
        first = self.initial_block.expand(len(w), -1, -1, -1) if self.const else self.to_initial_block(
            w.mean(1)[:, :, None, None])
        x, image = self.initial_conv(first), None
        for k, block in enumerate(self.blocks):
            x = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False) if k else x
            x, image = block(x, image, w[:, k], noise)
        return image


class LucidStep(nn.Module):
    def __init__(self, inputs: int, maps: int, down: bool):
        super().__init__()
        self.conv_res = nn.Conv2d(inputs, maps, 1, stride=1 + down)
        self.net = nn.Sequential(nn.Conv2d(inputs, maps, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(maps, maps, 3,
                                                                                                   padding=1),
                                 nn.LeakyReLU(0.2))
        self.downsample = nn.Sequential(Three(), nn.Conv2d(maps, maps, 3, padding=1, stride=2)) if down else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.net(x)
        return ((y if self.downsample is None else self.downsample(y)) + self.conv_res(x)) / sqrt(2)


class LucidJudge(nn.Module):
    def __init__(self, maps: list[int], channels: int):
        super().__init__()
        self.blocks = nn.Sequential(*(LucidStep([channels, *maps][k], maps[k], k < len(maps) - 1)
                                      for k in range(len(maps))))
        self.final_conv, self.to_logit = nn.Conv2d(maps[-1], maps[-1], 3, padding=1), nn.Linear(4 * maps[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images from 0 to 1 to logits (N,), larger for what is generated."""
        return self.to_logit(self.final_conv(self.blocks(x)).flatten(1)).squeeze(1)


class Lucid(nn.Module):
    """All players, the averages among them, as one file holds them; D a second time in its augmentation."""

    def __init__(self, width: int = 6, depth: int = 2, maps: tuple[int, ...] = (10, 8, 4), channels: int = 3,
                 const: bool = True):
        super().__init__()
        self.S, self.SE = LucidMapping(width, depth), LucidMapping(width, depth)
        self.G, self.GE = (LucidGenerator(width, list(maps), channels, const) for _ in range(2))
        self.D = LucidJudge([5, 6, 7, 8][:len(maps) + 1], channels)
        self.D_aug = nn.Module()
        self.D_aug.D = self.D
        scatter(self)


# rosinality/style-based-gan-pytorch ----------------------------------------------------------------------------------


def instance(x: Tensor) -> Tensor:
    """As `nn.InstanceNorm2d` does it, whose epsilon is not that of the paper's code."""
    return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()


def binomial(x: Tensor) -> Tensor:
    f = torch.tensor([1.0, 2.0, 1.0]) / 4
    return conv2d(x, torch.outer(f, f).expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


def four_taps(w: Tensor) -> Tensor:
    w = pad(w, (1, 1, 1, 1))
    return w[..., 1:, 1:] + w[..., :-1, 1:] + w[..., 1:, :-1] + w[..., :-1, :-1]


class Equal(nn.Module):
    """Weights times sqrt(2 / inputs), below a name: `conv` or `linear`."""

    def __init__(self, name: str, *shape: int):
        super().__init__()
        inner, self.name = nn.Module(), name
        inner.weight_orig, inner.bias = nn.Parameter(torch.randn(shape)), nn.Parameter(torch.randn(shape[0]))
        setattr(self, name, inner)

    def forward(self, x: Tensor) -> Tensor:
        inner = getattr(self, self.name)
        w = inner.weight_orig * sqrt(2 / inner.weight_orig[0].numel())
        return linear(x, w, inner.bias) if w.dim() == 2 else conv2d(x, w, inner.bias, padding=w.shape[-1] // 2 % 2)


class Fused(nn.Module):
    """What halves, or what doubles, whose weight has its inputs first."""

    def __init__(self, inputs: int, outputs: int, up: bool):
        super().__init__()
        self.up, self.scale = up, sqrt(2 / (9 * inputs))
        self.weight = nn.Parameter(torch.randn(inputs, outputs, 3, 3) if up else torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.randn(outputs))

    def forward(self, x: Tensor) -> Tensor:
        resampled = conv_transpose2d if self.up else conv2d
        return resampled(x, four_taps(self.weight * self.scale) / 4, self.bias, stride=2, padding=1)


class Filter(nn.Module):
    def __init__(self, maps: int):
        super().__init__()
        self.register_buffer("weight", torch.ones(maps, 1, 3, 3))
        self.register_buffer("weight_flip", torch.ones(maps, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return binomial(x)


class RosinalityBlock(nn.Module):
    def __init__(self, inputs: int, maps: int, width: int, kind: str):
        super().__init__()
        if kind == "first":
            self.conv1 = nn.Module()
            self.conv1.input = nn.Parameter(torch.randn(1, maps, 4, 4))
        else:
            self.conv1 = nn.Sequential(Fused(inputs, maps, True), Filter(maps)) if kind == "fused" else nn.Sequential(
                nn.Upsample(scale_factor=2), Equal("conv", maps, inputs, 3, 3), Filter(maps))
        self.conv2, self.first = Equal("conv", maps, maps, 3, 3), kind == "first"
        for k in (1, 2):
            noise, adain = nn.Module(), nn.Module()
            noise.weight_orig, adain.style = nn.Parameter(torch.randn(1, maps, 1, 1)), Equal("linear", 2 * maps, width)
            setattr(self, f"noise{k}", noise)
            setattr(self, f"adain{k}", adain)

    def forward(self, x: Tensor | None, w: Tensor, drawn: Tensor) -> Tensor:
        for k, conv in ((1, self.conv1), (2, self.conv2)):
            x = self.conv1.input.expand(len(w), -1, -1, -1) if k == 1 and self.first else conv(x)
            strength = getattr(self, f"noise{k}").weight_orig
            x = leaky_relu(x + strength * sqrt(2 / strength.shape[1]) * drawn, 0.2)
            gamma, beta = getattr(self, f"adain{k}").style(w)[:, :, None, None].chunk(2, 1)
            x = gamma * instance(x) + beta
        return x


def asleep(network: nn.Module) -> None:
    """A layer that no training has reached: biases and strengths of noise are zero."""
    for name, parameter in network.named_parameters():
        if name.endswith("bias") or "noise" in name:
            nn.init.zeros_(parameter)


class RosinalityGenerator(nn.Module):
    """`trained` of its blocks are; from `fused` on they double by one transposed convolution."""

    def __init__(self, maps: list[int], trained: int, fused: int, width: int = 6):
        super().__init__()
        self.style = nn.ModuleList(Equal("linear", width, width) if k % 2 else nn.Identity() for k in range(5))
        self.generator, self.trained = nn.Module(), trained
        self.generator.progression = nn.ModuleList(RosinalityBlock(
            maps[max(0, k - 1)], maps[k], width, "first" if not k else "fused" if k >= fused else "") for k in range(
                len(maps)))
        self.generator.to_rgb = nn.ModuleList(Equal("conv", 3, count, 1, 1) for count in maps)
        for each in (*self.generator.progression[trained:], *self.generator.to_rgb[trained:]):
            asleep(each)

    def map(self, z: Tensor) -> Tensor:
        x = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
        for layer in self.style[1::2]:
            x = leaky_relu(layer(x), 0.2)
        return x

    def forward(self, w: Tensor, noise: list[Tensor]) -> Tensor:
        """Styles (N, width), one noise (H, W) a resolution."""
        x = None
        for block, drawn in zip(self.generator.progression[:self.trained], noise, strict=True):
            x = block(x, w, drawn)
        return self.generator.to_rgb[self.trained - 1](x)


class RosinalityJudge(nn.Module):
    """`maps` from the finest on; the last `trained` blocks are; the first `fused` halve by one strided convolution."""

    def __init__(self, maps: list[int], trained: int, fused: int, active: bool):
        super().__init__()
        self.progression, self.active = nn.ModuleList(), active
        for k, (inputs, outputs) in enumerate(zip(maps, maps[1:] + maps[-1:], strict=True)):
            block, last = nn.Module(), k == len(maps) - 1
            block.conv1 = nn.Sequential(Equal("conv", outputs, inputs + last, 3, 3), nn.LeakyReLU(0.2))
            if last:
                block.conv2 = nn.Sequential(Equal("conv", outputs, outputs, 4, 4))
            elif k < fused:
                block.conv2 = nn.Sequential(Filter(outputs), Fused(outputs, outputs, False))
            else:
                block.conv2 = nn.Sequential(Filter(outputs), Equal("conv", outputs, outputs, 3, 3), nn.AvgPool2d(2))
            self.progression.append(block)
        self.from_rgb = nn.ModuleList(nn.Sequential(Equal("conv", count, 3, 1, 1), nn.LeakyReLU(0.2)) if active else
                                      Equal("conv", count, 3, 1, 1) for count in maps)
        self.linear, self.first = Equal("linear", 1, maps[-1]), len(maps) - trained
        for each in (*self.progression[:self.first], *self.from_rgb[:self.first]):
            asleep(each)

    def forward(self, x: Tensor) -> Tensor:
        x = self.from_rgb[self.first](x)
        for block in self.progression[self.first:]:
            if block is self.progression[-1]:
                deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
                x = torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1)
            x = leaky_relu(block.conv2(block.conv1(x)), 0.2)
        return self.linear(x.flatten(1)).squeeze(1)


# huangzh13/StyleGAN.pytorch -------------------------------------------------------------------------------------------


class Scaled(nn.Module):
    """Weights times gain / sqrt(inputs), all of it times `lr`; maps of 128 pixels and more are resampled in one go."""

    def __init__(self, *shape: int, gain: float = sqrt(2), lr: float = 1.0, kernel: bool = False):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(shape) / lr), nn.Parameter(torch.randn(shape[0]) / lr)
        self.scale, self.lr = gain * lr / sqrt(self.weight[0].numel()), lr
        if kernel:
            self.intermediate = Kernel()

    def scaled(self) -> Tensor:
        return self.weight * self.scale

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.dim() == 2:
            return linear(x, self.scaled(), self.bias * self.lr)
        return conv2d(x, self.scaled(), self.bias, padding=self.weight.shape[-1] // 2)

    def up(self, x: Tensor, blurred: bool) -> Tensor:
        if x.shape[2] >= 64:
            x = conv_transpose2d(x, four_taps(self.scaled()).transpose(0, 1), stride=2, padding=1)
        else:
            x = conv2d(interpolate(x, scale_factor=2), self.scaled(), padding=1)
        return (binomial(x) if blurred else x) + self.bias[:, None, None]

    def down(self, x: Tensor) -> Tensor:
        if x.shape[2] >= 128:
            return conv2d(x, four_taps(self.scaled()) / 4, self.bias, stride=2, padding=1)
        return avg_pool2d(conv2d(x, self.scaled(), padding=1), 2) + self.bias[:, None, None]


class Kernel(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("kernel", (torch.outer(*[torch.tensor([1.0, 2.0, 1.0])] * 2) / 16)[None, None])


class Huang(nn.Module):
    """A generator of `depth` blocks behind the first, of which `trained` are."""

    def __init__(self, depth: int, trained: int, maps: int = 4, width: int = 6, blurred: bool = True):
        super().__init__()
        self.blurred, self.trained = blurred, trained
        self.g_mapping, self.g_synthesis, self.truncation = nn.Module(), nn.Module(), nn.Module()
        self.g_mapping.map = nn.ModuleDict({f"dense{k}": Scaled(width, width, lr=0.01) for k in range(2)})
        self.truncation.register_buffer("avg_latent", torch.randn(width))
        first = nn.Module()
        first.const, first.bias = nn.Parameter(torch.randn(1, maps, 4, 4)), nn.Parameter(torch.randn(maps))
        first.conv = Scaled(maps, maps, 3, 3)
        blocks = [nn.Module() for _ in range(depth)]
        for block in blocks:
            block.conv0_up, block.conv1 = Scaled(maps, maps, 3, 3, kernel=blurred), Scaled(maps, maps, 3, 3)
        for block in (first, *blocks):
            for name in ("epi1", "epi2"):
                end = nn.ModuleDict({"top_epi": nn.ModuleDict({"noise": nn.Module()}), "style_mod": nn.ModuleDict({
                    "lin": Scaled(2 * maps, width, gain=1.0)})})
                end["top_epi"]["noise"].weight = nn.Parameter(torch.randn(maps))
                setattr(block, name, end)
        self.g_synthesis.init_block, self.g_synthesis.blocks = first, nn.ModuleList(blocks)
        self.g_synthesis.to_rgb = nn.ModuleList(Scaled(3, maps, 1, 1, gain=1.0) for _ in range(depth + 1))
        for each in (*blocks[trained:], *self.g_synthesis.to_rgb[trained + 1:]):
            asleep(each)

    def map(self, z: Tensor) -> Tensor:
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.g_mapping.map.values():
            x = leaky_relu(layer(x), 0.2)
        return x

    def forward(self, w: Tensor, noise: list[Tensor]) -> Tensor:
        """Styles (N, width), one noise (H, W) a layer."""
        def end(x: Tensor, block: nn.Module, name: str, drawn: Tensor) -> Tensor:
            part = getattr(block, name)
            x = instance(leaky_relu(x + part["top_epi"]["noise"].weight[:, None, None] * drawn, 0.2))
            scale, shift = part["style_mod"]["lin"](w)[:, :, None, None].chunk(2, 1)
            return x * (scale + 1) + shift

        first, rest = self.g_synthesis.init_block, iter(noise)
        x = end(first.const.expand(len(w), -1, -1, -1) + first.bias[:, None, None], first, "epi1", next(rest))
        x = end(first.conv(x), first, "epi2", next(rest))
        for block in self.g_synthesis.blocks[:self.trained]:
            x = end(block.conv0_up.up(x, self.blurred), block, "epi1", next(rest))
            x = end(block.conv1(x), block, "epi2", next(rest))
        return self.g_synthesis.to_rgb[self.trained](x)


class HuangJudge(nn.Module):
    """A discriminator of `depth` blocks before the last, of which the last `trained` are."""

    def __init__(self, depth: int, trained: int, maps: int = 4):
        super().__init__()
        self.blocks, self.first = nn.ModuleList(nn.ModuleDict({
            "conv0": Scaled(maps, maps, 3, 3), "blur": Kernel(), "conv1_down": Scaled(maps, maps, 3, 3)})
            for _ in range(depth)), depth - trained
        self.from_rgb = nn.ModuleList(Scaled(maps, 3, 1, 1) for _ in range(depth + 1))
        self.final_block = nn.ModuleDict({"conv": Scaled(maps, maps + 1, 3, 3), "dense0": Scaled(maps, 16 * maps),
                                          "dense1": Scaled(1, maps, gain=1.0)})
        for each in (*self.blocks[:self.first], *self.from_rgb[:self.first]):
            asleep(each)

    def forward(self, x: Tensor) -> Tensor:
        """Images, at most four, which are one group."""
        x = self.from_rgb[self.first](x)
        for block in self.blocks[self.first:]:
            x = leaky_relu(block["conv1_down"].down(binomial(leaky_relu(block["conv0"](x), 0.2))), 0.2)
        deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
        last = self.final_block
        x = leaky_relu(last["conv"](torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1)), 0.2).flatten(1)
        return last["dense1"](leaky_relu(last["dense0"](x), 0.2)).squeeze(1)
