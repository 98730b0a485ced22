"""Run folders: what training leaves behind, what is refused before it starts, and what a folder gives back."""

import json
import threading

import numpy as np
import pytest
import torch

import zerosum as zs
from zerosum.cli import main
from zerosum.core import DataSpec, NonFiniteError, UsageError, ZerosumError
from zerosum.engine import read_log, read_tensors
from zerosum.runs import Run, create, plan
from zerosum.runs.estimate import estimate
from zerosum.runs.plan import fresh_folder
from zerosum.runs.progress import Progress, duration
from zerosum.runs.recorder import Recorder

QUICK = {"preset": "tiny", "device": "cpu", "quiet": True}
POINTS = {"preset": "ring", "steps": 3, "batch_size": 8, "device": "cpu", "quiet": True}


@pytest.fixture
def unmeasured(monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])


# A run ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A short run with everything on."""
    return zs.train("wgan-gp", "digits", image_size=8, n_critic=3, ema=50.0, steps=45, log_every=10, score_every=0.2,
                    checkpoint_every=0.05, sample_every=0.05, out=tmp_path_factory.mktemp("runs") / "run", **QUICK)


def test_the_folder_holds_everything(run):
    there = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}
    assert {"run.json", "log.jsonl", "weights.safetensors", "report.html", "timelapse.gif"} <= there
    assert [path.name for path in run.checkpoints][-1] == "step-00000045.safetensors" and len(run.checkpoints) == 2
    assert run.pictures[0].name == "step-00000001.png" and run.pictures[-1].name == "step-00000045.png"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in run.pictures)
    assert not [name for name in there if name.endswith(".part")]


def test_run_json_says_what_was_done(run):
    document = json.loads((run.folder / "run.json").read_text())
    assert document == json.loads(json.dumps(run.document))
    assert (document["model"], document["family"], document["preset"]) == ("wgan-gp", "objective", "tiny")
    assert (document["state"], document["steps"], document["images"], document["seed"]) == ("finished", 45, 45 * 24, 0)
    assert document["settings"]["model"]["n_critic"] == 3 and document["settings"]["train"]["batch_size"] == 8
    assert document["data"]["spec"]["shape"] == [1, 8, 8] and document["data"]["count"] == 1350
    assert document["paper"]["arxiv"] == "1704.00028" and document["version"] == zs.__version__
    assert document["dependencies"]["torch"] == torch.__version__
    assert set(document["players"]) == {"critic", "generator"}
    assert document["peak_memory_mb"] > 50 and 0 < document["seconds"] < 600


def test_the_log_has_every_term_and_the_scores_on_the_way(run):
    terms = [record for record in run.log if "terms" in record]
    assert [record["step"] for record in terms] == [10, 20, 30, 40]
    assert all(record["images"] == record["step"] * 24 and record["rate"] > 0 for record in terms)
    assert set(terms[0]["terms"]) == {"critic/wasserstein", "critic/gradient_penalty", "generator/adversarial"}
    scored = [record for record in run.log if "scores" in record]
    assert scored and {"1-nn", "kid", "fid"} <= set(scored[0]["scores"])


def test_scores_come_with_their_cards(run):
    names = [score["name"] for score in run.scores]
    assert {"1-nn", "kid", "fid"} <= set(names)
    for score in run.scores:
        assert np.isfinite(score["value"])
        assert "447 real" in json.dumps(score) or 447 in score["card"].values()


def test_the_model_has_the_averaged_weights(run):
    tensors, _ = read_tensors(run.checkpoints[-1])
    weights = run.model.state_dict()
    averaged = {key.removeprefix("ema.generator."): value for key, value in tensors.items() if key.startswith("ema.")}
    assert averaged and all(torch.equal(weights[key], value) for key, value in averaged.items())
    moved = [key for key, value in averaged.items() if not torch.equal(value, tensors[f"model.{key}"])]
    assert moved                              # and they differ from the last ones
    assert run.model.sample(3, seed=1).shape == (3, 1, 8, 8)


