"""Films as MP4, by an optional package."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from ..core import UsageError


def mp4(pictures: Sequence[Image.Image], seconds: float, hold: float = 0) -> bytes:
    """An H.264 film of RGB pictures of one size that lasts `seconds`, then holds the last one.

    Raises UsageError where PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise UsageError("MP4 needs an extra: pip install 'zerosum[video]'; .gif and .webp need none") from None
    rate = min(60, max(1, round(len(pictures) / seconds)))
    width, height = (extent + extent % 2 for extent in pictures[0].size)       # the codec halves colours' resolution
    file = BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in [*pictures, *[pictures[-1]] * round(hold * rate)]:
            padded = Image.new("RGB", (width, height))
            padded.paste(picture)
            film.mux(stream.encode(av.VideoFrame.from_image(padded)))
        film.mux(stream.encode())
    return file.getvalue()
