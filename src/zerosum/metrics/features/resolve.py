"""From a name, a file or a module to a feature extractor that suits the data and the protocol."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from ...core import UsageError, unknown
from ..protocol import OURS, Protocol
from .device import NetworkFeatures
from .extractor import Extractor
from .files import PUBLISHED, SUFFIXES, from_file, published
from .judge import JUDGED, judge, photo_features
from .pixels import Pixels, Points
from .stacked import stacked_judge
from .svc import svc_judge
from .user import ModuleFeatures

if TYPE_CHECKING:
    from ...data import Dataset

Features = str | Path | Extractor | nn.Module
NAMES = ("auto", "judge", "photos", "pixels", "svc", *PUBLISHED)
STACKED = "stacked-digits"


def extractor_for(features: Features, data: "Dataset", protocol: Protocol = OURS,
                  metrics: Iterable[str] = ()) -> Extractor:
    """The extractor of this name, in this file, around this module, or the object itself if it is one.

    "auto" is the network that the protocol is defined for; else the judge where there is one for the data, the network
    of photos for all other images, and the numbers themselves for points.
    Raises UsageError for an unknown name, for a judge that does not know the data, and for images by other features
    than those for which the protocol defines these metrics.
    """
    defined = _defined(protocol, metrics) if data.spec.is_image else ()
    if defined and features == "auto":
        features = defined[0]
    if defined and features in NAMES and features not in defined:
        raise _undefined(protocol, defined, str(features))
    return _agreed(_found(features, data, protocol), protocol, defined)


def under(protocol: Protocol, extractor: Extractor, metrics: Iterable[str]) -> Extractor:
    """This extractor of images as the protocol uses it; UsageError where it is another that these metrics ask for."""
    found = extractor.under(protocol) if isinstance(extractor, NetworkFeatures) else extractor
    return _agreed(found, protocol, _defined(protocol, metrics))


def _agreed(found: Extractor, protocol: Protocol, defined: tuple[str, ...]) -> Extractor:
    if defined and not isinstance(found, tuple(PUBLISHED[name].features for name in defined)):
        raise _undefined(protocol, defined, found.name)
    return found


def _defined(protocol: Protocol, metrics: Iterable[str]) -> tuple[str, ...]:
    """The networks for which the protocol defines these metrics; none where it leaves them open."""
    networks = tuple({protocol.network(name): name for name in metrics}) or (protocol.features, protocol.neighbours)
    if "auto" in networks:
        return ()
    if tuple(metrics) and len(networks) > 1:
        raise UsageError(f"the protocol {protocol.name} takes features of {protocol.neighbours} for precision-recall "
                         f"and of {protocol.features} for everything else: measure it by itself")
    return networks


def _undefined(protocol: Protocol, defined: tuple[str, ...], name: str) -> UsageError:
    return UsageError(f"the protocol {protocol.name} is defined for {' and '.join(dict.fromkeys(defined))} features "
                      f"here, not {name}: leave --features out, or name a file of their weights")


def _found(features: Features, data: "Dataset", protocol: Protocol) -> Extractor:
    if isinstance(features, NetworkFeatures):
        return features.under(protocol)
    if isinstance(features, Path) or (isinstance(features, str) and features.endswith(SUFFIXES)):
        return from_file(Path(features).expanduser(), data.spec.shape, protocol)
    if isinstance(features, str):
        return _named(features, data, protocol)
    if isinstance(features, Extractor):
        return features
    if isinstance(features, nn.Module):
        return ModuleFeatures(features, data.spec.shape).under(protocol)
    raise UsageError(f"features must be one of {', '.join(NAMES)}, a file, a module, or an extractor with name, dim "
                     f"and weights_hash that can be called, not {type(features).__name__}")


def _named(features: str, data: "Dataset", protocol: Protocol) -> Extractor:
    if features not in NAMES:
        raise unknown("feature extractor", features, NAMES)
    if not data.spec.is_image:
        if features != "auto":
            raise UsageError(f"{data.name} is points, which are their own features: leave --features out")
        return Points(data.spec.size)
    if features in PUBLISHED:
        return published(features, protocol)
    if features == "svc":
        if data.name != "digits":
            raise UsageError(f"the support vector machine knows digits only, not {data.name}: use --features auto")
        return svc_judge(data.spec.image_size)
    if features == "pixels":
        return Pixels(data.spec.channels)
    if features == "photos":
        return photo_features()
    found = _judge_of(data)
    if found is None and features == "judge":
        raise UsageError(f"there is no judge for {data.name}, only for {', '.join((*JUDGED, STACKED))}: use --features "
                         "photos or pixels")
    # Of 54 damaged sets of images that it was not trained on, 43 differ by 3 standard deviations; in pixels 29.
    return found or photo_features()


def _judge_of(data: "Dataset") -> Extractor | None:
    """The judge of built-in data, which names the factor that is its class; None for other data."""
    if data.name == STACKED:
        return stacked_judge()
    if data.name not in JUDGED or not data.spec.num_classes:
        return None
    return judge(data.name, next((name for name, values in data.factors.items() if values == data.spec.classes), ""))
