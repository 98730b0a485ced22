"""The demonstrations of the game: one dimension, the optimal discriminator, gradients, KL, the bilinear game."""

import json
import math
from pathlib import Path

import pytest
import torch

from zerosum.cli.docs import DEMO_PAGES
from zerosum.cli.game_docs import game_page, gradients_page, optimal_page, pull_page, spiral_page
from zerosum.cli.theory_docs import kl_page
from zerosum.demos import game, gradients, kl, optimal, pull, spiral
from zerosum.demos.optimal import Law

RESULTS = Path(__file__).parents[2] / "results" / "demos"


def committed(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text())


def quiet(text: str) -> None:
    pass


def check_files(paths: list[Path], name: str) -> dict:
    assert [path.name for path in paths] == [f"{name}.json", f"{name}.png"]
    assert paths[1].read_bytes()[:4] == b"\x89PNG" and paths[1].stat().st_size > 10_000
    return json.loads(paths[0].read_text())


# One dimension -------------------------------------------------------------------------------------------------------


def test_the_density_of_samples_is_the_laws():
    x = torch.distributions.Normal(game.MEAN, game.SPREAD).icdf((torch.arange(100_000) + 0.5) / 100_000)
    assert (game.density(x) - game.data_density()).abs().max() < 0.02


def test_rates_fall_to_nothing_and_players_stay():
    chosen = game.plan("gan", "ring", game.SETTINGS)
    model = game.falling(game.construct(chosen.model, chosen.cfg, game.DataSpec((1,)), 0), 10)
    players = model.players()
    assert list(players) == ["discriminator", "generator"]
    for name, rate in (("discriminator", 5e-3), ("generator", 1e-3)):
        optimizer = players[name].optimizer(list(players[name].parameters()))
        for step, share in ((0, 1.0), (5, 0.5), (10, 0.0)):
            players[name].schedule(optimizer, step, 0)
            assert optimizer.lr == pytest.approx(share * rate)


def test_the_game_in_small(monkeypatch, tmp_path):
    """G stands still between (a) and (b) while D gets nearer to its optimum, and moves afterwards."""
    monkeypatch.setattr(game, "SETTINGS", {**game.SETTINGS, "steps": 30})
    monkeypatch.setattr(game, "ALONE", 200)
    monkeypatch.setattr(game, "JUDGED", 50_000)
    document = check_files(game.demo(tmp_path, quiet), "game")
    a, b, c, d = document["games"]["0"]
    assert a["x"] == b["x"] != c["x"] and d["step"] == 30
    assert b["from optimum"] < 0.6 * a["from optimum"]
    assert a["z"] == sorted(a["z"]) and len(a["z"]) == len(a["x"]) == game.LINES


def test_the_committed_game_ends_with_the_data_and_half():
    """D is within 0.05 of 1/2 wherever data is, and the mean of the samples within 0.1 of the data's."""
    document = committed("game")
    assert document["settings"] == json.loads(json.dumps(game.SETTINGS))
    for panels in document["games"].values():
        first, last = panels[0], panels[-1]
        assert last["from half"] < 0.05 and first["from half"] > 0.05
        assert abs(last["mean"] - game.MEAN) < 0.1 and last["wasserstein"] < 0.1 < first["wasserstein"]
        support = (game.grid() - game.MEAN).abs() < 2 * game.SPREAD
        assert (torch.tensor(last["d"])[support] - 0.5).abs().max() < 0.05
        assert panels[1]["from optimum"] < 0.05
    assert "| 0 | 0.0" in game_page(document)


# The optimal discriminator -------------------------------------------------------------------------------------------


def test_the_optimum_and_the_cost_by_hand():
    p, q = Law((0.0,), (1.0,)), Law((2.0,), (1.0,))
    assert optimal.optimum(p, q, torch.tensor([1.0])).item() == pytest.approx(0.5)
    assert optimal.optimum(p, q, torch.tensor([0.0])).item() == pytest.approx(1 / (1 + math.exp(-2)))
    assert optimal.cost(p, p) == pytest.approx(-math.log(4)) and optimal.cost(p, Law((9.0,), (0.1,))) > -1e-3
    both = Law((-2.0, 2.0), (0.6, 0.6))
    assert both.draw(4_000, torch.Generator().manual_seed(0)).abs().mean() == pytest.approx(2, abs=0.05)
    assert (both.density(optimal.grid()).sum() * 20 / 2_000).item() == pytest.approx(1, abs=1e-3)


