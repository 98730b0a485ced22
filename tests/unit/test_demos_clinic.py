"""The clinic's page and picture, from a document made by hand; its trainings are in tests/learning."""

import numpy as np
import pytest
from PIL import Image

from zerosum.cli.theory_docs import clinic_page
from zerosum.demos.clinic import HEALTHY, ILL, Case, examine
from zerosum.demos.figures.clinic import draw
from zerosum.doctor import ILLNESSES


def test_every_illness_has_a_training_that_is_made_ill():
    assert set(ILL) == set(ILLNESSES) and all(case.cause for case in ILL.values())
    assert len({case.model for case in HEALTHY.values()}) >= 6


def test_the_page_counts_what_was_named():
    ill = {"oscillation": {"cause": "a fast game", "model": "gan", "found": {
        "0": {"oscillation": "half of them move"}, "1": {"divergence": "it grew"}, "2": {"oscillation": "all move"}}}}
    page = clinic_page({"ill": ill, "healthy": {"gan, ring": {"found": {"0": {}, "1": {"memorisation": "near"}}}}})
    assert "| oscillation | a fast game | `gan` | 2 of 3 seeds | divergence |" in page
    assert "- **oscillation**: half of them move." in page
    assert "Of 2 healthy trainings (gan, ring), 1 gave an alarm: gan, ring, seed 1: memorisation." in page


def test_the_picture_shows_all(tmp_path):
    path = tmp_path / "clinic.png"
    draw({name: Image.new("L", (64, 64), 40 * i) for i, name in enumerate(("a", "b", "c", "d", "e"))}, path)
    seen = np.array(Image.open(path).convert("L"))
    assert {0, 40, 80, 120, 160} <= set(np.unique(seen))


def test_what_was_interrupted_is_not_trained_again(tmp_path, monkeypatch):
    case = Case("gan", "ring", {"steps": 40, "z_dim": 1})
    heard: list[str] = []
    first = examine({"short": case}, (0,), tmp_path, heard.append)
    assert len(Image.open(tmp_path / "short, seed 0.png").getbands()) == 3
    monkeypatch.setattr("zerosum.demos.clinic.treat", lambda case, seed: pytest.fail("it was trained again"))
    assert examine({"short": case}, (0,), tmp_path, heard.append) == first
    assert heard[0] == heard[1] and heard[0].startswith("short, seed 0: ")
