"""The numbers of a study's table: resampled searches, intervals, who leads when, and who cannot be told apart."""

import math
from itertools import product

import pytest

from zerosum.study.report import rows_of, sentences, table_text, train_command
from zerosum.study.results import alike, best_of, found_in, interval, leaders, overtakings, sure


def training(seed, *scores, failure=""):
    return {"seed": seed, "scores": list(scores), "seconds": 2.0, "illnesses": ["divergence"] if failure else [],
            "failure": failure}


def document(*cells, better="lower", moments=1):
    """A study of cells (system, scores of draws at each moment, scores of fresh seeds)."""
    return {"name": "toy", "title": "Toy", "score": "fid", "better": better, "version": "0", "date": "2026-01-01",
            "budget": {name: {"steps": 100} for name, *_ in cells},
            "rules": {"data": ["digits"], "moments": moments, "samples": 10, "search": "random", "seed": 0,
                      "seeds": [0], "confirm": [1, 2]},
            "systems": {name: {"model": "recipe", "preset": None, "settings": {"objective": "hinge", "flip": False},
                               "space": {"lr": {"values": [1]}}} for name, *_ in cells},
            "cells": [{"system": name, "data": "digits", "planned": len(draws), "draws": [
                {"number": i, "values": {"lr": (i + 1) / 1000, "betas": [0.5, 0.9]},
                 "trainings": [training(0, *scores)]} for i, scores in enumerate(draws)], "confirmed": [
                {"number": i, "values": {}, "trainings": [training(i, score)]} for i, score in enumerate(fresh)]}
                for name, draws, fresh in cells]}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_best_of_k_is_that_of_all_ways_to_draw_k(k):
    scores = [1.0, 2.0, 5.0, 9.0]
    bests = sorted(min(chosen) for chosen in product(scores, repeat=k))
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        below = bests[math.ceil(share * len(bests)) - 1]     # the smallest value that this share of them reaches
        assert best_of(scores, k, share) == below


def test_a_diverged_draw_counts_as_the_worst():
    ranked = [1.0, math.inf]
    assert [best_of(ranked, 1, share) for share in (0.5, 0.51)] == [1.0, math.inf]
    assert best_of(ranked, 2, 0.75) == 1.0 and best_of(ranked, 2, 0.76) == math.inf


def test_the_interval_of_a_mean_is_students():
    half = 4.30265 / math.sqrt(3)             # t(0.975) with two degrees of freedom
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2 - half, 2 + half), abs=1e-4)
    assert interval([1.0]) is None and interval([1.0, math.inf]) is None


def test_fresh_seeds_decide_where_there_are_any():
    one, other = found_in(document(("a", [[3.0], [2.0]], [5.0, 5.2, 5.4]), ("b", [[4.0], [3.0]], [])))
    assert sure(one)[0] == pytest.approx(5.2) and sure(one)[1] == pytest.approx(interval([5.0, 5.2, 5.4]))
    assert sure(other) == (3.0, None)
    assert alike([one, other]) is None


def test_systems_whose_intervals_meet_are_not_told_apart():
    cells = found_in(document(("a", [[1.0]], [1.0, 1.1, 1.2]), ("b", [[1.0]], [1.2, 1.3, 1.4]),
                              ("c", [[1.0]], [8.0, 8.1, 8.2])))
    assert alike(cells) == ["a", "b"]
    said = " ".join(sentences(document(("a", [[1.0]], [1.0, 1.1, 1.2]), ("b", [[1.0]], [1.2, 1.3, 1.4]))))
    assert "a comes first; this study does not tell it from b." in said
    said = " ".join(sentences(document(("a", [[1.0]], [1.0, 1.1, 1.2]), ("c", [[1.0]], [8.0, 8.1, 8.2]))))
    assert "its interval meets no other's" in said


def test_who_leads_depends_on_the_budget_where_it_does():
    study = document(("slow", [[9.0, 1.0], [8.0, 3.0]], []), ("fast", [[4.0, 3.5], [6.0, 2.0]], []),
                     ("last", [[20.0, 20.0]], []), moments=2)
    cells = found_in(study)
    assert leaders(cells, 2) == [["fast", "slow", "last"], ["slow", "fast", "last"]]
    assert overtakings(cells, 2) == [("fast", "slow", 0, 1)]
    said = " ".join(sentences(study))
    assert "1 of 3 pairs change places, as slow overtakes fast; by the best draw, fast, then slow leads." in said
    assert overtakings(found_in(document(("a", [[1.0, 1.0]], []), ("b", [[2.0, 2.0]], []), moments=2)), 2) == []


def test_higher_may_be_better():
    study = document(("a", [[0.2], [0.9]], []), ("b", [[0.5], [0.6]], []), better="higher")
    a, b = found_in(study)
    assert (a.best.score(), a.best.number, a.scores()) == (0.9, 1, [0.9, 0.2])
    assert [row[1] for row in rows_of(study)] == ["a", "b"]
    assert leaders([a, b], 1) == [["a", "b"]]


def test_the_table_shows_what_diverged():
    study = document(("a", [[3.0], [2.0], [None]], []), ("b", [[None]], []))
    study["cells"][0]["draws"][2]["trainings"][0]["failure"] = "not finite"
    study["cells"][1]["draws"][0]["trainings"][0]["failure"] = "not finite"
    rows = {row[1]: row for row in rows_of(study)}
    assert rows["a"][2:] == ("2", "", "", "3", "2 to diverged", "3", "1", "2")
    assert rows["b"][2] == "diverged"
    assert [row[1] for row in rows_of(study)] == ["a", "b"]
    assert "lower is better" in table_text(study)


def test_the_best_draw_can_be_trained_again():
    study = document(("a", [[3.0], [2.0]], []))
    assert train_command(study, found_in(study)[0]) == (
        "zerosum train recipe --objective hinge --no-flip --lr 0.002 --betas 0.5,0.9 --data digits --seed 0 "
        "--threads 1")


def test_a_study_without_a_score_says_so():
    assert sentences(document(("a", [], []))) == ["No training has a score yet."]
