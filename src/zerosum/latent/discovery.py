"""Finds directions: in the weights (SeFa), in the variation of features (GANSpace), or from what a judge sees."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..core import Model, UsageError, abilities, require
from .directions import Directions, Where, as_directions
from .layer import features, linear_map, style_map
from .passes import Asked, chosen_labels, generated, placed

FEW = 20                                     # samples on either side that a hyperplane needs
MANY = 10                                    # directions, unless a number is asked for


@torch.no_grad()
def sefa(model: Model, k: int | None = None, *, space: Where | None = None, label: Asked = 0) -> Directions:
    """The k unit vectors n that the first layer, A z + b, stretches most: A^T A n = lambda n (2007.06600).

    Of a model with styles these are directions of w, unless `space` is z, and A has the rows of all layers that are
    given a style. k is 10 unless given, or the length of z or w if that is less. Strengths are the eigenvalues
    lambda = |A n|^2. Layers are found by a forward pass (`layer.features`). Raises UsageError for a model without such
    layers, or more directions than numbers in z or w.
    """
    space = _where(model, space)
    k = _count(model, k, space)
    a = linear_map(model, label=label) if space == "z" else style_map(model)
    values, vectors = torch.linalg.eigh(a.T @ a)                # ascending
    return as_directions("sefa", vectors.T.flip(0)[:k], values.flip(0)[:k].clamp_min(0), method="sefa",
                         measure="eigenvalue", space=space)


@torch.no_grad()
def ganspace(model: Model, k: int | None = None, *, n: int = 10_000, layer: int = 1, space: Where | None = None,
             label: Asked = 0, seed: int = 0) -> Directions:
    """The k principal components of features of n latents, each as the direction of z that goes with it (2004.02546).

    With x_j the coordinates of features (N, M) in the basis V of the components, U = argmin sum_j |U x_j - z_j|^2
    u_i = sum_j x_ji z_j, normalized. Strengths are the standard deviations of the x_i. Features are those
    of the layer-th layer with weights that z meets; of the first, where it is linear in Gaussian z, the components are
    the directions of SeFa, seen through n samples. Of a model with styles, unless `space` is z, they are the principal
    components of w itself. Raises UsageError as `sefa` does.
    """
    space = _where(model, space)
    k = _count(model, k, space)
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    if n <= k:
        raise UsageError(f"{k} principal components need more than {n} samples")
    v = placed(model, z, space, chosen_labels(model, n, label))
    h = features(model, z, layer=layer, label=label).float() if space == "z" else v
    h = h - h.mean(0)
    with torch.random.fork_rng(devices=[]):                     # the randomized decomposition draws from the global one
        torch.manual_seed(seed)
        _, spread, basis = torch.svd_lowrank(h, q=min(k + 10, *h.shape), niter=6)
    x = h @ basis[:, :k]
    return as_directions("pc", x.T @ (v - v.mean(0)), spread[:k] / (n - 1) ** 0.5, method="ganspace",
                         measure="standard deviation", space=space)


def hyperplanes(model: Model, judge: Callable[[Tensor], Tensor], names: Sequence[str], *, n: int = 4_000,
                space: Where | None = None, label: Asked | None = None, seed: int = 0) -> Directions:
    """For each of `names`, the normal of the hyperplane in z that parts its samples from all others (1907.10786).

    Of a model with styles, unless `space` is z, the hyperplanes are in w.

    judge: samples (N, *shape) -> the number of the name that each has, (N,). The hyperplanes are those of logistic
    regression on two thirds of n samples, either side weighing as much; strengths are the balanced accuracies on the
    last third: 0.5 is chance. Names that too few samples have, or too few have not, are left out.
    Raises UsageError where none is left.
    """
    from sklearn.linear_model import LogisticRegression

    require(model, "generate")
    space, labels = _where(model, space), chosen_labels(model, n, label)
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    seen = torch.as_tensor(judge(generated(model, z, labels))).cpu().numpy()
    v, cut, found = placed(model, z, space, labels).cpu().double().numpy(), 2 * n // 3, {}
    for number, name in enumerate(names):
        has = seen == number
        if min(has[:cut].sum(), (~has[:cut]).sum()) < FEW or has[cut:].all() or not has[cut:].any():
            continue
        fit = LogisticRegression(class_weight="balanced", max_iter=1000).fit(v[:cut], has[:cut])
        right = fit.predict(v[cut:]) == has[cut:]
        found[name] = fit.coef_[0], (right[has[cut:]].mean() + right[~has[cut:]].mean()) / 2
    if not found:
        raise UsageError(f"no hyperplane: among {n} samples each class is seen too rarely, or nearly always; draw more "
                         "samples, or let something else be judged")
    normals = torch.stack([torch.from_numpy(normal) for normal, _ in found.values()])
    return Directions(tuple(found), torch.nn.functional.normalize(normals).float(),
                      torch.tensor([accuracy for _, accuracy in found.values()], dtype=torch.float32), "classes",
                      "balanced accuracy", space).strongest(None)


def _where(model: Model, space: Where | None) -> Where:
    """The space that was asked for, or else that of styles for a model that has them."""
    if space == "w":
        require(model, "map_styles")
    return space or ("w" if "map_styles" in abilities(model) else "z")


def _count(model: Model, k: int | None, space: Where) -> int:
    require(model, "generate")
    z = model.noise(1, torch.Generator().manual_seed(0))                                       # type: ignore[operator]
    numbers = placed(model, z, space, chosen_labels(model, 1)).shape[1]
    k = min(MANY, numbers) if k is None else k
    if not 1 <= k <= numbers:
        raise UsageError(f"this model's latents have {numbers} numbers: ask for 1 to {numbers} directions, not {k}")
    return k
