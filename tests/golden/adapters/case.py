"""One folder of reference numbers, and the usual way to compute them again with a network of ours."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """The weights, inputs and expected tensors of a reference."""

    meta: dict[str, Any]
    state: dict[str, Tensor]
    inputs: dict[str, Tensor]                # by name without "in."
    expected: dict[str, Tensor]              # everything else in io.safetensors, less what is zero but for rounding

    @classmethod
    def read(cls, folder: Path) -> "Case":
        meta = json.loads((folder / "meta.json").read_text())
        state = load_file(folder / "state.safetensors") if (folder / "state.safetensors").exists() else {}
        io = load_file(folder / "io.safetensors") if (folder / "io.safetensors").exists() else {}
        zero = {f"{prefix}{name}" for listed, prefix in (("numerically_zero_grad_params", "grad_param."),
                                                         ("numerically_zero_grad_params_train", "grad_train_param."))
                for name in meta.get(listed) or ()}
        return cls(meta, state, {key.removeprefix("in."): value for key, value in io.items() if key.startswith("in.")},
                   {key: value for key, value in io.items() if not key.startswith("in.") and key not in zero})

    @property
    def reference(self) -> tuple[str, str]:
        return self.meta.get("repo", ""), self.meta.get("cls", "")

    @property
    def tolerance(self) -> float:
        return self.meta["tolerance_suggestion"]["tol"]


def play(case: Case, network: nn.Module, rename: Callable[[str], str], output: str,
         forward: Callable[[Tensor], Tensor] | None = None) -> dict[str, Tensor]:
    """Outputs, gradients of sum(output * probe) and buffers of a network of one input `x`, in eval, then train mode."""
    found: dict[str, Tensor] = {}
    for mode, grad in (("eval", "grad"), ("train", "grad_train")):
        if f"out.{output}_{mode}" not in case.expected:
            continue
        network.train(mode == "train").zero_grad()
        x = case.inputs["x"].clone().requires_grad_()
        y = (forward or network)(x)
        (y * case.inputs["probe"]).sum().backward()
        found |= {f"out.{output}_{mode}": y.detach(), f"{grad}_input.x": x.grad}
        for key in case.expected:
            if key.startswith(f"{grad}_param."):
                found[key] = network.get_parameter(rename(key.removeprefix(f"{grad}_param."))).grad.clone()
    buffers = dict(network.named_buffers())
    return found | {key: buffers[rename(key.removeprefix("after."))] for key in case.expected
                    if key.startswith("after.")}


def played(case: Case, network: nn.Module, output: str, forward: Callable[[dict[str, Tensor]], Tensor],
           *, gradient: Callable[[str], Tensor] | None = None, rename: Callable[[str], str] = str) -> dict[str, Tensor]:
    """The same of a network of several inputs; `gradient` is that of a parameter of theirs, by its name."""
    gradient = gradient or (lambda name: network.get_parameter(rename(name)).grad)
    found: dict[str, Tensor] = {}
    for mode, grad in (("eval", "grad"), ("train", "grad_train")):
        if f"out.{output}_{mode}" not in case.expected:
            continue
        network.train(mode == "train").zero_grad()
        inputs = {name: value.clone().requires_grad_(value.is_floating_point())
                  for name, value in case.inputs.items()}
        y = forward(inputs)
        (y * case.inputs["probe"]).sum().backward()
        found[f"out.{output}_{mode}"] = y.detach()
        for key in case.expected:
            kind, _, name = key.partition(".")
            if kind == f"{grad}_input":
                found[key] = inputs[name].grad
            elif kind == f"{grad}_param":
                found[key] = gradient(name).clone()
    buffers = dict(network.named_buffers())
    return found | {key: buffers[rename(key.removeprefix("after."))] for key in case.expected
                    if key.startswith("after.")}


def error(ours: Tensor, expected: Tensor) -> float:
    """Largest difference over the largest expected value."""
    scale = expected.abs().max().item()
    return (ours.to(torch.float64) - expected.to(torch.float64)).abs().max().item() / (scale or 1.0)
