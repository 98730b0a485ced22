"""The demonstration of pixels: its changes on pictures drawn by hand, in small, and as it is committed."""

import json
from pathlib import Path

import pytest
import torch

from zerosum.cli.game_docs import pixels_page
from zerosum.demos import find_demo, pixels
from zerosum.demos.pixels import (
    JUDGES,
    LONGER,
    PAIRS,
    changed,
    hole,
    ink,
    isolated,
    prolonged,
    right,
    scattered,
    taller,
)

RESULTS = Path(__file__).parents[2] / "results" / "demos"


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def drawn(*rows: slice | int, columns: slice = slice(None)) -> torch.Tensor:
    """A picture of 12x12 pixels with ink in these rows and columns."""
    x = torch.full((1, 12, 12), -1.0)
    for row in rows:
        x[0, row, columns] = 1.0
    return x


def test_an_isolated_pixel_has_nothing_around_it(generator):
    x = drawn(5, columns=slice(2, 6))
    (place,) = (isolated(x, generator) != x).nonzero()[:, 1:].tolist()
    assert min(max(abs(5 - place[0]), abs(column - place[1])) for column in range(2, 6)) > 2
    assert isolated(drawn(slice(2, 10), columns=slice(2, 10)), generator) is None


def test_a_hole_has_ink_at_all_sides(generator):
    x = drawn(slice(4, 7), columns=slice(2, 5))
    y = hole(x, generator)
    assert (y != x).nonzero().tolist() == [[0, 5, 3]] and y[0, 5, 3] == -1
    assert hole(drawn(slice(4, 6)), generator) is None


def test_the_end_of_a_stroke_goes_on_whichever_side_it_points_to(generator):
    stroke = drawn(5, 6, columns=slice(0, 6))                          # begins at the border: one end alone
    for turn in range(4):
        x = torch.rot90(stroke, turn, (1, 2))
        expected = torch.rot90(drawn(5, 6, columns=slice(0, 6 + LONGER)), turn, (1, 2))
        assert torch.equal(prolonged(x, generator), expected)


def test_what_has_no_end_is_not_prolonged(generator):
    assert prolonged(drawn(slice(3, 9), columns=slice(3, 9)), generator) is None       # too wide
    assert prolonged(drawn(5, 6), generator) is None                                   # no room
    two_ends = drawn(2, 6, columns=slice(0, 6))
    assert pixels._to_the_right(two_ends) is None


def test_taller_repeats_the_middle(generator):
    x = drawn(2, 6, columns=slice(3, 6))
    assert torch.equal(taller(x, generator), drawn(2, 6 + LONGER, columns=slice(3, 6)))
    assert taller(drawn(10), generator) is None and taller(torch.full((1, 12, 12), -1.0), generator) is None


def test_scattered_ink_is_as_much_as_asked_for_and_touches_nothing(generator):
    x = drawn(5, columns=slice(2, 6))
    y = scattered(x, 5.0, generator)
    places = (y != x).nonzero()[:, 1:]
    assert (ink(y[None]) - ink(x[None])).item() == pytest.approx(5) and len(places) == 3
    others = torch.cat([places, (x[0] > 0).nonzero()])
    apart = (places[:, None] - others).abs().amax(2)
    assert (apart[apart > 0] > 1).all()
    assert scattered(drawn(slice(0, 12, 2)), 2.0, generator) is None


def test_who_is_right_is_counted_where_both_changes_are_possible():
    worse = {"isolated": [3.0, 1.0, 9.0], "hole": [0.0] * 3, "scattered": [9.0] * 3, "prolonged": [2.0] * 3,
             "taller": [1.0] * 3}
    possible = {name: torch.tensor([True, True, name != "prolonged"]) for name in worse}
    found = right({name: torch.tensor(each) for name, each in worse.items()}, possible)
    assert found == {"isolated, prolonged": 0.5, "isolated, taller": pytest.approx(2 / 3), "hole, prolonged": 0,
                     "hole, taller": 0, "scattered, prolonged": 1}


def test_digits_are_held_out_numerals():
    x, labels = pixels.digits()
    assert x.shape == (420, 1, 16, 16) and labels.bincount().tolist() == [42] * 10
    pictures, possible = changed(x)
    for name, picture in pictures.items():
        assert torch.equal((picture != x).flatten(1).any(1), possible[name])
    torch.testing.assert_close(ink(pictures["scattered"]), ink(pictures["prolonged"]))


def test_a_judge_that_counts_ink_is_found_out():
    class Counts:
        def scores(self, x):
            return ink(x)

    x, _ = pixels.digits()
    found, lost = pixels.judged(Counts(), x, *changed(x))
    assert found["ink"] == pytest.approx(1) and found["below"]["isolated"] == 0 and found["below"]["hole"] == 1
    assert found["right"]["isolated, prolonged"] == 1 and lost["isolated"].shape == (len(x),)


def test_the_pixels_in_small(monkeypatch, tmp_path):
    monkeypatch.setattr(pixels, "SEEDS", (10,))
    monkeypatch.setattr(pixels, "SETTINGS", {**pixels.SETTINGS, "width": 4, "batch_size": 8})
    monkeypatch.setattr(pixels, "JUDGES", {name: {**each, "steps": 1} for name, each in JUDGES.items()})
    said = []
    numbers, picture = find_demo("pixels")(tmp_path, said.append)
    document = json.loads(numbers.read_text())
    assert picture.read_bytes()[:4] == b"\x89PNG" and len(said) == 2
    assert list(document["judges"]["dcgan"]["10"]["right"]) == [f"{a}, {b}" for a, b in PAIRS]
    assert "| isolated, prolonged |" in pixels_page(document)


def test_what_is_committed_is_of_these_judges_and_l2_is_wrong():
    document = json.loads((RESULTS / "pixels.json").read_text())
    assert document["settings"] == pixels.SETTINGS and document["trained"] == json.loads(json.dumps(JUDGES))
    for seeds in document["judges"].values():
        assert list(seeds) == [str(seed) for seed in pixels.SEEDS]
    for flaw in ("isolated", "hole"):
        assert document["right by L2"][f"{flaw}, prolonged"] <= 0.2             # catalogue EXP-09
        assert document["right by ink"][f"{flaw}, prolonged"] >= 0.99           # so this pair alone proves nothing
    assert document["right by ink"]["scattered, prolonged"] == 0
    assert document["shown"]["digit"][0] == 2 and (RESULTS / "pixels.png").stat().st_size > 10_000
    assert "| scattered, prolonged | 160 | 99% | the same |" in pixels_page(document)


def test_the_pages_last_words_hold_for_what_is_committed():
    judges = json.loads((RESULTS / "pixels.json").read_text())["judges"]
    assert all(of["ink"] > 0.8 for of in judges["wgan-gp"].values())
    for of in judges["dcgan"].values():
        assert abs(of["ink"]) < 0.3 and of["below"]["isolated"] > 0.8 and of["right"]["scattered, prolonged"] > 0.8
        assert of["right"]["isolated, prolonged"] < 0.8 and of["right"]["hole, prolonged"] < 0.8
