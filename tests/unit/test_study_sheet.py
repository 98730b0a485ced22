"""Study files: what they say is read as it is meant, and what they say wrongly is refused in one line."""

import pytest

from zerosum.cli import main
from zerosum.core import UsageError
from zerosum.study import read_sheet

POINTS = 'data = ["ring"]\nscore = "w2"\n'
BUDGET = "[settings]\nsteps = 10\nwidth = 8\n"


def sheet(tmp_path, text, name="mine.toml"):
    (tmp_path / name).write_text(text)
    return read_sheet(tmp_path / name)


def test_systems_share_settings_and_space_and_have_their_own(tmp_path):
    found = sheet(tmp_path, POINTS + "draws = 3\n" + BUDGET + "[space]\nlr = [1e-3, 2e-3]\nprior = [\"normal\"]\n"
                  "[systems.a]\nmodel = \"recipe\"\nobjective = \"hinge\"\nlr = 5e-4\n"
                  "[systems.b]\nmodel = \"recipe\"\nwidth = 16\nspace.d_steps = [1, 2]\nspace.prior = false\n")
    a, b = found.systems
    assert [each.name for each in a.space] == ["prior"]      # lr is fixed
    assert [each.name for each in b.space] == ["d_steps", "lr"]              # prior is left out
    plan = found.cells[1].plan({"d_steps": 2, "lr": 2e-3}, seed=7)
    assert (plan.cfg.width, plan.cfg.d_steps, plan.cfg.lr, plan.train.seed, plan.train.steps) == (16, 2, 2e-3, 7, 10)
    assert (plan.data.data, plan.train.threads) == ("ring", 1)
    assert found.cells[0].plan({}, 0).cfg.objective == "hinge"
    assert [len(cell.draws) for cell in found.cells] == [3, 3]


def test_a_list_of_systems_is_a_short_form(tmp_path):
    found = sheet(tmp_path, 'systems = ["gan", "wgan-gp"]\n' + POINTS + BUDGET)
    assert [each.model for each in found.systems] == ["gan", "wgan-gp"]
    assert [cell.draws for cell in found.cells] == [[{}], [{}]]              # nothing is searched: one draw each
    assert (found.name, found.title, found.metric, found.reading) == ("mine", "mine", "w2", "w2")


def test_a_score_may_be_one_value_of_a_metric_of_several(tmp_path):
    found = sheet(tmp_path, 'systems = ["gan"]\nscore = "recall"\n' + BUDGET)
    assert (found.metric, found.reading) == ("precision-recall", "recall")


def test_a_model_and_data_beside_the_study_are_found_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text("from zerosum.core import register\n"
                                     "from zerosum.models.objective.gan import GAN\n\n"
                                     "@register\nclass Own(GAN):\n    PRESETS = {}\n")
    monkeypatch.chdir("/")
    found = sheet(tmp_path, POINTS + BUDGET + '[systems.mine]\nmodel = "own.py"\n')
    before = found.cells[0].key
    assert found.cells[0].plan({}, 0).model.__name__ == "Own"
    (tmp_path / "own.py").write_text((tmp_path / "own.py").read_text() + "# changed\n")
    assert sheet(tmp_path, POINTS + BUDGET + '[systems.mine]\nmodel = "own.py"\n').cells[0].key != before


def test_more_draws_and_fresh_seeds_keep_what_was_trained_and_other_numbers_do_not(tmp_path):
    text = 'systems = ["gan"]\n' + POINTS + "draws = 3\n" + BUDGET + "[space]\nlr = [1e-3, 2e-3]\n"
    key = sheet(tmp_path, text).cells[0].key
    more = text.replace("draws = 3", "draws = 9\nconfirm = [5]\ntitle = \"T\"\n")
    assert sheet(tmp_path, more).cells[0].key == key
    assert sheet(tmp_path, more).cells[0].draws[:3] == sheet(tmp_path, text).cells[0].draws
    for old, new in (("steps = 10", "steps = 11"), ("draws = 3", "draws = 3\nmoments = 2"), ("2e-3", "3e-3"),
                     ("draws = 3", "draws = 3\nseed = 1"), ("ring", "grid"), ("draws = 3", "seeds = [1]")):
        assert sheet(tmp_path, text.replace(old, new)).cells[0].key != key, new


