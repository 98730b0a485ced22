"""The resolutions of a style network: a small map, doubled until it is the image, and how wide the maps are at each."""

from collections.abc import Sequence
from typing import NamedTuple

SMALLEST = 4                                 # pixels on the shorter side of the first map
Size = int | tuple[int, int]                 # of a square image, or (height, width)


class Stage(NamedTuple):
    """The maps of one resolution; its parts are named b4, b8, ... by the height."""

    height: int
    width: int
    maps: int

    @property
    def name(self) -> str:
        return f"b{self.height}"


def stages(image_size: Size, maps: Sequence[int] = (), *, channel_base: int = 32768,
           channel_max: int = 512) -> list[Stage]:
    """The stages of an image, the coarsest first: as many doublings as leave at least 4 pixels on each side.

    Without a list of `maps` there are min(channel_base / r, channel_max) of them, where r is 4, 8, 16, ..., the side in
    StyleGAN2, whose first map is 4 x 4. Raises ValueError for an image that is no map doubled at least once, or another
    number of `maps`.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    octaves = 0
    while all(side % 2 ** (octaves + 1) == 0 and side >> (octaves + 1) >= SMALLEST for side in (height, width)):
        octaves += 1
    if not octaves:
        raise ValueError("style networks double a map of 4 x 4 pixels or more at least once: images have even sides of "
                         f"8 or more pixels, not {height}x{width}")
    maps = maps or [min(channel_base // (SMALLEST << octave), channel_max) for octave in range(octaves + 1)]
    if len(maps) != octaves + 1:
        raise ValueError(f"an image of {height}x{width} pixels has {octaves + 1} stages, not {len(maps)}")
    if min(maps) < 1:
        raise ValueError(f"channel_base {channel_base} leaves no map at {height}x{width} pixels")
    return [Stage(height >> (octaves - octave), width >> (octaves - octave), count)
            for octave, count in enumerate(maps)]
