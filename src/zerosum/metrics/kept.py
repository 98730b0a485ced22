"""Keeps what was seen of real data: a training that is measured every minute looks at it once."""

from collections import OrderedDict
from collections.abc import Hashable

from torch import Tensor

from .metric import Seen

LIMIT = 512 * 2**20                          # bytes, of all sets together
_kept: OrderedDict[Hashable, Seen] = OrderedDict()


def find_kept(key: Hashable) -> Seen | None:
    """What was kept under this key, which must name data, samples, network and views; None where there is nothing."""
    if key in _kept:
        _kept.move_to_end(key)
    return _kept.get(key)


def keep(key: Hashable, seen: Seen) -> Seen:
    """Keep it, and give up what was not used for longest where that is too much."""
    _kept[key] = seen
    while sum(map(_bytes, _kept.values())) > LIMIT:
        _kept.popitem(last=False)
    return seen


def _bytes(seen: Seen) -> int:
    return sum(view.nbytes for view in vars(seen).values() if isinstance(view, Tensor))
