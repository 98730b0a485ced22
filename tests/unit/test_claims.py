"""Claims: the bars, the medians, what is stored and what is kept; no system is trained here."""

import json
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from zerosum.claims import Check, Claim, Side, claim_of, claimed, verify
from zerosum.claims import verify as _verify_function
from zerosum.claims.cgan import spread_within
from zerosum.claims.claim import medians_of, storable
from zerosum.claims.digits import independent_pixels
from zerosum.claims.keras_dcgan import windows
from zerosum.claims.known import P, Q, gaussian
from zerosum.claims.panels import curves_panel, row_of
from zerosum.claims.stacked_digits import counted
from zerosum.claims.vae import ppca_log_likelihood
from zerosum.claims.wgan import Line
from zerosum.core import UsageError, ZerosumError
from zerosum.data import load_data
from zerosum.metrics.features.judge import labels_of

RESULTS = Path(__file__).parents[2] / "results" / "claims"
module = sys.modules[_verify_function.__module__]


# Checks ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("compare", "below", "at", "above"), [
    ("at least", False, True, True), ("above", False, False, True), ("at most", True, True, False),
    ("below", True, False, False), ("exactly", False, True, False)])
def test_a_check_compares_with_its_bar(compare, below, at, above):
    check = Check("x", "x", compare, 2.0, "")
    assert [check.holds({"x": value}) for value in (1.0, 2.0, 3.0)] == [below, at, above]


def test_a_bar_may_be_the_baselines_quantity():
    check = Check("x", "ours", "above", "theirs", "")
    assert check.holds({"ours": 2.0, "theirs": 1.0}) and not check.holds({"ours": 1.0, "theirs": 2.0})


def test_what_could_not_be_measured_does_not_hold():
    assert not Check("x", "ours", "at most", 1.0, "").holds({"ours": None})
    assert not Check("x", "ours", "at least", "theirs", "").holds({"ours": 1.0, "theirs": None})


def test_medians_over_seeds():
    seeds = ({"a": 1.0, "b": 5.0, "curve": [1.0]}, {"a": 9.0, "b": None, "curve": [2.0]},
             {"a": 2.0, "b": 5.0, "curve": []})
    assert medians_of(list(seeds)) == {"a": 2.0, "b": None}


def test_quantities_are_stored_as_plain_numbers():
    found = storable({"t": torch.tensor(1.5), "yes": True, "nan": math.nan, "list": [1, math.inf, 2]})
    assert found == {"t": 1.5, "yes": 1.0, "nan": None, "list": [1.0, None, 2.0]}
    json.dumps(found, allow_nan=False)


# Names ----------------------------------------------------------------------------------------------------------

def test_an_unknown_model_names_the_nearest():
    with pytest.raises(UsageError, match=r"unknown model 'wgan-pg' \(did you mean wgan-gp\?\)"):
        claim_of("wgan-pg")


def test_a_model_without_a_claim_says_which_have_one(monkeypatch):
    monkeypatch.setattr("zerosum.claims.claim.claimed", lambda: ["gan"])
    with pytest.raises(UsageError, match="vae has no claim to verify; these have: gan"):
        claim_of("vae")


def test_a_module_of_this_room_is_no_claim():
    with pytest.raises(UsageError, match="unknown model 'trial'"):
        claim_of("trial")


