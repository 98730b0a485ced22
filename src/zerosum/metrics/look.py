"""From samples to the views that metrics look at, batch by batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor

from ..core import DataSpec, UsageError, ZerosumError
from .distribution.high_frequency import spectral_energy
from .features import Extractor, Pixels, Points
from .features.extractor import float_batch
from .kept import find_kept, keep
from .metric import Metric, Seen, View
from .protocol import OURS, Protocol
from .sources import Chunk, real

if TYPE_CHECKING:
    from ..data import Dataset

Look = Callable[[Tensor], Tensor]
Tell = Callable[[int, int], None]
Looked = tuple[dict[View, Tensor], tuple[int, ...]]      # the views of one chunk, and the shape of its samples


def asked_by(metrics: Iterable[Metric]) -> dict[View, str]:
    """The views that these metrics look at, and which metric asks for each."""
    return {view: metric.name for metric in metrics for view in metric.views}


class Looker:
    """Makes views of samples with an extractor. wanted: each view, and the metric that asks for it.

    `tell(done, total)` hears how many chunks of samples were looked at: a large network takes its time.
    """

    def __init__(self, wanted: Mapping[View, str], extractor: Extractor, protocol: Protocol = OURS,
                 tell: Tell | None = None):
        self.wanted, self.extractor, self.protocol, self.tell = dict(wanted), extractor, protocol, tell
        self.functions = {view: _function(view, name, extractor) for view, name in wanted.items()
                          if view != "targets"}

    def real(self, data: "Dataset", rows: Tensor, share: bool = False) -> Seen:
        """What there is to see of these samples of real data; kept, if the extractor can be told from others."""
        if not self.extractor.weights_hash and not isinstance(self.extractor, (Pixels, Points)):
            return self(real(data, rows), data.spec, share)[0]
        key = (data.fingerprint, rows.numpy().tobytes(), self.extractor.name, self.extractor.weights_hash,
               getattr(self.extractor, "input", ""), getattr(self.extractor, "shape", ()), self.protocol,
               tuple(self.wanted))
        return find_kept(key) or keep(key, self(real(data, rows), data.spec, share)[0])

    def __call__(self, chunks: Sequence[Chunk], spec: DataSpec, share: bool = False) -> tuple[Seen, tuple[int, ...]]:
        """What there is to see of all samples, which are like `spec`, and the shape of one.

        With `share` the processes of torch.distributed take turns at the chunks, and all return the same.
        """
        rank, size = (dist.get_rank(), dist.get_world_size()) if share else (0, 1)
        found = []
        for chunk in chunks[rank::size]:
            found.append(self.look_at(*chunk(), spec))
            if self.tell is not None:
                self.tell(min(len(found) * size, len(chunks)), len(chunks))
        if size > 1:
            parts: list[list[Looked]] = [[] for _ in range(size)]
            dist.all_gather_object(parts, found)
            found = [parts[i % size][i // size] for i in range(len(chunks))]
        if not found:
            raise UsageError("there are no samples to measure")
        return Seen(**{view: torch.cat([part[view] for part, _ in found]) for view in self.wanted}), found[-1][1]

    def look_at(self, x: Tensor, targets: Tensor | None, spec: DataSpec) -> Looked:
        """The views of one batch of samples like `spec`, and the shape of a sample."""
        if "spectrum" in self.wanted and not spec.is_image:
            raise UsageError(f"the metric '{self.wanted['spectrum']}' looks at images, and this data is points")
        x = _sound(float_batch(x), spec)
        if self.protocol.quantised and spec.is_image:
            x = quantised(x)
        views = {view: function(x) for view, function in self.functions.items()}
        if "targets" in self.wanted:
            views["targets"] = self._known(targets)
        return views, tuple(x.shape[1:])

    def _known(self, targets: Tensor | None) -> Tensor:
        if targets is None:
            raise UsageError(f"the metric '{self.wanted['targets']}' compares class by class: it needs data with "
                             "labels, and a model that is asked for them (or generated images in class subfolders)")
        return targets.cpu().long()


def _sound(x: Tensor, spec: DataSpec) -> Tensor:
    shape = tuple(x.shape[1:])
    if len(shape) != len(spec.shape) or (not spec.is_image and shape != spec.shape):
        raise UsageError(f"the samples are {times(shape)} and the data is {times(spec.shape)}")
    bad = int((~torch.isfinite(x)).flatten(1).any(1).sum())
    if bad:
        raise ZerosumError(f"{bad} of {len(x)} samples are NaN or infinite: nothing can be measured")
    return x.clamp(-1, 1) if spec.is_image else x            # as a picture file would


def quantised(x: Tensor) -> Tensor:
    """Images in [-1, 1] with the 256 values that 8 bits have; what lies between two goes to the nearer, halves up.

    NVlabs' floor(127.5 x + 128) and torchvision's save_image, floor(255 (x + 1) / 2 + 0.5), are the same.
    """
    return (x * 127.5 + 128).floor_().clamp_(0, 255).div_(127.5).sub_(1)


def _function(view: View, metric: str, extractor: Extractor) -> Look:
    """What turns samples into what a metric looks at."""
    simple: dict[View, Look] = {"features": extractor, "samples": float_batch, "spectrum": spectral_energy}
    if view in simple:
        return simple[view]
    method = getattr(extractor, {"labels": "classify", "probabilities": "probabilities"}[view], None)
    if method is None:
        raise UsageError(f"the metric '{metric}' needs a judge that gives {view}, and {extractor.name} gives none: "
                         "it works on digits, glyphs and shapes with --features judge")
    return method


def times(shape: tuple[int, ...]) -> str:
    """A shape in words: 3x32x32."""
    return "x".join(map(str, shape))
