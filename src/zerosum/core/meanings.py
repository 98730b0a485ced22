"""Names of the literature that mean several systems, and those under which one system is also known."""

from collections.abc import Iterable

from .errors import UsageError

Meanings = tuple[tuple[str, str], ...]       # (what it is, its command-line name), the name "" outside of this library

_STANDARD = ("the standard GAN, 1406.2661", "gan")
_STACKED = ("stacked GAN, 1612.04357", "stacked-gan")
_SEMI_SUPERVISED = ("semi-supervised GAN, 1606.01583", "")
_STYLE_AND_STRUCTURE = ("style and structure, 1603.05631", "s2-gan")
_SIMILARITY = ("similarity constraint, 10.1109/ACCESS.2018.2872695", "sc-gan")
_CORRECTING = ("structure-correcting segmentation, 1703.08770", "")
_PERCEPTUAL = ("perceptual adversarial networks, 1706.09138", "")
_GROWING = ("progressive growing, 1710.10196", "progan")

# Spelled without capitals, hyphens and underscores. A system's own name, in capitals too, means that system.
SEVERAL: dict[str, Meanings] = {
    "sgan": (_STANDARD, ("steganographic GAN, 1703.05502", ""), _SEMI_SUPERVISED, _STACKED),
    "ssgan": (_STYLE_AND_STRUCTURE, ("self-supervised GAN, 1811.11212", "self-supervised-gan"),
              ("secure steganography, 1707.01613", ""), _SEMI_SUPERVISED),
    "scgan": (_SIMILARITY, _CORRECTING),
    "scan": (_CORRECTING, _SIMILARITY),
    "segan": (("SegAN, segmentation, 1706.01805", ""), ("SEGAN, speech enhancement, 1703.09452", ""),
              ("SeGAN, what is hidden, 1703.10239", "")),
    "lsgan": (("least squares, 1611.04076", "lsgan"), ("loss-sensitive, 1701.06264", "loss-sensitive-gan")),
    "pan": (_PERCEPTUAL, _GROWING),
    "pgan": (_GROWING, _PERCEPTUAL),
    "rankgan": (("RankGAN of texts, 1705.11001", ""), ("Gang of GANs, released as RankGAN, 1704.04865", "gogan")),
    "stylegan": (("StyleGAN, 1812.04948", "stylegan"), _STYLE_AND_STRUCTURE),
    "magan": (("margin adaptation, 1704.03817", "magan"), ("manifold alignment, 1803.00385", "")),
    "fgan": (("f-divergences, 1606.00709", "f-gan"), ("Fisher GAN, 1705.09675", "fisher-gan")),
    "vgan": (("videos, 1609.02612", ""), _STANDARD),
}

ALSO: dict[str, str] = {
    "vanillagan": "gan", "goodfellowgan": "gan",
    "leastsquaresgan": "lsgan", "wassersteingan": "wgan", "wgangradientpenalty": "wgan-gp", "conditionalgan": "cgan",
    "ragan": "relativistic-gan", "rgan": "relativistic-gan", "rsgan": "relativistic-gan", "rasgan": "relativistic-gan",
    "hingegan": "geometric-gan", "spectralnormgan": "sngan", "ugan": "unrolled-gan", "unrolled": "unrolled-gan",
    "energybasedgan": "ebgan", "pullingawayterm": "ebgan-pt", "boundaryequilibriumgan": "began",
    "marginadaptationgan": "magan", "gangofgans": "gogan", "moderegularizedgan": "mrgan", "mdgan": "mrgan",
    "gmmn": "mmd-gan", "variationalautoencoder": "vae", "ali": "bigan", "auxiliaryclassifiergan": "acgan",
    "vac+gan": "vacgan", "cganpd": "projection-gan", "projectiondiscriminator": "projection-gan",
    "ganintcls": "gan-cls", "adversarialgeneratorencoder": "age", "semisupervisedinfogan": "ss-infogan",
}


def plain(name: str) -> str:
    """A name without capitals, hyphens, underscores and spaces."""
    return name.lower().translate({ord(mark): None for mark in "-_ "})


def meant(name: str, names: Iterable[str]) -> str | None:
    """The system of `names` that a name means in the literature, however it is spelled; None where it means none.

    Raises UsageError, listing what may be meant, where it means several.
    """
    spelled = {plain(each): each for each in names}
    if (own := name.lower().replace("_", "-").replace(" ", "-")) in spelled.values():
        return own
    if (several := SEVERAL.get(plain(name))) is not None:
        here = [f"{system} ({what})" for what, system in several if system in spelled.values()]
        elsewhere = [what for what, system in several if system not in spelled.values()]
        raise UsageError(f"'{name}' means several systems; say which: {', '.join(here) or 'none of them is here'}"
                         + (f"; not in zerosum: {'; '.join(elsewhere)}" if elsewhere else ""))
    known = spelled.get(plain(name)) or ALSO.get(plain(name))
    return known if known in spelled.values() else None
