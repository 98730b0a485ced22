"""What the doctor saw, drawn: every illness has a picture, of images and of points, and the picture shows the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_doctor import Sampler

from zerosum.data import load_data
from zerosum.doctor import ILLNESSES, Course, Diagnosis, Ground
from zerosum.runs.evidence import PICTURES, Evidence, draw, neighbours, real_groups, sample_groups

RECORDS = [{"step": 10 * i, "terms": {"discriminator/adversarial": 0.5}, "gradients": {"generator": 2.0**-i}}
           for i in range(20)]
ORANGE, BLUE = (213, 82, 22), (11, 106, 169)


class Mute(Sampler):
    """A model that has no scores."""

    scores = None


def seen(name: str, **settings) -> Evidence:
    """A look at a sampler of the first real samples."""
    data = load_data(name, **settings)
    ground, course = Ground(data), Course.of(RECORDS)
    sight = ground.see(Sampler(data.all()[:100]), 200)
    course.probes += [sight.probe] * 3
    return Evidence(course, ground, sight)


@pytest.fixture(scope="module")
def points():
    return seen("ring")


@pytest.fixture(scope="module")
def images():
    return seen("digits", image_size=16)


def drawn(illnesses: list[str], evidence: Evidence, path: Path) -> np.ndarray:
    draw([Diagnosis(illness, "it is seen", ("patience",)) for illness in illnesses], evidence, path)
    return np.array(Image.open(path).convert("RGB"))


def shows(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(2).sum() > 50)


def test_every_illness_has_its_pictures():
    assert set(PICTURES) == set(ILLNESSES) and all(PICTURES.values())


@pytest.mark.parametrize("illness", PICTURES)
@pytest.mark.parametrize("kind", ["points", "images"])
def test_each_is_drawn(illness, kind, request, tmp_path):
    picture = drawn([illness], request.getfixturevalue(kind), tmp_path / "seen.png")
    assert 200 < picture.shape[0] < 600 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_shares_stand_beside_each_other(images, tmp_path):
    picture = drawn(["mode collapse between classes"], images, tmp_path / "seen.png")
    assert shows(picture, ORANGE) and shows(picture, BLUE)


class Sheet:
    """An axis that keeps the picture it is given."""

    def imshow(self, picture, **options):
        self.picture = np.array(picture)

    def axis(self, what):
        assert what == "off"

    def set_title(self, title):
        self.title = title


def test_a_copy_stands_over_its_original(images):
    """The sampler draws training samples: the upper half of the grid is the lower one."""
    sheet = Sheet()
    neighbours(sheet, images)
    half = sheet.picture.shape[0] // 2
    assert np.array_equal(sheet.picture[:half], sheet.picture[-half:]) and len(np.unique(sheet.picture)) > 10


def test_groups_stand_in_columns(images):
    """Real samples and generated ones of a class lie below each other: here they are of one set."""
    real, fake = Sheet(), Sheet()
    real_groups(real, images)
    sample_groups(fake, images)
    assert real.picture.shape == fake.picture.shape
    columns = images.sight.probe.shares
    assert len(columns) == 10 and real.picture.shape[1] == 10 * 48 + 9


def test_all_that_was_found_is_one_picture(images, tmp_path):
    one = drawn(["oscillation"], images, tmp_path / "one.png")
    three = drawn(["oscillation", "memorisation", "divergence"], images, tmp_path / "three.png")
    assert three.shape[0] == pytest.approx(3 * one.shape[0], abs=3) and three.shape[1] == one.shape[1]
    none = drawn([], images, tmp_path / "none.png")
    assert shows(none, ORANGE)


@pytest.mark.parametrize("illness", PICTURES)
def test_what_cannot_be_seen_is_said(illness, tmp_path):
    """Without finite samples, scores or records there is still a picture."""
    blind = drawn([illness], Evidence(Course()), tmp_path / "blind.png")
    assert not shows(blind, ORANGE)


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_not_finite_or_nothing_have_no_place(points, tmp_path):
    course = Course.of([{"step": i, "gradients": {"generator": 0.0, "critic": float("inf")}} for i in range(9)])
    sight = replace(points.sight, scores=(torch.full((9,), torch.nan), torch.full((9,), torch.inf)))
    drawn(["vanishing gradient", "divergence"], Evidence(course, points.ground, sight), tmp_path / "seen.png")
    one = replace(points.sight, scores=(torch.ones(9), torch.ones(9)))
    drawn(["fooled discriminator"], Evidence(course, points.ground, one), tmp_path / "seen.png")


@pytest.mark.parametrize("illness", ["vanishing gradient", "fooled discriminator"])
def test_a_model_without_scores_is_drawn_without(illness, points, tmp_path):
    mute = Evidence(points.course, points.ground, points.ground.see(Mute(points.sight.x), 200))
    assert mute.sight.scores is None
    assert not np.array_equal(drawn([illness], mute, tmp_path / "mute.png"),
                              drawn([illness], points, tmp_path / "full.png"))
