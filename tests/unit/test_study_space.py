"""What a study searches: draws are the same for everyone, ranges reach their ends, and nonsense is refused."""

import math
from itertools import product

import pytest

from zerosum.core import UsageError
from zerosum.study.space import Choice, Range, dimension, draw, encoded, grid

LR = Range("lr", 1e-4, 1e-2, log=True)
STEPS = Range("d_steps", 1, 3)
BETAS = Choice("betas", ([0.0, 0.9], [0.5, 0.999]))


def test_a_draw_is_a_function_of_seed_name_and_number_alone():
    here = [draw([LR, STEPS, BETAS], 3, number) for number in range(20)]
    assert [draw([BETAS, LR], 3, number)["lr"] for number in range(20)] == [each["lr"] for each in here]
    assert len({each["lr"] for each in here}) == 20
    assert [draw([LR], 4, number) for number in range(20)] != [{"lr": each["lr"]} for each in here]


def test_draws_spread_over_the_whole_range():
    drawn = [draw([LR, STEPS, BETAS], 0, number) for number in range(3_000)]
    decades = [math.log10(each["lr"]) for each in drawn]
    assert -4 <= min(decades) < -3.99 and -2.01 < max(decades) <= -2
    assert abs(sum(decades) / 3_000 + 3) < 0.04              # five standard errors of a uniform law of width 2 are .053
    for values, of in ((1, 2, 3), "d_steps"), (BETAS.values, "betas"):
        counts = [sum(each[of] == value for each in drawn) for value in values]
        assert sum(counts) == 3_000                          # nothing else occurs
        assert max(abs(count - 3_000 / len(values)) for count in counts) < 5 * math.sqrt(3_000 / 4)


def test_a_whole_logarithmic_range_stays_whole_and_inside():
    widths = {Range("width", 8, 64, log=True).at(i / 1_000) for i in range(1_000)}
    assert widths == set(range(8, 65))


def test_a_grid_is_the_product_of_its_lists():
    found = grid([Choice("a", (1, 2)), Choice("b", ("x", "y", "z"))])
    assert [(each["a"], each["b"]) for each in found] == list(product((1, 2), "xyz"))
    with pytest.raises(UsageError, match="needs a list of values for lr"):
        grid([LR])


@pytest.mark.parametrize("given", [[1e-3, 2e-3], {"low": 1, "high": 5}, {"low": 1e-4, "high": 1e-2, "log": True}])
def test_what_a_file_says_of_a_hyper_parameter(given):
    found = dimension("lr", given)
    assert found == (Choice("lr", tuple(given)) if isinstance(given, list) else Range("lr", **given))


@pytest.mark.parametrize(("given", "said"), [
    (3, "write a list of values"), ([], "write a list of values"), ({"low": 1}, "write a list of values"),
    ({"low": 1, "high": 2, "step": 1}, "write a list of values"), ({"low": 2, "high": 1}, "low must be a number below"),
    ({"low": "a", "high": 1}, "low must be a number below"), ({"low": 0, "high": 1, "log": True}, "begins above 0"),
    ({"low": 0, "high": 1, "log": "yes"}, "true or false"),
])
def test_a_space_that_cannot_be_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        dimension("lr", given)


def test_optuna_gives_back_what_was_asked_of_it():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    for number in range(10):
        wanted = draw([LR, STEPS, BETAS], 0, number)
        study.enqueue_trial({name: encoded(value) for name, value in wanted.items()})
        trial = study.ask()
        assert {each.name: each.suggest(trial) for each in (LR, STEPS, BETAS)} == wanted
