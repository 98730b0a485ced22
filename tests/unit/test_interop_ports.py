"""StyleGAN as rosinality and huangzh13 have it becomes a run of the same numbers, but for what was not trained."""

import json
from pathlib import Path

import pytest
import torch
from foreign_files import saved
from foreign_styles import Huang, HuangJudge, RosinalityGenerator, RosinalityJudge
from test_interop_import import command, refused
from test_interop_lucidrains import close
from torch import nn

from zerosum.core import ZerosumError
from zerosum.interop.families import described, recognise
from zerosum.interop.states import Network
from zerosum.runs import load


def rosinality(trained: int = 3, fused: int = 2, active: bool = True) -> tuple[RosinalityGenerator, RosinalityJudge]:
    """Four blocks, the finest of which show and see 32 pixels."""
    torch.manual_seed(4)
    return (RosinalityGenerator([8, 7, 6, 5], trained, fused).eval(),
            RosinalityJudge([5, 6, 7, 8], trained, 4 - fused, active).eval())


def huang(depth: int = 3, trained: int = 2, **options) -> tuple[Huang, HuangJudge]:
    torch.manual_seed(5)
    return Huang(depth, trained, **options).eval(), HuangJudge(depth, trained).eval()


def rosinalitys_file(folder: Path, g: nn.Module, d: nn.Module) -> Path:
    young = RosinalityGenerator([8, 7, 6, 5], 3, 2)
    content = {"generator": young.state_dict(), "discriminator": d.state_dict(), "g_optimizer": {}, "d_optimizer": {},
               "g_running": g.state_dict()}
    (folder / "train_step-3.model").write_bytes(saved(content))
    return folder / "train_step-3.model"


def huangs_files(folder: Path, g: nn.Module, d: nn.Module) -> str:
    young = Huang(len(g.g_synthesis.blocks), g.trained, blurred=g.blurred)
    for name, network in (("GAN_GEN_2_4", young), ("GAN_GEN_SHADOW_2_4", g), ("GAN_DIS_2_4", d)):
        (folder / f"{name}.pth").write_bytes(saved(network.state_dict()))
    return " ".join(f"{folder}/GAN_{name}_2_4.pth" for name in ("GEN", "GEN_SHADOW", "DIS"))


def imported(words: str, folder: Path, capsys) -> dict:
    status, out, err = command(f"import {words} --out {folder}/run --json", capsys)
    assert status == 0, err
    return json.loads(out)


@pytest.mark.parametrize("options", [{}, {"trained": 4, "fused": 3}, {"trained": 2, "active": False}, {"fused": 4}])
def test_rosinalitys_checkpoint_becomes_a_run_with_the_same_numbers(tmp_path, capsys, options):
    g, d = rosinality(**options)
    about = imported(str(rosinalitys_file(tmp_path, g, d)), tmp_path, capsys)
    assert about["model"] == "stylegan" and about["family"] == "rosinality/style-based-gan-pytorch"
    assert about["taken"] == {"generator": "g_running", "discriminator": "discriminator"} and about["untrained"] == []
    assert any("network generator" in line for line in about["dropped"])
    assert any("of g_running, such as generator.progression" in line for line in about["dropped"])
    model, z = load(tmp_path / "run").model, torch.randn(3, 6)
    w, layers = g.map(z), model.generator.synthesis.layers
    assert model.data.height == 4 << g.trained - 1 and close(model.map(z)[:, 0], w)
    x = g(w, [layer.noise_const for layer in layers[::2]])
    assert close(model.generator(z, noise="const"), x) and close(model.scores(x), d(x))
    assert not close(model.generator(z, noise="none"), x)
    mean = g.map(torch.randn(20_000, 6)).mean(0).detach()
    assert torch.allclose(model.generator.mapping.w_avg, mean, atol=0.1 * float(mean.abs().max()))


def test_what_is_added_to_a_small_variance_is_theirs(tmp_path, capsys):
    g, h = rosinality()[0], huang()[0]
    with torch.no_grad():
        for const, first in ((g.generator.progression[0].conv1.input, g.generator.progression[0].noise1.weight_orig),
                             (h.g_synthesis.init_block.const, h.g_synthesis.init_block.epi1.top_epi.noise.weight)):
            const.mul_(1e-3)
            first.zero_()
    for name, network, step in (("a", g, 2), ("b", h, 1)):
        (tmp_path / f"{name}.pth").write_bytes(saved(network.state_dict()))
        assert command(f"import {tmp_path}/{name}.pth --out {tmp_path}/{name}", capsys)[0] == 0
        generator = load(tmp_path / name).model.generator
        layers, w = generator.synthesis.layers, torch.randn(2, 6)
        made = generator.synthesis(w[:, None].expand(-1, len(layers), -1), "const")
        assert close(made, network(w, [layer.noise_const for layer in layers[::step]]))


