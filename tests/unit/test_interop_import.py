"""Files of others become runs: the same numbers, a record of where they are from, and commands go on from there."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from foreign_files import network_pickle, saved
from torch import Tensor, nn

from zerosum.cli import main
from zerosum.core import ZerosumError
from zerosum.interop import rosinality
from zerosum.interop.families import FAMILIES, recognise
from zerosum.layers import fresh_spectral_norm
from zerosum.networks import BigGANDiscriminator, BigGANGenerator
from zerosum.networks.style import StyleGAN2Discriminator, StyleGAN2Generator, StyleGAN3Generator
from zerosum.runs import load

MAPPING = {"layers": 2}


def generator(**options) -> StyleGAN2Generator:
    torch.manual_seed(3)
    network = StyleGAN2Generator(8, 6, 16, 1, [12, 8, 4], mapping=MAPPING, **options)
    for name, parameter in network.named_parameters():
        if name.endswith(("noise_strength", "bias")):
            nn.init.normal_(parameter)
    network.mapping.w_avg.normal_()
    return network.eval()


def discriminator(**options) -> StyleGAN2Discriminator:
    torch.manual_seed(4)
    return StyleGAN2Discriminator(16, 1, [12, 8, 4], mapping=MAPPING, **options).eval()


def stylegan2_file(folder: Path, **options) -> Path:
    kwargs = {"mapping_kwargs": {"num_layers": 2}}
    parts = {"G": (generator(**options).state_dict(), "Generator", kwargs),
             "D": (discriminator(**options).state_dict(), "Discriminator", kwargs)}
    file = folder / "network-snapshot.pkl"
    file.write_bytes(network_pickle(parts | {"G_ema": parts["G"]}))
    return file


def same(a: Tensor, b: Tensor) -> bool:
    """But for rounding: without gradients other kernels may be taken."""
    return torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def command(words: str, capsys) -> tuple[int, str, str]:
    status = main(words.split())
    done = capsys.readouterr()
    return status, done.out, done.err


def test_a_stylegan2_pickle_becomes_a_run_with_the_same_numbers(tmp_path, capsys):
    file = stylegan2_file(tmp_path)
    status, out, _ = command(f"import {file} --out {tmp_path}/run --json", capsys)
    about = json.loads(out)
    assert status == 0 and about["model"] == "stylegan2"
    assert about["taken"] == {"generator": "G_ema", "discriminator": "D"} and about["untrained"] == []
    assert about["files"][0]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert any("G (" in line for line in about["dropped"]) and any("source" in line for line in about["dropped"])
    assert "non-commercial" in about["licence"] or "not for commercial" in about["licence"]
    model, z = load(tmp_path / "run").model, torch.randn(3, 8)
    x = generator()(z, noise="const")
    assert same(model.generator(z, noise="const"), x)
    assert same(model.scores(x.clamp(-1, 1)), discriminator()(x.clamp(-1, 1)))


def test_every_command_goes_on_with_it(tmp_path, capsys):
    file, run = stylegan2_file(tmp_path), tmp_path / "run"
    assert command(f"import {file} --out {run} --data digits", capsys)[0] == 0
    assert command(f"sample {run} -n 4 --truncation 0.7 -o {tmp_path}/x.png", capsys)[0] == 0
    assert command(f"evaluate {run} --metrics kid -n 50 --features pixels", capsys)[0] == 0
    words = f"train --from {run} --freeze 2 --steps 2 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    before, after = (load(folder).model.discriminator.state_dict() for folder in (run, tmp_path / "tuned"))
    still = {key for key in before if torch.equal(before[key], after[key]) and "filter" not in key}
    assert still == {"b16.fromrgb.weight", "b16.fromrgb.bias", "b16.conv0.weight", "b16.conv0.bias"}
    assert command(f"resume {tmp_path}/tuned --steps 3 --quiet", capsys)[0] == 0
    assert load(tmp_path / "tuned").document["steps"] == 3


def test_classes_of_a_conditional_network_are_those_of_the_run(tmp_path, capsys):
    file = stylegan2_file(tmp_path, c_dim=3)
    assert command(f"import {file} --out {tmp_path}/run", capsys)[0] == 0
    run, z, labels = load(tmp_path / "run"), torch.randn(3, 8), torch.tensor([2, 0, 1])
    assert run.spec.num_classes == 3
    c = nn.functional.one_hot(labels, 3).float()
    assert same(run.model.map(z, labels), generator(c_dim=3).mapping(z, c, update_average=False))
    assert command(f"sample {tmp_path}/run -n 2 --label 2 -o {tmp_path}/x.png", capsys)[0] == 0
    status, _, err = command(f"train --from {tmp_path}/run --data digits --steps 1", capsys)
    assert status == 2 and "3 classes" in err and err.count("\n") == 1


@pytest.mark.parametrize("turns", [False, True], ids=["t", "r"])
def test_a_stylegan3_pickle_becomes_a_run_with_the_same_numbers(tmp_path, capsys, turns):
    torch.manual_seed(5)
    layers = {"channel_base": 64, "channel_max": 8, "num_layers": 4, "margin_size": 4,
              "conv_kernel": 1 if turns else 3, "use_radial_filters": turns}
    network = StyleGAN3Generator(8, 16, 1, w_dim=6, **layers).eval()
    network.mapping.w_avg.normal_()
    file = tmp_path / "stylegan3.pkl"
    file.write_bytes(network_pickle({
        "G_ema": (network.state_dict(), "Generator", {"mapping_kwargs": {"num_layers": 2}} | layers),
        "D": (discriminator().state_dict(), "Discriminator", {"mapping_kwargs": {"num_layers": 2}})}))
    status, out, err = command(f"import {file} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    assert json.loads(out)["model"] == "stylegan3" and json.loads(out)["untrained"] == []
    run, z = load(tmp_path / "run"), torch.randn(3, 8)
    assert run.model.cfg.variant == "tr"[turns]
    assert same(run.model.generator(z, truncation=0.7), network(z, truncation=0.7))
    words = f"train --from {tmp_path}/run --data digits --steps 2 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0


def rosinalitys(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Official weights under the names of rosinality: each name that its own maps to."""
    size, layers = 16, 5
    theirs = ["input.input", *(f"style.{k}.{kind}" for k in (1, 2) for kind in ("weight", "bias")),
              *(f"noises.noise_{k}" for k in range(layers))]
    styled = ["conv.weight", "conv.modulation.weight", "conv.modulation.bias"]
    theirs += [f"{place}.{kind}" for place in ("conv1", *(f"convs.{k}" for k in range(layers - 1)))
               for kind in [*styled, "noise.weight", "activate.bias"]]
    theirs += [f"{place}.{kind}" for place in ("to_rgb1", "to_rgbs.0", "to_rgbs.1") for kind in [*styled, "bias"]]
    assert size == 4 << 2
    found = {}
    for key in theirs:
        value = state[rosinality._of_generator(key)]
        if key == "input.input" or (key.endswith("conv.weight")):
            value = value[None]
        elif key.startswith("noises"):
            value = value[None, None]
        elif key.startswith("to_rgb") and key.endswith(".bias") and "modulation" not in key:
            value = value.reshape(1, -1, 1, 1)
        found[key] = value.reshape(1) if key.endswith("noise.weight") else value
    return found | {"convs.0.conv.blur.kernel": torch.ones(4, 4)}


