"""From a name to a feature extractor that suits the data."""

from typing import TYPE_CHECKING

from ...core import UsageError, unknown
from .extractor import Extractor
from .judge import JUDGED, judge, photo_features
from .pixels import Pixels, Points
from .stacked import stacked_judge
from .svc import svc_judge
from .weights import records

if TYPE_CHECKING:
    from ...data import Dataset

NAMES = ("auto", "judge", "photos", "pixels", "svc")
STACKED = "stacked-digits"


def extractor_for(features: "str | Extractor", data: "Dataset") -> Extractor:
    """The extractor of this name, or the object itself if it is one.

    "auto" is the judge where there is one for the data, the network of photos for photos, pixels for other images, and
    the numbers themselves for points.
    Raises UsageError for an unknown name, and for a judge that does not know the data.
    """
    if not isinstance(features, str):
        if isinstance(features, Extractor):
            return features
        raise UsageError(f"features must be one of {', '.join(NAMES)} or an extractor with name, dim and "
                         f"weights_hash that can be called, not {type(features).__name__}")
    if features not in NAMES:
        raise unknown("feature extractor", features, NAMES)
    if not data.spec.is_image:
        if features != "auto":
            raise UsageError(f"{data.name} is points, which are their own features: leave --features out")
        return Points(data.spec.size)
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
                         "pixels or photos")
    return found or (photo_features() if data.name == "photos" and "photos" in records() else Pixels(data.spec.channels))


def _judge_of(data: "Dataset") -> Extractor | None:
    """The judge of built-in data, which names the factor that is its class; None for other data."""
    if data.name == STACKED:
        return stacked_judge()
    if data.name not in JUDGED or not data.spec.num_classes:
        return None
    return judge(data.name, next((name for name, values in data.factors.items() if values == data.spec.classes), ""))
