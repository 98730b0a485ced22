"""Memory for large batches, taken again from those that nobody holds any more."""

import math
import weakref
from collections import deque

import numpy as np
import torch
from torch import Tensor

# Bytes. Below, the bookkeeping costs more than it saves; above, what is kept would be missed.
LEAST, MOST = 2**22, 2**26
_spare: deque[np.ndarray] = deque(maxlen=2)  # one batch is in use while the next is made: more are never needed


def empty(shape: tuple[int, ...]) -> Tensor:
    """An uninitialised float32 tensor that shares its memory with no tensor in use, as `torch.empty` makes it.

    malloc gives large blocks back to the system at nearly every free, and writing to fresh pages costs about as much as
    the conversion of a batch.
    """
    size = math.prod(shape)
    if not LEAST <= 4 * size <= MOST:
        return torch.empty(shape)
    block = None
    while block is None or block.size != size:   # of another batch size: let go
        try:
            block = _spare.pop()                 # at once, so that two threads never take the same
        except IndexError:
            block = torch.empty(size).numpy()
    # Whatever shares the tensor's memory keeps this view alive, and its end makes the block spare.
    view = block.reshape(shape)
    weakref.finalize(view, _spare.append, block).atexit = False
    return torch.from_numpy(view)