def test_importing_the_room_is_cheap():
    code = ("import sys, zerosum.claims; "
            "sys.exit(bool({'sklearn', 'scipy', 'matplotlib', 'PIL', 'torch._dynamo'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("model", claimed())
def test_every_claim_is_well_formed(model):
    from zerosum.claims.trial import settings_of

    claim = claim_of(model)
    assert claim.statement.endswith(".") and claim.baseline and claim.checks
    assert len({check.name for check in claim.checks}) == len(claim.checks)
    sides = settings_of(claim.sides)          # every model, preset and setting exists
    assert any(side["name"] == model for side in sides.values())


# Results --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", claimed())
def test_the_stored_result_is_that_of_the_claim(model):
    document, claim = json.loads((RESULTS / f"{model}.json").read_text()), claim_of(model)
    medians = medians_of([seed["quantities"] for seed in document["seeds"].values()])
    assert sorted(document["seeds"]) == ["0", "1", "2"]
    assert medians == document["medians"]
    assert [(c["name"], c["quantity"], c["compare"], c["bar"], c["holds"]) for c in document["checks"]] == [
        (c.name, c.quantity, c.compare, c.target(medians), c.holds(medians)) for c in claim.checks]
    assert document["holds"] == all(check["holds"] for check in document["checks"])
    assert (document["statement"], document["baseline"]) == (claim.statement, claim.baseline)


@pytest.mark.parametrize("model", claimed())
def test_its_picture_is_small(model):
    document = json.loads((RESULTS / f"{model}.json").read_text())
    if document["picture"]:
        assert (RESULTS / document["picture"]).stat().st_size < 200_000


# Verifying, with a claim that trains nothing --------------------------------------------------------------------

@pytest.fixture
def measured(monkeypatch):
    """The seeds measured so far, by a claim whose quantity is 0, 10, 2 for the seeds 0, 1, 2."""
    seen = []

    def measure(trial):
        seen.append(trial.seed)
        if trial.seed == 3:
            raise ZerosumError("no")
        trial.panel("nothing", Image.new("L", (8, 8)))
        return {"score": {0: 0, 1: 10, 2: 2}[trial.seed], "curve": [1, 2]}

    claim = Claim("It scores.", "nothing", {"gan": Side("gan", "tiny")},
                  (Check("scores", "score", "at least", 2, ""),), measure)
    monkeypatch.setattr(module, "claim_of", lambda model: claim)
    return seen


def test_the_verdict_is_that_of_the_median(measured, tmp_path):
    verdict = verify("gan", results=tmp_path, report=lambda text: None)
    assert verdict.holds and verdict.document["medians"] == {"score": 2.0}
    assert [verdict.document["seeds"][seed]["quantities"]["score"] for seed in "012"] == [0, 10, 2]
    assert json.loads((tmp_path / "gan.json").read_text()) == verdict.document
    assert Image.open(tmp_path / "gan.png").width > 8
    assert "holds  scores: 2 >= 2" in str(verdict)
    assert verdict.document["sides"]["gan"]["model"]["width"] == 16


def test_one_bad_seed_alone_does_not_hold(measured, tmp_path):
    verdict = verify("gan", seeds=(0,), results=tmp_path, report=lambda text: None)
    assert not verdict.holds and "FAILS  scores: 0 >= 2" in str(verdict)


def test_finished_seeds_are_kept_unless_asked(measured, tmp_path):
    with pytest.raises(ZerosumError):
        verify("gan", seeds=(0, 1, 3), results=tmp_path, report=lambda text: None)
    verify("gan", seeds=(0, 1, 2), results=tmp_path, report=lambda text: None)
    assert measured == [0, 1, 3, 2]
    verify("gan", seeds=(1,), results=tmp_path, fresh=True, report=lambda text: None)
    assert measured == [0, 1, 3, 2, 1]


def test_seeds_of_another_version_are_measured_anew(measured, tmp_path, monkeypatch):
    verify("gan", seeds=(0,), results=tmp_path, report=lambda text: None)
    monkeypatch.setattr(sys.modules["zerosum.claims.fingerprint"], "__version__", "another")
    verify("gan", seeds=(0,), results=tmp_path, report=lambda text: None)
    assert measured == [0, 0]


@pytest.fixture
def other_code(measured, tmp_path, monkeypatch):
    """A result of three seeds, and code of another fingerprint than the one that measured them."""
    verify("gan", results=tmp_path, report=lambda text: None)
    monkeypatch.setattr(module, "fingerprint", lambda model, claim: "another")
    measured.clear()
    return tmp_path


def test_one_seed_confirms_the_others_after_a_change_of_code(measured, other_code):
    verdict = verify("gan", results=other_code, confirm=True, report=lambda text: None)
    found = json.loads((other_code / "gan.json").read_text())
    assert measured == [0] and verdict.document == found and found["fingerprint"] == "another"
    assert ["confirmed" in found["seeds"][seed] for seed in "012"] == [False, True, True]
    assert found["seeds"]["1"]["confirmed"] == {"seed": 0, "date": found["seeds"]["0"]["date"]}
    verify("gan", results=other_code, confirm=True, report=lambda text: None)
    assert measured == [0]                   # nothing is left to confirm


def test_without_being_asked_nothing_is_confirmed(measured, other_code):
    verify("gan", results=other_code, report=lambda text: None)
    assert measured == [0, 1, 2]


def test_one_other_number_and_all_seeds_are_measured(measured, other_code):
    file, said = other_code / "gan.json", []
    document = json.loads(file.read_text())
    document["seeds"]["0"]["quantities"]["curve"][1] += 1e-15
    file.write_text(json.dumps(document))
    verify("gan", results=other_code, confirm=True, report=said.append)
    assert measured == [0, 1, 2] and "seed 0 gives another curve than before" in said[0]


def test_what_a_clock_measured_may_differ(measured, other_code, monkeypatch):
    claim, file = module.claim_of("gan"), other_code / "gan.json"
    document = json.loads(file.read_text())
    document["seeds"]["0"]["quantities"]["score"] = 99.0
    file.write_text(json.dumps(document))
    monkeypatch.setattr(module, "claim_of", lambda model: replace(claim, timed=("score",)))
    verify("gan", results=other_code, confirm=True, report=lambda text: None)
    assert measured == [0]


@pytest.mark.parametrize("model", claimed())
def test_what_is_said_to_be_timed_was_measured(model):
    assert set(claim_of(model).timed) <= json.loads((RESULTS / f"{model}.json").read_text())["medians"].keys()


def test_a_claim_in_other_words_is_judged_anew_from_the_stored_seeds(measured, tmp_path, monkeypatch):
    verify("gan", results=tmp_path, report=lambda text: None)
    file = tmp_path / "gan.json"
    file.write_text(file.read_text().replace(time.strftime("%Y-"), "1999-"))
    old, stored = module.claim_of("gan"), json.loads(file.read_text())
    stricter = replace(old, statement="It wins.", checks=(replace(old.checks[0], bar=3),))
    monkeypatch.setattr(module, "claim_of", lambda model: stricter)
    verdict = verify("gan", results=tmp_path, report=lambda text: None)
    found = json.loads(file.read_text())
    assert measured == [0, 1, 2] and not verdict.holds
    assert (found["statement"], found["holds"], found["checks"][0]["bar"]) == ("It wins.", False, 3)
    assert found["seeds"] == stored["seeds"] and found["date"] == stored["date"] and found["date"][:5] == "1999-"


def test_a_folder_that_cannot_be_made_is_one_line(measured, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ZerosumError, match="choose another folder"):
        verify("gan", results=tmp_path / "file")


# What the claims measure with -----------------------------------------------------------------------------------

def test_ppca_of_all_directions_is_the_full_gaussian():
    torch.manual_seed(0)
    x = torch.randn(500, 4, dtype=torch.float64) @ torch.randn(4, 4, dtype=torch.float64)
    full = torch.distributions.MultivariateNormal(x.mean(0), torch.cov(x.T, correction=0))
    assert ppca_log_likelihood(x, x, 3) == pytest.approx(float(full.log_prob(x).mean()), abs=1e-9)


def test_ppca_of_none_is_the_isotropic_gaussian():
    x = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, -3.0]])
    variance = 2.5                           # (1 + 1 + 9 + 9) / 8
    assert ppca_log_likelihood(x, x, 0) == pytest.approx(-math.log(2 * math.pi * variance) - 1)


