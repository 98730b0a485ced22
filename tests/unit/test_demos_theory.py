"""The demonstrations of theory: optimizers, the order of the game and two time scales, in small and as committed."""

import json
import math
from pathlib import Path

import pytest
import torch

from zerosum.cli.theory_docs import optimizers_page, order_page, time_scales_page
from zerosum.core import OPTIMIZERS
from zerosum.demos import game_order, optimizers, time_scales
from zerosum.demos.optimizers import SURFACES, Surface, arrived, best_rate, length, race, walk

RESULTS = Path(__file__).parents[2] / "results" / "demos"
BOWL = Surface(lambda w: w.square().sum(-1) / 2, (3.0, 4.0), 1e-6, ((-5, 5), (-5, 5)))


def committed(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text())


def test_walks_by_hand():
    """Gradient descent on |w|^2 / 2 at rate 1/2 halves w with each step; at rate 1 it is there in one."""
    path = walk("sgd", 0.5, BOWL, steps=3)
    assert path == [(3.0, 4.0), (1.5, 2.0), (0.75, 1.0), (0.375, 0.5)] and length(path) == pytest.approx(4.375)
    assert not arrived(path, BOWL) and arrived(walk("sgd", 1.0, BOWL), BOWL)
    assert best_rate("sgd", BOWL) == 1.0
    assert race({"sgd": 1.0, "momentum": 1e-4}, BOWL)["sgd"]["steps"] == 1
    assert race({"momentum": 1e-4}, BOWL)["momentum"]["steps"] is None


def test_a_walk_that_diverges_ends_and_is_not_the_best():
    path = walk("sgd", 50.0, SURFACES["valley"])
    assert len(path) < 300 and not arrived(path, SURFACES["valley"])
    assert best_rate("sgd", SURFACES["valley"]) < 0.02            # 2 / curvature


def test_surfaces():
    valley, saddle = SURFACES["valley"].height, SURFACES["saddle"].height
    along = torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6)])
    across = torch.tensor([-along[1], along[0]])
    assert valley(along).item() == pytest.approx(0.5) and valley(across).item() == pytest.approx(50)
    assert saddle(torch.tensor([2.0, 1.0])).item() == 1.5


def test_the_committed_race_is_what_the_code_finds_and_what_the_survey_draws():
    document = committed("optimizers")
    valley = document["races"]["valley"]
    assert list(valley) == list(OPTIMIZERS)
    for name in ("sgd", "momentum", "adam", "ftrl"):
        again = walk(name, valley[name]["rate"], SURFACES["valley"])
        assert valley[name]["path"] == [[round(x, 5), round(y, 5)] for x, y in again]
    assert valley["momentum"]["length"] > valley["adam"]["length"]
    assert valley["sgd"]["steps"] is None and document["races"]["saddle"]["sgd"]["steps"] is None
    assert "not in 300" in optimizers_page(document)


def test_hops():
    a, b, spread = [0.9, 0.1], [0.2, 0.8], [0.5, 0.5]
    assert game_order.hops([a, a, b, a]) == 2 and game_order.hops([a, spread, b, spread, b]) == 1
    assert game_order.hops([spread] * 3) == game_order.hops([]) == 0


def test_shares_are_of_the_nearest_mode():
    x = torch.tensor([[0.1, 0.0], [0.0, 9.0], [1.0, 1.0], [4.0, 0.0]])
    assert game_order.shares(x, torch.tensor([[0.0, 0.0], [4.0, 0.0]])) == [0.75, 0.25]


def test_players_move_as_often_as_told():
    moved = []

    class Spy:
        model = type("Model", (), {"discriminator_loss": None, "generator_loss": None})

        def batch(self):
            return len(moved)

        def update(self, player, loss, batch):
            moved.append((player[0], batch))
            return {player: len(moved)}

    spy = Spy()
    assert game_order.rounds(spy, 2, 3)(spy) == {"discriminator": 2, "generator": 5}
    assert moved == [("d", 0), ("d", 1), ("g", 2), ("g", 3), ("g", 4)]


