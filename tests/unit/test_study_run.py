"""A study runs to its end whatever happens to it: two workers at once, a worker or the command killed, bad folders."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

import zerosum as zs
from zerosum.cli import main
from zerosum.core import NonFiniteError, UsageError, ZerosumError
from zerosum.study import read_sheet, run, run_study
from zerosum.study.progress import Progress
from zerosum.study.sheet import Cell
from zerosum.study.store import TRIES, Outcome, Store
from zerosum.study.training import Training, train_once
from zerosum.study.worker import work

TOY = """
data = ["ring"]
score = "w2"
draws = {draws}
confirm = {confirm}
moments = 2
samples = 64
[settings]
steps = {steps}
width = 8
batch_size = 16
[space]
lr = {{low = 1e-4, high = 1e-2, log = true}}
[systems.one]
model = "gan"
[systems.two]
model = "gan"
objective = "saturating"
"""


def toy(folder: Path, draws: int = 2, confirm: str = "[]", steps: int = 4, more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "toy.toml").write_text(TOY.format(draws=draws, confirm=confirm, steps=steps) + more)
    return folder / "toy.toml"


def store_in(folder: Path, session: str = "s") -> Store:
    return Store(f"sqlite:///{folder / 'study.sqlite3'}", higher=False, session=session)


def numbers(document: dict) -> list:
    """What was measured, without the seconds that it took."""
    return [[(each["number"], each["values"], [training["scores"] for training in each["trainings"]])
             for each in cell["draws"] + cell["confirmed"]] for cell in document["cells"]]


def in_this_process(file: Path, folder: Path) -> Store:
    """Every trial of the search, without workers."""
    sheet, store = read_sheet(file), store_in(folder)
    for cell in sheet.cells:
        store.queue(cell, "search", dict(enumerate(cell.draws)))
    work(sheet, store)
    return store


def test_the_score_is_that_of_the_same_training_without_a_study(tmp_path):
    """A study adds nothing and takes nothing: scored twice on the way, the weights are those of a plain run."""
    sheet = read_sheet(toy(tmp_path))
    cell = sheet.cells[0]
    trained = train_once(sheet, cell.plan(cell.draws[0], 5))
    run = zs.train("gan", data="ring", steps=4, width=8, batch_size=16, threads=1, device="cpu", seed=5, quiet=True,
                   out=tmp_path / "run", **cell.draws[0])
    score = zs.evaluate(run.model, "ring", "w2", n=64)["w2"].value
    assert len(trained.scores) == 2 and trained.scores[-1] == pytest.approx(score, rel=1e-6)
    assert trained.scores[0] != trained.scores[1] and not trained.failure and trained.seconds > 0


def test_a_training_that_diverges_is_a_result(tmp_path, monkeypatch):
    sheet = read_sheet(toy(tmp_path))
    calls = []

    def once(*_):
        calls.append(1)
        if len(calls) == 2:
            raise NonFiniteError("discriminator/adversarial is nan at step 4")
        return 1.5

    monkeypatch.setattr("zerosum.study.training.score_of", once)
    trained = train_once(sheet, sheet.cells[0].plan({}, 0))
    assert trained.scores == (1.5, float("inf")) and trained.failure.startswith("discriminator/adversarial is nan")
    assert Training.from_json(trained.to_json(), float("inf")) == trained


def test_the_score_of_a_draw_is_the_median_of_its_seeds(tmp_path):
    file = toy(tmp_path)
    file.write_text(file.read_text().replace("draws = 2", "draws = 1\nseeds = [0, 1, 2]"))
    sheet = read_sheet(file)
    outcome, = in_this_process(file, tmp_path).outcomes(sheet.cells[0])
    assert [each.seed for each in outcome.trainings] == [0, 1, 2]
    assert outcome.score() == sorted(each.scores[-1] for each in outcome.trainings)[1]
    assert len({each.scores for each in outcome.trainings}) == 3


def test_asking_twice_queues_once_and_asking_for_more_adds(tmp_path):
    store = in_this_process(toy(tmp_path), tmp_path)
    sheet = read_sheet(toy(tmp_path, draws=3))
    before = [each.values for each in store.outcomes(sheet.cells[0])]
    for _ in range(2):
        store.queue(sheet.cells[0], "search", dict(enumerate(sheet.cells[0].draws)))
    assert store.waiting(sheet.cells[0], "search") == [2]
    work(sheet, store)
    assert [each.values for each in store.outcomes(sheet.cells[0])] == [*before, sheet.cells[0].draws[2]]


def begun_by(store: Store, cell: Cell, process: int) -> None:
    """Take a trial out of the queue in the name of a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")       # Optuna's heartbeat is silent here, as that of a dead worker
        store.study(cell).ask().set_user_attr("worker", f"{socket.gethostname()} {process}")


