"""Networks of other projects, written anew from their equations under the official names: what imports are held to."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, normalize, relu
from torch.nn.utils import spectral_norm

Maker = type[nn.Module]


def settle(network: nn.Module, *inputs: Tensor) -> nn.Module:
    """Move what no optimizer moves away from its start: singular vectors and moving averages; gates opened."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() < 2 or "embed" in name:
                nn.init.normal_(parameter, std=0.5)
        for _ in range(3):
            network.train()(*inputs)
    return network.eval()


def sn(layer: nn.Module) -> nn.Module:
    return spectral_norm(layer)


# mimicry --------------------------------------------------------------------------------------------------------------


class OwnNorm(nn.Module):
    """mimicry's own spectral norm: W / sigma after one step of the power method from u, kept in training alone."""

    def __init__(self, weight: Tensor, bias: bool):
        super().__init__()
        self.weight = nn.Parameter(weight)
        if bias:
            self.bias = nn.Parameter(torch.zeros(len(weight)))
        self.register_buffer("sn_u", torch.randn(1, len(weight)))
        self.register_buffer("sn_sigma", torch.ones(1))

    def normalized(self) -> Tensor:
        v = normalize(self.sn_u @ self.weight, dim=1)
        u = normalize(v @ self.weight.t(), dim=1)
        sigma = (u @ self.weight @ v.t()).flatten()
        if self.training:
            self.sn_u.copy_(u.detach())
            self.sn_sigma.copy_(sigma.detach())
        return self.weight / sigma


class OwnLinear(OwnNorm):
    def __init__(self, inputs: int, outputs: int):
        super().__init__(torch.randn(outputs, inputs), True)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.normalized().t() + self.bias


class OwnEmbedding(OwnNorm):
    def __init__(self, classes: int, width: int):
        super().__init__(torch.randn(classes, width), False)

    def forward(self, y: Tensor) -> Tensor:
        return self.normalized()[y]


class ClassNorm(nn.Module):
    def __init__(self, maps: int, classes: int):
        super().__init__()
        self.bn, self.embed = nn.BatchNorm2d(maps, affine=False), nn.Embedding(classes, 2 * maps)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        gain, bias = self.embed(y)[:, :, None, None].chunk(2, 1)
        return gain * self.bn(x) + bias


