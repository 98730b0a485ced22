"""Protocols: everything by which the published implementations of one metric differ, as data."""

from dataclasses import dataclass

from ..core import unknown


@dataclass(frozen=True)
class Protocol:
    """How images become features and features a value; scores of two protocols are never compared."""

    name: str
    what: str                                # one line for help and docs


OURS = Protocol("zerosum", "exact estimators over all pairs, float64, antialiased resizing")

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in (OURS,)}


def protocol_of(name: "str | Protocol") -> Protocol:
    """The protocol of this name; an unknown one is a UsageError that names the nearest."""
    if isinstance(name, Protocol):
        return name
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