def test_a_trial_whose_worker_is_gone_is_queued_again_but_not_for_ever(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=1)), store_in(tmp_path)
    cell, wanted = sheet.cells[0], {0: sheet.cells[0].draws[0]}
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for _ in range(TRIES):
        store.queue(cell, "search", wanted)
        assert store.waiting(cell, "search") == [0]
        begun_by(store, cell, dead.pid)
        assert store.running(cell, "search") == 1
    store.queue(cell, "search", wanted)
    assert store.waiting(cell, "search") == [] and store.running(cell, "search") == 0
    again = store_in(tmp_path, "another command")
    again.queue(cell, "search", wanted)
    assert again.waiting(cell, "search") == [0]


def test_a_living_worker_keeps_its_trial(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=1)), store_in(tmp_path)
    cell, wanted = sheet.cells[0], {0: sheet.cells[0].draws[0]}
    store.queue(cell, "search", wanted)
    begun_by(store, cell, os.getpid())
    store.queue(cell, "search", wanted)
    assert store.waiting(cell, "search") == [] and store.running(cell, "search") == 1


def test_an_error_is_told_and_tried_again_by_the_next_command_only(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=1)), store_in(tmp_path)
    cell, wanted = sheet.cells[0], {0: sheet.cells[0].draws[0]}

    def fail(values, seeds):
        raise RuntimeError("no room\nat all")

    store.queue(cell, "search", wanted)
    store.work(cell, "search", fail)
    store.queue(cell, "search", wanted)
    assert store.waiting(cell, "search") == [] and store.outcomes(cell) == []
    assert store.errors(cell, "search") == ["one on ring: RuntimeError: no room"]
    again = store_in(tmp_path, "another command")
    again.queue(cell, "search", wanted)
    assert again.waiting(cell, "search") == [0] and again.errors(cell, "search") == []


def test_a_worker_that_comes_too_late_does_nothing(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=1)), store_in(tmp_path)
    store.work(sheet.cells[0], "search", lambda values, seeds: pytest.fail("nothing waited"))
    assert store.outcomes(sheet.cells[0]) == [] and store.errors(sheet.cells[0], "search") == []


def test_a_trial_that_two_machines_queued_at_once_is_trained_once(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=2)), store_in(tmp_path)
    cell = sheet.cells[0]
    for number in (0, 1, 0, 1):
        store.study(cell).enqueue_trial(cell.draws[number], user_attrs={
            "number": number, "asked": cell.draws[number], "session": "s"})
    trained = []

    def train(values, seeds):
        trained.append(values)
        return [Training(0, (1.0,), 0.0)]

    while store.waiting(cell, "search"):
        store.work(cell, "search", train)
    assert trained == cell.draws[:2] and len(store.outcomes(cell)) == 2


def test_two_machines_share_one_storage(tmp_path):
    """Two commands, each with a folder and a worker of its own, on one data base: no trial is trained twice."""
    file, url = toy(tmp_path, draws=3, steps=100), f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    commands = [subprocess.Popen([sys.executable, "-m", "zerosum", "study", str(file), "--out", str(tmp_path / name),
                                  "--workers", "1", "--storage", url, "--json"], stdout=subprocess.PIPE, text=True)
                for name in "ab"]
    one, other = (json.loads(each.communicate(timeout=120)[0]) for each in commands)
    assert [each.returncode for each in commands] == [0, 0]
    assert numbers(one) == numbers(other) and [len(cell["draws"]) for cell in one["cells"]] == [3, 3]
    with sqlite3.connect(tmp_path / "shared.sqlite3") as base:
        assert base.execute("select count(*) from trials where state = 'COMPLETE'").fetchone() == (6,)
        workers = base.execute("select count(distinct value_json) from trial_user_attributes where key = 'worker'")
        assert workers.fetchone() == (2,)