def test_a_discriminator_in_small_is_near_its_optimum_and_one_for_other_laws_is_not():
    p, q = optimal.PAIRS["shifted"]
    network = optimal.train(p, q, seed=10, steps=150)
    assert optimal.compare(p, q, network)["mean"] < 0.05 < optimal.compare(q, p, network)["mean"]
    assert optimal.value(p, q, network, 10) == pytest.approx(optimal.cost(p, q), abs=0.05)


def test_the_optimum_is_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr(optimal, "STEPS", 2)
    monkeypatch.setattr(optimal, "JUDGED", 100)
    monkeypatch.setattr(optimal, "APART", (0.0, 4.0))
    document = check_files(optimal.demo(tmp_path, quiet), "optimal")
    assert "| narrower |" in optimal_page(document)


def test_the_committed_discriminators_are_optimal():
    document = committed("optimal")
    assert document["pairs"].keys() == optimal.PAIRS.keys()
    assert all(found["mean"] < 0.05 and found["largest"] < 0.05 for found in document["pairs"].values())
    assert [each["apart"] for each in document["values"]] == list(optimal.APART)
    for each in document["values"]:
        assert each["theory"] == pytest.approx(optimal.cost(Law((0.0,), (1.0,)), Law((each["apart"],), (1.0,))))
        assert each["trained"] == pytest.approx(each["theory"], abs=0.01)


# Gradients -----------------------------------------------------------------------------------------------------------


def test_the_rank_correlation_by_hand():
    assert gradients.spearman([1, 2, 30]) == pytest.approx(1) and gradients.spearman([3, 2, 1]) == pytest.approx(-1)
    assert gradients.spearman([2, 1, 3]) == pytest.approx(0.5)


def test_slopes_are_those_of_the_formulas():
    found, at = gradients.saturation(), gradients.SCORES.index(-2.0)
    d = 1 / (1 + math.exp(2))
    slopes = {name: each["slope"][at] for name, each in found.items()}
    expected = {"saturating": -d, "non-saturating": d - 1, "least-squares": -3, "hinge": -1}
    assert slopes == pytest.approx(expected, abs=1e-5)
    assert found["saturating"]["loss"][at] == pytest.approx(math.log(1 - d), abs=1e-5)
    # Saturating is flat for surely fake samples, non-saturating for surely real ones, least squares for neither.
    assert abs(found["saturating"]["slope"][0]) < 1e-3 and found["non-saturating"]["slope"][0] < -0.99
    assert abs(found["non-saturating"]["slope"][-1]) < 1e-3 and found["least-squares"]["slope"][-1] == 7


def test_the_generator_stands_still_while_the_discriminator_is_trained():
    trainer = gradients.game(10, objective="saturating")
    before = [weight.clone() for weight in trainer.model.generator.parameters()]
    norms = gradients.course(trainer, 10, 4)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.generator.parameters(), strict=True))
    assert gradients.spearman(norms) < 0 and norms[-1] < norms[0] / 2
    other = gradients.game(10, objective="wasserstein", penalty="gradient-penalty")
    assert all(torch.equal(a, b) for a, b in zip(before, other.model.generator.parameters(), strict=True))


def test_gradients_are_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr(gradients, "courses", lambda seed: {name: [2.0, 1.0] for name in gradients.COMPARED})
    document = check_files(gradients.demo(tmp_path, quiet), "gradients")
    assert "| hinge | 2, 2, 2 | 1, 1, 1 | 0.5 | -1.00, -1.00, -1.00 |" in gradients_page(document)


def test_the_committed_gradient_vanishes_where_it_saturates_and_nowhere_else():
    document = committed("gradients")
    courses = document["courses"]
    assert courses.keys() == gradients.COMPARED.keys() and document["settings"] == gradients.SETTINGS
    assert document["seeds"] == list(gradients.SEEDS)
    assert all(value <= -0.9 for value in courses["saturating"]["spearman"])
    assert courses["saturating"]["last over first"] < 0.05
    assert courses["non-saturating"]["last over first"] > 1
    assert courses["wasserstein + penalty"]["last over first"] > 0.5
    for found in courses.values():
        assert found["spearman"] == [pytest.approx(gradients.spearman(n), abs=1e-4) for n in found["seeds"].values()]


