"""NVlabs/stylegan2-ada-pytorch: the augmentation pipeline at debug percentiles, and with recorded draws."""

import torch
from torch import Tensor

from zerosum.augment.ada import AdaSpec, AugmentPipe, Draws

from .case import Case

REPO = "NVlabs/stylegan2-ada-pytorch"
COLOUR_RANGES = {"rgb": "x3", "gray": "x1"}


class Percentile(Draws):
    """The reference's debugging: every number at this percentile, every operation happens, but only one rotation."""

    def __init__(self, samples: int, percentile: float):
        super().__init__(samples, torch.device("cpu"))
        self.percentile = torch.tensor(percentile)

    def uniform(self, *shape: int) -> Tensor:
        return self.percentile.expand(self.samples, *shape)

    def normal(self, *shape: int) -> Tensor:
        return torch.erfinv(2 * self.percentile - 1).expand(self.samples, *shape)     # without the root of two

    def happens(self, operation: str, probability: Tensor) -> Tensor:
        return ((probability > 0) & (operation != "rotate again")).expand(self.samples)


class Recorded(Draws):
    """The numbers that the reference drew, in its order."""

    def __init__(self, samples: int, drawn: list[Tensor]):
        super().__init__(samples, torch.device("cpu"))
        self.drawn = iter(drawn)

    def uniform(self, *shape: int) -> Tensor:
        return next(self.drawn).view(self.samples, *shape)

    normal = uniform


def spec_of(settings: dict) -> AdaSpec:
    return AdaSpec(**{key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()})


def buffers(case: Case) -> dict[str, Tensor]:
    return {f"out.{key}": value for key, value in AugmentPipe(spec_of(case.meta["kwargs"])).state_dict().items()}


def percentiles(case: Case) -> dict[str, Tensor]:
    found = {}
    for key in case.expected:
        kind, rest = key.split(".", 1)
        rest, colours = rest.rsplit(".", 1)
        name, percentile = rest.split(".p", 1)
        x = case.inputs[COLOUR_RANGES[colours]].clone().requires_grad_()
        y = AugmentPipe(spec_of(case.meta["specs"][name]))(x, Percentile(len(x), float(percentile)))
        found[key] = (y if kind == "out" else torch.autograd.grad((y * case.inputs["probe"]).sum(), x)[0]).detach()
    return found


def recorded_draws(case: Case) -> dict[str, Tensor]:
    found = {}
    for name, settings in case.meta["specs"].items():
        recorded = {key: value for key, value in sorted(case.expected.items()) if key.startswith(f"out.{name}.draw")}
        x, draws = case.inputs["x3"], Recorded(len(case.inputs["x3"]), list(recorded.values()))
        pipe = AugmentPipe(spec_of(settings), p=float(name.rsplit("_p", 1)[1]))
        found |= recorded | {f"out.{name}.rgb": pipe(x, draws)}
        assert next(draws.drawn, None) is None, "fewer were drawn than recorded"
    return found


def pipelines(case: Case) -> dict[str, Tensor] | None:
    """What a folder holds is known by its settings: percentiles, recorded draws, or the buffers alone."""
    if "percentiles" in case.meta:
        return percentiles(case)
    return recorded_draws(case) if "specs" in case.meta else buffers(case)


ADAPTERS = {(REPO, "training.augment.AugmentPipe"): pipelines}
