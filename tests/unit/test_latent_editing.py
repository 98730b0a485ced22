"""Strokes, edges and masks as they are read and drawn; edits that follow them; points that are dragged."""

import json

import pytest
import torch
from styled import Styled
from tiny import seeded
from torch import nn

import zerosum as zs
from zerosum.core import DataSpec, LatentModel, UsageError
from zerosum.latent import Strokes, drag, edit, read_strokes, strokes_of
from zerosum.latent.editing import constraint
from zerosum.latent.strokes import gradient_map

RGB, GREY = (3, 16, 16), (1, 8, 8)
LINE = {"colour": "#00ff00", "points": [[4, 4], [12, 4]], "width": 4}


class Colours(LatentModel):
    """A left half and a right half, whose colours are tanh of six numbers; a judge that dislikes dark pictures."""

    def __init__(self, prior="normal"):
        super().__init__(type("cfg", (), {"z_dim": 6, "prior": prior}), DataSpec(RGB))
        self.weight = nn.Parameter(torch.eye(6))

    def generate(self, z, labels=None):
        halves = torch.tanh(z @ self.weight).view(-1, 2, 3)
        return halves.permute(0, 2, 1)[:, :, None].repeat_interleave(8, 3).expand(-1, -1, 16, -1)

    def scores(self, x, labels=None):
        assert not self.training
        return 10 * x.mean((1, 2, 3))


class Spots(LatentModel):
    """Two spots whose places are the four numbers of z, ten pixels to a unit around the middle of 32 x 32 pixels."""

    def __init__(self):
        super().__init__(type("cfg", (), {"z_dim": 4, "prior": "normal"}), DataSpec((1, 32, 32)))
        self.last = nn.Conv2d(2, 1, 1)
        nn.init.ones_(self.last.weight)
        nn.init.constant_(self.last.bias, -1.0)

    def places(self, z):
        return z.view(-1, 2, 2) * 10 + 15.5

    def generate(self, z, labels=None):
        y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
        place = self.places(z)[..., None, None]
        maps = torch.exp(-((x - place[:, :, 0]) ** 2 + (y - place[:, :, 1]) ** 2) / 18)
        return self.last(maps)


# Strokes -------------------------------------------------------------------------------------------------------------


def test_a_stroke_covers_what_it_should():
    drawn = strokes_of({"strokes": [LINE]}, RGB)
    assert torch.equal((drawn.painted[0] == 1).nonzero()[:, 0].unique(), torch.arange(2, 6))   # 4 pixels wide
    assert torch.equal(drawn.painted[0, 3, 4:12], torch.ones(8)) and drawn.painted[0, 10:].sum() == 0
    assert torch.equal(drawn.colour[:, 4, 8], torch.tensor([-1.0, 1.0, -1.0])) and drawn.free.all()
    assert not drawn.sketched.any()


def test_points_are_counted_on_the_canvas():
    """The same stroke on a canvas ten times as large is the same stroke."""
    large = {"colour": [0, 255, 0], "points": [[40, 40], [120, 40]], "width": 40}
    one, other = strokes_of({"strokes": [LINE]}, RGB), strokes_of({"size": [160, 160], "strokes": [large]}, RGB)
    assert torch.allclose(one.painted, other.painted, atol=1e-5) and torch.equal(one.colour, other.colour)


def test_a_point_is_a_dot_and_grey_is_brightness():
    dot = strokes_of({"strokes": [{"colour": "#ff0000", "points": [[2, 2]], "width": 2}]}, GREY)
    assert dot.painted[0, 1, 1] > 0.7 and dot.painted[0, 5:].sum() == 0
    assert dot.colour[0, 1, 1] == pytest.approx(2 * 0.299 - 1, abs=1e-6)
    assert strokes_of({"strokes": [{"colour": 255, "points": [[2, 2]]}]}, RGB).colour.amax() == 1


@pytest.mark.parametrize(("line", "angle"), [([[2, 8], [14, 8]], 90), ([[8, 2], [8, 14]], 0),
                                             ([[2, 2], [14, 14]], 135)])
def test_a_sketched_edge_asks_for_the_gradient_of_an_edge(line, angle):
    """A picture with an edge along the line has a smaller error than one with an edge across, or none."""
    drawn = strokes_of({"edges": [{"points": line, "width": 2, "strength": 0.6}]}, RGB)
    y, x = torch.meshgrid(torch.arange(16) - 7.5, torch.arange(16) - 7.5, indexing="ij")
    turned = [torch.tensor(a).deg2rad() for a in (angle, angle + 90)]
    pictures = [torch.tanh(2 * (x * a.cos() + y * a.sin())).expand(1, *RGB) for a in turned]
    nothing = torch.zeros(1, *RGB)
    right, across, none = (constraint(drawn, picture, nothing).item() for picture in (*pictures, nothing))
    assert right < 0.5 * none < none < across
    assert constraint(drawn, -pictures[0], nothing).item() == pytest.approx(right, rel=1e-4)   # from light to dark too


