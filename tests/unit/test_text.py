"""Text from captions to samples: words and their numbers, data that has them, and every tool that asks for text."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from data_files import encoded, pixels
from tiny import trainer_of

import zerosum as zs
from zerosum.cli import main
from zerosum.core import DataSpec, UsageError, condition, registry
from zerosum.core.text import LONGEST, MOST_WORDS, PROMPTS, vocabulary, words_of
from zerosum.data import ArrayDataset, load_data, prepare
from zerosum.metrics import evaluate
from zerosum.metrics.sources import asked_by, labels_like
from zerosum.runs import Run
from zerosum.runs.recorder import Recorder
from zerosum.runs.report import write_report

CAPTIONS = ["A red circle.", "a blue circle,\n on red", "", "a red square!", "a RED circle."]


def captioned(captions=CAPTIONS, **options) -> ArrayDataset:
    x = np.arange(len(captions) * 3 * 16 * 16, dtype=np.uint32).astype(np.uint8).reshape(len(captions), 3, 16, 16)
    return ArrayDataset(x, DataSpec((3, 16, 16)), name="said", captions=captions, **options)


# Words ---------------------------------------------------------------------------------------------------------------


def test_words_are_lower_case_without_punctuation():
    assert words_of("It's a well-known «Größe», 3 at least -- or_not.") == [
        "it's", "a", "well-known", "größe", "3", "at", "least", "or", "not"]


def test_a_vocabulary_is_sorted_by_how_often_and_then_by_name():
    assert vocabulary(CAPTIONS) == ("a", "red", "circle", "blue", "on", "square")
    many = [f"w{i}" for i in range(MOST_WORDS + 5)]
    assert len(vocabulary([*many, "w9 w9"])) == MOST_WORDS and vocabulary([*many, "w9 w9"])[0] == "w9"


def test_a_spec_of_captions():
    spec = captioned().spec
    assert (spec.words, spec.text_length) == (("a", "red", "circle", "blue", "on", "square"), 5)
    assert spec.prompts == ("A red circle.", "a blue circle, on red", "a red square!", "a RED circle.")
    long = DataSpec((2,)).captioned(["word " * 99, *(f"picture {i}" for i in range(1000))])
    assert long.text_length == LONGEST and len(long.prompts) == PROMPTS == len(set(long.prompts))
    assert long.prompts[1:3] == ("picture 14", "picture 30")
    assert captioned(["", "!"]).spec == DataSpec((3, 16, 16))


def test_a_spec_is_written_as_ever_where_there_are_no_captions():
    document = {"shape": (3, 8, 8), "num_classes": 2, "classes": ("a", "b"), "attributes": ("hue",)}
    assert json.dumps(DataSpec(**document).to_json()) == json.dumps(document)
    spec = captioned().spec
    for each in (spec, DataSpec(**document)):
        assert DataSpec.from_json(json.loads(json.dumps(each.to_json()))) == each
    assert spec.without_captions == DataSpec((3, 16, 16))


def test_a_text_is_the_numbers_of_its_words():
    spec = captioned().spec
    assert spec.encode("a blue SQUARE").tolist() == [1, 4, 6, 0, 0]
    both = spec.encode(["red", "circle on a red circle"])
    assert both.tolist() == [[2, 0, 0, 0, 0], [3, 5, 1, 2, 3]] and both.dtype == torch.int64
    assert spec.encode([]).shape == (0, 5)
    assert spec.encode("a green circle, of all", lenient=True).tolist() == [1, 3, 0, 0, 0]
    assert spec.encode("!", lenient=True).tolist() == [0] * 5


@pytest.mark.parametrize(("text", "says"), [
    ("a blu circle", r"^unknown word 'blu' \(did you mean blue\?\)$"), ("a xylophone", "^unknown word 'xylophone'"),
    ("", "1 to 5 words"), ("?!", "1 to 5 words"), ("a red red red red circle", "1 to 5 words here, .* has 6$")])
def test_a_text_that_cannot_be_read_is_refused(text, says):
    for given in (text, ["a red circle", text]):
        with pytest.raises(UsageError, match=says):
            captioned().spec.encode(given)


def test_data_without_captions_has_no_words():
    for data in (load_data("digits"), captioned(["", " "])):
        with pytest.raises(UsageError, match="no captions"):
            data.spec.encode("a circle")
        assert "text" not in data.gather(torch.arange(2))


# Data ----------------------------------------------------------------------------------------------------------------


def test_captions_reach_a_batch():
    data = captioned(flip=True)
    text = data.gather(torch.tensor([3, 0, 5, 2]))["text"]
    assert text.tolist() == [[1, 2, 6, 0, 0], [1, 2, 3, 0, 0], [1, 2, 3, 0, 0], [0] * 5] and text.dtype == torch.int64
    batch = trainer_of("dcgan", data="shapes", image_size=16).batch(4)
    assert batch.text.shape == (4, 12) and all(part.text.shape == (2, 12) for part in batch.split(2))
    assert trainer_of("dcgan").batch(2).text is None


def test_shapes_say_what_they_show():
    data = load_data("shapes", image_size=16)
    assert data.spec.text_length == 12 and len(data.spec.words) == 27 and len(data.spec.prompts) == 64
    text = data.gather(torch.tensor([10]))["text"][0]
    assert " ".join(data.spec.words[word - 1] for word in text if word) == data.captions[10]


def test_captions_are_no_part_of_the_fingerprint():
    assert captioned().fingerprint == captioned(["another"] * 5).fingerprint == captioned([""] * 5).fingerprint


@pytest.fixture
def table(tmp_path):
    """A user's pictures with a column of texts."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    texts = ["a cat", "a dog", "two cats", None, "a dog", "a bird"]
    images = [{"bytes": encoded(pixels(i, (16, 16, 3))), "path": f"{i}.png"} for i in range(6)]
    pq.write_table(pa.table({"image": images, "text": texts}), tmp_path / "train-0.parquet")
    return tmp_path


