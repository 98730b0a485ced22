"""The games filmed: what a frame shows, films in small, a model of one's own, and what is committed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.cli import main
from zerosum.cli.game_docs import films_page
from zerosum.core import Batch, DataSpec, UsageError
from zerosum.data import ArrayDataset, load_data
from zerosum.demos import films
from zerosum.demos.figures.films import BANDS, SIDE, draw
from zerosum.engine import Trainer
from zerosum.losses import OBJECTIVES
from zerosum.runs import construct, plan

RESULTS = Path(__file__).parents[2] / "results" / "demos"
VIEW = (-1.0, -1.0, 1.0, 1.0)
OWN = '''
"""A GAN of one's own, on points."""
from zerosum.models.objective.gan import GAN
from zerosum.core import register

@register
class OwnGAN(GAN):
    """My own."""
    PRESETS = {"ring": {**GAN.PRESETS["ring"], "width": 8, "d_width": 8, "batch_size": 8}}
'''


def trainer_of(objective: str, **settings) -> Trainer:
    given = {**films.SETTINGS, "objective": objective, "width": 8, "seed": 10, "steps": 4, **settings}
    chosen = plan("recipe", "small", given)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 10), data, chosen.train)


@pytest.mark.parametrize("objective", ["saturating", "non-saturating", "least-squares", "wasserstein"])
def test_arrows_are_the_gradient_of_each_samples_loss(objective):
    trainer = trainer_of(objective)
    samples, arrows = films.felt(trainer.model, Batch(trainer.data.all()[:5]))
    x = samples.clone().requires_grad_(True)
    expected = [-torch.autograd.grad(OBJECTIVES[objective].generator(trainer.model.scores(x))[None].sum() * 5, x)[0]]
    assert samples.shape == arrows.shape == (5, 2) and arrows.abs().max() > 0
    assert torch.allclose(arrows, expected[0], atol=1e-7)
    again, _ = films.felt(trainer.model, Batch(trainer.data.all()[:5]))
    assert torch.equal(samples, again)       # the same noise in every frame


def test_a_model_without_a_generators_loss_shows_the_ascent_of_its_scores():
    class Bare:
        def sample(self, n, seed):
            return torch.full((n, 2), 3.0)

        def scores(self, x):
            return -x.square().sum(1) / 2

    samples, arrows = films.felt(Bare(), Batch(torch.zeros(4, 2)))
    assert torch.allclose(arrows, -samples)


@pytest.mark.parametrize("name", ["mad-gan", "unrolled-gan", "cgan", "wgan-gp"])
def test_models_of_many_kinds_are_filmed(name, monkeypatch, tmp_path):
    """Several generators, a loss that needs more than a batch, labels, a critic."""
    monkeypatch.setattr(films, "STEPS", 2)
    monkeypatch.setattr(films.film, "__defaults__", (2, *films.film.__defaults__[1:]))
    (path,) = films.film_of(name, tmp_path, lambda text: None)
    with Image.open(path) as film:
        assert film.n_frames == 2


def test_looking_changes_nothing():
    one = trainer_of("hinge")
    for step in range(1, 4):
        one.fit(steps=step)
        films.scene(one, one.data.all()[:50], VIEW)
    other = trainer_of("hinge")
    other.fit(steps=3)
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))


def test_a_frame_shows_scores_from_the_top_left_points_and_samples():
    """Scores that grow to the right and up: fake-coloured below on the left, real-coloured above on the right."""
    side = torch.linspace(-1, 1, films.HEAT)
    heat = side[None, :] - side[:, None]     # rows run from the top down
    shown = films.Scene(0, heat, 0.0, torch.tensor([[0.5, -0.5]]), torch.tensor([[0.0, 0.0]]))
    picture = np.array(draw(shown, torch.tensor([[-0.5, 0.5]]), VIEW)).astype(int)
    assert picture.shape == (SIDE, SIDE, 3)
    assert tuple(picture[-1, 0]) == tuple(BANDS[0]) and tuple(picture[0, -1]) == tuple(BANDS[-1])
    dark, green = picture[SIDE // 4, SIDE // 4], picture[3 * SIDE // 4, 3 * SIDE // 4]
    assert dark.max() < 60 and green[1] > 100 > green[0]
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= len(BANDS) + 3


def test_films_in_small(monkeypatch, tmp_path):
    monkeypatch.setattr(films, "FILMS", {"hinge": {}, "relativistic, r1+r2": films.FILMS["relativistic, r1+r2"]})
    for name, value in {"STEPS": 4, "STILLS": (0, 4), "JUDGED": 50,
                        "SETTINGS": {**films.SETTINGS, "width": 8, "batch_size": 8}}.items():
        monkeypatch.setattr(films, name, value)
    monkeypatch.setattr(films.film, "__defaults__", (3, *films.film.__defaults__[1:]))
    paths = films.demo(tmp_path, lambda text: None)
    assert [path.name for path in paths] == ["films.json", "films.png", "film-hinge.gif", "film-relativistic-r1-r2.gif"]
    document = json.loads(paths[0].read_text())
    assert document["films"]["hinge"]["steps"] == [0, 2, 4]
    assert document["films"]["relativistic, r1+r2"]["settings"]["objective"] == "relativistic"
    with Image.open(paths[2]) as film:
        assert film.n_frames == 3 and film.size[0] == SIDE
    assert "| relativistic | r1+r2 |" in films_page(document)


def test_a_model_of_ones_own_is_filmed_by_a_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(films, "STEPS", 3)
    monkeypatch.setattr(films.film, "__defaults__", (2, *films.film.__defaults__[1:]))
    (tmp_path / "own_gan.py").write_text(OWN)
    words = ["demo", "films", "--model", str(tmp_path / "own_gan.py"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    written = capsys.readouterr().out.split()
    assert len(written) == 1 and written[0].endswith(".gif") and Path(written[0]).is_file()


def test_only_points_in_the_plane_are_filmed_and_only_with_scores(tmp_path):
    chosen = plan("gan", "tiny", {"seed": 0})
    data = load_data(chosen.data)
    images = Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)
    with pytest.raises(UsageError, match="points in the plane"):
        films.film(images, 2, tmp_path / "a.gif")
    chosen = plan("vae", "small", {"data": "ring", "seed": 0, "steps": 2})
    points = ArrayDataset(np.zeros((9, 2), np.float32), DataSpec((2,)), name="nothing")
    silent = Trainer(construct(chosen.model, chosen.cfg, points.spec, 0), points, chosen.train)
    with pytest.raises(UsageError, match="cannot score"):
        films.film(silent, 2, tmp_path / "a.gif")


def test_every_committed_film_is_whole_and_small():
    document = json.loads((RESULTS / "films.json").read_text())
    assert document["films"].keys() == films.FILMS.keys() and len(films.FILMS) >= 7
    assert document["settings"] == films.SETTINGS and document["stills"] == list(films.STILLS)
    for name, found in document["films"].items():
        path = RESULTS / films.film_name(name)
        with Image.open(path) as film:
            assert film.n_frames == len(found["steps"]) == films.FRAMES
        assert path.stat().st_size <= 250_000 and found["settings"] == films.FILMS[name]