def rosinalitys_judge(state: dict[str, Tensor]) -> dict[str, Tensor]:
    theirs = ["convs.0.0.weight", "convs.0.1.bias", *rosinality._LAST]
    theirs += [f"convs.{k}.{inner}" for k in (1, 2) for inner in rosinality._LAYER if not inner[0].isdigit()]
    blocks = {0: 16, 1: 16, 2: 8}
    return {key: state[rosinality._LAST[key]] if key in rosinality._LAST else
            state[f"b{blocks[int(key.split('.')[1])]}.{rosinality._LAYER[key.split('.', 2)[2]]}"] for key in theirs}


@pytest.mark.parametrize("theirs, ours", [
    ("convs.0.conv.weight", "synthesis.b8.conv0.weight"), ("convs.3.activate.bias", "synthesis.b16.conv1.bias"),
    ("to_rgbs.1.conv.modulation.bias", "synthesis.b16.torgb.affine.bias"), ("style.8.weight", "mapping.fc7.weight"),
    ("noises.noise_0", "synthesis.b4.conv1.noise_const"), ("noises.noise_3", "synthesis.b16.conv0.noise_const"),
    ("to_rgb1.bias", "synthesis.b4.torgb.bias"), ("conv1.noise.weight", "synthesis.b4.conv1.noise_strength")])
def test_rosinalitys_names_are_those_that_its_converter_gives_the_official_weights(theirs, ours):
    shape = (1, 1, 1, 1) if "noises" in theirs else (1, 2, 2, 1, 1) if theirs.endswith("conv.weight") else (1,)
    assert list(rosinality.convert({theirs: torch.zeros(shape)})) == [ours]


@pytest.mark.parametrize("with_mean", [True, False])
def test_rosinalitys_checkpoints_are_renamed(tmp_path, capsys, with_mean):
    g, d = generator(), discriminator()
    content = {"g_ema": rosinalitys(g.state_dict()), "d": rosinalitys_judge(d.state_dict()), "d_optim": {}}
    if with_mean:
        content["latent_avg"] = g.mapping.w_avg
    (tmp_path / "550000.pt").write_bytes(saved(content, new=with_mean))
    assert command(f"import {tmp_path}/550000.pt --out {tmp_path}/run", capsys)[0] == 0
    model, z = load(tmp_path / "run").model, torch.randn(2, 8)
    x = g(z, noise="const")
    assert same(model.generator(z, noise="const"), x) and same(model.discriminator(x), d(x))
    mean = g.mapping(torch.randn(20_000, 8), None, update_average=False)[:, 0].mean(0)
    assert torch.equal(model.generator.mapping.w_avg, g.mapping.w_avg) if with_mean else torch.allclose(
        model.generator.mapping.w_avg, mean, atol=0.05)


