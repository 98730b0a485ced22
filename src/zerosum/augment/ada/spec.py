"""What the ADA pipeline does, how often and how strongly; presets by name, as in the authors' code."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AdaSpec:
    """One number per operation, by which p is multiplied (0: never), and how strong each is (2006.06676, App. B)."""

    xflip: float = 0                         # mirrored left to right
    rotate90: float = 0                      # turned by right angles
    xint: float = 0                          # moved by whole pixels
    scale: float = 0
    rotate: float = 0                        # by any angle
    aniso: float = 0                         # stretched along one axis and shrunk along the other
    xfrac: float = 0                         # moved by fractions of pixels
    brightness: float = 0
    contrast: float = 0
    lumaflip: float = 0                      # light becomes dark
    hue: float = 0
    saturation: float = 0
    imgfilter: float = 0                     # frequency bands amplified or damped
    noise: float = 0
    cutout: float = 0                        # a window of zeros

    imgfilter_bands: tuple[float, ...] = (1, 1, 1, 1)    # how often each band, from the lowest, beside imgfilter
    xint_max: float = 0.125                  # of the image's sides
    scale_std: float = 0.2                   # of log2
    rotate_max: float = 1                    # 1: the full circle
    aniso_std: float = 0.2                   # of log2
    xfrac_std: float = 0.125                 # of the image's sides
    brightness_std: float = 0.2
    contrast_std: float = 0.5                # of log2
    hue_max: float = 1                       # 1: the full circle
    saturation_std: float = 1                # of log2
    imgfilter_std: float = 1                 # of log2
    noise_std: float = 0.1
    cutout_size: float = 0.5                 # of the image's sides


_BLIT = ("xflip", "rotate90", "xint")
_GEOM = ("scale", "rotate", "aniso", "xfrac")
_COLOR = ("brightness", "contrast", "lumaflip", "hue", "saturation")
_FILTER, _NOISE, _CUTOUT = ("imgfilter",), ("noise",), ("cutout",)
_OPERATIONS = {
    "blit": _BLIT, "geom": _GEOM, "color": _COLOR, "filter": _FILTER, "noise": _NOISE, "cutout": _CUTOUT,
    "bg": _BLIT + _GEOM, "bgc": _BLIT + _GEOM + _COLOR, "bgcf": _BLIT + _GEOM + _COLOR + _FILTER,
    "bgcfn": _BLIT + _GEOM + _COLOR + _FILTER + _NOISE,
    "bgcfnc": _BLIT + _GEOM + _COLOR + _FILTER + _NOISE + _CUTOUT,
}

SPECS: dict[str, AdaSpec] = {name: AdaSpec(**dict.fromkeys(chosen, 1)) for name, chosen in _OPERATIONS.items()}
