"""Charts, curves, the report of a run and the comparison of several: right, self-contained, and never a crash."""

import base64
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.core import UsageError
from zerosum.metrics import Score, ScoreCard
from zerosum.metrics.compare import judged
from zerosum.runs.chart import Line, chart, moving_average, short, standalone, thin
from zerosum.runs.compared import intervals
from zerosum.runs.curves import compare, compared, panels_of, records_of
from zerosum.runs.pictures import grid, save_png
from zerosum.runs.report import compare_report, names_of, write_report
from zerosum.runs.timelapse import timelapse

CARD = {"n_real": 360, "n_fake": 1000, "data": "digits", "split": "test", "image_size": [32, 32],
        "features": {"name": "digits-judge", "dim": 64, "weights_hash": "9f31c2ab55d0e8f1", "resize": "none"},
        "settings": {"estimator": "unbiased"}, "seed": 0, "better": "lower", "ideal": 0.0, "interval": [8.5, 10.5],
        "interval_method": "bootstrap", "warnings": ["few samples: biased upwards"], "version": "0.1.0"}


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "gan-digits-001")


def make_run(folder, fid=9.5, steps=600, **changes):
    """A run folder as `zerosum train` leaves it, of a GAN whose samples go from black to white."""
    (folder / "samples").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    (folder / "weights.safetensors").write_bytes(b"0" * 250_000)
    for step in range(0, steps + 1, 50):
        save_png(grid(torch.full((16, 1, 8, 8), 2 * step / steps - 1), pad=2, zoom=None),
                 folder / "samples" / f"step-{step:08d}.png")
    records = [{"step": step, "images": step * 64, "seconds": step / 20, "rate": 20.0, "terms": {
        "generator/adversarial": 1 + 1 / step, "discriminator/adversarial": 1.3}} for step in range(20, steps + 1, 20)]
    records.insert(10, {"step": records[9]["step"], "scores": {"fid": 50.0}})
    (folder / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records) + '{"step": 620, "ter')
    document = {
        "version": "0.1.0", "model": "gan", "family": "objective", "preset": "small",
        "paper": {"title": "Generative Adversarial Nets", "authors": "Goodfellow et al.", "year": 2014,
                  "arxiv": "1406.2661"},
        "settings": {"model": {"z_dim": 77}, "train": {"steps": steps, "batch_size": 64, "precision": "fp32"},
                     "data": {"data": "digits", "flip": False}},
        "seed": 3, "command": "zerosum train gan --z-dim 77", "state": "finished", "steps": steps, "images": 38400,
        "data": {"name": "digits", "count": 1437, "fingerprint": "5b1f9c03", "spec": {
            "shape": [1, 8, 8], "num_classes": 2, "classes": ["zero", "one"], "attributes": []}},
        "seconds": 185.0, "peak_memory_mb": 512.3, "device": "cpu", "dependencies": {"torch": "2.13.0"},
        "players": {"discriminator": {"parameters": 1000}, "generator": {"parameters": 2500}},
        "scores": [{"name": "fid", "value": fid, "card": CARD}]}
    (folder / "run.json").write_text(json.dumps(document | changes))
    return folder


class Page(HTMLParser):
    """Reads a page: its text, its attributes, and whether every element is closed."""

    def __init__(self, path):
        super().__init__()
        self.open, self.words, self.elements = [], [], []
        self.source = path.read_text()
        self.feed(self.source)
        assert self.open == [], f"never closed: {self.open}"
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag != "rect":
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def picture_in(address):
    return Image.open(BytesIO(base64.b64decode(address.split(",", 1)[1])))


# Charts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (0.0341, "0.0341"), (1437, "1.44k"), (999.96, "1k"),
                                             (-2.5e6, "-2.5M"), (3.14e-7, "3.14e-07"), (1e20, "1e+20"), (20, "20")])
def test_numbers_are_short(value, said):
    assert short(value) == said


