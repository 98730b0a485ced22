"""Protocols: everything by which the published implementations of one metric differ, as data.

The same checkpoint scores differently in every library: they resize images in other ways, divide by N or N - 1, draw
subsets or use all pairs. A protocol fixes all of it, is printed with every score, and scores of two protocols are
never compared.

    legacy-tf       the authors' TensorFlow code of FID (bioinf-jku/TTUR)
    pytorch-fid     mseitzer/pytorch-fid
    torch-fidelity  toshas/torch-fidelity
    clean           GaParmar/clean-fid, arXiv:2104.11222
    stylegan3       NVlabs/stylegan3, also StyleGAN2-ADA
"""

from dataclasses import dataclass
from typing import Literal

from ..core import unknown

# How images of any size come to the size of the network. antialias: bilinear with antialiasing; tf1: TensorFlow 1's
# bilinear, corners at (0, 0), no antialiasing; torch: PyTorch's bilinear, no antialiasing; pil-bicubic: Pillow's, each
# channel in float32, which is antialiased.
Resize = Literal["antialias", "tf1", "torch", "pil-bicubic"]


@dataclass(frozen=True)
class Protocol:
    """How images become features and features a value."""

    name: str
    what: str                                # one line for help and docs
    features: str = "auto"                   # the network that it is defined for
    neighbours: str = "auto"                 # and that for precision and recall
    resize: Resize = "antialias"
    quantised: bool = True                   # images to 8 bits first, halves upwards, as a saved picture is
    symmetric: bool = False                  # pixels p come to Inception as p / 127.5 - 1, not as (p - 128) / 128
    covariance: Literal["N - 1", "N"] = "N - 1"
    kid_subsets: int = 0                     # random subsets whose mean is KID; 0: all pairs, exactly
    kid_subset_size: int = 1000
    kid_drawn_first: Literal["real", "fake"] = "fake"    # from which set: the generator's state depends on it
    nearest: int = 3                         # k of precision and recall
    half_precision: bool = False             # of the distances in precision and recall
    splits: int = 10                         # of the Inception score
    shuffle: bool = True                     # samples before they are split

    def network(self, metric: str) -> str:
        """The feature network that this metric is defined for; "auto": any."""
        return self.neighbours if metric == "precision-recall" else self.features


OURS = Protocol("zerosum", "exact estimators over all pairs, antialiased resizing, the built-in feature networks",
                quantised=False, splits=1, shuffle=False)

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in (
    OURS,
    Protocol("legacy-tf", "the original TensorFlow code of FID", "inception", "inception", "tf1", shuffle=False),
    Protocol("pytorch-fid", "pytorch-fid", "inception", "inception", "torch", symmetric=True),
    Protocol("torch-fidelity", "torch-fidelity", "inception", "vgg16", "tf1", kid_subsets=100),
    Protocol("clean", "clean-fid", "inception", "inception", "pil-bicubic", kid_subsets=100, kid_drawn_first="real"),
    Protocol("stylegan3", "the metrics of NVlabs' StyleGAN2-ADA and StyleGAN3", "inception", "vgg16", "tf1",
             covariance="N", kid_subsets=100, half_precision=True, shuffle=False),
)}


def protocol_of(name: "str | Protocol") -> Protocol:
    """The protocol of this name; an unknown one is a UsageError that names the nearest."""
    if isinstance(name, Protocol):
        return name
    if name not in PROTOCOLS:
        raise unknown("protocol", str(name), PROTOCOLS)
    return PROTOCOLS[name]
