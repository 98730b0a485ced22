"""How much of the machine's matrix rate StyleGAN3-T reaches at 32 px: at most 64 maps, w of 64, 4 images.

    python benchmarks/stylegan3.py [--json]

An iteration is one update of each player, and a sixteenth of one by R1. Steps, a pass of the synthesis alone, forward
and backward, its filtered leaky ReLUs by themselves, and matrix products take turns in one process on one thread, and
the fastest turns are compared: whatever else the machine does only adds. Rates are operations per CPU second, of
convolutions and matrices alone; a filter is a convolution of one channel.
"""

import os
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from stylegan2 import fastest, operations, rates, shown

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.networks.style.stylegan3 import StyleGAN3Synthesis
from zerosum.ops import filtered_lrelu
from zerosum.runs import construct, plan

ROUNDS = 5                                   # turns of each
SETTINGS = {"data": "photos", "image_size": 32, "z_dim": 64, "w_dim": 64, "channel_base": 4096, "channel_max": 64,
            "num_layers": 14, "margin_size": 10, "batch_size": 4, "gamma": 1.0, "r1_every": 2, "device": "cpu",
            "threads": 1, "steps": 10**9}


def trainer() -> Trainer:
    """A training in which every second step has R1."""
    chosen = plan("stylegan3", "small", SETTINGS)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def parts_of(synthesis: StyleGAN3Synthesis) -> tuple[Callable[[], None], Callable[[], None]]:
    """A pass of the synthesis, and its filtered leaky ReLUs alone, forward and backward."""
    w, given = torch.randn(4, synthesis.num_ws, 64), []
    with torch.no_grad():
        x = synthesis.input(w[:, 0])
        for layer in (synthesis.get_submodule(name) for name in synthesis.names[:-1]):
            sides = [side + layer.padding for side in x.shape[2:]]
            y = torch.randn(4, layer.weight.shape[0], *sides).to(memory_format=torch.channels_last)
            given.append((layer, y.requires_grad_()))
            x = layer(x, w[:, 0])

    def whole() -> None:
        synthesis(w).sum().backward()

    def filters() -> None:
        for layer, x in given:
            y = filtered_lrelu(x, layer.up_filter, layer.down_filter, layer.bias, up=layer.up, down=layer.down,
                               padding=layer.sides)
            torch.autograd.grad(y, x, torch.ones_like(y))

    return whole, filters


def measure() -> dict[str, float]:
    """Rates, their ratio, and CPU milliseconds."""
    training = trainer()
    acts: dict = {"with R1": training.play, "without R1": training.play}         # in turns, as the steps are
    flops = {name: operations(act) for name, act in acts.items()}
    synthesis = trainer().model.generator.synthesis.requires_grad_(True)
    acts |= dict(zip(("pass", "filters"), parts_of(synthesis), strict=True))
    best, gemm = fastest(acts, ROUNDS)
    done, taken = ((15 * found["without R1"] + found["with R1"]) / 16 for found in (flops, best))
    return rates(done, taken, gemm, SETTINGS["batch_size"]) | {
        "pass_cpu_ms": 1000 * best["pass"], "filters_cpu_ms": 1000 * best["filters"]}


def main() -> None:
    torch.set_num_threads(1)
    result = measure()
    if shown(result):
        return
    print(f"StyleGAN3-T     {result['iteration_gflops']:.0f} GFLOP per CPU s: {result['share']:.0%} of it (official "
          f"code: 18 %); {result['gflop_per_iteration']:.1f} GFLOP in {result['iteration_cpu_ms']:.0f} CPU ms")
    print(f"of the synthesis' {result['pass_cpu_ms']:.0f} CPU ms, forward and backward, its filtered leaky ReLUs take "
          f"{result['filters_cpu_ms']:.0f}")


if __name__ == "__main__":
    main()