@pytest.fixture
def unmeasured(monkeypatch):
    monkeypatch.setattr(Recorder, "score", lambda self, quick=False: [])


PAINTER = str(Path(__file__).parent / "painter.py")


def load(folder) -> Run:
    return zs.load(folder, model=PAINTER)


def train(folder, model=PAINTER, **settings):
    return zs.train(model, preset="tiny", steps=2, out=folder, device="cpu", quiet=True, tensorboard=False, **settings)


def test_a_users_table_with_a_column_of_text(table, tmp_path, unmeasured):
    prepare(table, tmp_path / "pack.zsd")
    for number, source in enumerate((table, tmp_path / "pack.zsd")):
        run = train(tmp_path / f"run{number}", data=str(source))
        assert run.spec.words == ("a", "dog", "bird", "cat", "cats", "two")
        assert run.spec.prompts == ("a cat", "a dog", "two cats", "a bird")
        x = load(tmp_path / f"run{number}").model.sample(2, seed=0, labels="two dog")
        assert x.shape == (2, 3, 16, 16)
        assert "fid" in evaluate(run, metrics="fid", n=6)


def test_a_run_refuses_data_that_speaks_otherwise(table, tmp_path, unmeasured, monkeypatch):
    run = train(tmp_path / "run", data=str(table))
    assert load(run.folder).data.spec == run.spec
    changed = load(run.folder)
    changed.document["data"]["spec"]["words"] = [*run.spec.words[::-1]]
    with pytest.raises(zs.ZerosumError, match="has changed since"):
        _ = changed.data
    older = load(run.folder)                              # a run from before there were words
    older.document["data"]["spec"] = run.spec.without_captions.to_json()
    assert older.data.spec == run.spec


# Models and tools ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def painter_alone():
    """No test of another file meets the model of these."""
    yield
    registry._classes.pop("painter", None)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "score", lambda self, quick=False: [])
        train(root / "text")
        train(root / "plain", "dcgan")
    return root


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)


def test_a_model_of_text_needs_captions_that_differ():
    for data in (load_data("digits"), captioned(["the same"] * 5)):
        with pytest.raises(UsageError, match="painter learns from captions that differ: take shapes, or a table"):
            zs.create(PAINTER, data, preset="tiny")