def test_the_order_in_small(monkeypatch, tmp_path):
    monkeypatch.setattr(game_order, "ORDERS", {"1 : 1": (1, 1, 4), "max-min": (1, 2, 4)})
    monkeypatch.setattr(game_order, "SEEDS", (0,))
    monkeypatch.setattr(game_order, "LOOKS", 2)
    said = []
    paths = game_order.demo(tmp_path, said.append)
    assert [path.name for path in paths] == ["order.json", "order.png"] and paths[1].stat().st_size > 5_000
    document = json.loads(paths[0].read_text())
    assert len(said) == 2 and list(document["orders"]) == ["1 : 1", "max-min"]
    assert "| max-min | 1 | 2 |" in order_page(document)


def test_the_committed_order_shows_collapse_and_hopping_only_where_the_generator_runs_ahead():
    orders = committed("order")["orders"]
    assert orders["1 : 1"]["modes"] == 8 and orders["1 : 1"]["hops"] == 0
    assert orders["max-min"]["modes"] <= 2 <= orders["max-min"]["hops"]


def test_the_race_is_drawn(tmp_path):
    paths = optimizers.demo(tmp_path, lambda text: None)
    assert [path.name for path in paths] == ["optimizers.json", "optimizers.png"]
    assert json.loads(paths[0].read_text())["races"]["saddle"].keys() == OPTIMIZERS.keys()
    assert paths[1].read_bytes()[:4] == b"\x89PNG"


def test_two_time_scales_in_small(monkeypatch, tmp_path):
    """Every game has its rates and as many updates as the others, and the page says which of them reached more."""
    played = []
    monkeypatch.setattr(time_scales, "UPDATES", 12)
    monkeypatch.setattr(time_scales, "LOOKS", 2)
    monkeypatch.setattr(time_scales, "SEEDS", (0,))

    class Watched(time_scales.Trainer):
        def update(self, player, *args, **options):
            cfg = self.model.cfg
            played.append((player, cfg.d_lr, cfg.lr))
            return super().update(player, *args, **options)

    monkeypatch.setattr(time_scales, "Trainer", Watched)
    paths = time_scales.demo(tmp_path, lambda text: None)
    assert [path.name for path in paths] == ["ttur.json", "ttur.png"] and paths[1].stat().st_size > 5_000
    of = [played[i:i + 12] for i in range(0, len(played), 12)]
    d, g = "discriminator", "generator"
    assert of[0] == 2 * (5 * [(d, 1e-3, 1e-3)] + [(g, 1e-3, 1e-3)])
    assert of[2] == 6 * [(d, 4e-4, 1e-4), (g, 4e-4, 1e-4)]
    document = json.loads(paths[0].read_text())
    assert len(of) == len(document["games"])
    for modes, verdict in ((8, "scales matches five"), (7, "scales does not match five")):
        document["games"][0]["modes"], document["games"][2]["modes"] = 8, modes
        assert verdict in time_scales_page(document)


def test_the_committed_games_are_those_of_the_code():
    document = committed("ttur")
    games = [time_scales.Game(*(game[name] for name in time_scales.Game._fields)) for game in document["games"]]
    assert games == list(time_scales.GAMES) and document["updates"] == time_scales.UPDATES
    assert document["seeds"] == list(time_scales.SEEDS) and document["settings"] == time_scales.SETTINGS


def test_the_arrival_is_the_median_first_look_at_all_modes():
    document = {"updates": 100, "looks": 4}
    courses = ([1, 8, 3, 8], [8, 8, 8, 8], [0, 0, 0, 8])
    game = {"seeds": dict(enumerate({"modes": modes} for modes in courses))}
    assert time_scales.arrival(document, game) == 50
    game["seeds"] |= {3: {"modes": [7] * 4}, 4: {"modes": [7] * 4}, 5: {"modes": [7] * 4}, 6: {"modes": [7] * 4}}
    assert time_scales.arrival(document, game) == math.inf
