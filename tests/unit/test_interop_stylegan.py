"""StyleGAN's networks of TensorFlow, and converted, become runs with the same numbers; other old formats are told."""

import json
import re
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from foreign_files import SOURCE, saved, tensorflow_pickle
from foreign_files import Network as Pickled
from foreign_networks import Variables, style_judge, style_mapping, style_synthesis, style_variables
from test_interop_import import command, refused, same
from torch import Tensor

from zerosum.core import ZerosumError
from zerosum.interop.families import described, recognise
from zerosum.interop.files import read_contents
from zerosum.interop.states import Network, networks_in
from zerosum.runs import load

FUSED_FROM = {True: 0, False: 9999, "auto": 128}
TRIPLE = ("G", "D", "Gs")


def generator(name: str, mapping: Variables, synthesis: Variables, mean: Tensor, **arguments) -> Pickled:
    return Pickled(name, "G_style", {"lod": torch.zeros(()), "dlatent_avg": mean},
                   Pickled("G_synthesis", "G_synthesis", synthesis), Pickled("G_mapping", "G_mapping", mapping),
                   num_channels=3, label_size=0, **arguments)


def content(side: int = 16, maps: int = 4, seed: int = 0, **arguments) -> tuple[tuple, tuple, Tensor]:
    """G, D and Gs as networks to pickle; the variables of Gs and D; the mean of w."""
    torch.manual_seed(seed)
    young, (mapping, synthesis, judge), mean = style_variables(side, maps), style_variables(side, maps), torch.randn(6)
    networks = (generator("G", *young[:2], torch.zeros(6), **arguments), Pickled("D", "D_basic", judge, **arguments),
                generator("Gs", mapping, synthesis, mean, **arguments))
    return networks, (mapping, synthesis, judge), mean


def write(folder: Path, data: bytes) -> Path:
    file = folder / "karras2019stylegan.pkl"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("built", [(16, 4, "auto", 4), (16, 4, True, 2), (16, 4, False, 3), (128, 2, "auto", 4)])
