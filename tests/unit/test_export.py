"""A run's generator leaves as ONNX, torch.export or safetensors, with the numbers of the run and a card."""

import builtins
import json
from pathlib import Path

import pytest
import torch
from test_interop_import import command, refused, same, stylegan2_file

from zerosum.runs import export, load, train
from zerosum.runs.export import Generation

TINY = {"preset": "tiny", "quiet": True, "device": "cpu", "metrics": "kid", "steps": 1}


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    from zerosum.runs.imported import import_weights

    folder = tmp_path_factory.mktemp("imported")
    import_weights([stylegan2_file(folder, c_dim=3)], folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return train("sngan", out=tmp_path_factory.mktemp("trained") / "run", **TINY).folder


def test_onnx_gives_the_same_samples_for_any_number_of_them(imported, tmp_path, capsys):
    onnxruntime = pytest.importorskip("onnxruntime")
    status, out, err = command(f"export {imported} --to onnx -o {tmp_path}/g.onnx --json", capsys)
    assert status == 0, err
    assert json.loads(out)["difference"] < 1e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "g.onnx"), providers=["CPUExecutionProvider"])
    z, labels = torch.randn(5, 8), torch.tensor([0, 2, 1, 1, 0])
    (x,) = session.run(None, {"z": z.numpy(), "labels": labels.numpy()})
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(x), load(imported).model.generate(z, labels), atol=1e-4)
    assert "of 3 classes" in (tmp_path / "g.md").read_text()


def test_a_program_gives_the_same_samples(trained, tmp_path, capsys):
    assert command(f"export {trained} --to torch-export -o {tmp_path}/g.pt2", capsys)[0] == 0
    model, z = load(trained).model, torch.randn(7, 8)
    with torch.no_grad():
        assert same(torch.export.load(tmp_path / "g.pt2").module()(z), Generation(model)(z))
    card = (tmp_path / "g.md").read_text()
    assert "sngan" in card and "digits" in card and "1802.05957" in card


@pytest.mark.parametrize("system", ["vae", "vae-gan"])
def test_the_card_counts_what_draws_whatever_its_name(system, tmp_path, capsys):
    run = train(system, out=tmp_path / "run", **TINY)
    assert command(f"export {run.folder} --to torch-export -o {tmp_path}/g.pt2", capsys)[0] == 0
    count = sum(p.numel() for p in run.model.decoder.parameters())
    assert f"parameters that draw: {count:,}\n" in (tmp_path / "g.md").read_text()


def test_safetensors_have_official_names_and_come_back_as_they_were(imported, tmp_path, capsys):
    from safetensors.torch import load_file

    assert command(f"export {imported} --to safetensors -o {tmp_path}/g.safetensors", capsys)[0] == 0
    assert {"G_ema.synthesis.b8.conv0.affine.weight", "D.b4.out.bias", "G_ema.mapping.w_avg"} <= load_file(
        tmp_path / "g.safetensors").keys()
    assert "NVIDIA" in (tmp_path / "g.md").read_text()
    assert command(f"import {tmp_path}/g.safetensors --out {tmp_path}/back", capsys)[0] == 0
    before, after = load(imported), load(tmp_path / "back")
    assert after.document["start"] == before.document["start"] and after.spec == before.spec
    old, new = before.model.state_dict(), after.model.state_dict()
    assert old.keys() == new.keys() and all(torch.equal(old[key], new[key]) for key in old)


def test_a_difference_is_no_export(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    assert "differs" in refused(f"export {trained} --to safetensors -o {tmp_path}/g.safetensors", capsys, 1)
    assert not list(tmp_path.iterdir())


def test_weights_that_do_not_tell_their_size_are_not_taken_for_another(tmp_path, capsys):
    """At 8 pixels all maps of a small BigGAN-deep are alike: two blocks may be one octave or two."""
    run = train("biggan-deep", out=tmp_path / "run", **TINY).folder
    assert command(f"export {run} --to safetensors -o {tmp_path}/deep.safetensors", capsys)[0] == 0
    status, _, err = command(f"import {tmp_path}/deep.safetensors --out {tmp_path}/again", capsys)
    assert status == 1 and "were exported from others" in err and err.count("\n") == 1
    assert not (tmp_path / "again").exists()


def test_what_cannot_be_exported_is_said_in_one_line(trained, tmp_path, capsys, monkeypatch):
    assert "safetensors" in refused(f"export {trained} --to keras", capsys, 2)
    assert "run folder" in refused(f"export {tmp_path}", capsys, 2)
    assert "does not exist" in refused(f"export {trained} --to safetensors -o {tmp_path}/no/x.safetensors", capsys, 1)
    plain = builtins.__import__

    def without(name: str, *rest, **options):
        if name == "onnxruntime":
            raise ImportError("No module named 'onnxruntime'", name="onnxruntime")
        return plain(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "zerosum[onnx]" in refused(f"export {trained} --to onnx -o {tmp_path}/x.onnx", capsys, 2)


def test_help_says_what_there_is(capsys):
    for name in ("import", "export"):
        status, out, _ = command(f"{name} --help", capsys)
        assert status == 0 and "--json" in out
