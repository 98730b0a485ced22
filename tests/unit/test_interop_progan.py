"""ProGAN's pickles of TensorFlow become runs with the same numbers."""

import json

import pytest
import torch
from foreign_files import Network as Pickled
from foreign_files import tensorflow_pickle
from foreign_progan import progan_image, progan_judge, progan_variables
from test_interop_import import command, refused

from zerosum.interop.progan import convert, generator_settings
from zerosum.networks.progan import ProGANGenerator
from zerosum.runs import load


def write(folder, *, fused: bool = True, side: int = 16, g=None, d=None, **arguments):
    """A file of G, D and Gs, and the variables of Gs and D."""
    torch.manual_seed(0)
    young, (average, judge) = progan_variables(side, fused=fused)[0], progan_variables(side, fused=fused)
    average, judge = average | (g or {}), judge | (d or {})
    networks = tuple(Pickled(name, f"networks.{kind}_paper", variables, **arguments)
                     for name, kind, variables in (("G", "G", young), ("D", "D", judge), ("Gs", "G", average)))
    file = folder / "karras2018iclr.pkl"
    file.write_bytes(tensorflow_pickle(networks, "tfutil"))
    return file, average, judge


@pytest.mark.parametrize("side", [8, 16, 32])
def test_a_pickle_becomes_a_run_with_the_same_numbers(tmp_path, capsys, side):
    file, average, judge = write(tmp_path, side=side)
    status, out, err = command(f"import {file} --out {tmp_path}/run --json", capsys)
    assert status == 0, err
    about = json.loads(out)
    assert about["model"] == "progan" and about["taken"] == {"generator": "Gs", "discriminator": "D"}
    assert "BY-NC" in about["licence"]
    model, z = load(tmp_path / "run").model, torch.randn(8, 5)
    x = progan_image(average, z)
    assert torch.allclose(model.generator(z), x, rtol=1e-4, atol=1e-5 * float(x.abs().max()))
    scores = progan_judge(judge, x)
    assert torch.allclose(model.scores(x), scores, rtol=1e-4, atol=1e-4 * float(scores.abs().max()))


@pytest.mark.parametrize("lod", [0.0, 0.25, 1.0, 1.75, 2.0])
@pytest.mark.parametrize("fused", [True, False])
def test_it_grows_as_the_authors_network_does(lod, fused):
    """Their level of detail is what ours has left to grow; a smaller image is doubled to the full size there."""
    torch.manual_seed(0)
    variables, z = progan_variables(fused=fused)[0], torch.randn(4, 5)
    ours = ProGANGenerator(**generator_settings(variables, {}))
    ours.load_state_dict(convert(variables), strict=False)
    expected, found = progan_image(variables, z, lod), ours(z, 2.0 - lod)
    while found.shape != expected.shape:
        found = torch.nn.functional.interpolate(found, scale_factor=2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_every_command_goes_on_with_it(tmp_path, capsys):
    file, _, _ = write(tmp_path)
    assert command(f"import {file} --out {tmp_path}/run", capsys)[0] == 0
    assert command(f"sample {tmp_path}/run -n 4 -o {tmp_path}/x.png", capsys)[0] == 0
    words = f"train --from {tmp_path}/run --data digits --steps 1 --batch-size 4 --metrics kid --quiet --device cpu"
    assert command(f"{words} --out {tmp_path}/tuned", capsys)[0] == 0
    assert load(tmp_path / "tuned").model.depth == 2


@pytest.mark.parametrize("given, said", [
    ({"use_pixelnorm": False}, "use_pixelnorm is False"), ({"label_size": 10}, "label_size is 10"),
    ({"g": {"lod": torch.tensor(1.5)}}, "still growing"),
    ({"d": {"4x4/Dense1/weight": torch.zeros(6, 11)}}, "it names classes"),
    ({"d": {"4x4/Conv/weight": torch.zeros(3, 3, 4, 4)}}, "deviation of the batch"),
    ({"fused": False}, "halves its maps after the activation"),
    ({"g": {"64x64/Conv1/bias": torch.zeros(2)}}, "sides")])
def test_what_ours_does_not_compute_is_refused_by_name(tmp_path, capsys, given, said):
    file, _, _ = write(tmp_path, **given)
    assert said in refused(f"import {file} --out {tmp_path}/run", capsys, 1)
