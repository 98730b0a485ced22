"""The demonstration of factors: in small, the page that is written of it, and as it is committed."""

import json
from pathlib import Path

import pytest
import torch

from zerosum.cli.factor_docs import factors_page
from zerosum.demos import factors
from zerosum.demos.factors import SAMPLES, System, along, by_directions, medians, scores, traversals, ways
from zerosum.latent import Directions
from zerosum.metrics.disentanglement.coded import Coded, coded

ROOT = Path(__file__).parents[2]
TINY = {"width": 8, "z_dim": 4}


@pytest.fixture(scope="module")
def acgan():
    """A model that is asked for a class, and its data."""
    from zerosum.data import load_data
    from zerosum.runs import construct, plan

    chosen = plan("acgan", "tiny", {"data": "shapes", "image_size": 16})
    data = load_data(chosen.data)
    return construct(chosen.model, chosen.cfg, data.spec, 0).eval(), load_data("shapes", image_size=16, split="test")


def test_medians():
    seeds = [{"mig": mig, "it knows": {"x": mig, "y": 1 - mig}, "best part": {"x": "z0", "y": "z1"}}
             for mig in (0.25, 0.0, 0.5)]
    assert medians(seeds) == {"mig": 0.25, "it knows": {"x": 0.25, "y": 0.75}}


def test_what_makes_one_picture_only_recovers_nothing():
    one = Coded(torch.randn(80, 2), (1, 1), ("z0", "z1"), torch.ones(80, 1, dtype=torch.int64), ("f",), "made")
    found = scores(one, 0)
    assert found["mig"] == found["factor-vae"] == found["dci-informativeness"] == 0 and found["it knows"] == {"f": 0}


def test_along_directions_the_parts_are_coordinates():
    turn = torch.tensor([[0.6, 0.8], [0.8, -0.6]])
    factor = torch.arange(80) % 2
    values = torch.stack([factor + 0.01 * torch.randn(80), 0.3 * torch.randn(80)], 1) @ turn
    codes = Coded(values, (1, 1), ("z0", "z1"), factor[:, None], ("f",), "made")
    found = along(codes, Directions(("a", "b"), turn, torch.ones(2), "by hand", "none"))
    torch.testing.assert_close(found.values, values @ turn.T)
    assert scores(found, 0)["best part"] == {"f": "a"} and scores(found, 0)["mig"] > scores(codes, 0)["mig"]


def test_a_class_that_is_asked_for_is_traversed_by_labels(acgan, monkeypatch):
    model, test = acgan
    monkeypatch.setattr(factors, "SAMPLES", 20)
    x = traversals(model, test, {"shape": "class", "x": "z3"}, 0)
    assert x.shape == (2, 6, 3, 16, 16)
    assert torch.equal(x[0, :3], x[0, 3:]) and not torch.equal(x[0, 0], x[0, 1])     # three classes, twice
    codes = coded(model, test, 20, 0, "made")
    z = codes.values[:1, :8].repeat(6, 1)
    z[:, 3] = codes.values[:, 3].quantile(torch.linspace(0.02, 0.98, 6))
    torch.testing.assert_close(x[1], model.generate(z, codes.values[:1, 8:].argmax(1).repeat(6)))
    assert ways(model) == ["made"]


def test_the_demonstration_in_small(monkeypatch, tmp_path):
    """What is interrupted goes on from what is there, the page has a row for each system, and the picture is drawn."""
    monkeypatch.setattr(factors, "SEEDS", (0,))
    monkeypatch.setattr(factors, "SAMPLES", 80)
    monkeypatch.setattr(factors, "SHAPES", {**factors.SHAPES, "steps": 2, "batch_size": 8})
    monkeypatch.setattr(factors, "DIGITS", {**factors.DIGITS, "steps": 2, "batch_size": 8})
    monkeypatch.setattr(factors, "SYSTEMS", {
        "acgan": System("acgan", TINY, "the shape, of all"), "vae": System("vae", TINY),
        "bigan": System("bigan", {"width": 8, "pair_width": 8, "z_dim": 4, "network": "mlp"})})
    monkeypatch.setattr(factors, "ON_DIGITS", {"vae": System("vae", TINY)})
    trained, train = [], factors.train

    def watched(system, common, seed):
        trained.append(system.model)
        if len(trained) == 3:
            raise KeyboardInterrupt
        return train(system, common, seed)

    monkeypatch.setattr(factors, "train", watched)
    said = []
    with pytest.raises(KeyboardInterrupt):
        factors.demo(tmp_path, said.append)
    paths = factors.demo(tmp_path, said.append)
    assert trained == ["acgan", "vae", "bigan", "bigan", "vae"] and len(said) == 2 + 4
    assert [path.name for path in paths] == ["factors.json", "factors.png"] and paths[1].stat().st_size > 5_000
    assert not (tmp_path / "factors-so-far").exists()
    page = factors_page(json.loads(paths[0].read_text()))
    assert "| acgan | the shape, of all |" in page and "\n| sefa |" in page and "| vae | none | told | z" in page
    told, made = (page.split(f"## {title}")[1].split("##")[0] for title in ("What they tell", "What they make"))
    assert "\n| acgan |" not in told and "\n| acgan |" in made and "\n| bigan |" in told


def test_directions_are_measured_on_the_same_samples(acgan, monkeypatch):
    monkeypatch.setattr(factors, "SAMPLES", 200)
    from zerosum.data import load_data
    from zerosum.runs import construct, plan

    chosen = plan("bigan", "tiny", {"data": "shapes", "image_size": 16})
    data = load_data(chosen.data)
    model = construct(chosen.model, chosen.cfg, data.spec, 0).eval()
    found = by_directions(model, acgan[1], 0)
    assert list(found) == ["coordinates", "ganspace", "sefa"]
    assert len({tuple(each["it knows"]) for each in found.values()}) == 1


def test_what_is_committed_is_of_the_systems_that_the_code_names():
    document = json.loads((ROOT / "results" / "demos" / "factors.json").read_text())
    assert list(document["shapes"]["systems"]) == list(factors.SYSTEMS)
    assert list(document["digits"]["systems"]) == list(factors.ON_DIGITS)
    assert document["samples"] == SAMPLES and document["seeds"] == list(factors.SEEDS)
    for of, systems in (("shapes", factors.SYSTEMS), ("digits", factors.ON_DIGITS)):
        for name, found in document[of]["systems"].items():
            assert found["settings"] == json.loads(json.dumps(dict(systems[name].settings)))
