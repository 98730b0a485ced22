"""Networks of mimicry and conditional R3GAN become runs that compute what their equations say."""

import json
from pathlib import Path

import pytest
import torch
from foreign_files import network_pickle, saved
from foreign_networks import MimicryGenerator, MimicryInformer, MimicryJudge, settle
from test_interop_import import command, refused, same
from torch import nn
from torch.nn.functional import one_hot

from zerosum.networks import R3GANDiscriminator, R3GANGenerator
from zerosum.runs import load

Z, Y = torch.randn(4, 6, generator=torch.Generator().manual_seed(1)), torch.tensor([1, 4, 0, 4])


def pair(classes: int, turns: bool, attending: bool) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(2)
    told = () if turns else (Y,)
    g = settle(MimicryGenerator(16, 0 if turns else classes, attending), Z, *told)
    d = settle(MimicryJudge(16, classes, turns=turns, attending=attending), torch.randn(4, 3, 32, 32), *told)
    return g, d


def files(folder: Path, g: nn.Module, d: nn.Module) -> str:
    """Two checkpoints as mimicry writes them."""
    for name, network in (("netG", g), ("netD", d)):
        content = {"model_state_dict": network.state_dict(), "optimizer_state_dict": {}, "global_step": 3}
        (folder / f"{name}.pth").write_bytes(saved(content))
    return f"{folder}/netG.pth {folder}/netD.pth"


@pytest.mark.parametrize("model, turns, attending", [
    ("self-supervised-gan", True, False), ("projection-gan", False, False), ("sagan", False, True)])
def test_mimicrys_networks_become_runs_with_the_same_numbers(tmp_path, capsys, model, turns, attending):
    g, d = pair(4 if turns else 5, turns, attending)
    status, out, err = command(f"import {files(tmp_path, g, d)} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == model and about["untrained"] == [] and "mimicry" in about["family"]
    run = load(tmp_path / "run")
    assert run.spec.num_classes == (0 if turns else 5)
    x = g(Z) if turns else g(Z, Y)
    assert same(run.model.generate(Z, None if turns else Y), x)
    scores, answers = d(x) if turns else d(x, Y)
    assert same(run.model.scores(x, None if turns else Y), scores)
    assert not turns or same(run.model.discriminator.answers(x), answers)


def test_infomax_gan_becomes_sngan_without_its_heads(tmp_path, capsys):
    torch.manual_seed(2)
    g, d = settle(MimicryGenerator(16), Z), settle(MimicryInformer(16), torch.randn(4, 3, 32, 32))
    status, out, err = command(f"import {files(tmp_path, g, d)} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == "sngan" and "InfoMax" in about["family"] and about["untrained"] == []
    assert any("24 tensors" in line and "local_nrkhs_a" in line for line in about["dropped"])
    model, x = load(tmp_path / "run").model, g(Z)
    assert same(model.generate(Z), x) and same(model.scores(x), d(x))
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    assert "InfoMax" in refused(f"import {tmp_path}/netD.pth --out {tmp_path}/other", capsys, 1)


def test_an_imported_network_of_classes_is_sampled_and_trained_by_commands(tmp_path, capsys):
    g, d = pair(10, False, True)
    assert command(f"import {files(tmp_path, g, d)} --out {tmp_path}/run", capsys)[0] == 0
    assert command(f"sample {tmp_path}/run -n 2 --label 2 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    assert "no generator" in refused(f"import {tmp_path}/netD.pth --out {tmp_path}/other", capsys, 1)


@pytest.mark.parametrize("damage", ["block3.b1.embed.weight", "attn_block.theta.weight_orig", "l1.weight_u"])
def test_a_network_that_lacks_a_weight_is_refused(tmp_path, capsys, damage):
    state = pair(5, False, True)[0].state_dict()
    del state[damage]
    (tmp_path / "g.pth").write_bytes(saved(state))
    refused(f"import {tmp_path}/g.pth --out {tmp_path}/run", capsys, 1)


# R3GAN ----------------------------------------------------------------------------------------------------------------


ENDS = {"embed.weight": "Model.EmbeddingLayer.weight", "to_image.weight": "Model.AggregationLayer.Layer.weight",
        "from_image.weight": "Model.ExtractionLayer.Layer.weight"}


def officially(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """R3GAN's own names: layers of a stage are numbered, and biases belong to the activation behind them."""
    found = {}
    for key, value in state.items():
        if key.startswith("stages."):
            stage, number, *rest = key.split(".")[1:]
            place = f"Model.MainLayers.{stage}.Layers.{number}."
            inner = {"conv": "LinearLayer.Layer.weight", "linear": "LinearLayer.weight"}.get(rest[0], ".".join(rest))
            if rest[0] in ("conv1", "conv2", "conv3"):
                index = rest[0][-1]
                inner = f"NonLinearity{index}.Bias" if rest[1] == "bias" else f"LinearLayer{index}.Layer.weight"
            elif rest[0] == "basis":
                inner = ".".join(["Basis", *rest[1:]])
            found[place + inner] = value
        else:
            found[ENDS[key]] = value
    assert len(found) == len(state)
    return found


def test_a_conditional_r3gan_is_told_its_classes(tmp_path, capsys):
    torch.manual_seed(0)
    sizes = {"width": [32, 16], "group": 8, "classes": 10}
    g, d = R3GANGenerator(6, 8, 1, embedding=5, **sizes).eval(), R3GANDiscriminator(8, 1, embedding=7, **sizes).eval()
    for network in (g, d):
        for name, parameter in network.named_parameters():
            if "conv3" in name or "bias" in name:
                nn.init.normal_(parameter, std=0.2)
    content = {name: (officially(network.state_dict()), kind, {})
               for name, network, kind in (("G_ema", g, "Generator"), ("D", d, "Discriminator"))}
    (tmp_path / "r3gan.pkl").write_bytes(network_pickle(content))
    status, out, err = command(f"import {tmp_path}/r3gan.pkl --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    assert json.loads(out)["model"] == "conditional-r3gan" and json.loads(out)["untrained"] == []
    run, z, y = load(tmp_path / "run"), torch.randn(3, 6), torch.tensor([9, 0, 3])
    c = one_hot(y, 10).float()
    assert run.spec.num_classes == 10 and same(run.model.generate(z, y), g(z, c))
    assert same(run.model.scores(g(z, c), y), d(g(z, c), c))
    assert command(f"sample {tmp_path}/run -n 2 --label 9 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
