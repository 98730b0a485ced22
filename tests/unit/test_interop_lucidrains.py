"""lucidrains' stylegan2-pytorch becomes a run with the same numbers; what it has besides is left out, or refused."""

import json
from pathlib import Path

import pytest
import torch
from foreign_files import saved
from foreign_styles import Lucid
from test_interop_import import command, refused
from torch import Tensor

from zerosum.core import ZerosumError
from zerosum.interop.families import described, recognise
from zerosum.interop.states import Network
from zerosum.runs import load


def lucid(**options) -> Lucid:
    torch.manual_seed(7)
    return Lucid(**options)


def write(folder: Path, state: dict[str, Tensor]) -> Path:
    file = folder / "model_150.pt"
    file.write_bytes(saved({"GAN": state, "version": "1.8.9"}))
    return file


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-4, atol=1e-4 * float(b.detach().abs().max()))


@pytest.mark.parametrize("options", [{}, {"const": False}, {"channels": 4, "maps": (9, 3), "depth": 3}],
                         ids=["const", "no-const", "transparent"])
def test_a_checkpoint_becomes_a_run_with_the_same_numbers(tmp_path, capsys, options):
    theirs = lucid(**options)
    status, out, err = command(f"import {write(tmp_path, theirs.state_dict())} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == "stylegan2" and "lucidrains" in about["family"] and about["untrained"] == []
    assert about["taken"] == {"generator": "GAN", "discriminator": "GAN"}
    assert any("S.net.0.weight" in line for line in about["dropped"])
    model, z = load(tmp_path / "run").model, torch.randn(3, 6)
    w = theirs.SE(z)
    assert close(model.map(z)[:, 0], w) and not close(w, theirs.S(z))
    styles = torch.randn(3, model.generator.synthesis.num_ws, 6)
    drawn = model.generator.synthesis.noise_const + 0.5
    assert 0 <= float(drawn.min()) < 0.1 and 0.9 < float(drawn.max()) <= 1
    x = theirs.GE(styles, drawn.t()[None, :, :, None].expand(3, -1, -1, -1))
    assert close(model.generator.synthesis(styles, "const"), 2 * x - 1)
    half = theirs.GE(styles, torch.full((3, *drawn.shape, 1), 0.5))
    assert close(model.generator.synthesis(styles, "none"), 2 * half - 1) and not close(half, x)
    assert close(model.scores(2 * x - 1), -theirs.D(x))
    mean = theirs.SE(torch.randn(20_000, 6)).mean(0).detach()
    assert torch.allclose(model.generator.mapping.w_avg, mean, atol=0.05 * float(mean.abs().max()))


def test_noise_is_drawn_from_0_to_1_and_one_picture_serves_all_layers(tmp_path, capsys):
    command(f"import {write(tmp_path, lucid().state_dict())} --out {tmp_path}/run", capsys)
    synthesis = load(tmp_path / "run").model.generator.synthesis
    w, x = torch.randn(1, 3, 6).expand(2, -1, -1), []
    torch.manual_seed(1)
    x.append(synthesis(w, "random"))
    torch.manual_seed(1)
    drawn = torch.rand(2, 1, 16, 16) - 0.5
    for each in drawn:
        synthesis.noise_const.copy_(each[0])
        x.append(synthesis(w[:1], "const"))
    assert close(x[0], torch.cat(x[1:])) and not close(x[1], x[2])


def test_every_command_goes_on_with_it(tmp_path, capsys):
    file, run = write(tmp_path, lucid().state_dict()), tmp_path / "run"
    assert command(f"import {file} --out {run}", capsys)[0] == 0
    assert load(run).plan.cfg.lr == 2e-4
    assert command(f"sample {run} -n 4 --truncation 0.7 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {run} --data digits --steps 2 --batch-size 4 --metrics kid --quiet --device cpu --freeze 2"
    assert command(f"{words} --path-every 1 --r1-every 1 --out {tmp_path}/tuned", capsys)[0] == 0
    before, after = (load(folder).model for folder in (run, tmp_path / "tuned"))
    for name in ("generator", "discriminator"):
        moved = {key for (key, a), b in zip(getattr(before, name).state_dict().items(),
                                            getattr(after, name).state_dict().values(), strict=True)
                 if not torch.equal(a, b)}
        assert any("conv1" in key for key in moved) and not any("filter" in key for key in moved)
    assert not {"blocks.0.skip.weight", "blocks.0.conv0.weight"} & moved


def test_it_is_exported_and_read_again(tmp_path, capsys):
    run = tmp_path / "run"
    assert command(f"import {write(tmp_path, lucid().state_dict())} --out {run}", capsys)[0] == 0
    status, _, err = command(f"export {run} --to safetensors -o {tmp_path}/x.safetensors", capsys)
    assert status == 0, err
    status, _, err = command(f"import {tmp_path}/x.safetensors --out {tmp_path}/again", capsys)
    assert status == 0, err
    before, after = load(run).model, load(tmp_path / "again").model
    z = torch.randn(2, 6)
    assert torch.equal(before.generate(z), after.generate(z))
    assert torch.equal(before.scores(before.generate(z)), after.scores(before.generate(z)))


def test_a_quantising_discriminator_is_left_out(tmp_path, capsys):
    state = lucid().state_dict() | {"D.quantize_blocks.0.fn.embed": torch.zeros(5, 7)}
    status, out, err = command(f"import {write(tmp_path, state)} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["untrained"] == ["discriminator"] and any("such as D.quantize" in line for line in about["dropped"])


def test_a_file_without_averages_gives_the_networks_themselves(tmp_path, capsys):
    theirs = lucid()
    state = {key: value for key, value in theirs.state_dict().items() if not key.startswith(("SE.", "GE."))}
    assert command(f"import {write(tmp_path, state)} --out {tmp_path}/run", capsys)[0] == 0
    z = torch.randn(2, 6)
    assert close(load(tmp_path / "run").model.map(z)[:, 0], theirs.S(z))


@pytest.mark.parametrize("change, said", [
    ({"G.attns.1.0.fn.g": torch.zeros(1)}, "attention"), ({"G.initial_conv.weight": None}, "older version"),
    ({"G.blocks.0.to_rgb.upsample.1.f": None}, "older version")])
def test_what_ours_does_not_compute_is_refused_by_name(tmp_path, capsys, change, said):
    state = {key: value for key, value in (lucid().state_dict() | change).items() if value is not None}
    told = refused(f"import {write(tmp_path, state)} --out {tmp_path}/run", capsys, 1)
    assert said in told and "lucidrains" in told


def test_names_that_would_ask_for_an_image_of_any_size_are_refused_before_one_is_built():
    state = {f"{player}.blocks.{k}.{key}": torch.zeros(1) for player in ("G", "GE") for k in range(40)
             for key in ("conv1.weight", "conv2.weight", *(["to_rgb.upsample.1.f"] if k < 39 else []))}
    with pytest.raises(ZerosumError, match="pixels"):
        described(recognise([Network("GAN", lucid().state_dict() | state)]))
