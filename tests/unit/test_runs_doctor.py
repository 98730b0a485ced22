"""The doctor at a run: looks in the log, alarms, a stop, `zerosum doctor`, and no change to the training."""

import json

import pytest
import torch

import zerosum as zs
from zerosum.cli import main
from zerosum.core import NonFiniteError
from zerosum.engine import read_tensors

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


def test_the_report_lists_the_alarms(tmp_path, ill):
    ended = zs.train("recipe", out=tmp_path / "run", **ILL | {"on_collapse": "stop"})
    page = (ended.folder / "report.html").read_text()
    assert "Illness" in page and "norm of the gradient" in page
    calm = zs.train("gan", out=tmp_path / "calm", preset="ring", steps=2, quiet=True)
    assert "Nobody looked on the way" in (calm.folder / "report.html").read_text()
