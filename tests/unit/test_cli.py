"""The command, word by word: what it prints, where, its exit status, and one line for every mistake."""

import json
import logging
import re
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

import zerosum as zs
from zerosum.cli import COMMANDS, main
from zerosum.core import find, names, registry, settings_of
from zerosum.data import DataConfig
from zerosum.engine import TrainConfig
from zerosum.metrics import METRICS
from zerosum.runs.recorder import Recorder


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Short runs, unmeasured: of images, labelled images, points, a model with codes, one without a discriminator."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "score", lambda self, quick=False: [])
        quick = {"device": "cpu", "quiet": True, "tensorboard": False}
        for name, model, preset in (("images", "dcgan", "tiny"), ("labelled", "cgan", "tiny"),
                                    ("points", "gan", "ring"), ("likelihood", "vae", "tiny"),
                                    ("coded", "infogan", "tiny")):
            zs.train(model, preset=preset, steps=3, out=root / name, **quick)
    return {path.name: path for path in root.iterdir()}


@pytest.fixture
def call(capsys):
    """Runs one command; returns its exit status, stdout and stderr."""
    def run(*words) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err
    return run


@pytest.fixture
def said(call):
    """Runs one command that must be refused as wrong use; returns its one line."""
    def run(*words) -> str:
        status, out, err = call(*words)
        assert status == 2 and out == "", (status, out, err)
        assert err.startswith("zerosum: ") and err.count("\n") == 1 and "Traceback" not in err, err
        return err
    return run


@pytest.fixture
def document(call):
    """Runs one command with --json; returns the one document that it prints."""
    def run(*words):
        status, out, err = call(*words, "--json")
        assert status == 0, err
        return json.loads(out)
    return run


# Help ----------------------------------------------------------------------------------------------------------------


def test_the_commands_are_listed(call):
    for words in ([], ["--help"], ["-h"], ["help"]):
        status, out, err = call(*words)
        assert status == 0 and err == ""
        assert all(re.search(rf"^  {name} +\S", out, re.MULTILINE) for name in COMMANDS)
    assert call("--version") == call("-V") == (0, zs.__version__ + "\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_mentions_every_flag(command, call, runs):
    """Every flag that the function's own usage line has is explained, and the other way round no flag is bare."""
    function = getattr(import_module(f"zerosum.cli.{COMMANDS[command][0]}"), f"{command}_command")
    status, out, err = call(command, "--help")
    assert status == 0 and err == ""
    if command == "resume":                   # its flags depend on the run
        status, out, err = call(command, runs["images"], "--help")
        assert status == 0
    assert f"zerosum {command}" in out
    for flag in re.findall(r"(?<![\w-])--?[a-z][\w-]*", function.__doc__):
        assert flag in out, flag
    for line in re.findall(r"^  (-[^\n]*)", out, re.MULTILINE):
        assert re.search(r"\S  +\S", line) or re.search(rf"{re.escape(line)}\n {{10,}}\S", out), f"bare: {line}"


@pytest.mark.parametrize("name", names())
def test_help_of_train_explains_every_setting(name, call):
    status, out, _ = call("train", name, "--help")
    assert status == 0
    for config in (find(name).Config, TrainConfig, DataConfig):
        for setting in settings_of(config):
            assert re.search(rf"^  {setting.flag}[ ,\n]", out, re.MULTILINE), setting.flag
    words = " ".join(out.split())
    assert all(" ".join(s.help.split()) in words for s in settings_of(find(name).Config))


def test_help_shows_the_defaults_of_the_preset(call):
    assert "[5e-05]" in call("train", "wgan", "--preset", "paper", "--help")[1]
    assert "[0.0005]" in call("train", "wgan", "--help")[1]
    assert "[0.001]" in call("train", "gan", "--preset=ring", "--help")[1]


# Mistakes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "names_it"), [
    ("trian gan", "unknown command 'trian' (did you mean train?)"),
    ("--jsn", "unknown command '--jsn'"),
    ("train dcgn", "unknown model 'dcgn' (did you mean dcgan?)"),
    ("train nowhere/my_gan.py", "no such model file: nowhere/my_gan.py"),
    ("train gan --preset smal", "unknown preset of gan 'smal' (did you mean small?)"),
    ("train gan --preset", "expected one argument"),
    ("train gan --stpes 3", "unknown flag '--stpes' (did you mean --steps?)"),
    ("train gan --step 3", "unknown flag '--step' (did you mean --steps?)"),
    ("train gan --stpes=3", "unknown flag '--stpes' (did you mean --steps?)"),
    ("train gan again", "unexpected 'again'"),
    ("train gan --steps many", "steps: 'many' is not a whole number"),
    ("train gan --steps 1.5", "steps: '1.5' is not a whole number"),
    ("train gan --steps -3", "steps must not be negative, not -3"),
    ("train gan --steps", "expected one argument"),
    ("train gan --lr nan", "lr: 'nan' is not a number"),
    ("train gan --lr 0", "lr must be greater than 0, not 0"),
    ("train gan --betas 0.5", "betas: '0.5' is not a list of numbers like float,float"),
    ("train gan --objective hinged", "objective: 'hinged' is not one of saturating, non-saturating"),
    ("train gan --batch-size 0", "batch_size must be greater than 0"),
    ("train gan --precision fp16", "'fp16' is not one of fp32, tf32, bf16"),
    ("train gan --seed -1", "seed must lie between 0 and"),
    ("train gan --compile yes", "unexpected 'yes'"),
    ("train gan --data digts", "(did you mean digits?)"),
    ("train gan --data /no/such/folder", "no such file or folder: /no/such/folder"),
    ("train gan --device tpu", "unknown device 'tpu'"),
    ("train gan --image-size 1", "image_size must be 0 or lie between 2 and"),
    ("train dcgan --image-size 4", "at least 8x8 pixels"),
    ("train dcgan --data ring --steps 1", "needs images"),
    ("train cgan --data swissroll --steps 1", "needs labelled data"),
    ("train recipe --objective wasserstien", "objective: 'wasserstien' is not one of saturating, non-saturating"),
    ("list --family objectiv", "unknown family 'objectiv' (did you mean objective?)"),
    ("list --task generating", "unknown task 'generating' (did you mean generation?)"),
    ("list --structure direkt", "unknown structure 'direkt' (did you mean direct?)"),
    ("list --density implict", "unknown density 'implict' (did you mean implicit?)"),
    ("list --jsno", "(did you mean --json?)"),
    ("show", "the following arguments are required: NAME"),
    ("show wgan_gpp", "unknown model 'wgan_gpp' (did you mean wgan-gp?)"),
    ("resume", "name a run folder: zerosum resume RUN"),
    ("resume --steps 3", "name a run folder"),
    ("resume nowhere", "nowhere is no run folder"),
    ("sample", "the following arguments are required: RUN"),
    ("sample nowhere", "nowhere is no run folder (it has no run.json)"),
    ("interpolate nowhere", "nowhere is no run folder"),
    ("evaluate nowhere", "nowhere is no run folder"),
    ("evaluate", "name a run (zerosum evaluate RUN), or two sets"),
    ("evaluate --real digits", "or two sets: --real D --fake D"),
    ("compare nowhere elsewhere", "nowhere is no run folder"),
    ("compare", "the following arguments are required: RUN"),
    ("report nowhere", "nowhere is no run folder"),
    ("verify dcgn", "(did you mean dcgan?)"),
    ("verify", "name a model: zerosum verify MODEL"),
    ("verify --family objectives", "(did you mean objective?)"),
    ("data shwo", "unknown data command 'shwo' (did you mean show?)"),
    ("data show digts", "(did you mean digits?)"),
    ("demo --minutes soon", "minutes: 'soon' is not a number"),
    ("demo --steps 3", "unknown flag '--steps'"),
    ("demo metricks", "unknown demonstration 'metricks' (did you mean metrics?)"),
    ("features digits", "say where to store the features: -o FILE.safetensors"),
    ("features digits -o f.npy", "say where to store the features: -o FILE.safetensors"),
    ("features digits -o f.safetensors --protocol claen", "(did you mean clean?)"),
    ("evaluate --real digits --fake digits --protocol tensorflow", "unknown protocol 'tensorflow'"),
])
def test_wrong_use_is_one_line_that_names_the_right_one(line, names_it, said, tmp_path):
    assert names_it in said(*line.split())
    assert not list(tmp_path.iterdir())       # and nothing was begun


