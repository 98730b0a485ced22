"""The demonstrations: the three axes of the losses, by hand, on known damage, in small, and as they are committed."""

import json
from pathlib import Path

import pytest
import torch

from zerosum.cli.metric_docs import losses_page
from zerosum.core import UsageError, ZerosumError
from zerosum.demos import DEMOS, find_demo, three_axes
from zerosum.demos.figures.three_axes import draw
from zerosum.demos.three_axes import (
    AXES,
    CHECKPOINTS,
    COMPARED,
    LOSSES,
    SETTINGS,
    Course,
    Yardstick,
    agreement,
    axes_of,
    compare,
    generator_gradient,
    kept,
    likeness,
    share,
    summary,
)
from zerosum.losses import OBJECTIVES

ROOT = Path(__file__).parents[2]
TINY = {**SETTINGS, "width": 8, "batch_size": 8, "steps": CHECKPOINTS}
GOOD = {name: 1.0 for axis in ("diversity", "clarity") for name in AXES[axis]}


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    return Yardstick("digits", 16)


@pytest.fixture(scope="module")
def committed() -> dict:
    return json.loads((ROOT / "results" / "demos" / "losses.json").read_text())


def course(*scores: float, gradients=(1.0, 1.0, 1.0, 1.0, 1.0)) -> Course:
    """A training whose diversity and clarity are both the score."""
    return Course(parts=[dict.fromkeys(GOOD, score) for score in scores], gradients=list(gradients))


def small(monkeypatch) -> None:
    monkeypatch.setattr(three_axes, "CHECKPOINTS", 2)
    monkeypatch.setattr(three_axes, "ALONE", 1)


def test_shares_end_at_zero_and_one_and_likeness_is_the_same_both_ways():
    assert [share(value, 0.5) for value in (-1.0, 0.0, 0.25, 0.5, 2.0)] == [0, 0, 0.5, 1, 1]
    assert likeness(0.2, 0.8) == likeness(0.8, 0.2) == pytest.approx(0.25)
    assert likeness(3.0, 3.0) == 1 and likeness(0.0, 1.0) == likeness(1.0, 0.0) == 0


def test_kept_counts_what_is_lost_in_the_second_half_only():
    assert kept([0.1, 0.2, 0.3, 0.4]) == 1
    assert kept([0.1, 0.8, 0.4, 0.8]) == pytest.approx((0.5 + 1) / 2)
    assert kept([0.8, 0.1, 0.0, 0.0]) == kept([0.0] * 4) == 0


def test_agreement_is_the_worst_late_mean_as_a_share_of_the_best():
    assert agreement([[0.0, 0.4], [0.9, 0.4]]) == 1
    assert agreement([[0, 0, 0.2, 0.4], [0, 0, 0.6, 0.6]]) == pytest.approx(0.5)
    assert agreement([[0.0, 0.0]]) == 0


def test_the_score_of_a_checkpoint_is_a_geometric_mean_and_zero_after_the_end():
    found = Course(parts=[GOOD | {"precision": 0.25, "confidence": 0.25, "detail": 0.25}]).scores
    assert found == [0.5] + [0.0] * (CHECKPOINTS - 1)


def test_an_axis_is_the_mean_of_its_parts():
    parts = GOOD | {"coverage": 0.0, "classes": 0.5, "within classes": 1.0}
    assert axes_of(parts) == {"diversity": 0.5, "clarity": 1.0}


def test_a_summary_takes_medians_over_seeds_and_shares_the_agreement():
    steady = [0.4] * CHECKPOINTS
    found = summary({0: course(*steady), 1: course(*[0.8] * CHECKPOINTS, gradients=(9, 1, 1, 1, 0.25)),
                     2: course(*steady, gradients=(9, 1, 1, 1, 2.0))})
    assert found["axes"]["diversity"] == found["axes"]["clarity"] == pytest.approx(0.4)
    assert found["parts"]["kept"] == 1 and found["parts"]["agreement"] == pytest.approx(0.5)
    # From the first stretch of rounds alone on: vanishing to a quarter and growing twofold are both counted.
    assert [seed["parts"]["gradient"] for seed in found["seeds"].values()] == [1, 0.25, 0.5]
    assert found["axes"]["stability"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found["seeds"]["1"]["scores"] == pytest.approx([0.8] * CHECKPOINTS)


def test_a_training_that_ends_early_counts_as_nothing():
    found = summary({0: course(0.9, 0.9, gradients=())})
    assert found["axes"] == {"stability": 0, "diversity": 0, "clarity": 0}


def test_real_samples_are_near_one_and_noise_near_zero(yardstick):
    data = three_axes.load_data("digits", image_size=16).all()[:yardstick.count]
    real = axes_of(yardstick.parts(yardstick.numbers(data)))
    noise = axes_of(yardstick.parts(yardstick.numbers(torch.rand(
        yardstick.count, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1)))
    assert min(real.values()) > 0.9
    assert max(noise.values()) < 0.4


def test_the_axes_tell_missing_from_unclear(yardstick):
    found = yardstick.damaged()
    for damage in ("drop modes", "collapse modes"):
        assert found[damage]["diversity"] < 0.75 and found[damage]["clarity"] > 0.95
    for damage in ("blur", "noise", "mix"):
        assert found[damage]["clarity"] < 0.7
    assert found["memorise"]["diversity"] > 0.98 and found["memorise"]["clarity"] > 0.98


def test_the_generators_gradient_is_that_of_its_loss_and_moves_nothing():
    from zerosum.runs import construct, plan

    chosen = plan("recipe", "small", {**TINY, "seed": 0})
    data = three_axes.load_data(chosen.data)
    trainer = three_axes.Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)
    before = [weight.clone() for weight in trainer.model.parameters()]
    plain = generator_gradient(trainer)
    loss = trainer.model.generator_loss
    trainer.model.generator_loss = lambda batch: {name: 3 * value for name, value in loss(batch).items()}
    torch.manual_seed(0)
    assert generator_gradient(trainer) == pytest.approx(3 * plain, rel=0.3)          # of other batches
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))
    assert not any(weight.requires_grad for weight in trainer.model.parameters())
    trainer.model.generator_loss = lambda batch: {"adversarial": loss(batch)["adversarial"] * torch.inf}
    with pytest.raises(ZerosumError, match="not finite"):
        generator_gradient(trainer)