def test_the_gradient_map_of_a_ramp():
    ramp = torch.linspace(-1, 1, 16).expand(1, 3, 16, 16)
    found = gradient_map(ramp)
    assert torch.allclose(found[0, 0, 2:-2, 2:-2], torch.tensor(2 / 15), atol=1e-3)
    assert found[0, 1].abs().max() < 1e-3 and torch.allclose(gradient_map(ramp.mT)[0, 0, 4, 4], -torch.tensor(2 / 15),
                                                             atol=1e-3)


def test_outside_the_mask_the_picture_is_to_stay():
    drawn = strokes_of({"strokes": [LINE], "mask": [[0, 0, 16, 8]]}, RGB)
    assert drawn.free[0, :8].all() and not drawn.free[0, 8:].any()
    before, after = torch.zeros(1, *RGB), torch.zeros(1, *RGB)
    plain = constraint(drawn, after, before)
    after[:, :, 6:8] = 1.0                    # free, and not painted
    assert torch.equal(constraint(drawn, after, before), plain)
    after[:, :, 8:] = 1.0
    assert constraint(drawn, after, before) == plain + 1


def test_a_painting():
    colour, opacity = torch.full(RGB, 0.5), torch.zeros(1, 16, 16)
    with pytest.raises(UsageError, match="all of the picture of strokes is transparent"):
        Strokes.painting(colour, opacity)
    with pytest.raises(UsageError, match="has no transparent ground: paint on a transparent layer"):
        Strokes.painting(colour, opacity + 1)
    opacity[0, :2] = 1
    drawn = Strokes.painting(colour, opacity)
    assert drawn.error(torch.zeros(2, *RGB)).tolist() == [0.5, 0.5]
    assert drawn.error(torch.full((1, *RGB), 0.5)).item() == 0


@pytest.mark.parametrize(("document", "message"), [
    ([], "strokes are an object like .*, not a list"),
    ({}, "nothing is drawn"), ({"strokes": []}, "nothing is drawn"),
    ({"stroke": [LINE]}, 'the file of strokes has no field "stroke"; it may have size, strokes, edges, mask'),
    ({"strokes": LINE}, '"strokes" must be a list of objects'),
    ({"strokes": [LINE | {"color": 3}]}, r'strokes\[0\] has no field "color"; it may have colour, points, width'),
    ({"strokes": [LINE | {"colour": "green"}]}, r'strokes\[0\]: colour must be "#rrggbb".*not "green"'),
    ({"strokes": [LINE | {"colour": "#gggggg"}]}, "'#gggggg' is not of the form #rrggbb"),
    ({"strokes": [LINE | {"colour": [0, 0, 256]}]}, "colours lie between 0 and 255"),
    ({"strokes": [{"points": [[1, 1]]}]}, "colour must be .*not null"),
    ({"strokes": [LINE, LINE | {"points": []}]}, r"strokes\[1\]: points must be a list of \[x, y\], not \[\]"),
    ({"strokes": [LINE | {"points": [[1, 2], [3]]}]}, r"strokes\[0\]: points\[1\] must be 2 numbers, not \[3\]"),
    ({"strokes": [LINE | {"points": [[1, float("nan")]]}]}, "must be 2 numbers"),
    ({"strokes": [LINE | {"points": [[99, 99]]}]}, r"strokes\[0\] lies outside the picture"),
    ({"strokes": [LINE | {"width": 0}]}, r"strokes\[0\]: width must be a number above 0, not 0"),
    ({"strokes": [LINE | {"width": True}]}, "width must be a number above 0, not true"),
    ({"edges": [{"points": [[1, 1]], "strength": "much"}]}, r"edges\[0\]: strength must be a number above 0"),
    ({"strokes": [LINE], "size": [0, 5]}, '"size" is the width and height'),
    ({"strokes": [LINE], "size": 5}, '"size" must be 2 numbers, not 5'),
    ({"strokes": [LINE], "mask": []}, '"mask" must be a list of boxes'),
    ({"strokes": [LINE], "mask": [[5, 5, 2, 9]]}, r"mask\[0\]: a box is \[left, top, right, bottom\]"),
])
def test_mistakes_in_the_file(document, message, tmp_path):
    path = tmp_path / "strokes.json"
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=message) as caught:
        read_strokes(path, RGB)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    (tmp_path / "broken.json").write_text('{"strokes": [}')
    with pytest.raises(UsageError, match="is no JSON: Expecting value"):
        read_strokes(tmp_path / "broken.json", RGB)
    with pytest.raises(UsageError, match="no such file of strokes"):
        read_strokes(tmp_path / "nowhere.json", RGB)


