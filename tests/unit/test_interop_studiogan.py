"""Networks of StudioGAN become runs with the same numbers; what no network of ours computes is refused."""

import json
from pathlib import Path

import pytest
import torch
from foreign_files import saved
from foreign_networks import StudioGenerator, StudioJudge, settle
from test_interop_import import command, refused, same
from torch import nn

from zerosum.runs import load

Y = torch.tensor([1, 4, 0, 4])
SMALL, TALL = [8, 8, 8, 8], [32, 16, 16, 8, 8]                # maps for 32 pixels, for 64


def pair(widths: list[int], kind: str, attention: int = 0, classes: int = 5, spectral: bool = True
         ) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """A generator, a discriminator whose maps widen, and noise."""
    torch.manual_seed(3)
    blocks, side = len(widths) - 1, 4 << len(widths) - 1
    z = torch.randn(4, 3 * (blocks + 1) if kind == "shared" else 7)
    g = settle(StudioGenerator(widths, kind, attention, classes=classes, spectral=spectral), z, Y)
    d_widths, downs = ([3, 8, 8, 8, 8], 2) if side == 32 else ([3, 8, 16, 16, 32, 32], 4)
    return g, settle(StudioJudge(d_widths, downs, attention and 1, classes=classes), torch.randn(4, 3, side, side),
                     Y), z


def files(folder: Path, **networks: nn.Module | dict) -> str:
    """Checkpoints as StudioGAN names and writes them."""
    names = []
    for name, network in networks.items():
        path = folder / f"model={name}-best-weights-step=9.pth"
        state = network if isinstance(network, dict) else network.state_dict()
        path.write_bytes(saved({"state_dict": state, "optimizer": {}, "seed": 1, "run_name": "r", "step": 9}))
        names.append(str(path))
    return " ".join(names)


@pytest.mark.parametrize("model, built", [
    ("biggan", (SMALL, "shared", 2, True)), ("biggan", (TALL, "shared", 3, True)),
    ("biggan", (SMALL, "shared", 0, False)), ("sagan", (SMALL, "old", 2, True)), ("sagan", (TALL, "new", 4, True)),
    ("projection-gan", (SMALL, "old", 0, False)), ("projection-gan", (SMALL, "new", 0, False)),
    ("sngan", (TALL, "", 0, False))])
def test_its_networks_become_runs_with_the_same_numbers(tmp_path, capsys, model, built):
    widths, kind, attention, spectral = built
    classes = 5 if kind else 0
    g, d, z = pair(widths, kind, attention, classes, spectral)
    status, out, err = command(f"import {files(tmp_path, G=g, D=d)} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == model and about["untrained"] == [] and "StudioGAN" in about["family"]
    run, y = load(tmp_path / "run"), Y if classes else None
    assert run.spec.num_classes == classes
    x = g(z, Y)
    assert same(run.model.generate(z, y), x)
    assert same(run.model.scores(x, y), d(x.clone(), Y))


def test_the_averaged_generator_is_taken_and_trained_on(tmp_path, capsys):
    g, d, _ = pair(SMALL, "shared", 2, classes=10)
    average, _, z = pair(SMALL, "shared", 2, classes=10)
    nn.init.normal_(average.conv2d5.bias)
    status, out, err = command(f"import {files(tmp_path, G=g, D=d, G_ema=average)} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    assert "G_ema" in json.loads(out)["taken"]["generator"]
    assert same(load(tmp_path / "run").model.generate(z, Y), average(z, Y))
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    # Its epsilon stands in no key: an exported file would come back as BigGAN-PyTorch's network, which has another.
    assert command(f"export {tmp_path}/run --to safetensors -o {tmp_path}/x.safetensors", capsys)[0] == 0
    assert "run folder" in refused(f"import {tmp_path}/x.safetensors --out {tmp_path}/again", capsys, 1)


@pytest.mark.parametrize("of, more, said", [
    ("D", {"linear2.weight": (5, 8)}, "beside the score"), ("D", {"linear1.bias": (6,)}, "beside the score"),
    ("D", {"blocks.1.0.bn1.weight": (8,)}, "batch norm"), ("D", {"blocks.0.0.conv2d3.bias": (8,)}, "BigGAN-deep"),
    ("G", {"info_mix_linear.weight": (7, 9)}, "information"), ("G", {"blocks.0.0.conv2d3.bias": (8,)}, "BigGAN-deep"),
    ("G", {"blocks.0.0.deconv0.bias": (8,)}, "DCGAN")])
def test_what_none_of_ours_computes_is_refused_in_one_line(tmp_path, capsys, of, more, said):
    g, d, _ = pair(SMALL, "old")
    states = {"G": g.state_dict(), "D": d.state_dict()}
    states[of] |= {key: torch.zeros(shape) for key, shape in more.items()}
    err = refused(f"import {files(tmp_path, **states)} --out {tmp_path}/run", capsys, 1)
    assert said in err and "StudioGAN" in err and f"model={of}" in err


@pytest.mark.parametrize("damage", ["linear0.weight_orig", "blocks.1.0.bn1.bn.running_var", "bn4.bias"])
def test_a_network_that_lacks_a_weight_is_refused(tmp_path, capsys, damage):
    state = pair(SMALL, "new", 2)[0].state_dict()
    del state[damage]
    refused(f"import {files(tmp_path, G=state)} --out {tmp_path}/run", capsys, 1)