def test_modes_of_stacked_digits_are_counted():
    data = load_data("stacked-digits", image_size=16, split="test")
    x, modes = data.all()[:400], len(labels_of(data)[:400].unique())
    assert abs(counted(x)["clear modes of 1000"] - modes) <= 4                 # the judge errs on one digit in 200
    assert counted(x[:1].expand(9, -1, -1, -1)) == pytest.approx(
        {"modes of 1000": 1, "clear modes of 1000": 1, "clear samples": 1.0, "KL of 1000 modes": math.log(1000)})
    assert counted(torch.zeros_like(x))["clear modes of 1000"] == 0            # it names grey too, but is not sure


def test_independent_pixels_keep_each_histogram_and_nothing_else():
    data = load_data("digits", image_size=8)
    x, noise = data.all().flatten(1), independent_pixels(data, 20_000, 0).flatten(1)
    torch.testing.assert_close(noise.mean(0), x.mean(0), atol=0.04, rtol=0)
    torch.testing.assert_close(noise.std(0), x.std(0), atol=0.04, rtol=0)
    varied = x.std(0) > 0.1                  # corners are always blank
    real, drawn = (torch.corrcoef(y[:, varied].T).fill_diagonal_(0).abs().max() for y in (x, noise))
    assert real > 0.5 and drawn < 0.05


def test_the_known_gaussians_are_what_the_generator_makes():
    density = gaussian(*Q, 2)
    assert density.log_prob(torch.full((2,), Q[0])) == pytest.approx(-math.log(2 * math.pi * Q[1] ** 2))
    assert gaussian(*P, 1).mean.item() == P[0]


def test_the_line_of_example_1():
    x = Line(0.5)(torch.randn(10_000, 1))
    assert (x[:, 0] == 0.5).all() and x[:, 1].min() >= 0 and x[:, 1].max() <= 1
    assert x[:, 1].mean() == pytest.approx(0.5, abs=0.02) and x[:, 1].var() == pytest.approx(1 / 12, abs=0.005)


def test_spread_is_within_classes_not_between_them():
    labels = torch.arange(40) % 10
    same = labels.view(-1, 1, 1, 1).float().expand(-1, 1, 2, 2)
    assert spread_within(same, labels) == 0
    differing = same + torch.tensor([0.0, 0, 0, 2]).repeat_interleave(10).view(-1, 1, 1, 1)      # one of four
    assert spread_within(differing, labels) == pytest.approx(1.0)


def test_windows_average_whole_windows_only():
    assert windows([1.0] * 20 + [3.0] * 20 + [9.0] * 5) == [1.0, 3.0]


def test_a_row_of_panels_has_all_of_them():
    curves = curves_panel({"up": ([0, 1], [0, 1]), "down": ([0, 1], [1, 0])}, "x")
    panels = [("a", curves), ("b", Image.new("L", (50, 60)))]
    row = row_of(panels)
    assert row.width > panels[0][1].width + 50 and row.height > panels[0][1].height
    assert row.getcolors(1_000_000) != [(row.width * row.height, (255, 255, 255))]
    assert row_of([("a title of some length", panels[1][1])]).width > row_of(panels[1:]).width + 50