# Kullback-Leibler ----------------------------------------------------------------------------------------------------


def test_forward_takes_the_moments_and_reverse_one_hump():
    p = kl.two_humps()
    forward, reverse = kl.fit(p, kl.DIVERGENCES["forward"]), kl.fit(p, kl.DIVERGENCES["reverse"])
    assert forward["mean"] == pytest.approx(0, abs=1e-3)
    assert forward["spread"] == pytest.approx(math.sqrt(kl.APART ** 2 + kl.HUMP ** 2), rel=2e-3)
    assert reverse["mean"] == pytest.approx(-kl.APART, abs=1e-2) and reverse["spread"] == pytest.approx(0.5, abs=1e-2)
    assert reverse["value"] == pytest.approx(math.log(2), abs=1e-3)


def test_each_side_charges_for_the_other_fault():
    found = kl.penalties()
    missing, unreal = found["missing mode"], found["unrealistic samples"]
    assert missing["reverse"] == pytest.approx(math.log(2), abs=1e-3) and missing["forward"] > 10
    assert unreal["forward"] < math.log(2) + 1e-3 and unreal["reverse"] > 4 * missing["reverse"]
    assert missing["js"] == pytest.approx(unreal["js"], abs=0.01)


def test_kl_is_what_is_committed(tmp_path):
    document, known = check_files(kl.demo(tmp_path, quiet), "kl"), committed("kl")
    for law, fits in document["fits"].items():
        for kind, found in fits.items():
            assert found == pytest.approx(known["fits"][law][kind], abs=1e-3)
    plateau = document["fits"]["a plateau"]
    assert plateau["reverse"]["spread"] < plateau["js"]["spread"] < plateau["forward"]["spread"]
    assert "| KL(q, p), reverse | -2 | 0.50 | 0 |" in kl_page(document)


# The bilinear game ---------------------------------------------------------------------------------------------------


def test_each_rule_moves_as_its_formula_says():
    for rate in (0.05, 0.3):
        paths = {name: spiral.play(rule, rate, 50) for name, rule in spiral.RULES.items()}
        assert math.hypot(*paths["simultaneous"][1]) ** 2 == pytest.approx(2 * (1 + rate ** 2))
        for name, distance in spiral.closed_form(rate, 50).items():
            assert math.hypot(*paths[name][-1]) == pytest.approx(distance)
        assert [spiral.invariant(at, rate) for at in paths["alternating"]] == pytest.approx([2 - rate] * 51)


def test_averages_converge_as_one_over_steps():
    path = spiral.averages(spiral.play(spiral.alternating, 0.1, 8_000))
    assert path[1] == pytest.approx(((1 + 0.9) / 2, (1 + 1.09) / 2))
    assert all(math.hypot(*path[n]) * n < 3 / 0.1 for n in range(100, 8_001, 100))


def test_the_engine_plays_it_alternating_and_jointly_simultaneous():
    """`update` after `update` is the alternating rule, and `update_jointly` the simultaneous one."""
    from zerosum.core import Batch, DataSpec, Model, Player, sgd
    from zerosum.data import ArrayDataset
    from zerosum.engine import TrainConfig, Trainer

    class Bilinear(Model):
        name, couples = "bilinear", False

        def __init__(self):
            super().__init__(None, DataSpec((1,)))
            self.sides = torch.nn.ModuleList([torch.nn.Linear(1, 1, bias=False) for _ in range(2)])
            for side in self.sides:
                torch.nn.init.ones_(side.weight)

        def players(self):
            return {name: Player(side, sgd(0.1)) for name, side in zip("xy", self.sides, strict=True)}

        def losses(self, batch):
            product = (self.sides[0].weight * self.sides[1].weight).sum()
            return {"x": {"xy": product}, "y": {"xy": -product}}

        def at(self):
            return tuple(side.weight.item() for side in self.sides)

    data, batch = ArrayDataset(torch.zeros(4, 1).numpy(), DataSpec((1,)), name="none"), Batch(torch.zeros(1, 1))
    model = Bilinear()
    trainer = Trainer(model, data, TrainConfig(steps=1, batch_size=1, device="cpu"))
    trainer.update_jointly(["x", "y"], model.losses, batch)
    assert model.at() == pytest.approx(spiral.simultaneous((1.0, 1.0), 0.1))
    before = model.at()
    for name in "xy":
        trainer.update(name, lambda part, name=name: model.losses(part)[name], batch)
    assert model.at() == pytest.approx(spiral.alternating(before, 0.1))


