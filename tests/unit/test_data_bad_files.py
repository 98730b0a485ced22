"""Every way in which a picture can be bad or odd gets one line that names the file and the mend."""

import io
import struct

import numpy as np
import pytest
from data_files import encoded, folder_of, pixels, png_that_claims, save
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zerosum.core import UsageError, ZerosumError
from zerosum.data import DataConfig, load_data, prepare, survey
from zerosum.data.picture_file import UnfitError, decode, look, quiet

PNG, JPEG = encoded(pixels(50, (40, 40, 3))), encoded(pixels(51, (40, 40, 3)), "JPEG")

BAD = {
    "empty.png": (b"", "is empty (0 bytes): delete it or fetch it again"),
    "text.png": (b"hello, I am a text file\n", "is text, not a picture"),
    "page.jpg": (b"<!DOCTYPE html><html>404</html>", "is a web page, not a picture: fetch the picture itself"),
    "noise.png": (bytes(range(200, 256)) * 4, "is not a picture of a known format"),
    "short.png": (PNG[:-400], "breaks off in the middle (truncated): fetch it again"),
    "short.jpg": (JPEG[:-300], "breaks off in the middle (truncated): fetch it again"),
    "stump.png": (PNG[:20], "breaks off in the middle (truncated): fetch it again"),
    "headless.png": (PNG[:8] + b"\0" * 200, "is damaged"),
    "damaged.png": (PNG[:300] + b"\0" * 40 + PNG[340:], "is damaged"),
    "bomb.png": (png_that_claims(12_000, 10_000), "claims 12000x10000 pixels, beyond 100 megapixels: scale it down"),
    "superbomb.png": (png_that_claims(60_000, 60_000), "claims far more than 100 megapixels: scale it down"),
    "hollow.png": (png_that_claims(40, 40), "(truncated)"),
}


def float_tiff() -> bytes:
    return encoded(np.zeros((8, 8), np.float32), "TIFF")


@pytest.mark.parametrize("name", BAD)
def test_each_bad_file_is_one_line_with_its_mend(tmp_path, name):
    content, line = BAD[name]
    folder_of(tmp_path, 3, (40, 40, 3))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ZerosumError) as caught:
        load_data(tmp_path)
    message = str(caught.value)
    assert f"1 of 4 files in {tmp_path} cannot be used: {name} " in message
    assert line in message and "--skip-bad" in message and "\n" not in message


@pytest.mark.parametrize("name", BAD)
def test_skip_bad_goes_on_and_counts(tmp_path, caplog, name):
    folder_of(tmp_path, 3, (40, 40, 3))
    (tmp_path / name).write_bytes(BAD[name][0])
    assert len(load_data(tmp_path, skip_bad=True)) == 3
    assert f"1 files left out: {name} " in caplog.text
    info = prepare(tmp_path, tmp_path / "out.zsd", DataConfig(skip_bad=True))
    assert info.count == 3 and [problem.file for problem in info.bad] == [name]


def test_labels_and_classes_follow_the_files_that_stay(tmp_path):
    for i, name in enumerate(["a/1", "a/2", "b/1", "b/2", "c/1"]):
        save(tmp_path / f"{name}.png", pixels(i))
    (tmp_path / "a/1.png").write_bytes(b"")
    (tmp_path / "b/2.png").write_bytes(encoded(pixels(9))[:-60])
    data = load_data(tmp_path, skip_bad=True)
    assert data.labels.tolist() == [0, 1, 2] and data.spec.classes == ("a", "b", "c")
    assert np.array_equal(data.x, np.stack([pixels(i).transpose(2, 0, 1) for i in (1, 2, 4)]))


def test_many_bad_files_are_counted_and_the_first_are_named(tmp_path):
    folder_of(tmp_path, 2)
    for i in range(7):
        (tmp_path / f"x{i}.png").write_bytes(b"")
    with pytest.raises(ZerosumError, match=r"7 of 9 files .* x0\.png .*x1\.png .*x2\.png .*; and 4 more;"):
        load_data(tmp_path)


def test_nothing_but_bad_files_fails_even_when_they_may_be_skipped(tmp_path):
    for name, content in (("a.png", b""), ("b.png", PNG[:-400])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ZerosumError, match="none of"):
            load_data(tmp_path, skip_bad=True)
        with pytest.raises(ZerosumError, match="none of"):
            prepare(tmp_path, tmp_path / "out.zsd", DataConfig(skip_bad=True))
        (tmp_path / name).unlink()
    assert not list(tmp_path.iterdir())


def test_a_broken_link_and_a_locked_file_are_named(tmp_path, monkeypatch):
    folder_of(tmp_path, 2)
    (tmp_path / "c.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "d.png").write_bytes(PNG)
    real = type(tmp_path).open

    def locked(self, *args, **kwargs):
        if self.name == "d.png":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(tmp_path), "open", locked)
    with pytest.raises(ZerosumError, match=r"c\.png leads nowhere \(a broken link\).*d\.png may not be read"):
        load_data(tmp_path)


