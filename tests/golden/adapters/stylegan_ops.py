"""The operators of NVlabs/stylegan2-ada-pytorch and NVlabs/stylegan3: their cases are told by meta.json."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from zerosum.ops import (
    bias_act,
    conv2d_resample,
    design_lowpass_filter,
    downsample2d,
    filter2d,
    filtered_lrelu,
    minibatch_std,
    modulated_conv2d,
    normalize_2nd_moment,
    normalized_modulated_conv2d,
    upfirdn2d,
    upsample2d,
)

from .case import Case

ADA, SG3 = "NVlabs/stylegan2-ada-pytorch", "NVlabs/stylegan3"
Settings = dict[str, Any]
Compute = Callable[[dict[str, Tensor], Settings], Tensor]        # the output, from inputs by name and settings


def of_cases(compute: Compute, gradients: Callable[[Settings], dict[str, str]]) -> Callable[[Case], dict[str, Tensor]]:
    """An adapter that computes every recorded case; `gradients` says which input each recorded name is one of."""
    def adapter(case: Case) -> dict[str, Tensor]:
        found = {key: value for key, value in case.expected.items() if key.endswith("probe")}    # given as well
        for i, settings in enumerate(case.meta["cases"]):
            name = f"case{i:02}"
            if f"out.{name}.y" in case.expected:
                found |= played(case, name, lambda given: compute(given, settings), gradients(settings))    # noqa: B023
        return found
    return adapter


def played(case: Case, name: str, compute: Callable[[dict[str, Tensor]], Tensor],
           wanted: dict[str, str]) -> dict[str, Tensor]:
    """Output, gradients of sum(y probe), and the gradient of their squares of one case."""
    given = {key: value.clone().requires_grad_(value.is_floating_point()) for key, value in case.inputs.items()}
    y = compute(given)
    found = {f"out.{name}.y": y.detach()}
    given_to_all = case.inputs.get("probe", case.expected.get("out.probe"))
    probe = case.expected.get(f"out.{name}.probe", given_to_all)[:, :y.shape[1]]
    wanted = {f"grad.{name}.{label}": given[of] for label, of in wanted.items()}
    grads = torch.autograd.grad((y * probe).sum(), list(wanted.values()), create_graph=True)
    found |= {label: grad.detach() for label, grad in zip(wanted, grads)}
    if f"grad2.{name}.x" in case.expected:
        square = grads[0].square().sum()
        second = torch.autograd.grad(square, given["x"], allow_unused=True)[0] if square.requires_grad else None
        found[f"grad2.{name}.x"] = torch.zeros_like(given["x"]) if second is None else second
    return found


def bias_acts(given: dict[str, Tensor], settings: Settings) -> Tensor:
    options = {"dim": 1} | settings
    b = None if options.pop("nob", False) else given[f"b{options['dim']}"]
    return bias_act(given["x"], b, **options)


def filtered_lrelus(given: dict[str, Tensor], settings: Settings) -> Tensor:
    options = dict(settings)
    b = None if options.pop("nob", False) else given["b"]
    filters = (None if name is None else given[name] for name in (options.pop("fu"), options.pop("fd")))
    return filtered_lrelu(given["x"], *filters, b, **options)


def grouped(settings: Settings) -> str:
    return f"w{settings['k']}" + ("" if settings["groups"] == 1 else f"g{settings['groups']}")


def conv2d_resamples(given: dict[str, Tensor], settings: Settings) -> Tensor:
    options = {key: settings[key] for key in ("up", "down", "padding", "groups", "flip_weight")}
    return conv2d_resample(given["x"], given[grouped(settings)], given["f"] if settings["filt"] else None, **options)


def modulated_conv2ds(given: dict[str, Tensor], settings: Settings) -> Tensor:
    """What they call fused is another way to compute one thing."""
    options = {key: settings[key] for key in ("up", "down", "padding", "demodulate", "flip_weight")}
    noise = given["noise12" if settings["up"] == 2 else "noise6"] if settings["noise"] else None
    return modulated_conv2d(given["x"], given[f"w{settings['k']}"], given["s"], noise, resample_filter=given["f"],
                            **options)


def normalized_modulated_conv2ds(given: dict[str, Tensor], settings: Settings) -> Tensor:
    gain = None if settings["ig"] is None else given[f"ig_{settings['ig']}"]
    return normalized_modulated_conv2d(given["x"], given[f"w{settings['k']}"], given["s"], input_gain=gain,
                                       demodulate=settings["demodulate"], padding=settings["padding"])


def upfirdn2ds(case: Case) -> dict[str, Tensor]:
    filters = {key.removeprefix("f."): value for key, value in case.inputs.items() if key.startswith("f.")}

    def compute(given: dict[str, Tensor], settings: Settings) -> Tensor:
        options = dict(settings)
        return upfirdn2d(given["x"], filters.get(options.pop("f")), **options)

    found = of_cases(compute, lambda _: {"x_for_probe": "x"})(case)
    for name, function in (("filter2d", filter2d), ("upsample2d", upsample2d), ("downsample2d", downsample2d)):
        for i, options in enumerate(case.meta["helper_kwargs"][name]):
            found |= {f"out.{name}.{i}.{kind}": function(case.inputs["x"], f, **options)
                      for kind, f in filters.items() if f"out.{name}.{i}.{kind}" in case.expected}
    return found


def minibatch_stds(case: Case) -> dict[str, Tensor]:
    found = {}
    for key in case.expected:
        if match := re.fullmatch(r"out\.(g(\w+)_f(\d+))\.y", key):
            name, size, channels = match[1], None if match[2] == "None" else int(match[2]), int(match[3])
            found |= played(case, name, lambda given: minibatch_std(given["x"], size, channels), {"x": "x"})  # noqa: B023
    x = case.inputs["x"].flatten(1)
    return found | {"out.normalize_2nd_moment": normalize_2nd_moment(x)}


def lowpass_filters(case: Case) -> dict[str, Tensor]:
    found = {}
    for key in case.expected:
        taps, cutoff, width, rate, radial = map(float, re.fullmatch(
            r"out\.taps(\d+)_cut([\d.]+)_width([\d.]+)_fs([\d.]+)_radial([01])", key).groups())
        found[key] = design_lowpass_filter(int(taps), cutoff=cutoff, width=width, rate=rate, radial=bool(radial))
    return found


ADAPTERS = {
    (ADA, "torch_utils.ops.upfirdn2d.upfirdn2d (impl ref)"): upfirdn2ds,
    (ADA, "torch_utils.ops.bias_act.bias_act (impl ref)"): of_cases(
        bias_acts, lambda s: {"x": "x"} | ({} if s.get("nob") else {"b": f"b{s.get('dim', 1)}"})),
    (ADA, "torch_utils.ops.conv2d_resample.conv2d_resample"): of_cases(
        conv2d_resamples, lambda s: {"x": "x", "w": grouped(s)}),
    (ADA, "training.networks.modulated_conv2d"): of_cases(
        modulated_conv2ds, lambda s: {"x": "x", "w": f"w{s['k']}", "s": "s"}),
    (ADA, "training.networks.MinibatchStdLayer"): minibatch_stds,
    (SG3, "torch_utils.ops.filtered_lrelu.filtered_lrelu (impl ref)"): of_cases(
        filtered_lrelus, lambda s: {"x": "x"} | ({} if s.get("nob") else {"b": "b"})),
    (SG3, "training.networks_stylegan3.modulated_conv2d"): of_cases(
        normalized_modulated_conv2ds, lambda s: {"x": "x", "w": f"w{s['k']}", "s": "s"}),
    (SG3, "SynthesisLayer.design_lowpass_filter"): lowpass_filters,
}
