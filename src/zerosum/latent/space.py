"""The spaces in which a sample can be looked for, and where in them the draws of a model lie."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu

from ..core import Model, UsageError, require
from .passes import chosen_labels, many, mapped

SpaceName = Literal["z", "w", "w+"]


class Space:
    """Points v: z (N, D); w (N, 1, D), one style for all layers; or w+ (N, L, D), a style for each (1904.03189).

    Gaussian draws lie near a sphere and uniform ones in a box: `penalty` and `keep` hold points there, whatever the
    prior. Raises UsageError for a model that makes nothing from noise, and for w of one that maps no styles.
    """

    def __init__(self, model: Model, name: SpaceName = "z"):
        require(model, "generate")
        if name not in ("z", "w", "w+"):
            raise UsageError(f"samples are looked for in the space z, w or w+, not {name}")
        if name != "z":
            require(model, "map_styles")
        self.model, self.name, self.layers = model, name, 1
        z = many(model)
        draws = self.place(z, chosen_labels(model, len(z)))
        self.mean, self.spread = draws.mean(0), draws.std(0).clamp_min(1e-6)
        self.least, self.most = draws.amin(0), draws.amax(0)
        radii = self._radius(draws)
        self.inner, self.outer = (radii.quantile(share).item() for share in (0.01, 0.99))

    def place(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Where noise z (N, z_dim) lies in this space."""
        if self.name == "z":
            return z
        w = mapped(self.model, z, labels)
        self.layers = w.shape[1]
        return w[:, :1] if self.name == "w" else w

    def render(self, v: Tensor, labels: Tensor | None = None) -> Tensor:
        """The samples (N, *shape) of points, with gradients."""
        if self.name == "z":
            return self.model.generate(v, labels)                                              # type: ignore[operator]
        return self.model.synthesize(self.styles(v))                                           # type: ignore[operator]

    def styles(self, v: Tensor) -> Tensor:
        """Points of w or w+ as (N, L, D)."""
        return v.expand(-1, self.layers, -1)

    def excess(self, v: Tensor) -> Tensor:
        """How far points lie off the shell, as a share of its radius: (N,), 0 where 98 of 100 draws lie."""
        radius = self._radius(v)
        return (relu(radius - self.outer) + relu(self.inner - radius)) / self.outer

    def penalty(self, v: Tensor) -> Tensor:
        """The square of `excess`: (N,)."""
        return self.excess(v).square()

    def keep(self, v: Tensor) -> Tensor:
        """Points with no number beyond what draws have."""
        return v.clamp(self.least, self.most)

    def _radius(self, v: Tensor) -> Tensor:
        return ((v - self.mean) / self.spread).flatten(1).norm(dim=1)
