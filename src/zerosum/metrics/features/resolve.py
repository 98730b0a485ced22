"""From a name to a feature extractor that suits the data."""

from typing import TYPE_CHECKING

from ...core import UsageError, unknown
from .extractor import Extractor
from .judge import JUDGED, judge
from .pixels import Pixels, Points
from .svc import svc_judge

if TYPE_CHECKING:
    from ...data import Dataset

NAMES = ("auto", "judge", "pixels", "svc")


def extractor_for(features: "str | Extractor", data: "Dataset") -> Extractor:
    """The extractor of this name, or the object itself if it is one.

    "auto" is the judge where there is one for the data, pixels for other images, and the numbers themselves for points.
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
    judged = data.name in JUDGED and data.spec.num_classes > 0
    if features == "judge" and not judged:
        raise UsageError(f"there is no judge for {data.name}, only for {', '.join(JUDGED)}: use --features pixels")
    return judge(data.name) if judged and features != "pixels" else Pixels(data.spec.channels)