def test_loading(run):
    again = zs.load(run.folder)
    assert again.plan == run.plan and again.spec == run.spec
    assert [score["value"] for score in again.scores] == [score["value"] for score in run.scores] != []
    assert torch.equal(again.model.sample(2, seed=3), run.model.sample(2, seed=3))
    assert repr(again) == f"Run({str(run.folder)!r}: wgan-gp, finished, 45 steps)"
    assert again.data.fingerprint == again.document["data"]["fingerprint"]


def test_a_run_can_be_evaluated(run):
    scores = zs.evaluate(run, metrics=["mmd"], n=50)
    assert scores["mmd"].value > 0


# What is refused before it starts ------------------------------------------------------------------------------------


def test_a_folder_that_holds_a_run_is_refused(run, unmeasured):
    before = (run.folder / "run.json").read_bytes()
    with pytest.raises(UsageError, match=r"holds a run already: choose another --out"):
        zs.train("gan", out=run.folder, **QUICK)
    assert (run.folder / "run.json").read_bytes() == before
    begun = zs.train("gan", out="begun", **QUICK)
    begun.save(state="interrupted")
    with pytest.raises(UsageError, match=r"'zerosum resume begun' continues it, or choose another --out"):
        zs.train("gan", out="begun", **QUICK)


@pytest.mark.parametrize("out", ["file", "file/run", "/proc/run", "/dev/null/run"])
def test_an_impossible_folder(out, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    status = main(["train", "gan", "--preset", "tiny", "--quiet", "--out", out])
    err = capsys.readouterr().err
    assert status == 1 and len(err.splitlines()) == 1 and "choose another --out" in err, err


def test_a_folder_with_other_things_in_it_is_fine(tmp_path, unmeasured):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    zs.train("gan", out="mine", **QUICK)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(("arguments", "says"), [
    ({"model": "dcgn"}, r"unknown model 'dcgn' \(did you mean dcgan\?\)"),
    ({"model": "gan", "preset": "smal"}, r"unknown preset of gan 'smal' \(did you mean small\?\)"),
    ({"model": "gan", "n_critic": 5}, "unknown setting 'n_critic'"),
    ({"model": "gan", "data": "digit"}, r"'digit' is neither built-in data nor a file or folder \(did you mean"),
    ({"model": "gan", "lr": -1}, "lr must be greater than 0, not -1"),
    ({"model": "gan", "batch_size": "many"}, "batch_size: 'many' is not a whole number"),
    ({"model": "gan", "steps": 0}, "nothing says when to stop"),
    ({"model": "cgan", "data": "swissroll", "steps": 1}, "cgan needs labelled data"),
    ({"model": "dcgan", "data": "ring", "steps": 1}, "needs images"),
    ({"model": "dcgan", "image_size": 4}, "at least 8x8 pixels"),
    ({"model": "gan", "data": "ring", "image_size": 8, "steps": 1}, "is points, not images"),
])
def test_mistakes(arguments, says):
    with pytest.raises(UsageError, match=says) as error:
        zs.train(**{"quiet": True, "preset": "tiny"} | arguments)
    assert "\n" not in str(error.value)


def test_nothing_is_written_by_a_mistake(tmp_path):
    for arguments in ({"image_size": 4}, {"device": "cuda:77"}, {"lr": 0}):
        with pytest.raises(UsageError):
            zs.train("dcgan", **{"out": tmp_path / "run", **QUICK} | arguments)
    assert not list(tmp_path.iterdir())


# Plans ---------------------------------------------------------------------------------------------------------------


def test_a_plan_is_the_preset_with_what_was_said():
    chosen = plan("dcgan", "tiny", {"width": 32, "batch-size": "4"})
    assert (chosen.cfg.width, chosen.cfg.z_dim) == (32, 8)
    assert (chosen.train.batch_size, chosen.train.steps) == (4, 4)
    assert (chosen.data.data, chosen.data.image_size) == ("digits", 8)
    assert plan("dcgan").preset == "small"


def test_a_budget_that_is_given_is_the_only_one():
    assert plan("dcgan", "tiny", {"minutes": 2}).train.steps == 0
    assert plan("dcgan", "demo", {"steps": 5}).train.minutes == 0
    both = plan("dcgan", "tiny", {"minutes": 2, "images": 100}).train
    assert (both.minutes, both.images, both.steps) == (2.0, 100, 0)


def test_sizes_chosen_for_one_data_set_say_nothing_of_another():
    assert plan("dcgan", "tiny", {"data": "photos"}).data.image_size == 0
    assert plan("dcgan", "tiny", {"data": "digits"}).data.image_size == 8
    assert plan("dcgan", "tiny", {"data": "photos", "image_size": 16}).data.image_size == 16


def test_fresh_folders_are_numbered(tmp_path):
    chosen = plan("gan", "tiny")
    assert str(fresh_folder(chosen)) == "runs/gan-digits-001"
    for name in ("gan-digits-001", "gan-digits-002", "gan-digits-004", "gan-ring-003"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert str(fresh_folder(chosen)) == "runs/gan-digits-003"
    assert fresh_folder(plan("gan", "tiny", {"data": "path/to/my faces.zip"})).name == "gan-my faces-001"


def test_create():
    spec = DataSpec((3, 16, 16))
    model = create("wgan-gp", spec, width=8, network="dcgan", z_dim=5, seed=3)
    assert (model.cfg.width, model.cfg.penalty, model.data) == (8, 10.0, spec)
    state = torch.get_rng_state()
    again = create("wgan-gp", spec, width=8, network="dcgan", z_dim=5, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert create("gan", zs.load_data("ring"), preset="ring").cfg.width == 128
    for arguments, says in (({"preset": "samll"}, "unknown preset"), ({"widht": 3}, "did you mean width"),
                            ({"network": "resnet", "width": 0}, "width must be greater than 0")):
        with pytest.raises(UsageError, match=says):
            create("wgan-gp", spec, **arguments)
    with pytest.raises(UsageError, match="wgan-gp for samples of 1x8x12: this ResNet cannot be built for 8x12 pixels"):
        create("wgan-gp", DataSpec((1, 8, 12)))


def test_the_parts_work_as_the_design_says():
    data = zs.load_data("digits", image_size=8)
    model = zs.create("wgan-gp", data.spec, network="dcgan", width=8, penalty=5.0)
    trainer = zs.Trainer(model, data, zs.TrainConfig(batch_size=4, micro_batch=1, seed=7))
    trainer.fit(steps=2)
    assert trainer.step == 2 and model.sample(2, seed=0).shape == (2, 1, 8, 8)


# On the way ----------------------------------------------------------------------------------------------------------


def test_a_run_that_diverges_says_who_and_keeps_its_last_checkpoint(tmp_path, unmeasured, monkeypatch, capsys):
    from zerosum.models.objective.gan import GAN

    loss = GAN.generator_loss
    steps = iter(range(100))
    monkeypatch.setattr(GAN, "generator_loss", lambda self, batch: {
        "adversarial": loss(self, batch)["adversarial"] * (float("nan") if next(steps) == 7 else 1)})
    words = ["train", "gan", "--preset", "tiny", "--steps", "20", "--log-every", "1", "--checkpoint-every", "1e-9",
             "--quiet", "--out", "run"]
    assert main(words) == 1
    assert capsys.readouterr().err == ("zerosum: the term 'adversarial' of player 'generator' became nan at step 7: "
                                       "lower the learning rate; the last checkpoint is intact\n")
    broken = zs.load("run")
    assert broken.document["state"] == "failed" and broken.document["steps"] == 7
    assert [record["step"] for record in broken.log] == list(range(1, 8))
    assert broken.model.sample(2, seed=0).isfinite().all()


def test_a_run_that_diverges_keeps_the_log_up_to_the_end(unmeasured):
    with pytest.raises((NonFiniteError, ZerosumError)):
        zs.train("gan", out="run", **QUICK | {"steps": 2000, "log_every": 1, "lr": 1e6})
    records = list(read_log(zs.load("run").folder / "log.jsonl"))
    assert records and records[-1]["step"] >= 1


def test_weights_that_were_never_written(unmeasured, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "checkpoint", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            zs.train("gan", out="run", **QUICK)
    with pytest.raises(ZerosumError, match="run has no weights yet: 'zerosum resume run' trains it further"):
        _ = zs.load("run").model
    assert zs.resume("run", quiet=True).document["state"] == "finished"


def test_a_thread_may_train(unmeasured):
    """Signals belong to the main thread; a notebook server's worker has none to note."""
    found = []
    thread = threading.Thread(target=lambda: found.append(zs.train("gan", out="run", **QUICK)))
    thread.start()
    thread.join()
    assert found[0].document["state"] == "finished"


def test_points_have_their_own_pictures(unmeasured):
    run = zs.train("gan", out="run", **POINTS)
    assert run.model.sample(3, seed=0).shape == (3, 2) and len(run.pictures) == 2


def test_zero_means_only_at_the_end(unmeasured):
    run = zs.train("gan", out="run", sample_every=0, checkpoint_every=0, tensorboard=False, **QUICK)
    assert [path.stem for path in run.pictures] == ["step-00000004"] == [path.stem for path in run.checkpoints]
    assert not (run.folder / "timelapse.gif").exists() and not list(run.folder.glob("events*"))


def test_what_is_looked_at_does_not_change_what_is_learned(unmeasured):
    rare = zs.train("dcgan", out="rare", sample_every=0, checkpoint_every=0, **QUICK | {"ema": 20.0, "steps": 12})
    often = zs.train("dcgan", out="often", sample_every=1e-9, checkpoint_every=1e-9, **QUICK | {"ema": 20.0,
                                                                                               "steps": 12})
    assert len(often.pictures) == 12
    assert (rare.folder / "weights.safetensors").read_bytes() == (often.folder / "weights.safetensors").read_bytes()


def test_estimate(tmp_path):
    result = estimate("dcgan", preset="tiny", steps=1000, device="cpu")
    assert result.steps == 1000 and result.seconds == pytest.approx(1000 * result.seconds_per_step)
    assert 1e-4 < result.seconds_per_step < 5 and result.peak_memory_mb > 50
    assert result.parameters == sum(p.numel() for p in create("dcgan", DataSpec((1, 8, 8)), preset="tiny").parameters())
    assert str(result).startswith("dcgan: ") and "1,000 steps in about" in str(result)
    assert estimate("gan", preset="tiny", images=800).steps == 100
    assert estimate("gan", preset="tiny", minutes=2).seconds == 120
    assert not list(tmp_path.iterdir())


# Progress ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (185, "3 min 05 s"),
                                               (7800, "2 h 10 min"), (3599.6, "1 h 00 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_progress_in_plain_lines(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr("zerosum.runs.progress.time.monotonic", lambda: clock[0])
    progress = Progress(total_steps=1000, first_step=200)
    for step, now in ((210, 101.0), (300, 110.0), (301, 110.5), (400, 116.0)):
        clock[0] = now
        progress.update(step, {"d/adversarial": 0.69314, "g/adversarial": 12.0}, 321.4)
    progress.say("hello")
    assert capsys.readouterr().err.splitlines() == [
        "step 300/1,000  10.0 steps/s  1 min 10 s left  321 MB  d/adversarial 0.6931  g/adversarial 12",
        "step 400/1,000  12.5 steps/s  48 s left  321 MB  d/adversarial 0.6931  g/adversarial 12", "hello"]
    assert progress.left(400, share=0.5) == 16.0 and progress.left(400, share=0.0) is None


def test_quiet_is_quiet(capsys, unmeasured):
    zs.train("gan", out="run", **QUICK)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    zs.train("gan", out="loud", **QUICK | {"quiet": False})
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("training gan on digits (1,350 samples, cpu) into loud\n")