def test_two_losses_from_end_to_end(tmp_path, monkeypatch):
    small(monkeypatch)
    monkeypatch.setattr(three_axes, "SETTINGS", TINY)
    monkeypatch.setattr(three_axes, "SEEDS", (0,))
    monkeypatch.setattr(three_axes, "LOSSES", {name: LOSSES[name] for name in ("hinge", "wasserstein + penalty")})
    said = []
    document, picture = find_demo("losses")(tmp_path, said.append)
    found = json.loads(document.read_text())
    assert list(found["losses"]) == ["hinge", "wasserstein + penalty"] and len(said) == 2
    _check_axes(found)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "| wasserstein + penalty |" in losses_page(found)


def test_a_training_that_breaks_is_reported_and_the_others_go_on(monkeypatch):
    small(monkeypatch)
    said = []
    found = compare({"hinge": {"objective": "hinge", "lr": 1e30}}, (0,), TINY, said.append)
    assert "became nan" in said[0]
    assert found["losses"]["hinge"]["axes"] == {"stability": 0, "diversity": 0, "clarity": 0}
    json.dumps(found, allow_nan=False)


def test_the_committed_result_has_three_axes_of_every_loss_compared(committed):
    assert set(committed["losses"]) == set(LOSSES) >= set(COMPARED) and len(LOSSES) >= 6
    assert set(COMPARED) <= set(OBJECTIVES)
    assert committed["settings"] == SETTINGS and committed["seeds"] == list(three_axes.SEEDS)
    _check_axes(committed)
    assert (ROOT / "results" / "demos" / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_says_what_the_numbers_say(committed):
    page = losses_page(committed)
    for loss, found in committed["losses"].items():
        assert f"| {loss} | {found['axes']['stability']:.2f} (" in page
    leader = max(committed["losses"], key=lambda loss: committed["losses"][loss]["axes"]["clarity"])
    assert f"- Clarity: {leader} (" in page
    assert "What no number here replaces" in page and "How much data a GAN needs is open" in page


def test_the_radar_says_what_it_was_given(monkeypatch, tmp_path):
    from matplotlib.figure import Figure

    shown = {}
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: shown.update(figure=figure))
    axes = {"stability": 0.25, "diversity": 0.5, "clarity": 1.0}
    draw({"losses": {"one": {"axes": axes, "seeds": {"0": {"axes": axes}}}}, "seeds": [0],
          "definitions": AXES}, tmp_path / "a.png")
    radar = shown["figure"].axes[0]
    assert [label.get_text().split("\n") for label in radar.get_xticklabels()] == [
        ["stability", "0.25"], ["diversity", "0.50"], ["clarity", "1.00"]]
    assert list(radar.lines[1].get_ydata()) == [0.25, 0.5, 1.0, 0.25] and radar.get_ylim() == (0, 1)


def test_every_demonstration_is_found_and_an_unknown_one_names_the_nearest():
    assert all(callable(find_demo(name)) for name in DEMOS)
    with pytest.raises(UsageError, match="losses"):
        find_demo("loses")


def _check_axes(document: dict) -> None:
    for found in document["losses"].values():
        assert set(found["axes"]) == {"stability", "diversity", "clarity"}
        for seed in (found, *found["seeds"].values()):
            assert all(0 <= value <= 1 for value in (*seed["axes"].values(), *seed["parts"].values()))
        for axis, parts in AXES.items():
            for seed in found["seeds"].values():
                assert seed["axes"][axis] == pytest.approx(sum(seed["parts"][part] for part in parts) / 3)