def test_both_layers_of_a_resolution_have_the_same_noise_where_it_is_drawn(tmp_path, capsys):
    g, d = rosinality()
    imported(str(rosinalitys_file(tmp_path, g, d)), tmp_path, capsys)
    synthesis, w = load(tmp_path / "run").model.generator.synthesis, torch.randn(1, 6)
    torch.manual_seed(3)
    x = synthesis(w[:, None].expand(-1, 6, -1), "random")
    torch.manual_seed(3)
    assert close(x, g(w, [torch.randn(1, 1, side, side) for side in (4, 8, 16)]))


@pytest.mark.parametrize("options", [
    {}, {"trained": 3}, {"trained": 1}, {"blurred": False}, {"depth": 5, "trained": 5}],
    ids=["growing", "grown", "8", "no-blur", "fused"])
def test_huangs_checkpoints_become_a_run_with_the_same_numbers(tmp_path, capsys, options):
    g, d = huang(**options)
    about = imported(huangs_files(tmp_path, g, d), tmp_path, capsys)
    assert about["model"] == "stylegan" and about["family"] == "huangzh13/StyleGAN.pytorch"
    assert "SHADOW" in about["taken"]["generator"] and about["untrained"] == []
    model, z = load(tmp_path / "run").model, torch.randn(3, 6)
    w, layers = g.map(z), model.generator.synthesis.layers
    assert model.data.height == 4 << g.trained and close(model.map(z)[:, 0], w)
    assert torch.equal(model.generator.mapping.w_avg, g.truncation.avg_latent)
    x = g(w, [layer.noise_const for layer in layers])
    assert close(model.generator(z, noise="const"), x) and close(model.scores(x), d(x))


@pytest.mark.parametrize("project", ["rosinality", "huang"])
def test_every_command_goes_on_with_it(tmp_path, capsys, project):
    words = (str(rosinalitys_file(tmp_path, *rosinality())) if project == "rosinality" else
             huangs_files(tmp_path, *huang()))
    imported(words, tmp_path, capsys)
    run = tmp_path / "run"
    assert command(f"sample {run} -n 4 --truncation 0.7 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {run} --data digits --steps 2 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    assert command(f"export {run} --to safetensors -o {tmp_path}/x.safetensors", capsys)[0] == 0
    refused(f"import {tmp_path}/x.safetensors --out {tmp_path}/again", capsys, 1)


def test_what_ours_does_not_compute_is_refused_by_name(tmp_path, capsys):
    state = rosinality()[0].state_dict()
    old = {key.replace("conv1.1.conv", "conv1.conv"): value for key, value in state.items()}
    (tmp_path / "old.model").write_bytes(saved(old))
    told = refused(f"import {tmp_path}/old.model --out {tmp_path}/run", capsys, 1)
    assert "older version" in told and "rosinality" in told
    other = huang()[0].state_dict()
    other["g_synthesis.blocks.0.conv0_up.intermediate.kernel"] = torch.ones(1, 1, 3, 3) / 9
    (tmp_path / "other.pth").write_bytes(saved(other))
    assert "filter" in refused(f"import {tmp_path}/other.pth --out {tmp_path}/run", capsys, 1)


@pytest.mark.parametrize("make", [rosinality, huang])
def test_players_that_grew_to_different_sizes_are_refused(make):
    networks = [Network("G", make(trained=2)[0].state_dict()), Network("D", make(trained=1)[1].state_dict())]
    with pytest.raises(ZerosumError, match="trained on images of"):
        described(recognise(networks))


def test_names_that_would_ask_for_an_image_of_any_size_are_refused_before_one_is_built():
    g, h = rosinality(4)[0].state_dict(), huang()[0].state_dict()
    for k in range(60):
        g |= {key.replace("progression.3", f"progression.{k + 4}"): value for key, value in g.items()
              if "progression.3." in key}
        g[f"generator.to_rgb.{k + 4}.conv.weight_orig"] = g["generator.to_rgb.3.conv.weight_orig"]
        g[f"generator.to_rgb.{k + 4}.conv.bias"] = g["generator.to_rgb.3.conv.bias"]
        h |= {key.replace("blocks.1", f"blocks.{k + 3}"): value for key, value in h.items() if "blocks.1." in key}
        h |= {f"g_synthesis.to_rgb.{k + 4}.{kind}": h[f"g_synthesis.to_rgb.0.{kind}"] for kind in ("weight", "bias")}
    for state in (g, h):
        with pytest.raises(ZerosumError, match=r"images of \d+ pixels"):
            described(recognise([Network("G", state)]))