# Edits ---------------------------------------------------------------------------------------------------------------


def test_an_edit_does_what_is_painted_and_leaves_the_rest():
    model = Colours().train()
    drawn = strokes_of({"strokes": [{"colour": "#cc3333", "points": [[2, 2], [5, 12]], "width": 2}]}, RGB)
    found = edit(model, drawn, seed=3, real=0.0)
    assert found.error[0] < 0.15 * found.error0 and found.z.shape == (4, 6) and model.training
    assert (found.x[0, :, :, 8:] - found.x0[0, :, :, 8:]).abs().max() < 0.01                   # stay
    assert (found.loss.diff() >= 0).all()                    # the best first
    assert torch.equal(found.x, model.eval().generate(found.z))
    assert torch.equal(found.x0, model.sample(1, seed=3)) and torch.equal(found.z0, model.noise(1, seeded(3)))
    assert torch.equal(found.z, edit(model, drawn, seed=3, real=0.0).z)


def test_each_term_pulls_its_way():
    model = Colours().eval()
    drawn = strokes_of({"strokes": [{"colour": "#111111", "points": [[4, 8]], "width": 6}]}, RGB)
    plain, held, judged = (edit(model, drawn, seed=3, **weights) for weights in (
        {"real": 0.0, "stay": 0.0}, {"real": 0.0, "stay": 1.0}, {"real": 1.0, "stay": 0.0}))
    moved = [float((found.z[0] - found.z0).norm()) for found in (plain, held)]
    assert moved[1] < 0.5 * moved[0]
    assert judged.scores[0] > plain.scores[0] and judged.error[0] > plain.error[0]
    start = torch.full((1, 6), 0.3)
    assert torch.equal(edit(model, drawn, start=start).z0, start)


def test_a_mask_holds_what_is_outside():
    """Both halves are painted, but only the left may change."""
    both = {"strokes": [{"colour": "#808080", "points": [[0, 8], [16, 8]], "width": 8}]}
    model = Colours().eval()
    free, held = (edit(model, strokes_of(both | mask, RGB), seed=3, real=0.0) for mask in (
        {}, {"mask": [[0, 0, 8, 16]]}))
    change = [float((found.x[0] - found.x0[0])[:, :, 8:].abs().mean()) for found in (free, held)]
    assert change[1] < 0.7 * change[0]


def test_an_edit_is_transferred_to_the_original():
    model = Colours().eval()
    found = edit(model, strokes_of({"strokes": [LINE]}, RGB), seed=3, top_k=2)
    original = (found.x0 + 0.1 * torch.randn(1, *RGB, generator=seeded(1))).clamp(-1, 1)
    moved = found.transferred(original)
    assert moved.shape == (2, *RGB) and moved.abs().max() <= 1
    assert torch.allclose(moved, (original + found.x - found.x0).clamp(-1, 1))


@pytest.mark.parametrize("name", ["dcgan", "cgan", "vae", "mad-gan", "vae-gan"])
def test_every_family(name):
    model = zs.create(name, zs.load_data("digits", image_size=8), preset="tiny", seed=0)
    found = edit(model, strokes_of({"strokes": [{"colour": 255, "points": [[4, 4]], "width": 3}]}, GREY), label=3,
                 candidates=3, top_k=2, steps=4)
    assert found.x.shape == (2, *GREY) and (found.scores is None) == (name == "vae")
    if name == "cgan":
        assert torch.allclose(found.x, model.eval().generate(found.z, torch.tensor([3, 3])), atol=1e-6)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(("options", "message"), [
    ({"top_k": 0}, "shows 1 to 8 candidates"), ({"top_k": 9}, "shows 1 to 8 candidates"),
    ({"steps": -1}, "0 or more steps"), ({"start": torch.zeros(1, 5)}, r"shape \(1, 5\) does not fit this model"),
])
def test_edits_that_are_none(options, message):
    with pytest.raises(UsageError, match=message):
        edit(Colours(), strokes_of({"strokes": [LINE]}, RGB), **options)


def test_who_cannot_be_edited():
    class Silent(Colours):
        generate = None

    with pytest.raises(UsageError, match="cannot generate; it can sample, score"):
        edit(Silent(), strokes_of({"strokes": [LINE]}, RGB))
    with pytest.raises(UsageError, match=r"strokes for pictures \(1, 8, 8\) do not fit this model's samples"):
        edit(Colours(), strokes_of({"strokes": [LINE | {"points": [[4, 4]]}]}, GREY))