def test_float_pixels_and_too_deep_ones_are_refused(tmp_path):
    with pytest.raises(UnfitError, match="floating-point pixels: save it with 16 bits"):
        look(io.BytesIO(float_tiff()), "a.tif")
    deep = encoded(np.array([[70_000]], np.int32), "TIFF")
    assert look(io.BytesIO(deep), "a.tif").kind == (1, 16)
    with pytest.raises(UnfitError, match="beyond 65535"):
        decode(io.BytesIO(deep))


def odd_files(folder):
    folder_of(folder, 3, (8, 8, 3))
    (folder / "wrong.png").write_bytes(encoded(pixels(20), "JPEG"))
    frames = [Image.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (10, 90, 170)]
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    Image.fromarray(pixels(21)).convert("CMYK").save(folder / "print.jpg")
    Image.fromarray(pixels(22)).quantize(16).save(folder / "table.png")
    rows = b"".join(b"\0" + struct.pack(">24H", *range(0, 24 * 257, 257)) for _ in range(8))
    (folder / "deep.png").write_bytes(png_that_claims(8, 8, 16, 2, rows))
    return {"wrong.png": "is JPEG inside, though its name says PNG: read as JPEG; rename it",
            "moving.webp": "is animated or has several pages: only its first frame is read",
            "print.jpg": "is CMYK: converted to RGB",
            "table.png": "has a palette: read as RGB, without loss",
            "deep.png": "has 16 bits in several channels: read with 8 bits; an .npy array keeps 16"}


def test_odd_files_are_used_and_each_is_one_line(tmp_path, caplog):
    lines = odd_files(tmp_path)
    data = load_data(tmp_path)
    assert data.x.shape == (8, 3, 8, 8)
    odd = {problem.file: str(problem) for problem in survey(DataConfig(data=str(tmp_path))).odd}
    assert set(odd) == set(lines)
    for name, line in lines.items():
        assert odd[name].startswith(f"{name} {line}")
        assert f"1 x {line}" in caplog.text and name in caplog.text
    rows = {name: data.x[i] for i, name in enumerate(sorted([*lines, "a.png", "b.png", "c.png"]))}
    assert (rows["moving.webp"] == 10).all()
    assert rows["deep.png"][:, 0].T.ravel().tolist() == list(range(24))
    table = np.asarray(Image.open(tmp_path / "table.png").convert("RGB"))
    assert np.array_equal(rows["table.png"], table.transpose(2, 0, 1))


def test_files_of_the_same_oddity_share_a_line(tmp_path, caplog):
    for i in range(5):
        save(tmp_path / f"{i}.png", pixels(i), "JPEG")
    load_data(tmp_path)
    assert len(caplog.records) == 1
    assert "5 x is JPEG inside" in caplog.text and "(0.png, 1.png, 2.png, ...)" in caplog.text


def test_a_palette_with_transparency_keeps_it(tmp_path):
    image = Image.fromarray(pixels(1, (8, 8, 3))).quantize(8)
    image.save(tmp_path / "a.png", transparency=0)
    data = load_data(tmp_path)
    assert data.spec.channels == 4
    assert np.array_equal(data.x[0, 3] == 0, np.asarray(image) == 0)


def test_one_frame_is_not_animated_and_a_camera_jpeg_is_a_jpeg(tmp_path, caplog):
    save(tmp_path / "a.webp", pixels(0), lossless=True)
    first, second = (Image.fromarray(pixels(i)) for i in (1, 2))
    first.save(tmp_path / "b.jpg", "MPO", save_all=True, append_images=[second])
    assert len(load_data(tmp_path)) == 2
    assert not caplog.records


@pytest.mark.parametrize("whole", [encoded(pixels(i, (30, 30, 3)), kind) for i, kind in
                                   enumerate(("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"))])
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, 255), st.floats(0, 1))
def test_no_damage_escapes_as_anything_but_a_line(whole, where, value, kept):
    content = bytearray(whole[:max(1, int(len(whole) * kept))])
    content[where % len(content)] ^= value
    for read in (lambda s: look(s, "a.png"), decode):
        try:
            with quiet():
                read(io.BytesIO(bytes(content)))
        except UnfitError as error:
            assert "\n" not in str(error) and len(str(error)) < 200


def test_a_wrong_size_is_asked_for_before_files_are_decoded(tmp_path):
    folder_of(tmp_path, 2)
    save(tmp_path / "z.png", pixels(3, (9, 9, 3)))
    with pytest.raises(UsageError, match="--image-size 8"):
        load_data(tmp_path)
