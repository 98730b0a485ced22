"""The commands that invert, edit and drag: what they print and draw, and one line for every mistake."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum as zs
from zerosum.cli import main
from zerosum.latent import Inverted
from zerosum.runs.recorder import Recorder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Short runs, unmeasured: convolutional, labelled, of points, and with an encoder of its own."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "score", lambda self, quick=False: [])
        for name, model, preset in (("images", "dcgan", "tiny"), ("labelled", "cgan", "tiny"),
                                    ("points", "gan", "ring"), ("likelihood", "vae", "tiny")):
            zs.train(model, preset=preset, steps=3, out=root / name, device="cpu", quiet=True, tensorboard=False)
    return {path.name: path for path in root.iterdir()}


@pytest.fixture
def call(capsys):
    def run(*words):
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err
    return run


@pytest.fixture
def said(call):
    """Runs a command that must be refused as wrong use; returns its one line."""
    def run(*words):
        status, out, err = call(*words)
        assert status == 2 and out == "" and err.startswith("zerosum: ") and err.count("\n") == 1, (status, out, err)
        return err
    return run


@pytest.fixture
def photo():
    """A colour photograph that is not square."""
    y, x = np.mgrid[:90, :160]
    Image.fromarray(np.stack([x, y, 255 - x], 2).astype(np.uint8)).save("photo.jpg")
    return "photo.jpg"


FEW = ("--restarts", 2, "--steps", 3, "--polish", 1)


# invert --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "labelled", "likelihood"])
def test_a_photograph_is_inverted_and_traversed(name, runs, call, photo):
    Image.open(photo).convert("RGBA").resize((30, 70)).save("other.png")
    status, out, err = call("invert", runs[name], photo, "other.png", *FEW, "--start", "encoder", "--encoder-steps", 2,
                            "--png", "compare.png", "--json")
    assert status == 0, err
    answer, found = json.loads(out), Inverted.load("inverted.safetensors")
    assert [row["picture"] for row in answer["pictures"]] == [photo, "other.png"] and len(found) == 2
    assert [row["psnr"] for row in answer["pictures"]] == pytest.approx(found.psnr.tolist())
    model = zs.load(runs[name]).model
    with torch.no_grad():
        assert torch.allclose(model.generate(found.z, found.labels), found.x, atol=1e-5)
    with Image.open("compare.png") as image:                 # pictures above, what they became below
        zoom = (image.width - 2) // 16
        cells = np.array(image)[::zoom, ::zoom]
        assert np.abs(cells[:8, :8] - np.rint(found.picture[0, 0].numpy() * 127.5 + 127.5)).max() == 0
    assert call("traverse", runs[name], "--start", "inverted.safetensors", "--picture", 1, "--only", "0",
                "--columns", 3, "-o", "row.png")[0] == 0
    with Image.open("row.png") as image:
        zoom = (image.width + 2) // 3 // 8
        middle = np.array(image)[::zoom, 8 * zoom + 2:][:, :8 * zoom:zoom]
        assert np.abs(middle - np.rint(found.x[1, 0].numpy() * 127.5 + 127.5)).max() <= 1


def test_the_table_of_an_inversion(runs, call, photo):
    status, out, _ = call("invert", runs["labelled"], photo, "--label", 3, *FEW)
    lines = out.splitlines()
    assert status == 0 and lines[0].startswith("photo.jpg  PSNR ") and "  class 3  from draw " in lines[0]
    assert lines[1] == "1 pictures inverted: inverted.safetensors"


@pytest.mark.parametrize(("line", "names_it"), [
    ("invert images", "the following arguments are required: PICTURE"),
    ("invert images nowhere.jpg", "no such picture: nowhere.jpg"),
    ("invert images text.jpg", "text.jpg is text, not a picture: delete it or give it its right ending"),
    ("invert images photo.jpg -o latent.pt", "cannot write latent.pt: name a .safetensors file"),
    ("invert images photo.jpg --png compare.gif", "cannot write compare.gif: name a .png file"),
    ("invert images photo.jpg --space w+", "dcgan cannot map styles; it can sample, generate, score"),
    ("invert images photo.jpg --restarts 0", "at least one restart"),
    ("invert images photo.jpg --label 3", "has no labels"),
    ("invert points photo.jpg", "trained on points: there are no pictures of them to invert"),
    ("invert nowhere photo.jpg", "nowhere is no run folder"),
    ("traverse images --start nowhere", "nowhere is no file of inverted pictures: zerosum invert RUN PICTURE"),
])
def test_mistakes(line, names_it, runs, said, photo):
    with open("text.jpg", "w") as file:
        file.write("no picture\n")
    command, run, *words = line.split()
    assert names_it in said(command, runs.get(run, run), *words)


def test_latents_that_are_not_there(runs, said, call, photo):
    assert call("invert", runs["images"], photo, *FEW)[0] == 0
    assert "numbered from 0 to 0, not 1" in said("traverse", runs["images"], "--start", "inverted.safetensors",
                                                 "--picture", 1)
    assert "does not fit this model" in said("traverse", runs["likelihood"], "--start", "inverted.safetensors")


# edit ----------------------------------------------------------------------------------------------------------------


STROKES = {"size": [8, 8], "strokes": [{"colour": "#ffffff", "points": [[2, 2], [6, 2]], "width": 2}]}


@pytest.fixture
def strokes():
    with open("strokes.json", "w") as file:
        json.dump(STROKES, file)
    return "strokes.json"


def cells(path, columns, rows=1):
    """The grey 8 x 8 pictures of a grid that was enlarged."""
    with Image.open(path) as image:
        x = np.array(image.convert("L"))
    zoom = (x.shape[1] + 2 - 2 * columns) // columns // 8
    side = 8 * zoom + 2
    return [x[r * side:r * side + 8 * zoom:zoom, c * side:c * side + 8 * zoom:zoom] for r in range(rows)
            for c in range(columns)]


def as_bytes(x):
    return np.rint(x[0].numpy() * 127.5 + 127.5)


@pytest.mark.parametrize("name", ["images", "labelled", "likelihood"])
def test_an_edit_is_drawn(name, runs, call, strokes):
    status, out, err = call("edit", runs[name], "--strokes", strokes, "--steps", 3, "--seed", 4, "--top", 2, "--film",
                            "film.gif", "--json")
    assert status == 0, err
    answer = json.loads(out)
    model = zs.load(runs[name]).model
    with torch.no_grad():
        found = zs.latent.edit(model, zs.latent.strokes_of(STROKES, (1, 8, 8)), seed=4, steps=3, top_k=2)
    assert [row["error"] for row in answer["results"]] == pytest.approx(found.error.tolist(), abs=1e-5)
    assert (answer["results"][0]["score"] is None) == (name == "likelihood")
    drawn = cells("edited.png", 3)
    for cell, x in zip(drawn, [found.x0[0], *found.x], strict=True):
        assert np.abs(cell - as_bytes(x)).max() <= 1
    with Image.open("film.gif") as film:
        assert film.n_frames >= 1 and film.info["loop"] == 0


def test_a_painting_is_as_good_as_a_list_of_strokes(runs, call, document_of):
    """A transparent PNG, four times as large, with the same stroke."""
    paint = np.zeros((32, 32, 4), np.uint8)
    paint[4:12, 8:24] = 255
    Image.fromarray(paint).save("paint.png")
    painted = document_of("edit", runs["images"], "--strokes", "paint.png", "--steps", 2)
    with open("strokes.json", "w") as file:
        json.dump({"size": [8, 8], "strokes": [{"colour": 255, "points": [[2, 2], [6, 2]], "width": 1}]}, file)
    listed = document_of("edit", runs["images"], "--strokes", "strokes.json", "--steps", 2)
    assert painted["error_before"] == pytest.approx(listed["error_before"], abs=0.15) and painted["error_before"] > 0.5


@pytest.fixture
def document_of(call):
    def run(*words):
        status, out, err = call(*words, "--json")
        assert status == 0, err
        return json.loads(out)
    return run


def test_an_edit_of_a_photograph(runs, call, photo, strokes, document_of):
    call("invert", runs["images"], photo, photo, *FEW)
    found = Inverted.load("inverted.safetensors")
    Image.new("L", (30, 30), 255).save("mask.png")
    answer = document_of("edit", runs["images"], "--strokes", strokes, "--start", "inverted.safetensors", "--picture",
                         1, "--steps", 3, "--onto", "onto.png", "--mask", "mask.png", "--top", 1)
    assert len(answer["results"]) == 1
    assert np.abs(cells("edited.png", 2)[0] - as_bytes(found.x[1])).max() <= 1
    original, moved = cells("onto.png", 2)
    assert np.array_equal(original, as_bytes(found.picture[1])) and not np.array_equal(original, moved)


def test_the_table_of_an_edit(runs, call, strokes):
    status, out, _ = call("edit", runs["images"], "--strokes", strokes, "--steps", 2, "--top", 2)
    assert status == 0 and out.count("colour error under the strokes") == 2 and "the discriminator says" in out
    assert out.endswith("before, and 2 results: edited.png\n")


# drag ----------------------------------------------------------------------------------------------------------------


def test_a_drag_is_filmed(runs, call, document_of, photo):
    answer = document_of("drag", runs["images"], "--points", "2,2>5,2; 1,6.5>1,4", "--steps", 3, "--seed", 2)
    assert answer["steps"] == 3 and len(answer["handles"]) == len(answer["distance"]) == 2
    with Image.open("drag.gif") as film:
        assert film.info["loop"] == 0 and film.size == (512, 512)
    call("invert", runs["images"], photo, *FEW)
    Image.new("L", (30, 30), 255).save("mask.png")
    status, out, _ = call("drag", runs["images"], "--points", "2,2>5,2", "--steps", 1, "--start",
                          "inverted.safetensors", "--mask", "mask.png", "-o", "drag.png")
    assert status == 0 and out.startswith("2,2 is at ") and out.endswith("1 steps: drag.png\n")
    x = np.array(Image.open("drag.png"))[448::64, :512:64, 0]                  # the last row: no mark is drawn there
    assert np.abs(x - as_bytes(Inverted.load("inverted.safetensors").x[0])[7:]).max() <= 1


@pytest.mark.parametrize(("line", "names_it"), [
    ("edit images", "the following arguments are required: --strokes"),
    ("edit images --strokes nowhere.json", "no such file of strokes: nowhere.json"),
    ("edit images --strokes nowhere.png", "no such picture: nowhere.png"),
    ("edit images --strokes photo.jpg", "has no transparent ground: paint on a transparent layer"),
    ("edit images --strokes strokes.json -o edited.gif", "cannot write edited.gif: name a .png file"),
    ("edit images --strokes strokes.json --film film.png", "cannot write film.png: name a .gif, .webp or .mp4 file"),
    ("edit images --strokes strokes.json --onto x.png", "name the file with --start"),
    ("edit images --strokes strokes.json --top 0", "an edit shows 1 to 8 candidates"),
    ("edit images --strokes strokes.json --mask black.png", "black.png is black: nothing may change"),
    ("edit points --strokes strokes.json", "there is no picture to draw on"),
    ("drag images", "the following arguments are required: --points"),
    ("drag images --points 1,2", "--points takes x,y>x,y with a semicolon between pairs, not '1,2'"),
    ("drag images --points 1,2>9,2", "the point 9,2 lies outside the picture: x goes from 0 to 7 and y to 7"),
    ("drag images --points 1,2>3,2 -o drag.pdf", "cannot write drag.pdf"),
    ("drag likelihood --points 1,2>3,2", "the generator of vae has no feature map"),
    ("drag points --points 1,2>3,2", "there is nothing to drag in points"),
])
@pytest.mark.usefixtures("photo", "strokes")
def test_mistakes_in_edits_and_drags(line, names_it, runs, said):
    Image.new("L", (8, 8), 0).save("black.png")
    command, run, *words = line.split()
    assert names_it in said(command, runs.get(run, run), *words)