@pytest.mark.parametrize(("line", "names_it"), [
    ("sample images --label 3", "dcgan has no labels: leave --label out"),
    ("sample labelled --label 10", "no class '10' in digits; there is: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    ("sample labelled --label -1", "no class '-1' in digits"),
    ("sample labelled --label cat", "no class 'cat' in digits"),
    ("sample likelihood --best 0.5", "vae cannot score; it can sample"),
    ("sample likelihood --select mh", "vae cannot score; it can sample"),
    ("sample images --select ddls", "ddls needs noise that is N(0, I): train dcgan with --prior normal"),
    ("sample points --select mh --steps 0", "a chain needs at least one step, not 0"),
    ("sample points --select mh --best 0.1", "leave --best and --truncation out"),
    ("sample points --select rejection --truncation 0.5", "leave --best and --truncation out"),
    ("sample points --select metropolis", "invalid choice: 'metropolis'"),
    ("sample images --best 0", "between 0 and 1, not 0"),
    ("sample images --best 5", "between 0 and 1, not 5"),
    ("sample images --best nan", "between 0 and 1, not nan"),
    ("sample images -n 0", "-n must be at least 1, not 0"),
    ("sample images -n many", "invalid int value: 'many'"),
    ("sample images --seed 99999999999999999999", "seed must lie between 0 and"),
    ("sample images --seed -1", "seed must lie between 0 and"),
    ("sample images --truncation nan", "truncation must be a number, at least 0"),
    ("sample images --truncation -1", "truncation must be a number, at least 0"),
    ("sample images -o grid.jpg", "cannot write grid.jpg: name a .png or .npy file, or a folder"),
    ("sample points -o folder", "points have no picture each"),
    ("sample images --trunc 1", "unknown flag '--trunc' (did you mean --truncation?)"),
    ("sample images --translate 1,0", "dcgan cannot transform; it can sample"),
    ("sample images --rotate 90", "dcgan cannot transform; it can sample"),
    ("sample images --translate 3", "--translate takes two numbers, right and down, such as 3,-1.5, not '3'"),
    ("sample images --translate 3,nan", "moved by finite numbers, not by 3,nan and 0 degrees"),
    ("sample images --rotate inf", "moved by finite numbers, not by 0,0 and inf degrees"),
    ("sample images --rotate 90 --best 0.5", "leave --best, --select and --truncation out"),
    ("sample coded --code c1=1 --rotate 90", "--truncation out, and --translate and --rotate"),
    ("interpolate images --label 1", "has no labels"),
    ("interpolate images -o walk.avi", "cannot write walk.avi: name a .gif, .webp, .mp4 or .png file"),
    ("interpolate images --path circle", "invalid choice: 'circle'"),
    ("interpolate images --anchors 1", "at least one row, two anchors and two frames"),
    ("interpolate images --frames 0", "at least one row, two anchors and two frames"),
    ("interpolate images --seed -5", "seed must lie between 0 and"),
    ("interpolate images --seeds 3", "at least one row, two anchors and two frames"),
    ("interpolate images --seeds 3,x", "--seeds takes whole numbers from 0 with commas between them, not '3,x'"),
    ("interpolate images --seeds 3,99999999999999999999", "--seeds takes whole numbers from 0"),
    ("directions images -k 9", "latents have 8 numbers: ask for 1 to 8 directions, not 9"),
    ("directions images -k 0", "-k, -n and --layer must be at least 1"),
    ("directions images --method pca", "invalid choice: 'pca'"),
    ("directions images -o found.npy", "cannot write found.npy: name a .safetensors file"),
    ("directions images --method ganspace --layer 9", "so that there is no layer 9"),
    ("directions images --method classes --factor colour", "unknown factor 'colour'"),
    ("directions points --method classes", "there is no judge for the points of ring: use --method sefa or ganspace"),
    ("directions images --label 1", "has no labels"),
    ("traverse images --directions nowhere", "nowhere is no file of directions: zerosum directions RUN"),
    ("traverse images --only 0,8", "directions are numbered from 0 to 7, not 8"),
    ("traverse images --only first", "--only takes whole numbers from 0 with commas between them, not 'first'"),
    ("traverse images --range 0", "a range above 0 and at least two columns"),
    ("traverse images -o row.jpg", "cannot write row.jpg: name a .gif, .webp, .mp4 or .png file"),
    ("traverse coded --only 0,3", "codes are numbered from 0 to 2, not 3"),
    ("traverse coded --columns 1", "a range above 0 and at least two columns"),
    ("sample images --code c1=1", "dcgan has no codes that could be set: train infogan"),
    ("sample coded --code c1", "--code takes a name and a number, such as c1=3 or u1=-0.5, not 'c1'"),
    ("sample coded --code c1=10", "c1 takes the whole numbers from 0 to 9, not 10"),
    ("sample coded --code c3=1", "unknown code 'c3'"),
    ("sample coded --code c1=1 --best 0.5", "leave --best, --select, --label, --text and --truncation out"),
    ("truncate images --shares 0,x", "--shares takes numbers with commas between them, not '0,x'"),
    ("truncate images --shares -1", "shares that are at least 0, such as 0,0.5,1, not -1"),
    ("truncate images --rows 0", "at least one row"),
    ("truncate images -o t.txt", "cannot write t.txt: name a .gif, .webp, .mp4 or .png file"),
    ("mix images", "dcgan has nothing to mix: no label, no code, no style"),
    ("mix labelled --part c1", "cgan has no part 'c1' to mix; it has label"),
    ("mix labelled --label 3", "mix goes through the classes or prompts by itself: leave --label and --text out"),
    ("mix coded -o mix.gif", "cannot write mix.gif: name a .png file"),
    ("arithmetic images", "the following arguments are required: SUM"),
    ("arithmetic images 3+4", "'3+4' would be a direction: give a file with --directions"),
    ("evaluate images --metrics fidd", "(did you mean fid?)"),
    ("evaluate images --data digts", "(did you mean digits?)"),
    ("evaluate images -n 1", "n must be at least 2"),
    ("evaluate images --real digits", "name either a run, or --real and --fake"),
    ("evaluate images --seed -5", "seed must lie between 0 and"),
    ("compare images", "name at least two runs to compare"),
    ("resume images --width 99", "width 16 -> 99"),
    ("resume images --widht 99", "(did you mean --width?)"),
])
def test_wrong_use_of_a_run(line, names_it, said, runs):
    assert names_it in said(*(runs.get(word, word) for word in line.split()))


def test_a_folder_of_runs_is_named_with_what_is_in_it(runs, said):
    line = said("sample", runs["images"].parent / "imagse")
    assert "there is: coded, images, labelled, likelihood, points in" in line


def test_the_newest_run_is_offered(runs, said):
    Path("runs/gan-digits-001").mkdir(parents=True)
    Path("runs/gan-digits-001/run.json").write_text((runs["images"] / "run.json").read_text())
    assert "the newest is runs/gan-digits-001" in said("resume")


def test_debug_shows_where():
    with pytest.raises(zs.UsageError):
        main(["train", "dcgn", "--debug"])


def test_a_command_leaves_logs_and_warnings_as_they_were(call):
    log = logging.getLogger("zerosum")
    before = (list(log.handlers), log.level, log.propagate, warnings.formatwarning)
    for words in (("list",), ("train", "dcgn"), ("show", "--help")):
        call(*words)
        assert (log.handlers, log.level, log.propagate, warnings.formatwarning) == before


def test_work_that_fails_is_one_line_too(call, runs, monkeypatch):
    def fail(error):
        def raise_it(*_arguments, **_options):
            raise error
        return raise_it
    for error, line in ((RuntimeError("first\nsecond"), "zerosum: first (--debug shows where)\n"),
                        (KeyError("key"), "zerosum: KeyError: 'key' (--debug shows where)\n"),
                        (AssertionError(), "zerosum: AssertionError: AssertionError (--debug shows where)\n"),
                        (MemoryError(), "zerosum: out of memory: try a smaller --micro-batch"),
                        (RuntimeError("DefaultCPUAllocator: can't allocate memory: try"), "zerosum: out of memory")):
        monkeypatch.setattr("zerosum.runs.run.Run.open", fail(error))
        status, out, err = call("sample", runs["images"])
        assert status == 1 and out == "" and err.startswith(line) and err.count("\n") == 1
    monkeypatch.setattr("zerosum.runs.run.Run.open", fail(KeyboardInterrupt()))
    assert call("sample", runs["images"]) == (130, "", "zerosum: interrupted\n")


# list and show -------------------------------------------------------------------------------------------------------


def test_list(call, document):
    entries = document("list")
    assert [entry["name"] for entry in entries] == names()
    for entry in entries:
        assert entry["family"] == find(entry["name"]).family and entry["claim"] in (None, "holds", "does not hold")
        assert entry["link"].startswith("https://") or entry["authors"] == "zerosum"
        assert "tiny" in entry["presets"] and entry["abilities"]
    status, out, err = call("list")
    assert status == 0 and err == ""
    assert all(re.search(rf"^{name} +\S", out, re.MULTILINE) for name in names())


def test_list_by_the_taxonomies(document):
    """STR-01: direct, hierarchical, iterative or other; and explicit or implicit density."""
    everything = document("list")
    for filters in ("structure", "density", "family"):
        values = {entry[filters] for entry in everything}
        parts = [document("list", f"--{filters}", value) for value in sorted(values)]
        assert all(part for part in parts) and sum(map(len, parts)) == len(everything)
        assert all(entry[filters] == value for value, part in zip(sorted(values), parts, strict=True) for entry in part)
    assert {entry["structure"] for entry in everything} <= {"direct", "hierarchical", "iterative", "other"}
    conditional = document("list", "--task", "conditional-generation")
    assert "cgan" in [entry["name"] for entry in conditional]
    assert all("conditional-generation" in entry["tasks"] for entry in conditional)
    assert [e["name"] for e in document("list", "--structure", "direct", "--density", "implicit", "--task",
                                        "conditional-generation")] == [e["name"] for e in conditional
                                                                       if e["structure"] == "direct"]


def test_the_table_of_structures_and_constraints_has_no_blank_cell(call, document):
    """Z4: generator, discriminator, extra networks, objective and constraint of every system."""
    columns = ("generator", "discriminator", "extra", "objective", "constraint")
    for entry in document("list", "--table"):
        assert all(entry[column].strip() for column in columns), entry["name"]
    status, out, _ = call("list", "--table")
    assert status == 0 and all(re.search(rf"\b{column}\b", out.splitlines()[0]) for column in columns)
    assert all(re.search(rf"^{name} +\S", out, re.MULTILINE) for name in names())


@pytest.mark.parametrize("name", names())
def test_show(name, call, document):
    cls, described = find(name), document("show", name)
    assert [s["name"] for s in described["settings"]] == [s.name for s in settings_of(cls.Config)]
    assert described["title"] == cls.card.title and described["preset_settings"].keys() == cls.PRESETS.keys()
    status, out, err = call("show", name)
    assert status == 0 and err == ""
    assert cls.card.link in out and "Players" in out and "Departures" in out
    assert all(re.search(rf"^{s.name} +\S", out, re.MULTILINE) for s in settings_of(cls.Config))
    assert all(f"--preset {preset}" in out for preset in cls.PRESETS)


def test_show_says_who_moves_when(document):
    assert document("show", "gan")["rounds"] == {"each step": "1 x discriminator, 1 x generator"}
    assert document("show", "wgan-gp")["rounds"] == {"each step": "5 x critic, 1 x generator"}
    rounds = document("show", "wgan")["rounds"]
    assert rounds["step 0"] == "100 x critic, 1 x generator" and rounds["step 30"] == "5 x critic, 1 x generator"


def test_show_of_ones_own_file(call, monkeypatch):
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    Path("mine.py").write_text('"""mine: My game."""\nfrom zerosum.core import register\n'
                               "from zerosum.models.objective.gan import GAN\n\n\n"
                               "@register\nclass Mine(GAN):\n    pass\n")
    status, out, _ = call("show", "mine.py")
    assert status == 0 and out.startswith("mine: My game.")


# train and resume ----------------------------------------------------------------------------------------------------


def test_train_says_where_everything_is(call, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    status, out, err = call("train", "gan", "--preset", "tiny", "--out", "run")
    assert status == 0 and err.startswith("training gan on digits")
    for place in ("run/samples/step-00000004.png", "run/timelapse.gif", "run/report.html", "run/weights.safetensors"):
        assert place in out and Path(place).exists()
    assert "zerosum resume run --steps 8" in out and "zerosum sample run -n 64" in out
    status, out, err = call("resume", "run", "--steps", "8", "--quiet")
    assert status == 0 and err == "" and "gan: 8 steps" in out


def test_the_first_line_names_a_fresh_folder(call, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    for number in (1, 2):
        assert call("train", "gan", "--preset", "tiny", "--quiet")[0] == 0
        assert Path(f"runs/gan-digits-00{number}/report.html").exists()


def test_json_is_one_document_and_nothing_else(document, runs, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    done = document("train", "gan", "--preset", "tiny", "--out", "run")
    assert done["run"] == "run" and done["steps"] == 4 and done["state"] == "finished" and Path(done["report"]).exists()
    assert document("resume", "run", "--steps", "6")["steps"] == 6
    guess = document("train", "gan", "--preset", "tiny", "--estimate")
    assert guess["model"] == "gan" and guess["seconds"] > 0 and not Path("runs").exists()
    assert document("sample", runs["images"], "-n", 2)["files"] == ["generated_image.png"]
    assert document("interpolate", runs["images"], "--frames", 3, "-o", "w.gif")["frames"] == 3
    assert document("data", "list") and document("data", "show", "digits", "--image-size", "8")
    assert document("features", "digits", "-o", "f.safetensors", "-n", 50)["count"] == 50
    assert document("evaluate", "--real", "f.safetensors", "--fake", "digits", "--metrics", "fid", "-n", 50)["fid"]
    assert document("show", "fid")["looks at"] == ["features"]


def test_show_explains_every_metric(call):
    for name in METRICS:
        status, out, err = call("show", name)
        assert (status, err) == (0, "") and f"{METRICS[name].gives[0]}" in out and "https://arxiv.org/abs/" in out
        assert len(out.splitlines()[0]) > 20, name


def test_flags_reach_the_settings(runs, document, monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])
    document("train", "wgan-gp", "--preset=tiny", "--n-critic", "3", "--betas", "0.1,0.8", "--flip", "--no-tensorboard",
             "--seed", "5", "--steps", "2", "--out", "run")
    settings = json.loads(Path("run/run.json").read_text())["settings"]
    assert settings["model"]["n_critic"] == 3 and settings["model"]["betas"] == [0.1, 0.8]
    assert settings["data"]["flip"] is True and settings["train"]["tensorboard"] is False
    assert settings["train"]["seed"] == 5 and settings["train"]["batch_size"] == 8


def test_demo(call):
    status, out, err = call("demo", "--minutes", "0.01", "--out", "run")
    assert status == 0, err
    assert all(word in out for word in ("samples", "timelapse", "report", "weights", "fid", "kid", "1-nn", "next"))


# sample --------------------------------------------------------------------------------------------------------------


def test_sample_into_one_picture(runs, call):
    status, out, err = call("sample", runs["images"], "-n", 10, "--seed", 3)
    assert (status, out, err) == (0, "10 samples: generated_image.png\n", "")
    with Image.open("generated_image.png") as image:         # three columns, four rows, enlarged whole times
        assert image.mode == "L" and image.width % (3 * 8 + 4) == 0 and image.height % (4 * 8 + 6) in range(4 * 8)
    assert call("sample", runs["points"], "-o", "new/folder/scatter.png")[0] == 0
    assert Image.open("new/folder/scatter.png").size == (512, 512)


def test_sample_into_numbers_and_folders(runs, call):
    model = zs.load(runs["images"]).model
    assert call("sample", runs["images"], "-n", 5, "--seed", 3, "-o", "x.npy")[0] == 0
    x = np.load("x.npy")
    assert x.dtype == np.float32 and np.array_equal(x, model.sample(5, seed=3).numpy())
    assert call("sample", runs["images"], "-n", 5, "--seed", 3, "-o", "folder")[0] == 0
    files = sorted(Path("folder").iterdir())
    assert [file.name for file in files] == [f"{i:04d}.png" for i in range(5)]
    for file, sample in zip(files, x, strict=True):
        assert np.array_equal(np.array(Image.open(file)), np.rint(sample[0] * 127.5 + 127.5))
    assert call("sample", runs["points"], "-n", 5, "-o", "points.npy")[0] == 0
    assert np.load("points.npy").shape == (5, 2)


def test_truncation(runs, call):
    model = zs.load(runs["images"]).model
    call("sample", runs["images"], "-n", 3, "--truncation", 0.5, "-o", "x.npy")
    z = model.noise(3, torch.Generator().manual_seed(0))
    assert np.allclose(np.load("x.npy"), model.generate(z * 0.5).numpy(), atol=1e-6)


@pytest.mark.parametrize("run", ["images", "points", "labelled"])
def test_best_is_the_tutorials_nice(run, runs, call, document):
    """UX-04: generate 20 B, rank by D, keep the top B, in order, equal scores as they came."""
    model, batch = zs.load(runs[run]).model, 6
    answer = document("sample", runs[run], "-n", batch, "--best", "0.05", "--seed", 2, "-o", "nice.npy")
    everything = model.sample(20 * batch, seed=2)
    scores = model.scores(everything).tolist()
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[:batch]
    assert answer["scores"] == pytest.approx([scores[i] for i in order], abs=1e-6) and answer["n"] == batch
    assert np.array_equal(np.load("nice.npy"), everything[order].numpy())
    assert np.mean(answer["scores"]) > np.mean(scores)
    call("sample", runs[run], "-n", batch, "--best", "1", "-o", "all.npy")
    assert len(np.load("all.npy")) == batch


@pytest.mark.parametrize("way", ["rejection", "mh", "ddls"])
@pytest.mark.parametrize("run", ["points", "images", "labelled"])
def test_selection_towards_the_data(way, run, runs, call, document):
    if way == "ddls" and run != "points":
        pytest.skip("the presets tiny have uniform noise")
    answer = document("sample", runs[run], "-n", 5, "--select", way, "--steps", 4, "-o", "x.npy")
    assert len(answer["scores"]) == answer["n"] == len(np.load("x.npy")) == 5 and answer["drawn"] >= 25
    status, out, _ = call("sample", runs[run], "-n", 5, "--select", way, "--steps", 4, "-o", "y.npy")
    assert status == 0 and out == f"5 samples of {answer['drawn']:,} drawn: y.npy\n"
    assert np.array_equal(np.load("x.npy"), np.load("y.npy"))


def test_the_best_is_a_way_to_select(runs, call):
    for words in (["--select", "best"], ["--best", 0.05]):
        assert call("sample", runs["images"], "-n", 2, *words, "-o", f"{words[0][2:]}.npy") == (
            0, f"2 samples of 40 drawn: {words[0][2:]}.npy\n", "")
    assert np.array_equal(np.load("select.npy"), np.load("best.npy"))


def test_labels_by_number_and_by_name(runs, call):
    model = zs.load(runs["labelled"]).model
    call("sample", runs["labelled"], "-n", 3, "--label", 7, "-o", "x.npy")
    assert np.array_equal(np.load("x.npy"), model.sample(3, seed=0, labels=7).numpy())
    call("sample", runs["labelled"], "-n", 5, "--label", 7, "--label", 1, "-o", "x.npy")
    assert np.array_equal(np.load("x.npy"), model.sample(5, seed=0, labels=[7, 1, 7, 1, 7]).numpy())
    call("sample", runs["labelled"], "-n", 12, "-o", "x.npy")
    assert np.array_equal(np.load("x.npy"), model.sample(12, seed=0, labels=[*range(10), 0, 1]).numpy())
    best = call("sample", runs["labelled"], "-n", 4, "--label", 3, "--best", 0.5, "-o", "y.npy")
    x = model.sample(8, seed=0, labels=3)
    order = model.scores(x, torch.full((8,), 3)).argsort(descending=True, stable=True)[:4]
    assert best[0] == 0 and np.array_equal(np.load("y.npy"), x[order].numpy())


def test_an_impossible_place(runs, call):
    Path("file").write_text("")
    for out in ("file/x.png", "/proc/x.png", "/proc/folder", "/dev/null/x.npy"):
        status, _, err = call("sample", runs["images"], "-n", 1, "-o", out)
        assert status == 1 and err.count("\n") == 1 and "Traceback" not in err, err


# interpolate ---------------------------------------------------------------------------------------------------------


def test_a_walk_as_a_film(runs, call):
    assert call("interpolate", runs["images"], "--rows", 4, "--anchors", 2, "--frames", 6, "-o", "walk.gif") == (
        0, "6 frames: walk.gif\n", "")
    with Image.open("walk.gif") as film:      # a frame that is like the one before only lasts longer
        assert film.info["loop"] == 0
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(film)) == 6 * 670
    assert call("interpolate", runs["points"], "--frames", 4, "-o", "a/walk.webp")[0] == 0
    assert call("interpolate", runs["labelled"], "--frames", 4, "--label", 3, "--path", "lerp")[0] == 0
    assert Image.open("interpolation.gif").format == "GIF"


def test_a_walk_as_a_picture(runs, call):
    status, out, _ = call("interpolate", runs["images"], "--rows", 3, "--frames", 60, "-o", "walk.png")
    assert status == 0 and out == "12 frames: walk.png\n"
    with Image.open("walk.png") as image:                    # a row each, columns in time
        assert image.size == (12 * (48 + 2) - 2, 3 * (48 + 2) - 2)             # enlarged to 512 pixels, with gaps
        film = zs.latent.interpolate(zs.load(runs["images"]).model, rows=3, frames=12, seed=0)
        assert np.array_equal(np.array(image)[50:98:6, 100:148:6], np.rint(film[2, 1, 0].numpy() * 127.5 + 127.5))
    assert call("interpolate", runs["points"], "-o", "points.png")[0] == 0


def test_a_walk_between_seeds(runs, call, document):
    assert document("interpolate", runs["images"], "--seeds", "3,17,42", "-o", "walk.png")["frames"] == 12
    model = zs.load(runs["images"]).model
    with Image.open("walk.png") as image:
        for row, column, seed in ((0, 0, 3), (0, 11, 17), (1, 0, 17), (1, 11, 42)):
            cell = np.array(image)[row * 50:row * 50 + 48:6, column * 50:column * 50 + 48:6]
            assert np.array_equal(cell, np.rint(model.sample(1, seed=seed)[0, 0].numpy() * 127.5 + 127.5))
    assert call("interpolate", runs["labelled"], "--seeds", "1,2", "--label", 3, "--frames", 3)[0] == 0
    assert call("interpolate", runs["points"], "--seeds", "1,2", "--frames", 3)[0] == 0


def test_a_film_needs_its_extra(runs, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert "MP4 needs an extra: pip install 'zerosum[video]'" in said(
        "interpolate", runs["images"], "--frames", 3, "-o", "walk.mp4")


def test_a_film_as_mp4(runs, call):
    av = pytest.importorskip("av")
    assert call("traverse", runs["images"], "--only", "0", "--columns", 5, "-o", "walk.mp4")[0] == 0
    with av.open("walk.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == 8                       # there and back


# truncate, mix, arithmetic, codes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "labelled", "points", "likelihood", "coded"])
def test_truncation_of_every_kind_of_run(name, runs, document):
    answer = document("truncate", runs[name], "--shares", "0.5,1", "--rows", 2, "-o", "some.png")
    assert answer["shares"] == [0.5, 1] and Image.open("some.png").size[0] > 0


@pytest.mark.parametrize(("name", "part"), [("labelled", "label"), ("coded", "c1"), ("coded", "u2")])
def test_a_table_of_mixed_samples(name, part, runs, document):
    assert document("mix", runs[name], "--part", part, "--rows", 2, "--columns", 3, "-o", "mix.png")["part"] == part
    mixed = zs.latent.mix(zs.load(runs[name]).model, part, rows=2, columns=3)
    with Image.open("mix.png") as image:
        cells = np.array(image)
        zoom = (image.width - 3 * 2 + 4) // 32                                 # four cells of 8 pixels, and the gaps
        step = 8 * zoom + 2
        corner, below, last = (cells[y:y + 8 * zoom:zoom, x:x + 8 * zoom:zoom]
                               for y, x in ((0, 0), (step, 0), (2 * step, 3 * step)))
    assert not corner.any()
    assert np.array_equal(below, np.rint(mixed.a[0, 0].numpy() * 127.5 + 127.5))
    assert np.array_equal(last, np.rint(mixed.x[1, 2, 0].numpy() * 127.5 + 127.5))


@pytest.mark.parametrize("name", ["images", "points", "likelihood"])
def test_sums_of_latents(name, runs, call, document):
    assert call("directions", runs[name], "-k", 2, "-o", "found.safetensors")[0] == 0
    answer = document("arithmetic", runs[name], "3,17 - 5 + 2*sefa1", "--directions", "found.safetensors")
    assert answer["terms"] == ["3,17", "5", "2*sefa1"] and Path("arithmetic.png").exists()
    model = zs.load(runs[name]).model
    z3, z17, z5 = (model.noise(1, torch.Generator().manual_seed(seed))[0] for seed in (3, 17, 5))
    rest = torch.tensor(answer["latent"]) - ((z3 + z17) / 2 - z5)
    direction = zs.latent.Directions.load("found.safetensors").vectors[1]
    assert torch.allclose(rest, (rest @ direction) * direction, atol=1e-5) and rest.norm() > 0.5


def test_codes_are_sampled_and_traversed(runs, call, document):
    assert call("sample", runs["coded"], "-n", 4, "--code", "c1=3", "--code", "u1=-0.5", "-o", "some.npy")[0] == 0
    expected = zs.latent.sample_with_codes(zs.load(runs["coded"]).model, 4, {"c1": 3, "u1": -0.5})
    assert np.array_equal(np.load("some.npy"), expected.numpy())
    answer = document("traverse", runs["coded"])
    assert answer["rows"] == ["c1", "u1", "u2"] and answer["columns"] == 10
    assert document("traverse", runs["coded"], "--only", "1,2", "--range", 2, "-o", "codes.gif")["rows"] == ["u1", "u2"]


# directions, traverse ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "labelled", "points", "likelihood"])
@pytest.mark.parametrize("method", ["sefa", "ganspace"])
def test_directions_are_stored_and_traversed(name, method, runs, call, document):
    answer = document("directions", runs[name], "--method", method, "-k", 3, "-o", "found.safetensors")
    found = zs.latent.Directions.load("found.safetensors")
    assert (len(found), found.method) == (3, method) and answer["strengths"] == found.strengths.tolist()
    status, out, _ = call("traverse", runs[name], "--directions", "found.safetensors", "--only", "2,0", "--columns", 5)
    assert status == 0 and out == f"rows {found.names[2]}, {found.names[0]}: traversal.png\n"
    run = zs.load(runs[name])
    with Image.open("traversal.png") as image:
        if run.spec.is_image:
            film = zs.latent.traverse(run.model, found.only([2, 0]), columns=5)
            zoom = (image.width + 2) // 5 // 8
            corner = np.array(image)[8 * zoom + 2::zoom, :8 * zoom:zoom]
            assert np.array_equal(corner, np.rint(film[1, 0, 0].numpy() * 127.5 + 127.5))


def test_directions_between_classes(runs, call, monkeypatch):
    """The runs are too short to be judged: what the judge says is the brightest fifth of the samples."""
    from zerosum.metrics.features.judge import TrainedJudge

    monkeypatch.setattr(TrainedJudge, "classify", lambda self, x: (x.mean((1, 2, 3)).argsort().argsort() * 5 // len(x)))
    status, out, _ = call("directions", runs["images"], "--method", "classes", "-n", 600)
    assert status == 0 and "5 directions: directions.safetensors" in out and "balanced accuracy" in out
    assert set(zs.latent.Directions.load("directions.safetensors").names) == set("01234")


def test_a_traversal_as_a_film(runs, call, document):
    assert document("traverse", runs["images"], "-o", "there/back.gif")["rows"] == [f"z{i}" for i in range(8)]
    assert Image.open("there/back.gif").format == "GIF"
    assert call("traverse", runs["labelled"], "--label", 3, "--only", "1", "-o", "one.webp")[0] == 0
    assert call("traverse", runs["points"], "--only", "1", "-o", "one.gif")[0] == 0


# evaluate, compare, report -------------------------------------------------------------------------------------------


def test_evaluate(runs, call, document):
    scores = document("evaluate", runs["images"], "--metrics", "mmd", "-n", 100)
    assert scores["mmd"]["value"] > 0 and scores["mmd"]["card"]["n_fake"] == 100
    status, out, _ = call("evaluate", runs["points"], "--metrics", "modes", "-n", 200)
    assert status == 0 and out.startswith("modes ")
    call("sample", runs["images"], "-n", 30, "-o", "fakes")
    scores = document("evaluate", "--real", "digits", "--fake", "fakes", "--image-size", 8, "--metrics", "mmd")
    assert scores["mmd"]["card"]["n_fake"] == 30 and scores["mmd"]["card"]["n_real"] == 1797


def test_compare_measures_runs_alike(runs, call, document):
    status, out, err = call("compare", runs["images"], runs["labelled"], "--metrics", "fid,mmd-estimators", "-n", 60)
    assert status == 0 and err == "measuring images\nmeasuring labelled\n"
    lines = out.splitlines()
    assert lines[0] == "fid: lower is better, ideal 0" and lines[-1] == "compare.html"
    assert sorted(line.split()[1] for line in lines[1:3]) == ["images", "labelled"] and " best" in lines[1]
    assert "  not tested: no interval" in lines          # the u-statistic has none
    assert all(len(line) <= 80 for line in lines)
    page = Path("compare.html").read_text()
    assert page.count('class="zc"') >= 2 and "Holm" in page and lines[1].split()[2] in page
    found = document("compare", runs["images"], runs["labelled"], "--metrics", "fid", "-n", 60, "-o", "a.html")
    assert found["scores"]["images"]["fid"]["card"]["n_fake"] == 60
    pair, = found["differences"]["fid"]
    assert {pair["better"], pair["worse"]} == {"images", "labelled"} and pair["significant"] == (pair["p"] < 0.05)


def test_runs_of_different_sizes_are_compared_at_one(runs, call, said):
    zs.train("dcgan", preset="tiny", image_size=16, steps=1, out="larger", device="cpu", quiet=True, tensorboard=False)
    assert "different sizes" in said("compare", runs["images"], "larger")
    status, out, err = call("compare", runs["images"], "larger", "--image-size", 16, "--metrics", "kid", "-n", 20)
    assert status == 0 and out.startswith("kid: lower is better"), err
    assert "different kinds" in said("compare", runs["images"], runs["points"])


def test_compare_what_is_stored_and_report(runs, call, said):
    status, out, _ = call("compare", runs["images"], runs["labelled"], "--stored", "-o", "both.html")
    assert (status, out) == (0, "both.html\n") and "labelled" in Path("both.html").read_text()
    assert "leave --stored out" in said("compare", runs["images"], runs["labelled"], "--stored", "--json")
    (runs["images"] / "report.html").unlink()
    status, out, _ = call("report", runs["images"])
    assert status == 0 and Path(out.strip()) == runs["images"] / "report.html" and Path(out.strip()).exists()


# As a process --------------------------------------------------------------------------------------------------------


def test_python_m_zerosum():
    def run(*words):
        done = subprocess.run([sys.executable, "-m", "zerosum", *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    status, out, err = run("list", "--json")
    assert (status, err) == (0, "") and [entry["name"] for entry in json.loads(out)] == names()
    assert run("train", "dcgn") == (2, "", "zerosum: unknown model 'dcgn' (did you mean dcgan?)\n")


@pytest.mark.parametrize("words", ["list --json", "train gan --help"])
def test_a_reader_that_leaves_early_is_no_error(words):
    writer = subprocess.Popen([sys.executable, "-m", "zerosum", *words.split()], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    writer.stdout.close()                     # as `| head` does, only sooner
    assert writer.stderr.read() == "" and writer.wait() in (0, 141)          # 0: argparse swallows it