def test_what_a_model_is_asked_by():
    assert [condition(zs.create(name, load_data(data, image_size=16), preset="tiny")) for name, data in (
        (PAINTER, "shapes"), ("cgan", "shapes"), ("dcgan", "shapes"))] == ["text", "labels", ""]
    assert condition(object()) == ""


def test_sample_of_texts(runs, here):
    text, other = "a small red circle at the left on a black background", "a large blue square"
    line = ["sample", str(runs / "text"), "--model", PAINTER, "-n", "3", "-o", "x.npy"]
    assert main([*line, "--text", text, "--text", other]) == 0
    model = load(runs / "text").model
    assert np.array_equal(np.load("x.npy"), model.sample(3, seed=0, labels=[text, other, text]).numpy())
    assert main(line) == 0
    assert np.array_equal(np.load("x.npy"), model.sample(3, seed=0, labels=list(model.data.prompts[:3])).numpy())


@pytest.mark.parametrize("line", [
    "sample text -n 4 --text WORDS --best 0.5 -o x.png", "sample text -n 2 --select mh --steps 2 -o x.png",
    "sample text -n 2 --select ddls --steps 2 --text WORDS -o x.png", "sample text -n 2 --select rejection -o x.png",
    "interpolate text --text WORDS --rows 2 --frames 3 -o x.png", "interpolate text --seeds 1,2 --text WORDS -o x.png",
    "traverse text --text WORDS --columns 3 -o x.png", "directions text --method sefa --text WORDS",
    "directions text --method ganspace -n 50 -k 2", "directions text --method classes -n 300 --factor background"])
def test_every_tool_takes_text(line, runs, here, capsys):
    names = {"text": str(runs / "text"), "WORDS": "a small red circle"}
    status = main([*(names.get(word, word) for word in line.split()), "--model", PAINTER])
    refused = "no hyperplane" if "--method classes" in line else "nothing"        # of a model that has learnt nothing
    assert status == 0 or refused in capsys.readouterr().err


@pytest.mark.parametrize(("line", "says"), [
    ("sample text --text a,smal,circle", "unknown word 'smal' (did you mean small?)"),
    ("sample text --text ,", "a text has 1 to 12 words here"),
    ("sample text --label circle", "painter takes text in place of labels: --text 'a "),
    ("sample text --label 0 --text circle", "painter takes text in place of labels"),
    ("traverse text --label 0", "painter takes text in place of labels"),
    ("sample plain --text a,circle", "dcgan takes no text: leave --text out"),
    ("directions plain --text a,circle", "dcgan takes no text: leave --text out"),
    ("train PAINTER --preset tiny --data digits --out nowhere", "painter learns from captions that differ")])
def test_wrong_use_is_one_line(line, says, runs, here, capsys):
    names = {"text": str(runs / "text"), "plain": str(runs / "plain"), "PAINTER": PAINTER}
    words = [names.get(word, word.replace(",", " ")) for word in line.split()]
    assert main(words + ["--model", PAINTER] * (words[1] == names["text"])) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1


def test_a_run_is_evaluated_with_the_captions_of_the_data(runs):
    run, test = load(runs / "text"), load_data("shapes", image_size=16, split="test")
    rows = torch.tensor([3, 0])
    asked = asked_by(run.model, test, rows)
    assert torch.equal(asked, run.spec.encode([test.captions[3], test.captions[0]]))
    each = labels_like(run.model, len(test), test, seed=0)
    expected = run.spec.encode(test.captions)
    assert torch.equal(each.unique(dim=0, return_counts=True)[1], expected.unique(dim=0, return_counts=True)[1])
    assert set(evaluate(run, metrics=["fid", "class-fid"], n=90)) >= {"fid", "class-fid"}     # shape is the class
    assert evaluate(run, "digits", "high-frequency", n=20)   # no captions: the prompts in turn


def test_the_report_of_a_run_shows_how_to_ask_for_text(runs):
    page = write_report(runs / "text").read_text(encoding="utf-8")
    prompt = load_data("shapes", image_size=16).spec.prompts[0]
    assert f"--text &#x27;{prompt}&#x27;" in page and "--label" not in page
