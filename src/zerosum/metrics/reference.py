"""Features of real data, made once and stored: what `zerosum features` writes and `evaluate` compares with."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from torch import Tensor

from ..core import DataSpec, UsageError, ZerosumError
from .distribution.statistics import Gaussian, Statistics
from .metric import Metric, Seen, View
from .protocol import Protocol

if TYPE_CHECKING:
    from .features import Extractor

STORED: tuple[View, ...] = tuple(view for view in get_args(View) if view != "samples")
SUFFIXES = (".safetensors", ".npz")
FORMAT = "zerosum features 1"


@dataclass(frozen=True)
class Reference:
    """A set of real samples of which only the features are left, or their mean and covariance, and how they were made.

    It stands in for a data set in `evaluate`, which refuses to compare it with features of another network or protocol.
    """

    seen: Seen
    name: str                                # of the data
    split: str
    spec: DataSpec
    features: dict[str, Any]                 # name, dim and weights_hash of the extractor; empty: not known
    protocol: str                            # "": not known
    fingerprint: str = ""                    # of the data
    seed: int = 0                            # that chose the samples
    factors: dict[str, tuple[str, ...]] = field(default_factory=dict)    # of the data: which of them its classes are
    modes = None                             # of points; features of points are the points themselves
    mode_std = 0.0

    def __len__(self) -> int:
        return len(self.seen)

    def gather(self, index: Tensor) -> dict[str, Tensor]:
        """The labels of these samples, where they were stored."""
        return {} if self.seen.targets is None else {"labels": self.seen.targets[index]}

    def seen_by(self, metrics: list[Metric], extractor: "Extractor", protocol: Protocol) -> Seen:
        """What was stored, if it is what these metrics need and was made as the other set will be; else UsageError."""
        for metric in metrics:
            instead = metric.statistics and self.seen.gaussian is not None
            for view in metric.views:
                if getattr(self.seen, view) is None and not (view == "features" and instead):
                    raise UsageError(f"the metric '{metric.name}' looks at {view}, which {self.name} does not hold: "
                                     "name the data itself, or store it again with zerosum features")
        if not self.features and self.seen.gaussian.dim != extractor.dim:
            raise UsageError(f"{self.name} holds statistics of {self.seen.gaussian.dim} features, and {extractor.name} "
                             f"makes {extractor.dim}: name the network they come from (--features inception, or "
                             "--protocol)")
        given = {"name": extractor.name, "weights_hash": extractor.weights_hash}
        if self.features and (any(self.features[key] != value for key, value in given.items())
                              or self.features.get("input", "") != getattr(extractor, "input", "")):
            raise UsageError(f"{self.name} holds features of {self.features['name']} #{self.features['weights_hash']}, "
                             f"which are never compared with those of {extractor.name} #{extractor.weights_hash}")
        if self.protocol and self.protocol != protocol.name:
            raise UsageError(f"{self.name} was made under the protocol {self.protocol}, which is never compared with "
                             f"{protocol.name}: pass --protocol {self.protocol}, or make it again")
        return self.seen

    def without_features(self) -> "Reference":
        """Only the mean and the covariance: small, and enough for FID."""
        if self.seen.features is None:
            return self
        gathered = Statistics(self.seen.features.shape[1]).update(self.seen.features).gaussian
        return Reference(Seen(gaussian=gathered), self.name, self.split, self.spec, self.features, self.protocol,
                         self.fingerprint, self.seed, self.factors)

    def save(self, path: str | Path) -> None:
        """Write it as one safetensors file, whole or not at all."""
        from safetensors.torch import save

        from ..core.files import whole_file

        tensors = {view: getattr(self.seen, view) for view in STORED if getattr(self.seen, view) is not None}
        if self.seen.gaussian is not None:
            tensors |= {"mean": torch.from_numpy(self.seen.gaussian.mean),
                        "covariance": torch.from_numpy(self.seen.gaussian.covariance)}
        about = {"format": FORMAT, "name": self.name, "split": self.split, "spec": self.spec.to_json(),
                 "features": self.features, "protocol": self.protocol, "fingerprint": self.fingerprint,
                 "seed": self.seed, "factors": self.factors, "count": len(self)}
        with whole_file(Path(path)) as file:
            file.write(save({name: tensor.contiguous() for name, tensor in tensors.items()},
                            metadata={"about": json.dumps(about)}))

    @classmethod
    def load(cls, path: str | Path) -> "Reference":
        """Read what `save` wrote, or an .npz of `mu` and `sigma` as pytorch-fid and others write them."""
        path = Path(path)
        if not path.is_file():
            raise UsageError(f"{path} is no file of features: zerosum features DATA -o {path} makes one")
        return _from_npz(path) if path.suffix == ".npz" else _from_safetensors(path)


def is_reference(source: Any) -> bool:
    """Whether this names a file of stored features, and not a packed data set or an array of images."""
    if not isinstance(source, (str, Path)) or Path(source).suffix not in SUFFIXES or not Path(source).is_file():
        return False
    if Path(source).suffix == ".safetensors":
        return True
    try:
        with np.load(source, allow_pickle=False) as file:
            return {"mu", "sigma"} <= set(file.files)
    except (OSError, ValueError):
        return False


def _from_safetensors(path: Path) -> Reference:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise ZerosumError(f"{path} cannot be read ({type(error).__name__}): make it again with zerosum features"
                           ) from None
    if about.get("format") != FORMAT:
        raise UsageError(f"{path} holds no features: zerosum features DATA -o FILE.safetensors makes such a file")
    gaussian = None
    if "mean" in tensors:
        gaussian = Gaussian(tensors.pop("mean").numpy(), tensors.pop("covariance").numpy(), about["count"])
    about["spec"] = DataSpec.from_json(about["spec"])
    about["factors"] = {name: tuple(values) for name, values in about["factors"].items()}
    fields = ("name", "split", "spec", "features", "protocol", "fingerprint", "seed", "factors")
    return Reference(Seen(**tensors, gaussian=gaussian), *(about[field] for field in fields))


def _from_npz(path: Path) -> Reference:
    try:
        with np.load(path, allow_pickle=False) as file:
            mean, covariance = (np.asarray(file[key], np.float64) for key in ("mu", "sigma"))
    except (OSError, ValueError, KeyError) as error:
        raise ZerosumError(f"{path} holds no statistics: it must have the arrays mu and sigma ({error})") from None
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise UsageError(f"{path}: mu {mean.shape} and sigma {covariance.shape} do not belong together")
    return Reference(Seen(gaussian=Gaussian(mean, covariance, 0)), path.name, "", DataSpec((3, 299, 299)), {}, "")