def test_the_spiral_is_what_is_committed(tmp_path):
    document = check_files(spiral.demo(tmp_path, quiet), "spiral")
    assert document == committed("spiral")
    low, high = document["invariant"]
    assert high - low < 1e-12 and "| simultaneous |" in spiral_page(document)


def test_every_page_has_its_numbers():
    assert all((RESULTS / f"{result}.json").is_file() for result, _ in DEMO_PAGES.values())


# The pull of least squares -------------------------------------------------------------------------------------------


def test_both_linear_scores_are_the_best_and_share_their_boundary():
    """No other slope or offset has a smaller loss on many points of both laws."""
    draw = torch.Generator().manual_seed(0)
    points = torch.randn(200_000, 2, generator=draw) * pull.SPREAD
    real, fake = points + torch.tensor([1.0, 0.0]), points - torch.tensor([1.0, 0.0])
    for name, level in pull.LEVELS.items():
        loss, line = pull.OBJECTIVES[name].discriminator, torch.zeros(1, 2)
        assert pull.linear_scores(line, name).item() == level
        s_real, s_fake = pull.linear_scores(real, name), pull.linear_scores(fake, name)
        best = loss(s_real, s_fake)
        for scale, offset in ((1.1, 0.0), (0.9, 0.0), (1.0, 0.05), (1.0, -0.05)):
            other = [(s - level) * scale + level + offset for s in (s_real, s_fake)]
            assert loss(*other) > best


def test_least_squares_pulls_back_what_cross_entropy_leaves():
    far = torch.tensor([[6.0, 1.0], [-2.0, 0.0]])
    ce, ls = pull.felt(far, "non-saturating"), pull.felt(far, "least-squares")
    assert ce[0].abs().max() < 1e-6 and ls[0, 0] < -0.3 and ls[0, 1] == 0          # behind the data
    assert ce[1, 0] > 1 and ls[1, 0] > 0.3                                         # among the fakes, both push on
    assert pull.felt(torch.tensor([[1 + pull.SPREAD ** 2, 0.0]]), "least-squares").abs().max() < 1e-6


def test_the_boundary_of_a_circle_is_a_circle():
    line = pull.boundary(lambda x: x.norm(dim=1), 2.0)
    assert len(line) > 100 and (line.norm(dim=1) - 2).abs().max() < 0.01
    assert len(pull.boundary(lambda x: x.norm(dim=1), -1.0)) == 0


def test_the_distance_is_from_the_boundary(monkeypatch):
    class Known:
        def sample(self, n, seed):
            return torch.tensor([[3.0, 0.0]]).expand(n, 2)

        def scores(self, x):
            return x[:, 0]

    assert pull.distance(Known(), "non-saturating") == pytest.approx(3, abs=0.01)
    assert pull.distance(Known(), "least-squares") == pytest.approx(2.5, abs=0.01)


def test_the_pull_in_small(monkeypatch, tmp_path):
    monkeypatch.setattr(pull, "SEEDS", (10,))
    monkeypatch.setattr(pull, "LOOKS", 4)
    monkeypatch.setattr(pull, "SETTINGS", {**pull.SETTINGS, "width": 8})
    monkeypatch.setattr(pull, "CELLS", 21)
    small = pull.train
    monkeypatch.setattr(pull, "train", lambda objective, seed: small(objective, seed, steps=8))
    document = check_files(pull.demo(tmp_path, quiet), "pull")
    assert [len(course) for of in document["trained"].values() for course in of.values()] == [2, 2]
    assert "of 1 seeds" in pull_page(document)


def test_the_committed_samples_are_nearer_to_the_boundary_with_least_squares():
    document = committed("pull")
    ce, ls = (document["means"][name] for name in ("non-saturating", "least-squares"))
    assert len(ce) == len(ls) == len(pull.SEEDS) and document["settings"] == pull.SETTINGS
    assert sum(ls) < sum(ce)
    assert [sum(course) / len(course) for course in document["trained"]["least-squares"].values()] == pytest.approx(ls)