@pytest.mark.parametrize("search", ["grid", "tpe"])
def test_other_searches(tmp_path, search):
    file = toy(tmp_path, draws=3)
    text = file.read_text().replace("[settings]", f'search = "{search}"\n[settings]', 1)
    file.write_text(text.replace("{low = 1e-4, high = 1e-2, log = true}", "[1e-3, 2e-3]\nprior = [\"normal\"]"))
    sheet = read_sheet(file)
    found = in_this_process(file, tmp_path).outcomes(sheet.cells[0])
    assert len(found) == {"grid": 2, "tpe": 3}[search]
    assert {each.values["lr"] for each in found} <= {1e-3, 2e-3}
    if search == "grid":
        assert [each.values for each in found] == [{"lr": 1e-3, "prior": "normal"}, {"lr": 2e-3, "prior": "normal"}]


def test_confirmation_counts_for_the_best_draw_alone(tmp_path):
    sheet, store = read_sheet(toy(tmp_path, draws=1, confirm="[7]")), store_in(tmp_path)
    cell = sheet.cells[0]
    for values in ({"lr": 1e-3}, {"lr": 2e-3}):
        store.queue(cell, "confirm", {7: values})
        store.work(cell, "confirm", lambda values, seeds: [Training(s, (values["lr"],), 1.0) for s in seeds])
    found, = store.outcomes(cell, "confirm", {"lr": 2e-3})
    assert found == Outcome(7, {"lr": 2e-3}, (Training(7, (2e-3,), 1.0),))


def test_fewer_draws_are_judged_by_themselves(tmp_path):
    store = in_this_process(toy(tmp_path, draws=3), tmp_path)
    cell = read_sheet(toy(tmp_path, draws=1, confirm="[7]")).cells[0]
    assert [each.number for each in store.found(cell)[0]] == [0]
    store.queue(cell, "confirm", {7: cell.draws[0]})
    store.work(cell, "confirm", lambda values, seeds: [Training(s, (values["lr"],), 1.0) for s in seeds])
    assert [each.values for each in store.found(cell)[1]] == [cell.draws[0]]


def test_a_last_draw_that_ends_while_one_looks_is_still_confirmed(tmp_path, monkeypatch):
    sheet, store = read_sheet(toy(tmp_path, draws=1, confirm="[7]")), store_in(tmp_path)
    running = store.running

    def done_meanwhile(cell, phase):
        work(sheet, store)
        return running(cell, phase)

    monkeypatch.setattr(store, "running", done_meanwhile)
    crew, progress = SimpleNamespace(keep=lambda waiting: None), Progress(sheet, quiet=True)
    monkeypatch.setattr(store, "waiting", lambda cell, phase: [] if phase == "search" else [7])
    monkeypatch.setattr("zerosum.study.worker._most_waiting", _first_in_the_queue(store))
    assert run._advance(sheet, store, crew, progress)
    assert [len(store.found(cell)[0]) for cell in sheet.cells] == [1, 1]


def _first_in_the_queue(store: Store):
    """What a worker sees, while the one who looks sees nothing wait."""
    def most_waiting(sheet, _store):
        left = [cell for cell in sheet.cells if store._trials(cell, "search", "WAITING")]
        return (left[0], "search") if left else None
    return most_waiting


LONG = {"draws": 2, "confirm": "[8]", "steps": 300}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> list:
    """The numbers of a study that one worker has done in one go."""
    folder = tmp_path_factory.mktemp("alone")
    return numbers(run_study(toy(folder, **LONG), out=folder / "out", workers=1, quiet=True).document)


def test_two_workers_one_of_them_killed_give_the_table_of_one(tmp_path, undisturbed):
    """SIGKILL of a worker in the middle of a trial loses that trial, which is trained again, and nothing else."""
    file = toy(tmp_path, **LONG)
    command = subprocess.Popen([sys.executable, "-m", "zerosum", "study", str(file), "--out", str(tmp_path / "two"),
                                "--workers", "2", "--json"], stdout=subprocess.PIPE, text=True)
    victim = _a_worker_at_work(tmp_path / "two" / "study.sqlite3")
    os.kill(victim, signal.SIGKILL)
    document = json.loads(command.communicate(timeout=120)[0])
    assert command.returncode == 0
    assert numbers(document) == undisturbed
    with sqlite3.connect(tmp_path / "two" / "study.sqlite3") as base:
        states = [state for state, in base.execute("select state from trials")]
    assert sorted(set(states)) == ["COMPLETE", "FAIL"] and states.count("FAIL") == 1 and states.count("COMPLETE") == 6


