"""Grids, scatter plots and moving pictures: byte-exact where that can be said, and never a crash on a bad file."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

import zerosum.runs.timelapse
from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.runs.pictures import bounds_of, grid, picture_of, project, save_png, scatter, to_uint8
from zerosum.runs.timelapse import animate, timelapse


def test_bytes_survive_the_way_to_floats_and_back():
    stored = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(stored.float() / 127.5 - 1), stored)


def test_values_outside_the_range_are_clipped_and_nan_is_black():
    x = torch.tensor([-3.0, -1.0, 0.0, 1.0, 7.0, float("nan"), float("inf"), -float("inf")])
    assert to_uint8(x).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


@pytest.mark.parametrize("channels", [1, 3])
def test_128_images_make_the_tutorials_11_by_12_grid(channels):
    stored = torch.randint(256, (128, channels, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    picture = np.array(grid(stored.float() / 127.5 - 1)).reshape(12 * 4, 11 * 5, channels)
    for index in range(12 * 11):
        row, column = divmod(index, 11)
        cell = picture[row * 4:row * 4 + 4, column * 5:column * 5 + 5]
        expected = stored[index].permute(1, 2, 0).numpy() if index < 128 else np.zeros((4, 5, channels), np.uint8)
        assert np.array_equal(cell, expected), f"cell {index}"


def test_pad_zoom_and_columns():
    x = torch.linspace(-1, 1, 6).view(6, 1, 1, 1).expand(6, 1, 2, 3)
    picture = grid(x, columns=3, pad=1, zoom=2)
    assert picture.size == (3 * (6 + 1) - 1, 2 * (4 + 1) - 1)
    pixels = np.array(picture)
    assert (pixels[:, 6] == 0).all() and (pixels[4] == 0).all()
    assert (pixels[5:9, 14:20] == 255).all() and (pixels[0:4, 7:13] == 51).all()


def test_eight_pixel_digits_are_enlarged_to_be_seen():
    assert grid(torch.zeros(64, 1, 8, 8), zoom=None).size == (512, 512)
    assert grid(torch.zeros(64, 1, 100, 100), zoom=None).size == (800, 800)


@pytest.mark.parametrize(("channels", "mode", "width"), [(1, "L", 4), (2, "LA", 4), (3, "RGB", 4), (4, "RGBA", 4),
                                                         (5, "L", 12)])
def test_every_number_of_channels_is_shown(channels, mode, width):
    picture = grid(torch.ones(3, channels, 4, 4))
    assert (picture.mode, picture.width) == (mode, width)


def test_more_than_four_channels_stand_side_by_side():
    x = torch.arange(5.0).view(1, 5, 1, 1).expand(1, 5, 2, 2) / 127.5 - 1
    assert np.array_equal(np.array(grid(x))[::2, ::2], [[0, 1, 2], [3, 4, 0]])


def test_left_over_cells_of_transparent_pictures_are_opaque_black():
    assert grid(torch.ones(3, 4, 1, 1), columns=2).getpixel((1, 1)) == (0, 0, 0, 255)


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (3, 4, 4), (2, 3)])
def test_what_is_no_set_of_images_is_refused(shape):
    with pytest.raises(UsageError, match="a grid needs images"):
        grid(torch.zeros(shape))


def orange(picture: Image.Image) -> np.ndarray:
    """Where the generated points are: pixels much redder than blue."""
    pixels = np.array(picture).astype(int)
    return pixels[..., 0] - pixels[..., 2] > 90


def test_a_generated_point_is_drawn_where_it_is():
    found = np.argwhere(orange(scatter(torch.tensor([[1.0, 0.5]]), size=400, bounds=(-2, -2, 2, 2))))
    found = found[found[:, 0] > 50]          # below the legend
    assert np.allclose(found.mean(0), [150 - 0.5, 300 - 0.5], atol=0.6)
    assert 9 <= len(found) <= 30             # a disc of radius 1.9, its rim antialiased


def test_the_axes_come_from_the_real_points_alone():
    real = torch.tensor([[0.0, 0.0], [4.0, 2.0], [float("nan"), 9.0]])
    assert bounds_of(real) == pytest.approx((-0.5, -1.5, 4.5, 3.5))
    left, right = scatter(torch.tensor([[1.0, 1.0], [90.0, 0.0]]), real), scatter(torch.tensor([[1.0, 1.0]]), real)
    assert np.array_equal(np.array(left)[:470], np.array(right)[:470])         # only the corner's note differs
    assert orange(left)[470:].any() and not orange(right)[470:].any()          # "1 outside"


@pytest.mark.parametrize("points", [torch.full((3, 2), float("nan")), torch.zeros(3, 2), torch.empty(0, 2)])
def test_degenerate_points_are_drawn_too(points):
    assert scatter(points).size == scatter(points, points).size == (512, 512)


def test_points_of_more_dimensions_are_seen_along_the_principal_axes_of_the_real_ones():
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(500, 2, generator=generator) * torch.tensor([5.0, 2.0])
    turn = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q[:2]
    fake, real = project(flat[:9] @ turn + 3, flat @ turn + 3)
    assert fake.shape == (9, 2)
    assert torch.allclose(fake, real[:9], atol=1e-5)
    centred = flat - flat.mean(0)
    assert torch.allclose(real.square().sum(1), centred.square().sum(1), rtol=1e-4)       # the plane holds it all
    assert real.std(0)[0] > real.std(0)[1]


def test_one_dimension_is_drawn_as_value_against_rank():
    shown, _ = project(torch.tensor([[3.0], [1.0]]))
    assert shown.tolist() == [[1.0, 0.25], [3.0, 0.75]]


def test_picture_of_draws_what_the_data_is():
    assert picture_of(torch.zeros(4, 3, 8, 8), DataSpec((3, 8, 8))).mode == "RGB"
    assert picture_of(torch.zeros(4, 2), DataSpec((2,)), torch.randn(5, 2)).size == (512, 512)


def test_a_png_is_whole_or_absent(tmp_path):
    save_png(grid(torch.zeros(1, 1, 2, 2)), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    with pytest.raises(ZerosumError, match="cannot write"):
        save_png(grid(torch.zeros(1, 1, 2, 2)), tmp_path / "missing" / "a.png")


# Moving pictures ------------------------------------------------------------------------------------------------


def samples(folder, count, channels=1):
    """`count` pictures that go from black to white."""
    for k in range(count):
        value = -1 + 2 * k / max(1, count - 1)
        save_png(grid(torch.full((4, channels, 16, 16), value), zoom=4), folder / f"step-{k * 100:08d}.png")
    return sorted(folder.glob("*.png"))


def frames_of(path):
    with Image.open(path) as movie:
        frames, durations = [], []
        for k in range(movie.n_frames):
            movie.seek(k)
            frames.append(np.array(movie.convert("RGB")))
            durations.append(movie.info.get("duration"))
        return frames, durations


def test_a_time_lapse_shows_every_picture_and_holds_the_last(tmp_path):
    assert timelapse(samples(tmp_path, 8), tmp_path / "out.gif", seconds=1.6, hold=1) == []
    frames, durations = frames_of(tmp_path / "out.gif")
    assert durations == [200] * 7 + [1200]
    bars = []
    for k, frame in enumerate(frames):
        assert frame.shape[:2] == (128 + 24, 128)
        assert abs(int(frame[64, 64, 0]) - round(255 / 7 * k)) <= 4             # one palette of 96 colours
        bars.append((np.ptp(frame[128 + 12, 110:120].astype(int), axis=1) > 60).sum())
    assert bars == sorted(bars) and (bars[0], bars[-1]) == (1, 10)           # the strip's bar grows


def test_colours_survive_the_palette(tmp_path):
    colours = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 0]]).view(4, 3, 1, 1).expand(4, 3, 32, 32)
    animate([grid(colours, zoom=2)] * 2 + [grid(-colours, zoom=2)], tmp_path / "out.gif")
    frames, _ = frames_of(tmp_path / "out.gif")
    assert np.abs(frames[-1].astype(int) - np.array(grid(-colours, zoom=2))).max() <= 8
    assert np.abs(frames[0].astype(int) - np.array(grid(colours, zoom=2))).max() <= 8


def test_bad_pictures_are_left_out_and_named(tmp_path):
    paths = samples(tmp_path, 5)
    paths[1].write_bytes(b"")
    paths[2].write_bytes(paths[3].read_bytes()[:60])
    paths[4].unlink()
    assert timelapse(paths, tmp_path / "out.gif") == [paths[1], paths[2], paths[4]]
    assert len(frames_of(tmp_path / "out.gif")[0]) == 2


def test_one_picture_is_enough_and_none_is_not(tmp_path):
    timelapse(samples(tmp_path, 1), tmp_path / "out.gif")
    assert len(frames_of(tmp_path / "out.gif")[0]) == 1
    with pytest.raises(ZerosumError, match="no picture"):
        timelapse([], tmp_path / "none.gif")


def test_long_runs_are_thinned_to_48_frames_with_the_first_and_the_last(tmp_path):
    timelapse(samples(tmp_path, 60), tmp_path / "out.gif", seconds=4.8)
    frames, durations = frames_of(tmp_path / "out.gif")
    assert (len(frames), durations[0]) == (48, 100)
    assert frames[0][:64].max() <= 8 and frames[-1][:64].min() >= 247


def test_what_compresses_badly_is_made_smaller(tmp_path, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    for k in range(4):
        save_png(grid(torch.rand(1, 3, 500, 500, generator=generator) * 2 - 1), tmp_path / f"step-{k:08d}.png")
    sizes = []
    for comfortable in (4_000_000, 500_000):
        monkeypatch.setattr(zerosum.runs.timelapse, "COMFORTABLE", comfortable)
        timelapse(sorted(tmp_path.glob("*.png")), tmp_path / "out.gif")
        sizes.append(frames_of(tmp_path / "out.gif")[0][0].shape[1])
    assert sizes == [480, 320]


def test_a_walk_through_latents_becomes_a_film(tmp_path):
    walk = torch.linspace(-1, 1, 6).view(6, 1, 1, 1, 1).expand(6, 9, 1, 8, 8)
    for name in ("walk.gif", "walk.webp"):
        animate(walk, tmp_path / name, seconds=0.6)
        frames, _ = frames_of(tmp_path / name)
        means = [frame.mean() for frame in frames]
        assert len(frames) == 6
        assert all(math.isfinite(mean) for mean in means) and means == sorted(means)


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.gif, \.webp or \.mp4"):
        animate(torch.zeros(2, 1, 1, 4, 4), tmp_path / "walk.avi")
    with pytest.raises(UsageError, match="no frame"):
        animate([], tmp_path / "walk.gif")