def test_a_pickle_of_tensorflow_becomes_a_run_with_the_same_numbers(tmp_path, capsys, built):
    side, maps, fused, protocol = built
    networks, (mapping, synthesis, judge), mean = content(side, maps, fused_scale=fused)
    file = write(tmp_path, tensorflow_pickle(networks, protocol=protocol))
    status, out, err = command(f"import {file} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == "stylegan" and about["taken"] == {"generator": "Gs", "discriminator": "D"}
    assert any("network G (" in line for line in about["dropped"]) and "BY-NC" in about["licence"]
    assert any("of Gs" in line and "lod" in line for line in about["dropped"])
    assert sum("source" in line for line in about["dropped"]) == 2
    model, z = load(tmp_path / "run").model, torch.randn(4, 5)
    w = style_mapping(mapping, z)
    assert same(model.map(z)[:, 0], w) and torch.equal(model.generator.mapping.w_avg, mean)
    x = style_synthesis(synthesis, w, FUSED_FROM[fused])
    assert torch.allclose(model.generator(z, noise="const"), x, rtol=1e-4, atol=1e-4 * float(x.abs().max()))
    scores = style_judge(judge, x, fused is True or side == 128)
    assert torch.allclose(model.scores(x), scores, rtol=1e-4, atol=1e-4 * float(scores.abs().max()))


def test_every_command_goes_on_with_it(tmp_path, capsys):
    file = write(tmp_path, tensorflow_pickle(content()[0]))
    assert command(f"import {file} --out {tmp_path}/run", capsys)[0] == 0
    assert command(f"sample {tmp_path}/run -n 4 --truncation 0.7 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0


def converted(mapping: Variables, synthesis: Variables) -> Variables:
    """The names and shapes of lernapparat's conversion: what is trained, and layers for the largest image alone."""
    found = OrderedDict((f"g_mapping.{key.lower().replace('/', '.')}", value) for key, value in mapping.items())
    places = {"Const": "epi1", "Conv0_up": "epi1", "Conv": "epi2", "Conv1": "epi2"}
    for key, value in synthesis.items():
        block, _, rest = key.partition("/")
        layer, _, kind = rest.partition("/")
        if "x" not in block:
            if block == "ToRGB_lod0":
                found[f"g_synthesis.torgb.{rest}"] = value
            continue
        inner = {"Noise/weight": f"{places[layer]}.top_epi.noise.weight",
                 "StyleMod/weight": f"{places[layer]}.style_mod.lin.weight",
                 "StyleMod/bias": f"{places[layer]}.style_mod.lin.bias"}.get(
                     kind, kind if layer == "Const" else f"{layer.lower()}.{kind}")
        found[f"g_synthesis.blocks.{block}.{inner}"] = value
    assert any(re.search(r"blocks\.8x8\.conv0_up\.weight", key) for key in found)
    found = OrderedDict((key, (value.permute(3, 2, 0, 1) if value.dim() == 4 else value.t()
                               if value.dim() == 2 else value) if key.endswith("weight") else value)
                        for key, value in found.items())
    return found | {"g_synthesis.blocks.8x8.conv0_up.intermediate.kernel": torch.ones(1, 1, 3, 3)}


def test_its_conversion_has_the_same_numbers_with_noise_of_our_own(tmp_path, capsys):
    _, (mapping, synthesis, _), _ = content()
    (tmp_path / "ffhq.for_g_all.pt").write_bytes(saved(converted(mapping, synthesis)))
    status, out, err = command(f"import {tmp_path}/ffhq.for_g_all.pt --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == "stylegan" and about["untrained"] == ["discriminator"]
    assert any("intermediate.kernel" in line for line in about["dropped"])
    model, z = load(tmp_path / "run").model, torch.randn(2, 5)
    silent = synthesis | {key: torch.zeros_like(value) for key, value in synthesis.items() if key.startswith("noise")}
    w = style_mapping(mapping, z)
    assert torch.allclose(model.generator(z, noise="none"), style_synthesis(silent, w, 128), rtol=1e-4, atol=1e-3)
    ours = {f"noise{k}": layer.noise_const[None, None] for k, layer in enumerate(model.generator.synthesis.layers)}
    assert torch.allclose(model.generator(z, noise="const"), style_synthesis(synthesis | ours, w, 128), rtol=1e-4,
                          atol=1e-3)
    mean = style_mapping(mapping, torch.randn(20_000, 5)).mean(0)
    assert torch.allclose(model.generator.mapping.w_avg, mean, atol=0.1 * float(mean.abs().max()))


def test_the_variables_alone_in_a_file_of_pytorch_are_read_too(tmp_path, capsys):
    young, (mapping, synthesis, judge), mean = style_variables(16, 4), style_variables(16, 4), torch.randn(6)

    def named(mapping: Variables, synthesis: Variables) -> Variables:
        return OrderedDict({"dlatent_avg": mean} | {f"G_mapping/{key}": value for key, value in mapping.items()} | {
            f"G_synthesis/{key}": value for key, value in synthesis.items()})

    (tmp_path / "raw.pt").write_bytes(saved([named(*young[:2]), judge, named(mapping, synthesis)]))
    status, out, err = command(f"import {tmp_path}/raw.pt --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    assert json.loads(out)["taken"] == {"generator": "2", "discriminator": "1"}
    z = torch.randn(2, 5)
    x = style_synthesis(synthesis, style_mapping(mapping, z), 128)
    assert torch.allclose(load(tmp_path / "run").model.generator(z, noise="const"), x, rtol=1e-4, atol=1e-3)


# Refused --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, said", [
    ({"use_pixel_norm": True}, "use_pixel_norm"), ({"blur_filter": None}, "blur_filter"),
    ({"nonlinearity": "relu"}, "nonlinearity"), ({"use_styles": False}, "use_styles")])
def test_arguments_that_ours_does_not_compute_are_refused(tmp_path, capsys, arguments, said):
    file = write(tmp_path, tensorflow_pickle(content(**arguments)[0]))
    assert said in refused(f"import {file} --out {tmp_path}/run", capsys, 1)


def test_classes_and_a_network_that_still_grows_are_refused(tmp_path, capsys):
    (_, judge, average), (mapping, synthesis, _), mean = content()
    told = generator("Gs", mapping | {"LabelConcat/weight": torch.zeros(3, 5)}, synthesis, mean)
    assert "classes" in refused(f"import {write(tmp_path, tensorflow_pickle(told))} --out {tmp_path}/a", capsys, 1)
    average.state["variables"][0] = ("lod", torch.tensor(1.5).numpy()[()])
    file = write(tmp_path, tensorflow_pickle((judge, average)))
    assert "growing" in refused(f"import {file} --out {tmp_path}/a", capsys, 1)


@pytest.mark.parametrize("kind, module, said", [
    ("G_paper", "tfutil", "no networks that zerosum knows"), ("G_main", "dnnlib.tflib.network", "legacy.py")])
def test_other_networks_of_tensorflow_are_named(tmp_path, capsys, kind, module, said):
    file = write(tmp_path, tensorflow_pickle(Pickled("G", kind, {"4x4/Dense/weight": torch.zeros(4, 4)}), module))
    assert said in refused(f"import {file} --out {tmp_path}/a", capsys, 1)


@pytest.mark.parametrize("content, said", [
    ({"config": {}, "netG": {"formatLayer.module.weight": torch.zeros(2), "scaleLayers.0.0.module.weight":
                             torch.zeros(2)}}, "ProGAN"),
    ({"netD": {"groupScaleZero.0.module.weight": torch.zeros(2)}}, "ProGAN"),
    ({"GAN": {"S.net.0.weight": torch.zeros(2), "G.to_initial_block.weight": torch.zeros(2)}}, "lucidrains")])
def test_files_of_networks_that_zerosum_has_not_are_named(tmp_path, capsys, content, said):
    (tmp_path / "x.pth").write_bytes(saved(content))
    assert said in refused(f"import {tmp_path}/x.pth --out {tmp_path}/a", capsys, 1)


def test_names_that_would_ask_for_an_image_of_any_size_are_refused_before_one_is_built():
    _, (mapping, synthesis, _), _ = content()
    state = {f"G_mapping/{key}": value for key, value in mapping.items()} | {
        f"G_synthesis/{key}": value for key, value in synthesis.items()}
    sides = [4 << k for k in range(20)]
    state |= {f"G_synthesis/{side}x{side}/Conv1/bias": torch.zeros(1) for side in sides}
    with pytest.raises(ZerosumError, match="images of 2097152 pixels"):
        described(recognise([Network("Gs", state)]))


# Hostile --------------------------------------------------------------------------------------------------------------


class Hostile:
    def __reduce__(self):
        return eval, ("print('run')",)


def test_a_call_among_the_variables_is_refused_by_its_name(tmp_path, capsys):
    for key in ("variables", "components", "static_kwargs", "name"):
        networks = content()[0]
        state = networks[2].state
        state[key] = {"variables": [("lod", Hostile())], "components": {"synthesis": Hostile()},
                      "static_kwargs": {"a": Hostile()}, "name": Hostile()}[key]
        file = write(tmp_path, tensorflow_pickle(networks))
        assert "builtins.eval" in refused(f"import {file} --out {tmp_path}/a", capsys, 1)
    assert not (tmp_path / "a").exists()


def test_a_component_of_itself_and_names_that_are_none_are_refused(tmp_path, capsys):
    endless = content()[0][2]
    endless.state["components"]["again"] = endless
    assert "nested" in refused(f"import {write(tmp_path, tensorflow_pickle(endless))} --out {tmp_path}/a", capsys, 1)
    for key, odd in (("variables", [("a",), 3, (4, 5), ("b", "c")]), ("components", [1]), ("static_kwargs", 7)):
        network = content()[0][2]
        network.state[key] = odd
        refused(f"import {write(tmp_path, tensorflow_pickle(network))} --out {tmp_path}/a", capsys, 1)


def test_the_source_that_comes_with_a_network_is_text(tmp_path):
    (found,) = networks_in(read_contents(write(tmp_path, tensorflow_pickle(content()[0][2]))))
    assert found.source == SOURCE and found.kind == "G_style" and found.place == "Gs"
    assert found.arguments == {"num_channels": 3, "label_size": 0}