def _a_worker_at_work(base: Path) -> int:
    """The process that has a trial of this study."""
    for _ in range(600):
        time.sleep(0.1)
        try:
            with sqlite3.connect(f"file:{base}?mode=ro", uri=True) as tables:
                found = tables.execute("select value_json from trial_user_attributes a join trials t on "
                                       "t.trial_id = a.trial_id where key = 'worker' and state = 'RUNNING'").fetchone()
        except sqlite3.OperationalError:      # it is being made
            continue
        if found:
            return int(json.loads(found[0]).rpartition(" ")[2])
    raise AssertionError("no worker has begun")


def test_a_study_that_is_stopped_goes_on_to_the_same_table(tmp_path, undisturbed):
    file = toy(tmp_path, **LONG)
    words = [sys.executable, "-m", "zerosum", "study", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]
    command = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker = _a_worker_at_work(tmp_path / "out" / "study.sqlite3")
    command.send_signal(signal.SIGINT)
    said = command.communicate(timeout=60)[1]
    assert command.returncode == 130
    assert "zerosum: stopped after 0 of 6 trials; the same command goes on" in said and "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)                    # nothing goes on behind the user's back
    assert (tmp_path / "out" / "report.html").exists()
    study = run_study(file, out=tmp_path / "out", workers=1, quiet=True)
    assert numbers(study.document) == undisturbed
    assert {path.name for path in study.files} == {"budget.png", "report.html", "results.json", "search.png",
                                                   "spread.png", "table.csv"}
    stored = (tmp_path / "out" / "study.sqlite3").read_bytes()
    assert run_study(file, out=tmp_path / "out", workers=1, quiet=True).document["cells"] == study.document["cells"]
    assert (tmp_path / "out" / "study.sqlite3").read_bytes() == stored       # nothing is trained twice


def test_a_users_own_model_is_studied_and_its_errors_are_told(tmp_path, capsys):
    (tmp_path / "own.py").write_text(
        '"""Mine."""\nfrom zerosum.core import register\nfrom zerosum.models.objective.gan import GAN\n\n\n'
        "@register\nclass Own(GAN):\n    def generator_loss(self, batch):\n"
        "        assert self.cfg.lr < 5e-4, 'too fast'\n"
        "        return {'adversarial': 2 * super().generator_loss(batch)['adversarial']}\n")
    file = toy(tmp_path, draws=4, more='[systems.mine]\nmodel = "own.py"\n')
    status = main(["study", str(file), "--out", str(tmp_path / "out"), "--workers", "1", "--quiet"])
    said = capsys.readouterr()
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    mine = document["cells"][-1]
    slow = sum(values["lr"] < 5e-4 for values in read_sheet(file).cells[-1].draws)
    assert 0 < slow < 4 and len(mine["draws"]) == slow and mine["system"] == "mine"
    assert status == 1 and "zerosum: mine on ring: AssertionError: too fast" in said.err
    assert f"{4 - slow} trials gave no score" in said.err
    assert "mine" in said.out and f"(of 4 draws {slow})" in said.out


def test_a_base_that_is_none_is_one_line(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.sqlite3").write_text("this is no data base, and long enough to be looked at" * 10)
    assert main(["study", str(toy(tmp_path)), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("zerosum: the study's storage cannot be used: ") and said.count("\n") == 1


def test_wrong_use_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = toy(tmp_path)
    with pytest.raises(UsageError, match="no such storage"):
        run_study(file, storage="nosql://somewhere", quiet=True)
    with pytest.raises(UsageError, match="workers must be at least 1"):
        run_study(file, workers=-1, quiet=True)
    (tmp_path / "taken").write_text("")
    with pytest.raises(ZerosumError, match=r"cannot make .*taken: .*; choose another --out"):
        run_study(file, out="taken", quiet=True)
    file.write_text(file.read_text().replace('"w2"', '"classes"'))
    with pytest.raises(UsageError, match="metric 'classes' needs a judge"):
        run_study(file, out="never", quiet=True)
    assert not Path("never").exists()
