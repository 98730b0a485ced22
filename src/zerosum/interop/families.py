"""Which of the known networks a file holds, and how they are built again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core import UsageError, ZerosumError
from .family import Family, Part
from .refusals import refusal
from .residual_families import RESIDUAL
from .states import Network
from .style_families import STYLE

FAMILIES: tuple[Family, ...] = (*STYLE, *RESIDUAL)
MOST_PIXELS = 4096                           # on a side of an image


@dataclass(frozen=True)
class Recognised:
    """The networks of a file that make up a model."""

    family: Family
    parts: dict[str, tuple[Part, Network]]   # by attribute


def recognise(networks: Sequence[Network], model: str | None = None) -> Recognised:
    """The family with the most of its networks in a file, and a generator; raises ZerosumError where there is none.

    Of several generators the averaged one is taken. `model` says which model is wanted, where several have these.
    """
    if model is not None and model not in {family.model for family in FAMILIES}:
        raise UsageError(f"no networks of others are known for {model}; there is: {', '.join(known_models())}")
    if said := refusal(networks):
        raise ZerosumError(said)
    best: Recognised | None = None
    for family in FAMILIES:
        parts = {part.attribute: (part, found) for part in family.parts if (found := _choice(networks, part))}
        if "generator" in parts and model in (None, family.model) and (
                best is None or len(parts) > len(best.parts)):
            best = Recognised(family, parts)
    if best is None:
        raise ZerosumError(_unknown(networks))
    return best


def _lonely(networks: Sequence[Network]) -> str:
    """The family whose discriminator a file holds, and no generator; "" for none."""
    return next((family.name for family in FAMILIES for part in family.parts[1:] if _choice(networks, part)), "")


def known_projects() -> str:
    """The projects whose files are read, as words."""
    return ", ".join(dict.fromkeys(family.name.partition(" (")[0] for family in FAMILIES))


def known_models() -> list[str]:
    """Names of the models that files of others can become."""
    return sorted({family.model for family in FAMILIES})


def _choice(networks: Sequence[Network], part: Part) -> Network | None:
    return max((network for network in networks if part.fits(network.state)), key=_averaged, default=None)


def _averaged(network: Network) -> int:
    """How much the place of a network says that it is the average: G_ema, or the third of NVIDIA's G, D and Gs."""
    named = any(word in network.place.lower() for word in ("ema", "running", "shadow"))
    return 2 if named else int(network.place.rpartition(".")[2] in ("Gs", "2"))


def _unknown(networks: Sequence[Network]) -> str:
    if name := _lonely(networks):
        return (f"no generator: this is a discriminator of {name}; name the file of the generator, too, as in zerosum "
                "import G.pth D.pth")
    seen = [f"{network.place or 'weights'} ({len(network.state)} of them, {ascii(next(iter(network.state), ''))[:60]})"
            for network in networks[:3]]
    there = f"it holds {', '.join(seen)}" if seen else "it holds no weights"
    return f"no networks that zerosum knows: {there}; it knows those of {known_projects()}"


def described(recognised: Recognised) -> dict[str, dict[str, Any]]:
    """How to build each network: its class, arguments and norm, as JSON; the generator tells the size of images."""
    found: dict[str, dict[str, Any]] = {}
    for attribute in sorted(recognised.parts, key=lambda name: name != "generator"):
        part, network = recognised.parts[attribute]
        size = found["generator"]["arguments"]["image_size"] if found else 0
        try:
            arguments = part.settings(network.state, network.arguments | {"image_size": size}) | _built(part, network)
            _refuse_size(arguments["image_size"])
            norm = part.norm(network.state)
        except (KeyError, IndexError, StopIteration, ValueError, TypeError, ZeroDivisionError, AttributeError,
                RuntimeError) as error:
            raise ZerosumError(f"{network.place or 'the file'} is not the {attribute} of {recognised.family.name} that "
                               f"its keys promise ({ascii(str(error))[:80]})") from None
        found[attribute] = {"network": part.network, "arguments": arguments, "norm": norm}
    return found


def _built(part: Part, network: Network) -> dict[str, Any]:
    """The arguments that an exported file notes of a network of ours; {} in a file of others."""
    built = dict(network.built)
    if built.pop("network", part.network) != part.network:
        raise ZerosumError("this file was exported from a network that no official keys say all of: copy the run "
                           "folder instead")
    return built


def _refuse_size(size: int | Sequence[int]) -> None:
    """ValueError for images that no network makes; a few names of weights would ask for any amount of memory."""
    sides = [size] if isinstance(size, int) else size
    if not all(0 < side <= MOST_PIXELS for side in sides):
        raise ValueError(f"images of {' x '.join(map(str, sides))[:20]} pixels")