def test_flags_override_the_top_of_the_file(tmp_path, capsys):
    text = 'systems = ["gan"]\n' + POINTS + "draws = 3\nconfirm = [5]\n" + BUDGET
    (tmp_path / "mine.toml").write_text(text)
    rules = read_sheet(tmp_path / "mine.toml", draws="2", confirm="none", data="grid,ring").rules
    assert (rules.draws, rules.confirm, rules.data, rules.score) == (2, (), ("grid", "ring"), "w2")
    assert main(["study", str(tmp_path / "mine.toml"), "--draws", "0"]) == 2
    assert "draws must be greater than 0" in capsys.readouterr().err
    assert main(["study", "--help"]) == 0
    assert "--confirm int,..." in capsys.readouterr().out


GAN = 'systems = ["gan"]\n'


@pytest.mark.parametrize(("text", "said"), [
    ("data = [", "is not TOML"),
    (POINTS, "name the systems"),
    ('systms = ["gan"]', "unknown entry 'systms' .did you mean systems"),
    ('systems = ["gann"]\n' + BUDGET, "unknown model 'gann' .did you mean gan"),
    ("[systems]\ngan = 3\n" + BUDGET, "gan must be a table"),
    (GAN + "settings = 3", "settings must be a table"),
    (GAN + "[settings]\nstepz = 5", "system 'gan': unknown setting 'stepz' .did you mean steps"),
    (GAN + BUDGET + "lr = -1", "system 'gan': lr must be greater than 0"),
    (GAN + BUDGET + "[space]\nlrr = [1e-3]", "unknown setting 'lrr'"),
    (GAN + BUDGET + '[space]\nobjective = ["saturating", "none"]', "objective: 'none' is not one of"),
    (GAN + 'search = "grid"\n' + BUDGET + "[space]\nlr = {low = 1e-4, high = 1e-3}", "needs a list of values for lr"),
    (GAN + 'search = "bayes"\n' + BUDGET, "'bayes' is not one of random, grid, tpe"),
    (GAN + 'score = "fidd"\n' + BUDGET, "unknown score 'fidd' .did you mean fid"),
    (GAN + "seeds = [0]\nconfirm = [0, 1]\n" + BUDGET, "confirm takes fresh seeds.*: 0"),
    (GAN + "draws = 0\n" + BUDGET, "draws must be greater than 0"),
    (GAN + "draws = 1000000\n" + BUDGET, "draws must be at most"),
    (GAN + "seeds = []\n" + BUDGET, "seeds must not be empty"),
    (GAN + "samples = 1\n" + BUDGET, "samples must be at least 2"),
    (GAN + "data = 3\n" + BUDGET, "'3' is not a list of names"),
    (GAN + "[settings]\nminutes = 5", "a study's budget is steps or images"),
    (GAN + BUDGET + 'data = "ring"', "data stands at the top of the study"),
    (GAN + BUDGET + "[space]\nseed = [1, 2]", "seed stands at the top of the study"),
    ('systems = ["none.py"]\n' + BUDGET, "no such model file"),
    ('[systems.gan]\npreset = "tinny"\n' + BUDGET, "unknown preset of gan 'tinny'"),
])
def test_what_a_file_says_wrongly_is_refused_in_one_line(tmp_path, text, said):
    with pytest.raises(UsageError, match=said) as refused:
        sheet(tmp_path, text)
    assert "mine.toml" in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the study .*none\.toml: No such file"):
        read_sheet(tmp_path / "none.toml")
