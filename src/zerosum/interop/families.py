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


def known_models() -> list[str]:
    """Names of the models that files of others can become."""
    return sorted({family.model for family in FAMILIES})


def _choice(networks: Sequence[Network], part: Part) -> Network | None:
    fitting = [network for network in networks if part.fits(network.state)]
    return next((network for network in fitting if "ema" in network.place.lower()), fitting[0] if fitting else None)


def _unknown(networks: Sequence[Network]) -> str:
    if name := _lonely(networks):
        return (f"no generator: this is a discriminator of {name}; name the file of the generator, too, as in zerosum "
                "import G.pth D.pth")
    seen = [f"{network.place or 'weights'} ({len(network.state)} of them, {ascii(next(iter(network.state), ''))[:60]})"
            for network in networks[:3]]
    there = f"it holds {', '.join(seen)}" if seen else "it holds no weights"
    return f"no networks that zerosum knows: {there}; it knows those of {', '.join(f.name for f in FAMILIES)}"


def described(recognised: Recognised) -> dict[str, dict[str, Any]]:
    """How to build each network: its class, arguments and norm, as JSON; the generator tells the size of images."""
    found: dict[str, dict[str, Any]] = {}
    for attribute in sorted(recognised.parts, key=lambda name: name != "generator"):
        part, network = recognised.parts[attribute]
        size = found["generator"]["arguments"]["image_size"] if found else 0
        try:
            built = dict(network.built)
            if built.pop("network", part.network) != part.network:
                raise ZerosumError("this file was exported from a network that no official keys say all of: copy the "
                                   "run folder instead")
            arguments = part.settings(network.state, network.arguments | {"image_size": size}) | built
        except (KeyError, IndexError, StopIteration, ValueError, TypeError, ZeroDivisionError, AttributeError,
                RuntimeError) as error:
            raise ZerosumError(f"{network.place or 'the file'} is not the {attribute} of {recognised.family.name} that "
                               f"its keys promise ({ascii(str(error))[:80]})") from None
        found[attribute] = {"network": part.network, "arguments": arguments, "norm": part.norm(network.state)}
    return found
