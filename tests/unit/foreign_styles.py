"""Style networks of lucidrains, rosinality and huangzh13, written anew from their equations under their names."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, leaky_relu, linear, pad

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