# Drags ---------------------------------------------------------------------------------------------------------------


START = torch.tensor([[-0.4, -0.5, 0.3, 0.8]])               # spots at 11.5, 10.5 and 18.5, 23.5


def test_a_spot_follows_its_handle():
    model = Spots().train()
    found = drag(model, START, [(11.5, 10.5)], [(17.5, 10.5)])
    before, after = model.places(START)[0], model.places(found.v)[0]
    assert torch.allclose(after[0], torch.tensor([17.5, 10.5]), atol=1.5) and found.distance.max() <= 1
    assert (after[1] - before[1]).norm() < 1.5               # the other one stays
    assert torch.allclose(found.film[0], model.generate(START)[0]) and len(found.film) == len(found.handles)
    assert torch.allclose(found.film[-1], model.generate(found.v)[0]) and model.training
    assert torch.allclose(found.handles[-1, 0], after[0], atol=1.5)            # and the handle knows where it is
    assert all(p.grad is None for p in model.parameters()) and not found.film.requires_grad


def test_two_handles_pull_at_once():
    model = Spots()
    found = drag(model, START, [(11.5, 10.5), (18.5, 23.5)], [(11.5, 15.5), (23.5, 23.5)])
    assert (model.places(found.v)[0] - torch.tensor([[11.5, 15.5], [23.5, 23.5]])).norm(dim=1).max() < 2


def test_what_is_masked_is_held():
    """Both spots move with either; the mask lets only the upper half change."""
    class Tied(Spots):
        def places(self, z):
            return super().places(z + 0.5 * z.roll(2, 1))

    mask = torch.zeros(32, 32)
    mask[:16] = 1
    free, held = (drag(Tied(), START, [(11.5, 10.5)], [(17.5, 10.5)], mask=mask, steps=40, hold=hold)
                  for hold in (0.0, 200.0))
    moved = [float((film[-1] - film[0])[:, 16:].abs().mean()) for film in (free.film, held.film)]
    assert moved[1] < 0.5 * moved[0]


def test_styles_are_dragged_too():
    class Maps(Styled):
        """Its picture goes through a convolution."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def synthesize(self, w):
            return self.conv(super().synthesize(w))

    model = Maps()
    w = model.map(model.noise(1, seeded(1))).detach()
    found = drag(model, w, [(3, 3)], [(6, 3)], steps=3)
    assert found.v.shape == (1, 3, 4) and not torch.equal(found.v, w) and found.film.shape[1:] == (1, 8, 8)


@pytest.mark.parametrize("name", ["dcgan", "sngan", "wgan-gp", "mad-gan", "r3gan"])
def test_every_convolutional_family(name):
    data = zs.load_data("digits", image_size=16)
    model = zs.create(name, data, preset="small", seed=0)
    z = model.noise(1, seeded(1))
    found = drag(model, z, [(4, 4)], [(9, 4)], steps=3)
    assert found.film.shape[1:] == data.spec.shape and not torch.equal(found.v, z)
    assert all(p.grad is None for p in model.parameters()) and not any(m._forward_hooks for m in model.modules())


@pytest.mark.parametrize(("points", "message"), [
    (([], []), "each handle needs a target: there are 0 and 0"),
    (([(1, 1)], []), "there are 1 and 0"),
    (([(1, 1)], [(32, 1)]), "the point 32,1 lies outside the picture: x goes from 0 to 31 and y to 31"),
    (([(-1, 1)], [(3, 1)]), "the point -1,1 lies outside"),
])
def test_points_that_are_none(points, message):
    with pytest.raises(UsageError, match=message):
        drag(Spots(), START, *points)


def test_who_cannot_be_dragged():
    digits = zs.load_data("digits", image_size=8)
    flat = zs.create("gan", digits, preset="small", seed=0)
    with pytest.raises(UsageError, match="the generator of gan has no feature map"):
        drag(flat, flat.noise(1), [(1, 1)], [(3, 3)])
    points = zs.create("gan", zs.load_data("ring"), preset="ring", seed=0)
    with pytest.raises(UsageError, match="nothing to drag in points"):
        drag(points, points.noise(1), [(1, 1)], [(3, 3)])
    with pytest.raises(UsageError, match="does not fit this model"):
        drag(flat, torch.zeros(1, 3), [(1, 1)], [(3, 3)])
    with pytest.raises(UsageError, match="gan cannot map styles"):
        drag(flat, torch.zeros(1, 2, 3), [(1, 1)], [(3, 3)])