def test_thinning_keeps_every_spike_and_both_ends():
    values = np.zeros(100_000)
    values[[31_337, 77_777]] = 9, -9
    steps, kept = thin(np.arange(100_000.0), values)
    assert len(kept) <= 600
    assert (steps[0], steps[-1]) == (0, 99_999)
    assert steps[kept == 9] == [31_337] and steps[kept == -9] == [77_777]
    assert (np.diff(steps) > 0).all()


def test_the_moving_average_keeps_a_straight_line_and_removes_noise():
    line = np.arange(1000.0)
    assert np.allclose(moving_average(line)[30:-30], line[30:-30])           # it does not lag behind
    noise = np.random.default_rng(0).standard_normal(1000)
    assert moving_average(noise).std() < 0.3 and len(moving_average(noise)) == 1000
    assert np.array_equal(moving_average(line[:50]), line[:50])              # too short to smooth


def points_of(svg, style):
    (path,) = re.findall(rf'class="{style}" d="M([^"]*L[^"]*)"', svg)
    return np.array([pair.split() for pair in path.split("L")], float)


def test_a_line_runs_from_its_first_to_its_last_value():
    svg = chart("loss", [Line("a", np.array([0, 50, 100]), np.array([0.0, 10.0, 5.0]))])
    x, y = points_of(svg, "smooth s0").T
    assert x == pytest.approx([46, 46 + 424 / 2, 470], abs=0.1)
    assert (y[0] - y[2]) / (y[0] - y[1]) == pytest.approx(0.5, abs=0.01)     # upwards, and to scale
    ET.fromstring(svg)


def test_a_logarithmic_axis_is_taken_for_large_spans_of_positive_values():
    decades = Line("a", np.arange(4), np.array([1.0, 1e2, 1e4, 1e6]), smooth=False)
    y = points_of(chart("loss", [decades]), "smooth s0")[:, 1]
    assert np.diff(y) == pytest.approx([np.diff(y)[0]] * 3, abs=0.11)
    y = points_of(chart("loss", [decades], log=False), "smooth s0")[:, 1]
    assert abs(y[0] - y[1]) < 1


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [0.0, 0.0, 0.0], [1.0, float("nan"), 3.0], [1e-300, 1e300],
                                    [-5e7, 5e7], [float("inf"), 1.0]])
def test_awkward_values_are_drawn(values):
    svg = chart("loss <&>", [Line("a", np.arange(len(values)), np.array(values))])
    ET.fromstring(svg)
    assert "nan" not in svg and "inf" not in svg


def test_nothing_finite_is_no_chart():
    assert chart("loss", [Line("a", np.array([1.0]), np.array([float("nan")]))]) == ""
    ET.fromstring(standalone([]))


# Curves -----------------------------------------------------------------------------------------------------------


def test_a_log_that_was_cut_and_rewound_is_read(tmp_path):
    lines = ['{"step": 1, "terms": {"g/a": 1}}', '{"step": 2, "terms": {"g/a": 2}}', '{"step": 3, "terms": {"g/a": 3}}',
             "[4]", "\x00\x00", '{"step": 2, "terms": {"g/a": 9}}', '{"step": 3, "terms": {"g/a"']
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert [(r["step"], r["terms"]["g/a"]) for r in records_of(tmp_path)] == [(1, 1), (2, 2), (2, 9)]
    assert records_of(tmp_path / "missing") == []


def test_panels_are_players_scores_and_rate(run):
    panels = panels_of(records_of(run))
    assert {title: [line.name for line in lines] for title, lines in panels.items()} == {
        "generator": ["adversarial"], "discriminator": ["adversarial"], "fid": ["fid"], "rate": ["steps per second"]}
    assert panels["generator"][0].values[:2] == pytest.approx([1.05, 1.025])