class Attention(nn.Module):
    def __init__(self, maps: int):
        super().__init__()
        for name, a, b in (("theta", maps, maps // 8), ("phi", maps, maps // 8), ("g", maps, maps // 2),
                           ("o", maps // 2, maps)):
            setattr(self, name, sn(nn.Conv2d(a, b, 1, bias=False)))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        theta, phi, g = self.theta(x).flatten(2), max_pool2d(self.phi(x), 2).flatten(2), max_pool2d(self.g(x), 2)
        look = (theta.transpose(1, 2) @ phi).softmax(-1)
        return self.gamma * self.o((g.flatten(2) @ look.transpose(1, 2)).unflatten(2, x.shape[2:])) + x


class GBlock(nn.Module):
    def __init__(self, maps: int, classes: int, wrap=lambda layer: layer):
        super().__init__()
        norm = (lambda: ClassNorm(maps, classes)) if classes else (lambda: nn.BatchNorm2d(maps))
        self.c1, self.c2, self.c_sc = (wrap(nn.Conv2d(maps, maps, k, padding=k // 2)) for k in (3, 3, 1))
        self.b1, self.b2 = norm(), norm()

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        def double(h: Tensor) -> Tensor:
            return interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)

        return self.c2(relu(self.b2(self.c1(double(relu(self.b1(x, *y)))), *y))) + self.c_sc(double(x))


class MimicryGenerator(nn.Module):
    """For 32 pixels: with classes cGAN-PD's, attending SAGAN's, without either SSGAN's and SNGAN's."""

    def __init__(self, maps: int, classes: int = 0, attending: bool = False):
        super().__init__()
        wrap = sn if attending else (lambda layer: layer)
        self.l1, self.c5 = wrap(nn.Linear(6, 16 * maps)), wrap(nn.Conv2d(maps, 3, 3, padding=1))
        self.block2, self.block3, self.block4 = (GBlock(maps, classes, wrap) for _ in range(3))
        self.b5 = nn.BatchNorm2d(maps)
        self.attn_block = Attention(maps) if attending else None

    def forward(self, z: Tensor, *y: Tensor) -> Tensor:
        h = self.block3(self.block2(self.l1(z).unflatten(1, (-1, 4, 4)), *y), *y)
        h = self.block4(h if self.attn_block is None else self.attn_block(h), *y)
        return self.c5(relu(self.b5(h))).tanh()


class DBlock(nn.Module):
    """The ReLU in front is in place, and so feeds the shortcut, too."""

    def __init__(self, inputs: int, maps: int, first: bool = False, down: bool = False):
        super().__init__()
        self.first, self.down = first, down
        self.c1, self.c2 = sn(nn.Conv2d(inputs, maps, 3, padding=1)), sn(nn.Conv2d(maps, maps, 3, padding=1))
        self.c_sc = sn(nn.Conv2d(inputs, maps, 1)) if down else None

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.first else relu(x)
        h, x = self.c2(relu(self.c1(x))), x if self.c_sc is None else self.c_sc(x)
        return avg_pool2d(h, 2) + avg_pool2d(x, 2) if self.down else h + x


class MimicryJudge(nn.Module):
    """For 32 pixels: SSGAN's with `turns`, else cGAN-PD's, or SAGAN's where it attends."""

    def __init__(self, maps: int, classes: int, *, turns: bool = False, attending: bool = False):
        super().__init__()
        self.block1, self.block2 = DBlock(3, maps, True, True), DBlock(maps, maps, down=True)
        self.block3, self.block4 = DBlock(maps, maps), DBlock(maps, maps)
        self.l5 = sn(nn.Linear(maps, 1)) if attending else OwnLinear(maps, 1)
        self.l_y = (OwnLinear(maps, classes) if turns else
                    sn(nn.Embedding(classes, maps)) if attending else OwnEmbedding(classes, maps))
        self.turns, self.attn_block = turns, Attention(maps) if attending else None

    def forward(self, x: Tensor, *y: Tensor) -> tuple[Tensor, Tensor | None]:
        h = self.block2(self.block1(x))
        h = h if self.attn_block is None else self.attn_block(h)
        h = relu(self.block4(self.block3(h))).sum((2, 3))
        score = self.l5(h).squeeze(1)
        return (score, self.l_y(h)) if self.turns else (score + (self.l_y(*y) * h).sum(1), None)


class MimicryInformer(nn.Module):
    """InfoMax-GAN's for 32 pixels: a score, and features for heads that its score does without."""

    def __init__(self, maps: int):
        super().__init__()
        self.local_feat_blocks = nn.Sequential(DBlock(3, maps, True, True), DBlock(maps, maps, down=True),
                                               DBlock(maps, maps))
        self.global_feat_blocks, self.linear = nn.Sequential(DBlock(maps, maps)), sn(nn.Linear(maps, 1))
        for name, layer in (("local", lambda a, b: nn.Conv2d(a, b, 1)), ("global", nn.Linear)):
            for part, width in (("a", maps), ("b", 12), ("sc", 12)):
                setattr(self, f"{name}_nrkhs_{part}", sn(layer(maps, width)))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(relu(self.global_feat_blocks(self.local_feat_blocks(x))).sum((2, 3))).squeeze(1)


# StudioGAN ------------------------------------------------------------------------------------------------------------

RELU = nn.ReLU(inplace=True)                 # one for all blocks, in place


class ToldNorm(nn.Module):
    """Told by two embeddings of the class (`old`), or by linear layers of numbers."""

    def __init__(self, numbers: int, maps: int, old: bool, wrap):
        super().__init__()
        self.bn, self.old = nn.BatchNorm2d(maps, eps=1e-4, affine=False), old
        if old:
            self.embed0, self.embed1 = wrap(nn.Embedding(numbers, maps)), wrap(nn.Embedding(numbers, maps))
        else:
            self.gain, self.bias = (wrap(nn.Linear(numbers, maps, bias=False)) for _ in range(2))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        gain, bias = (self.embed0(y), self.embed1(y)) if self.old else (self.gain(y), self.bias(y))
        return self.bn(x) * (1 + gain)[:, :, None, None] + bias[:, :, None, None]


class StudioAttention(nn.Module):
    def __init__(self, maps: int, wrap):
        super().__init__()
        for name, a, b in (("theta", maps, maps // 8), ("phi", maps, maps // 8), ("g", maps, maps // 2),
                           ("attn", maps // 2, maps)):
            setattr(self, f"conv1x1_{name}", wrap(nn.Conv2d(a, b, 1, bias=False)))
        self.sigma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        theta, phi = self.conv1x1_theta(x).flatten(2), max_pool2d(self.conv1x1_phi(x), 2).flatten(2)
        look = (theta.transpose(1, 2) @ phi).softmax(-1)
        seen = max_pool2d(self.conv1x1_g(x), 2).flatten(2) @ look.transpose(1, 2)
        return x + self.sigma * self.conv1x1_attn(seen.unflatten(2, x.shape[2:]))


class StudioUp(nn.Module):
    def __init__(self, inputs: int, maps: int, numbers: int, old: bool, wrap):
        super().__init__()
        self.bn1, self.bn2 = (ToldNorm(numbers, width, old, wrap) if numbers else nn.BatchNorm2d(width, eps=1e-4)
                              for width in (inputs, maps))
        self.conv2d0, self.conv2d1 = wrap(nn.Conv2d(inputs, maps, 1)), wrap(nn.Conv2d(inputs, maps, 3, padding=1))
        self.conv2d2 = wrap(nn.Conv2d(maps, maps, 3, padding=1))

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        h = self.conv2d1(interpolate(RELU(self.bn1(x, *y)), scale_factor=2))
        return self.conv2d2(RELU(self.bn2(h, *y))) + self.conv2d0(interpolate(x, scale_factor=2))


class StudioGenerator(nn.Module):
    """`told`: "shared" (its BigGAN), "old" and "new" (its SAGAN, by version), or "" for no classes."""

    def __init__(self, widths: list[int], told: str, attention: int = 0, *, classes: int = 5, spectral: bool = True):
        super().__init__()
        wrap, blocks = (sn if spectral else (lambda layer: layer)), len(widths) - 1
        self.chunk, self.told, self.classes = 3 if told == "shared" else 7, told, classes
        numbers = {"shared": 4 + self.chunk, "old": classes, "new": classes, "": 0}[told]
        self.linear0 = wrap(nn.Linear(self.chunk, widths[0] * 16))
        if told == "shared":
            self.shared = nn.Embedding(classes, 4)
        layers: list[nn.Module] = []
        for k in range(blocks):
            layers.append(StudioUp(widths[k], widths[k + 1], numbers, told == "old", wrap))
            layers += [StudioAttention(widths[k + 1], wrap)] if k + 1 == attention else []
        self.blocks = nn.ModuleList(nn.ModuleList([layer]) for layer in layers)
        self.bn4, self.conv2d5 = nn.BatchNorm2d(widths[-1], eps=1e-4), wrap(nn.Conv2d(widths[-1], 3, 3, padding=1))

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        first, *parts = z.split(self.chunk, 1)
        h = self.linear0(first).unflatten(1, (-1, 4, 4))
        for (layer,) in self.blocks:
            up = isinstance(layer, StudioUp)
            told = {"shared": lambda: [torch.cat([self.shared(y), parts.pop(0)], 1)], "old": lambda: [y],
                    "new": lambda: [nn.functional.one_hot(y, self.classes).float()], "": lambda: []}[self.told]
            h = layer(h, *told()) if up else layer(h)
        return self.conv2d5(RELU(self.bn4(h))).tanh()


class StudioDown(nn.Module):
    def __init__(self, inputs: int, maps: int, first: bool, down: bool):
        super().__init__()
        self.first, self.down = first, down
        if down or inputs != maps:
            self.conv2d0 = sn(nn.Conv2d(inputs, maps, 1))
        self.conv2d1 = sn(nn.Conv2d(inputs, maps, 3, padding=1))
        self.conv2d2 = sn(nn.Conv2d(maps, maps, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        h, beside = x, x
        h = self.conv2d2(RELU(self.conv2d1(h if self.first else RELU(h))))
        beside = self.conv2d0(beside) if hasattr(self, "conv2d0") else beside
        return avg_pool2d(h, 2) + avg_pool2d(beside, 2) if self.down else h + beside


class StudioJudge(nn.Module):
    """`widths`: of the image and after each block; `downs` blocks halve; classes 0: no projection."""

    def __init__(self, widths: list[int], downs: int, attention: int = 0, *, classes: int = 5):
        super().__init__()
        layers: list[nn.Module] = []
        for k in range(len(widths) - 1):
            layers.append(StudioDown(widths[k], widths[k + 1], k == 0, k < downs))
            layers += [StudioAttention(widths[k + 1], sn)] if k + 1 == attention else []
        self.blocks = nn.ModuleList(nn.ModuleList([layer]) for layer in layers)
        self.linear1 = sn(nn.Linear(widths[-1], 1))
        if classes:
            self.embedding = sn(nn.Embedding(classes, widths[-1]))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        for (layer,) in self.blocks:
            x = layer(x)
        h = RELU(x).sum((2, 3))
        score = self.linear1(h).squeeze(1)
        return score + (self.embedding(y) * h).sum(1) if hasattr(self, "embedding") else score


# StyleGAN, of TensorFlow ----------------------------------------------------------------------------------------------

Variables = dict[str, Tensor]


def style_variables(side: int, maps: int, *, depth: int = 2, width: int = 6) -> tuple[Variables, Variables, Variables]:
    """Variables of the mapping, the synthesis and the discriminator, as they are named and shaped in TensorFlow."""
    def conv(name: str, inputs: int, outputs: int, kernel: int = 3) -> Variables:
        return {f"{name}/weight": torch.randn(kernel, kernel, inputs, outputs), f"{name}/bias": torch.randn(outputs)}

    def styled(name: str, made: Variables) -> Variables:
        return made | {f"{name}/bias": torch.randn(maps), f"{name}/Noise/weight": torch.randn(maps),
                       f"{name}/StyleMod/weight": torch.randn(width, 2 * maps),
                       f"{name}/StyleMod/bias": torch.randn(2 * maps)}

    mapping = {f"Dense{k}/{kind}": torch.randn(*shape) * 100 for k in range(depth)
               for kind, shape in (("weight", (width if k else 5, width)), ("bias", (width,)))}
    synthesis = {"lod": torch.zeros(())} | styled("4x4/Const", {"4x4/Const/const": torch.randn(1, maps, 4, 4)})
    synthesis |= styled("4x4/Conv", conv("4x4/Conv", maps, maps))
    judge = {"lod": torch.zeros(())} | conv("4x4/Conv", maps + 1, maps)
    sides = [4 << k for k in range(side.bit_length() - 2)]
    for lod, size in enumerate(reversed(sides)):
        synthesis |= conv(f"ToRGB_lod{lod}", maps, 3, 1)
        judge |= conv(f"FromRGB_lod{lod}", 3, maps, 1)
        if size > 4:
            for layer in ("Conv0_up", "Conv1"):
                synthesis |= styled(f"{size}x{size}/{layer}", conv(f"{size}x{size}/{layer}", maps, maps))
            for layer in ("Conv0", "Conv1_down"):
                judge |= conv(f"{size}x{size}/{layer}", maps, maps)
    for k, (inputs, outputs) in enumerate(((16 * maps, maps), (maps, 1))):
        judge |= {f"4x4/Dense{k}/weight": torch.randn(inputs, outputs), f"4x4/Dense{k}/bias": torch.randn(outputs)}
    noise = {f"noise{k}": torch.randn(1, 1, size, size) for k, size in enumerate(
        size for size in sides for _ in range(2))}
    return mapping, synthesis | noise, judge


def tf_weight(v: Variables, name: str, gain: float = 2 ** 0.5, lrmul: float = 1.0) -> Tensor:
    w = v[f"{name}/weight"]
    return w * (gain / w[..., 0].numel() ** 0.5 * lrmul)


def tf_conv(x: Tensor, w: Tensor) -> Tensor:
    return nn.functional.conv2d(x, w.permute(3, 2, 0, 1), padding=w.shape[0] // 2)


def tf_blur(x: Tensor) -> Tensor:
    f = torch.tensor([1.0, 2.0, 1.0]) / 4
    return nn.functional.conv2d(x, torch.outer(f, f).expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


def tf_four_taps(w: Tensor) -> Tensor:
    w = nn.functional.pad(w, (0, 0, 0, 0, 1, 1, 1, 1))
    return w[1:, 1:] + w[:-1, 1:] + w[1:, :-1] + w[:-1, :-1]


def tf_up(x: Tensor, w: Tensor, fused: bool) -> Tensor:
    if not fused:
        return tf_conv(interpolate(x, scale_factor=2), w)
    return nn.functional.conv_transpose2d(x, tf_four_taps(w).permute(2, 3, 0, 1), stride=2, padding=1)


def leak(x: Tensor) -> Tensor:
    return torch.maximum(x, 0.2 * x)


def column(v: Tensor) -> Tensor:
    return v[:, None, None]


def style_mapping(v: Variables, z: Tensor) -> Tensor:
    x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for k in range(sum(key.endswith("weight") for key in v)):
        x = leak(x @ tf_weight(v, f"Dense{k}", lrmul=0.01) + 0.01 * v[f"Dense{k}/bias"])
    return x


def style_synthesis(v: Variables, w: Tensor, fused_from: int) -> Tensor:
    """All resolutions, with the noise of the variables; transposed convolutions from so many pixels on."""
    def end(x: Tensor, name: str, number: int) -> Tensor:
        x = leak(x + v[f"noise{number}"] * column(v[f"{name}/Noise/weight"]) + column(v[f"{name}/bias"]))
        x = x - x.mean((2, 3), keepdim=True)
        x = x * (x.square().mean((2, 3), keepdim=True) + 1e-8).rsqrt()
        style = (w @ tf_weight(v, f"{name}/StyleMod", 1.0) + v[f"{name}/StyleMod/bias"])[:, :, None, None]
        scale, shift = style.chunk(2, 1)
        return x * (scale + 1) + shift

    x = end(v["4x4/Const/const"].expand(len(w), -1, -1, -1), "4x4/Const", 0)
    x = end(tf_conv(x, tf_weight(v, "4x4/Conv")), "4x4/Conv", 1)
    number, side = 2, 8
    while f"{side}x{side}/Conv1/weight" in v:
        name = f"{side}x{side}/Conv0_up"
        x = end(tf_blur(tf_up(x, tf_weight(v, name), side >= fused_from)), name, number)
        x = end(tf_conv(x, tf_weight(v, f"{side}x{side}/Conv1")), f"{side}x{side}/Conv1", number + 1)
        number, side = number + 2, side * 2
    return tf_conv(x, tf_weight(v, "ToRGB_lod0", 1.0)) + column(v["ToRGB_lod0/bias"])


def style_judge(v: Variables, x: Tensor, fused: bool) -> Tensor:
    def layer(x: Tensor, name: str) -> Tensor:
        return leak(tf_conv(x, tf_weight(v, name)) + column(v[f"{name}/bias"]))

    side, x = x.shape[-1], layer(x, "FromRGB_lod0")
    while side > 4:
        x, name = tf_blur(layer(x, f"{side}x{side}/Conv0")), f"{side}x{side}/Conv1_down"
        w = tf_weight(v, name)
        x = (nn.functional.conv2d(x, tf_four_taps(w).permute(3, 2, 0, 1) / 4, stride=2, padding=1) if fused else
             avg_pool2d(tf_conv(x, w), 2))
        x, side = leak(x + column(v[f"{name}/bias"])), side // 2
    deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()                  # of one group of four
    x = layer(torch.cat([x, deviation.expand(len(x), 1, 4, 4)], 1), "4x4/Conv").flatten(1)
    x = leak(x @ tf_weight(v, "4x4/Dense0") + v["4x4/Dense0/bias"])
    return (x @ tf_weight(v, "4x4/Dense1", 1.0) + v["4x4/Dense1/bias"]).squeeze(1)
