"""Inversion: from a picture back to the latent that makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..core import Model, UsageError
from .descent import descend
from .encoder import Encoder
from .least_squares import least_squares
from .passes import Asked, evaluating, every_label, generated
from .space import Space, SpaceName
from .stored import store, stored

FORMAT = "inverted-1"
Distance = Callable[[Tensor, Tensor], Tensor]            # images (N, C, H, W) twice -> (N,), with gradients
FINALISTS = 4                                # of the restarts of a picture that are polished
MOST = 10_000_000                            # numbers of the Jacobian of a finalist: beyond, nothing is polished


@dataclass(frozen=True)
class Inverted:
    """N pictures as latents: where each was found, and how close its sample x comes to the picture itself.

    z: (N, z_dim), or None where w (N, layers, D) was looked for; labels: (N,), texts (N, L), or None; picture and x:
    (N, *shape); psnr: (N,) in dB; distance: (N,), of the perceptual kind that was asked for, or None; starts: what
    each began with.
    """

    z: Tensor | None
    w: Tensor | None
    labels: Tensor | None
    picture: Tensor
    x: Tensor
    psnr: Tensor
    distance: Tensor | None
    starts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x)

    def latent(self, row: int) -> tuple[Tensor, Asked | None]:
        """z (1, z_dim) and the class or text of one of them, from 0; raises UsageError where there is none."""
        if not 0 <= row < len(self):
            raise UsageError(f"inverted pictures are numbered from 0 to {len(self) - 1}, not {row}")
        if self.z is None:
            raise UsageError("these pictures were inverted to styles: for noise, invert them with --space z")
        label = None if self.labels is None else self.labels[row]
        return self.z[row:row + 1], int(label) if label is not None and label.dim() == 0 else label

    def point(self, row: int) -> tuple[Tensor, Asked | None]:
        """As `latent`, or the styles w (1, layers, D) where those were looked for."""
        if self.w is None or not 0 <= row < len(self):
            return self.latent(row)
        return self.w[row:row + 1], None

    def save(self, path: str | Path) -> None:
        """Write them as one safetensors file, whole or not at all."""
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        store(path, tensors, {"format": FORMAT, "starts": self.starts})

    @classmethod
    def load(cls, path: str | Path) -> "Inverted":
        """Read what `save` wrote; raises UsageError for another file, ZerosumError for a damaged one."""
        tensors, about = stored(path, FORMAT, "inverted pictures", "zerosum invert RUN PICTURE")
        optional = {name: tensors.get(name) for name in ("z", "w", "labels", "distance")}
        return cls(**tensors | optional, starts=tuple(about["starts"]))                        # type: ignore[arg-type]


def invert(model: Model, x: Tensor, *, space: SpaceName = "z", labels: Tensor | None = None,
           encoder: Encoder | None = None, distance: Distance | None = None, restarts: int = 8, draws: int = 32,
           steps: int = 100, polish: int = 20, lr: float = 0.1, weight: float = 0.1, seed: int = 0) -> Inverted:
    """Find the latents whose samples come closest to pictures x (N, C, H, W) in [-1, 1]: `Inverted`.

    v^ = argmin mean (G(v) - x)^2 + weight d(G(v), x) + off(v), d the perceptual `distance` if there is one, and off(v)
    what v lies off the shell where draws lie (`Space.penalty`). For each picture, `restarts` latents move at once:
    first E(x) where there is an `encoder`, then each the nearest of so many `draws`. They move for `steps` of Adam,
    its rate from lr standard deviations of the latents to nothing; the best few are then polished, without d, by so
    many steps of least squares. The best of all is kept. labels: (N,) int64, or texts (N, L); without, all are tried.
    Raises UsageError for a model that makes no images from noise, pictures of another shape, and w without styles.
    """
    look = Space(model, space)
    if not model.data.is_image or x.shape[1:] != model.data.shape:
        raise UsageError(f"this model's samples are {model.data.shape}, and what is to be inverted is "
                         f"{tuple(x.shape[1:])}")
    if restarts < 1 or draws < 1 or steps < 0 or polish < 0:
        raise UsageError("inversion needs at least one restart and one draw, and no negative number of steps")
    search = _Search(look, encoder, distance, restarts, draws, steps, polish, lr * look.spread.mean().item(), weight,
                     torch.Generator().manual_seed(seed))
    with evaluating(model):
        found = [search.of(one[None].to(model.device), told)
                 for one, told in zip(x, _asked(model, labels, len(x)), strict=True)]
        v, told = torch.cat([v for v, *_ in found]), None
        if found[0][1] is not None:
            told = torch.cat([label for _, label, _ in found])                                 # type: ignore[misc]
        with torch.no_grad():
            made = look.render(v, told)
    picture = x.to(made)
    return Inverted(v if space == "z" else None, None if space == "z" else look.styles(v), told, picture, made,
                    psnr(made, picture), None if distance is None else distance(made, picture).detach(),
                    tuple(start for *_, start in found))


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """10 log10(2^2 / mean squared error) of images (N, C, H, W) in [-1, 1]: (N,), in dB."""
    return 10 * torch.log10(4 / (x - y).square().flatten(1).mean(1))


@dataclass(frozen=True)
class _Search:
    space: Space
    encoder: Encoder | None
    distance: Distance | None
    restarts: int
    draws: int
    steps: int
    polish: int
    lr: float
    weight: float
    generator: torch.Generator

    def of(self, picture: Tensor, classes: Tensor | None) -> tuple[Tensor, Tensor | None, str]:
        """The best point (1, ...) for one picture (1, C, H, W), its label (1,), and what it began with."""
        v, labels = self.begin(picture, classes)
        v = descend(self.space.model, v, lambda v: self.loss(v, picture, labels).sum(), steps=self.steps, lr=self.lr,
                    decay=True, keep=self.space.keep)
        with torch.no_grad():
            best = self.loss(v, picture, labels).topk(min(FINALISTS, len(v)), largest=False).indices
            v, labels = v[best], None if labels is None else labels[best]
            v = torch.cat([v, self.polished(v, picture, labels)])
            labels = None if labels is None else torch.cat([labels, labels])
            row = int(self.loss(v, picture, labels).argmin())
        restart = int(best[row % len(best)]) % self.restarts
        start = "encoder" if self.encoder is not None and restart == 0 else f"draw {restart}"
        return v[row:row + 1], None if labels is None else labels[row:row + 1], start

    def begin(self, picture: Tensor, classes: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """For each of the classes (K,), the points that restarts begin at: (K restarts, ...), and labels."""
        model, begun, labels = self.space.model, [], None
        if classes is not None:
            labels = classes.repeat_interleave(self.restarts, 0)
        for label in [None] if classes is None else classes:
            z = model.noise(self.restarts * self.draws, self.generator)                        # type: ignore[operator]
            made = generated(model, z, None if label is None else label.expand(len(z), *label.shape))
            z = z[(made - picture).square().flatten(1).mean(1).argsort()[:self.restarts]]
            if self.encoder is not None:
                z[:1] = _encoded(self.encoder, picture, z[:1])
            begun.append(z)
        return self.space.place(torch.cat(begun), labels), labels

    def loss(self, v: Tensor, picture: Tensor, labels: Tensor | None) -> Tensor:
        """What is descended, of each point: (N,)."""
        made = self.space.render(v, labels)
        loss = (made - picture).square().flatten(1).mean(1) + self.space.penalty(v)
        return loss if self.distance is None else loss + self.weight * self.distance(made, picture.expand_as(made))

    def polished(self, v: Tensor, picture: Tensor, labels: Tensor | None) -> Tensor:
        """The points moved on by least squares of pixels and shell."""
        def residuals(v: Tensor) -> Tensor:
            off = (self.space.render(v, labels) - picture).flatten(1) / picture.numel() ** 0.5
            return torch.cat([off, self.space.excess(v)[:, None]], 1)

        if picture.numel() * v[0].numel() > MOST:
            return v
        with evaluating(self.space.model):
            return least_squares(residuals, v, steps=self.polish, keep=self.space.keep)


def _asked(model: Model, labels: Tensor | None, n: int) -> list[Tensor | None]:
    """For each picture the classes or texts to try: the one that is given, or all that the model has."""
    if labels is not None:
        return list(model.labels_for(n, labels)[:, None])                                      # type: ignore[operator]
    return [every_label(model)] * n


def _encoded(encoder: Encoder, picture: Tensor, like: Tensor) -> Tensor:
    with torch.no_grad():
        z = encoder(picture)
    if z.shape != like.shape:
        raise UsageError(f"the encoder makes {tuple(z.shape[1:])} of a picture, and this model's noise is "
                         f"{tuple(like.shape[1:])}: invert without it, or fit another (fit_encoder)")
    return z