def test_runs_are_overlaid_in_one_svg_that_stands_alone(run, tmp_path):
    other = make_run(tmp_path / "other", steps=300)
    assert list(compared({"a": records_of(run), "b": records_of(other)})) == [
        "generator: adversarial", "discriminator: adversarial", "fid", "rate: steps per second"]
    svg = compare([run, other])
    root = ET.fromstring(svg)
    labels = [part.get("aria-label") for part in root.iter("{http://www.w3.org/2000/svg}svg")][1:]
    assert labels[0] == "generator: adversarial: gan-digits-001 ends at 1, other ends at 1"
    assert "prefers-color-scheme: dark" in svg and "href" not in svg


# The report -------------------------------------------------------------------------------------------------------


def test_the_report_tells_what_the_folder_knows(run):
    timelapse(sorted((run / "samples").glob("*.png")), run / "timelapse.gif")
    page = Page(write_report(run))
    for said in ("gan on digits", "finished", "Generative Adversarial Nets", "Goodfellow et al., 2014", "38,400",
                 "3 min 05 s", "512 MB", "All: 360 real samples (digits test 32x32); 1,000 generated;",
                 "weights 9f31c2ab55d0", "8.5 to 10.5", "interval by bootstrap", "fid: few samples: biased upwards",
                 "3,500", "zero, one", "5b1f9c03", "lower, ideal 0", "zerosum train gan --z-dim 77", "torch", "2.13.0"):
        assert said in page.text, said
    assert {"https://arxiv.org/abs/1406.2661", "weights.safetensors", "timelapse.gif", "checkpoints"} <= {
        link["href"] for link in page.all("a")}


def test_the_pictures_are_the_runs_own_and_have_words(run):
    timelapse(sorted((run / "samples").glob("*.png")), run / "timelapse.gif")
    final, movie, *stages = Page(write_report(run)).all("img")
    assert all(image["alt"] for image in (final, movie, *stages))
    with Image.open(run / "samples" / "step-00000600.png") as last:
        assert np.array_equal(np.array(picture_in(final["src"])), np.array(last))
    assert picture_in(movie["src"]).n_frames == 13
    middles = [np.array(picture_in(stage["src"]).convert("L"))[30, 30] for stage in stages]
    assert [stage["alt"].split()[-1] for stage in stages] == ["0", "50", "100", "200", "400", "600"]
    assert middles == sorted(middles) and (middles[0], middles[-1]) == (0, 255)


def test_settings_that_differ_from_the_paper_stand_out(run):
    source = write_report(run).read_text()
    marked = re.findall(r'<tr class="changed"><th scope="row">(\w+)</th><td>(\w+)</td><td>(\w+)</td>', source)
    assert marked == [("z_dim", "77", "100"), ("steps", "600", "0")]


def test_commands_can_be_typed_as_they_stand(run, monkeypatch):
    monkeypatch.chdir(run.parent)
    commands = [line for block in re.findall(r"<pre><code>(.*?)</code></pre>", write_report(run).read_text(), re.S)
                for line in block.replace("&#x27;", "'").splitlines()]
    assert commands == ["zerosum doctor gan-digits-001", "zerosum resume gan-digits-001 --steps 1200",
                        "zerosum sample gan-digits-001 -n 64 -o grid.png",
                        "zerosum sample gan-digits-001 -n 64 --best 0.05 -o best.png", "import zerosum as zs", "",
                        "run = zs.load('gan-digits-001')", "x = run.model.sample(64, seed=0)    # (64, 1, 8, 8)",
                        "zerosum train gan --z-dim 77"]


def test_the_report_needs_nothing_but_itself(run):
    path = write_report(run)
    page = Page(path)
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert re.findall(r"(?:url\(|@import)", page.source) == []
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "script" not in policy
    assert [name for name, _ in page.elements if name in ("h1", "main")] == ["main", "h1"]
    assert path.stat().st_size < 1_000_000


def test_large_pictures_do_not_make_a_large_report(run):
    generator = torch.Generator().manual_seed(0)
    save_png(grid(torch.rand(1, 3, 2000, 2000, generator=generator) * 2 - 1), run / "samples" / "step-00000601.png")
    final = picture_in(Page(write_report(run)).all("img")[0]["src"])
    assert (final.format, final.size) == ("JPEG", (1024, 1024))
    assert (run / "report.html").stat().st_size < 3_000_000


