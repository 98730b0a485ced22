"""The doctor at a run: looks in the log, alarms, a stop, `zerosum doctor`, and no change to the training."""

import json

import pytest
import torch
from PIL import Image

import zerosum as zs
from zerosum.cli import main
from zerosum.core import NonFiniteError
from zerosum.engine import read_tensors
from zerosum.runs.run import alarm_picture

# A discriminator that hardly learns: it cannot tell anything apart, and the generator wanders off.
ILL = {"preset": "tiny", "lr": 1e-3, "d_lr": 1e-9, "steps": 60, "log_every": 1, "doctor_every": 1e-9, "quiet": True,
       "augmentation": "none", "lecam_weight": 0.0, "penalty": "none"}


@pytest.fixture(scope="module")
def ill(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ill") / "run"
    return zs.train("recipe", out=folder, **ILL)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr("zerosum.runs.vigil.SHARE", 1e9)     # whatever a look costs


def test_looks_and_alarms_are_in_the_log(ill, monkeypatch):
    probes = [record for record in ill.log if "probe" in record]
    assert probes and all(0 <= each["probe"]["missing"] <= 1 for each in probes)
    steps = [record for record in ill.log if "terms" in record]
    assert all(set(each["gradients"]) == {"discriminator", "generator"} for each in steps)
    assert all(norm > 0 for each in steps for norm in each["gradients"].values())


def test_an_alarm_is_said_once_and_stops_if_asked(tmp_path, capsys):
    run = zs.train("recipe", out=tmp_path / "run", **ILL | {"on_collapse": "stop", "quiet": False})
    alarms = [record for record in run.log if "alarm" in record]
    assert alarms and run.document["steps"] < ILL["steps"]
    assert len({each["alarm"] for each in alarms}) == len(alarms)
    said = capsys.readouterr()
    assert alarms[0]["evidence"] in said.out + said.err and f"zerosum doctor {tmp_path / 'run'}" in said.out + said.err


def test_a_stopped_run_goes_on_where_the_user_says_so(tmp_path):
    stopped = zs.train("recipe", out=tmp_path / "run", **ILL | {"on_collapse": "stop"}).document["steps"]
    assert stopped < ILL["steps"]
    again = zs.resume(tmp_path / "run", quiet=True).document["steps"]
    assert stopped < again < ILL["steps"]     # it is as ill as it was
    assert zs.resume(tmp_path / "run", on_collapse="ignore", quiet=True).document["steps"] == ILL["steps"]


def test_looking_changes_no_weight(tmp_path, ill):
    unseen = zs.train("recipe", out=tmp_path / "run", **ILL | {"doctor_every": 0.0})
    assert not any("probe" in record for record in unseen.log)
    ours, theirs = (read_tensors(run.checkpoints[-1])[0] for run in (ill, unseen))
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_command_names_the_illness(ill, capsys):
    assert main(["doctor", str(ill.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["found"][0]["illness"] and document["found"][0]["advice"] and document["last_look"]["step"] == 60
    assert main(["doctor", str(ill.folder)]) == 0
    out = capsys.readouterr().out
    assert document["found"][0]["evidence"] in out and "  1. " in out


def test_a_run_that_diverged_says_so(tmp_path, capsys):
    with pytest.raises(NonFiniteError):
        zs.train("recipe", out=tmp_path / "run", **ILL | {
            "objective": "least-squares", "optimizer": "sgd", "lr": 10.0, "d_lr": 10.0})
    assert main(["doctor", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    assert "divergence" in told.out and "became" in told.out and "Traceback" not in told.err


def test_what_is_no_run_is_said(tmp_path, capsys):
    assert main(["doctor", str(tmp_path)]) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_a_run_of_a_users_own_model_is_diagnosed(tmp_path, capsys):
    source = tmp_path / "mine.py"
    source.write_text("from zerosum.core import register\n"
                      "from zerosum.models.objective.gan import GAN\n\n\n"
                      "@register\n"
                      "class Mine(GAN):\n"
                      '    """A GAN whose generator hears nothing."""\n\n'
                      "    def generate(self, z, labels=None):\n"
                      "        return super().generate(0 * z, labels)\n")
    zs.train(str(source), out=tmp_path / "run", preset="ring", steps=60, quiet=True)
    assert main(["doctor", str(tmp_path / "run"), "--model", str(source)]) == 0
    assert "mode collapse" in capsys.readouterr().out


OWN = '''from dataclasses import dataclass

import torch
from torch import nn

from zerosum.core import Model, Player, adam, register


@dataclass(frozen=True)
class Config:
    lr: float = 0.01                         # learning rate


@register
class Mean(Model):
    """A sampler that learns the mean of its data, and nothing else."""

    Config = Config
    PRESETS = {"small": {"data": "ring", "steps": 60, "batch_size": 16}}

    def __init__(self, cfg, data):
        super().__init__(cfg, data)
        self.generator = nn.Linear(1, data.shape[0])

    def players(self):
        return {"generator": Player(self.generator, adam(self.cfg.lr, (0.9, 0.999)))}

    def train_step(self, trainer):
        return trainer.update("generator", self.loss, trainer.batch())

    def loss(self, batch):
        noise = torch.randn(batch.size, 1, device=batch.x.device)
        return {"distance": (self.generator(noise) - batch.x).square().mean()}
'''
SAMPLE = '''
    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        return self.generator(torch.zeros(n, 1))
'''


def own_model(folder, sample: bool):
    source = folder / ("samples.py" if sample else "mute.py")
    source.write_text(OWN + (SAMPLE if sample else ""))
    return source


def test_a_users_model_without_scores_is_watched_and_goes_back(tmp_path, capsys):
    """It draws one point, which is a collapse from the first look on: three times back to the start, and the end."""
    source = own_model(tmp_path, sample=True)
    run = zs.train(str(source), out=tmp_path / "run", log_every=1, doctor_every=1e-9, on_collapse="rollback",
                   quiet=True)
    assert [back["to"] for back in run.document["rollbacks"]] == [0, 0, 0]
    assert {back["illness"] for back in run.document["rollbacks"]} == {"mode collapse between classes"}
    assert 6 < run.document["steps"] < 60
    probes = [record["probe"] for record in run.log if "probe" in record]
    assert probes and all(each["separation"] is None for each in probes)
    assert list((run.folder / "alarms").glob("*between-classes.png"))
    assert main(["doctor", str(run.folder), "--model", str(source), "-o", str(tmp_path / "seen.png")]) == 0
    told = capsys.readouterr().out
    assert told.endswith(f"What was seen: {tmp_path / 'seen.png'}\n")
    assert "mode collapse between classes" in told and told.count("it went back from step") == 3
    assert Image.open(tmp_path / "seen.png").size[0] > 500


def test_a_users_model_that_cannot_sample_is_judged_by_its_log(tmp_path, capsys):
    source = own_model(tmp_path, sample=False)
    run = zs.train(str(source), out=tmp_path / "run", doctor_every=1e-9, on_collapse="rollback", quiet=True)
    assert run.document["steps"] == 60 and not any("probe" in record for record in run.log)
    assert main(["doctor", str(run.folder), "--model", str(source), "-o", str(tmp_path / "seen.png"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["found"] == [] and document["last_look"] is None
    assert Image.open(tmp_path / "seen.png").size[0] > 500


def test_a_picture_that_cannot_be_written_is_refused_first(ill, tmp_path, capsys):
    assert main(["doctor", str(ill.folder), "-o", str(tmp_path / "nowhere" / "seen.png")]) == 1
    err = capsys.readouterr().err
    assert "does not exist" in err and len(err.splitlines()) == 1


def test_the_report_lists_the_alarms(tmp_path, ill):
    ended = zs.train("recipe", out=tmp_path / "run", **ILL | {"on_collapse": "stop"})
    page = (ended.folder / "report.html").read_text()
    assert "Illness" in page and "norm of the gradient" in page and page.count("What the doctor saw: ") >= 1
    (first, *_) = [record for record in ended.log if "alarm" in record]
    picture = alarm_picture(ended.folder, first["step"], first["alarm"])
    assert Image.open(picture).size[0] > 500 and f'href="alarms/{picture.name}"' in page
    calm = zs.train("gan", out=tmp_path / "calm", preset="ring", steps=2, quiet=True)
    assert "Nobody looked on the way" in (calm.folder / "report.html").read_text()