def test_networks_in_two_files_make_one_run(tmp_path, capsys):
    options = {"image_size": (32, 32), "channels": 3, "width": [8, 8, 8, 8]}
    g = fresh_spectral_norm(BigGANGenerator(20, classes=4, shared=4, **options), embeddings=False).eval()
    d = fresh_spectral_norm(BigGANDiscriminator((32, 32), 3, [8, 8, 8, 8], classes=4)).eval()
    (tmp_path / "G_ema.pth").write_bytes(saved(g.state_dict()))
    (tmp_path / "D.pth").write_bytes(saved(d.state_dict()))
    files = f"{tmp_path}/D.pth {tmp_path}/G_ema.pth"
    assert command(f"import {files} --out {tmp_path}/run", capsys)[0] == 0
    run, z, y = load(tmp_path / "run"), torch.randn(2, 20), torch.tensor([1, 3])
    assert run.document["model"] == "biggan" and run.spec.num_classes == 4
    x = g(z, g.embedded(y))
    assert same(run.model.generator(z, run.model.generator.embedded(y)), x)
    assert same(run.model.discriminator(x, y), d(x, y))


# Bad input ------------------------------------------------------------------------------------------------------------


def refused(words: str, capsys, status: int) -> str:
    found, _, err = command(words, capsys)
    assert found == status and err.count("\n") == 1, err
    return err


def test_what_cannot_be_imported_is_said_in_one_line(tmp_path, capsys):
    (tmp_path / "other.pt").write_bytes(saved(nn.Linear(2, 2).state_dict()))
    lucid = {"G.initial_block": torch.zeros(1), "S.net.0.weight": torch.ones(1)}
    (tmp_path / "lucid.pt").write_bytes(saved({"GAN": lucid}))
    assert "knows those of" in refused(f"import {tmp_path}/other.pt --out {tmp_path}/a", capsys, 1)
    assert "lucidrains" in refused(f"import {tmp_path}/lucid.pt --out {tmp_path}/a", capsys, 1)
    assert "No such file" in refused(f"import {tmp_path}/none.pkl --out {tmp_path}/a", capsys, 1)
    assert "FILE" in refused("import", capsys, 2)
    file = stylegan2_file(tmp_path)
    assert "stylegan2" in refused(f"import {file} --out {tmp_path}/a --model gan", capsys, 2)
    assert "points" in refused(f"import {file} --out {tmp_path}/a --data ring", capsys, 2)
    assert not (tmp_path / "a" / "run.json").exists()
    command(f"import {file} --out {tmp_path}/b", capsys)
    assert "holds a run already" in refused(f"import {file} --out {tmp_path}/b", capsys, 2)
    assert "--data D" in refused(f"train --from {tmp_path}/b --steps 1", capsys, 2)
    assert "when to stop" in refused(f"train --from {tmp_path}/b --data digits", capsys, 2)
    assert "28x28" in refused(f"train --from {tmp_path}/b --data digits --image-size 28 --steps 1", capsys, 2)
    assert "leave the model out" in refused(f"train gan --from {tmp_path}/b --data digits --steps 1", capsys, 2)
    assert "--preset" in refused(f"train --from {tmp_path}/b --preset tiny --data digits", capsys, 2)
    assert "freeze" in refused(f"train --from {tmp_path}/b --data digits --freeze 99 --steps 1", capsys, 2)
    assert "--data D" in refused(f"evaluate {tmp_path}/b", capsys, 2)


def test_weights_that_are_not_what_their_keys_promise_are_refused(tmp_path, capsys):
    for change in ("mapping.fc1.weight", "synthesis.b16.conv1.bias"):
        state = generator().state_dict()
        del state[change]
        (tmp_path / "x.pt").write_bytes(saved({"G_ema": state}))
        assert "G_ema" in refused(f"import {tmp_path}/x.pt --out {tmp_path}/a", capsys, 1)
    state = generator().state_dict() | {"synthesis.b16.conv1.weight": torch.zeros(2, 2)}
    (tmp_path / "x.pt").write_bytes(saved({"G_ema": state}))
    assert "G_ema" in refused(f"import {tmp_path}/x.pt --out {tmp_path}/a", capsys, 1)


def test_nothing_is_recognised_in_nothing():
    with pytest.raises(ZerosumError, match="no weights"):
        recognise([])


def test_every_family_is_of_a_model_that_there_is():
    from zerosum.core import find

    for family in FAMILIES:
        assert find(family.model).card.tasks and family.parts[0].attribute == "generator"