HOSTILE = """<script>alert("1")</script>'&"""


def test_names_are_words_and_never_markup(tmp_path):
    card = CARD | {"warnings": [HOSTILE], "better": HOSTILE}
    run = make_run(tmp_path / "a & <b>", model=HOSTILE, command=HOSTILE, state=HOSTILE,
                   paper={"title": HOSTILE, "authors": HOSTILE, "arxiv": "javascript:alert(1)"},
                   settings={"model": {HOSTILE: HOSTILE}, "data": {"data": HOSTILE}},
                   players={HOSTILE: {"parameters": 1}}, dependencies={HOSTILE: HOSTILE},
                   data={"name": HOSTILE, "spec": {"shape": [HOSTILE], "classes": [HOSTILE]}},
                   scores=[{"name": HOSTILE, "value": 1.0, "card": card}])
    other = make_run(tmp_path / "<script>")
    with open(run / "log.jsonl", "a") as file:
        file.write("\n" + json.dumps({"step": 900, "terms": {f"{HOSTILE}/{HOSTILE}": 1.0}, "scores": {HOSTILE: 1.0}}))
    for page in (Page(write_report(run)), Page(compare_report([run, other, run], tmp_path / "compare.html"))):
        assert not page.all("script") and "<script" not in page.source
        assert page.text.count("alert") >= 5                                 # it is all there, as words
        assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
        assert "javascript:" not in page.source


@pytest.mark.parametrize(("document", "said"), [
    ({}, "a model on some data"),
    ({"model": "gan", "state": "running", "steps": 12}, "The run had not ended when this was written, at step 12."),
    ({"model": "gan", "state": "interrupted", "steps": 120}, "it can go on from there"),
    ({"model": "my-own", "state": "failed", "settings": {"model": {"lr": 0.1}}}, "The run failed"),
    ({"settings": [1], "players": 3, "scores": "x", "data": None, "paper": [], "steps": None, "seconds": "long"},
     "How this run ended is not known."),
])
def test_what_is_missing_is_said(tmp_path, document, said):
    (tmp_path / "run.json").write_text(json.dumps(document))
    text = Page(write_report(tmp_path)).text
    for sentence in (said, "There is no picture of samples yet.", "No pictures were taken on the way.",
                     "has not been measured", "Nothing was logged", "There are no weights to sample with yet.",
                     "Which data it was is not recorded."):
        assert sentence in text


def test_a_report_runs_no_code_that_a_run_names(tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit('executed')")
    (tmp_path / "run.json").write_text(json.dumps({"model": str(tmp_path / "evil.py")}))
    write_report(tmp_path)


def test_damaged_pictures_are_named(run):
    (run / "samples" / "step-00000600.png").write_bytes(b"\x89PNG")
    (run / "timelapse.gif").write_bytes(b"")
    page = Page(write_report(run))
    assert "step-00000600.png cannot be read." in page.text and "Samples at step 550" in page.text


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no run folder"):
        write_report(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(UsageError, match="does not describe a run"):
        write_report(tmp_path)


# The comparison -----------------------------------------------------------------------------------------------------


def test_runs_side_by_side(run, tmp_path):
    other = make_run(tmp_path / "other", fid=12.25, steps=300)
    page = Page(compare_report([run, other], tmp_path / "pages.html"))
    assert "not to be compared" not in page.text
    assert "2 runs side by side" in page.text and "train steps 600 300" in page.text
    assert "<b>9.5</b>" in page.source and "<b>12.25</b>" not in page.source
    assert [image["alt"] for image in page.all("img")] == ["Samples of gan-digits-001 at step 600",
                                                           "Samples of other at step 300"]
    assert {"gan-digits-001/report.html", "other/samples/step-00000300.png"} <= {a["href"] for a in page.all("a")}


def test_what_is_measured_on_the_way_does_not_part_two_protocols(run, tmp_path):
    card = CARD | {"details": {"bias": 0.3}, "interval": [8, 9], "warnings": []}
    other = make_run(tmp_path / "other", scores=[{"name": "fid", "value": 8.5, "card": card}])
    assert "<b>8.5</b>" in compare_report([run, other], tmp_path / "pages.html").read_text()


def test_what_holds_for_all_scores_is_said_once(tmp_path):
    second = CARD | {"settings": {"kernel": "cubic"}, "warnings": []}
    run = make_run(tmp_path / "two", scores=[{"name": "fid", "value": 1.0, "card": CARD},
                                             {"name": "kid", "value": 2.0, "card": second}])
    text = Page(write_report(run)).text
    assert text.count("360 real samples") == 1
    assert "fid: estimator unbiased." in text and "kid: kernel cubic." in text


def test_scores_of_different_protocols_are_not_ranked(run, tmp_path):
    card = CARD | {"features": CARD["features"] | {"weights_hash": "another"}}
    other = make_run(tmp_path / "other", scores=[{"name": "fid", "value": 1.0, "card": card}])
    page = Page(compare_report([run, other], tmp_path / "pages.html"))
    assert "not to be compared: fid" in page.text
    assert not re.search(r"<b>[\d.]+</b>", page.source)


def test_runs_of_one_name_are_told_apart(run, tmp_path):
    other = make_run(tmp_path / "elsewhere" / run.name)
    assert str(other) in Page(compare_report([run, other], tmp_path / "pages.html")).text


def test_measured_scores_with_verdicts_and_intervals(run, tmp_path):
    other, third = make_run(tmp_path / "other"), make_run(tmp_path / "third")
    folders = [run, other, third]
    card = ScoreCard(9, 9, ideal=0.0)
    measured = judged({name: {"fid": Score("fid", value, replace(card, interval=(value - 1, value + 1))),
                              "w<2": Score("w<2", value, card)}
                       for name, value in zip(names_of(folders), (9.5, 3.25, 3.5), strict=True)})
    page = Page(compare_report(folders, tmp_path / "pages.html", measured))
    assert "<b>3.25</b>" in page.source and "<b>9.5</b>" not in page.source
    assert "9.5 8.5 to 10.5 worse, p < 0.001" in page.text
    assert "best better than gan-digits-001" in page.text and "3.5 2.5 to 4.5 no worse, p = 0.73" in page.text
    assert "not tested: no interval" in page.text and "Holm" in page.text
    labels = [element["aria-label"] for element in page.all("svg")]
    assert "fid: gan-digits-001 9.5, other 3.25, third 3.5" in labels
    assert page.source.count(">ideal</text>") == 2


def test_a_chart_of_intervals_is_to_scale():
    values = {"a": (2.0, 1.0, 3.0), "b": (4.0, 3.5, 4.5)}
    scores = {name: Score("fid", value, ScoreCard(9, 9, interval=(low, high)))
              for name, (value, low, high) in values.items()}
    text = intervals("fid", scores)
    drawn = [re.findall(r"-?[\d.]+", path) for path in re.findall(r'class="smooth s\d" d="([^"]+)"', text)]
    left, right, middle = (np.array([float(path[i]) for path in drawn]) for i in (0, 5, 9))
    assert right[0] - left[0] == pytest.approx(2 * (right[1] - left[1]), abs=0.2)
    assert middle + 3 == pytest.approx((left + right) / 2, abs=0.1)
    assert (left[1] - left[0]) / (right[0] - left[0]) == pytest.approx(2.5 / 2, abs=0.01)
    assert intervals("fid", {"a": Score("fid", float("nan"), ScoreCard(9, 9))}) == ""
    ET.fromstring(intervals("a<b", {"c&d": Score("a<b", 1.0, ScoreCard(9, 9))}))
