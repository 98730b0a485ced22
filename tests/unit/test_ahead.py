"""The batch that is gathered ahead: the same samples in the same order, whatever is asked for."""

import threading
import time

import pytest
import torch
from toys import Toy, train

from zerosum.engine.ahead import Ahead


class Source:
    """Says which samples were asked for, and notices whether two ask at once."""

    def __init__(self, seconds: float = 0.0, bad: int = -1):
        self.asked, self.bad, self.seconds, self.busy = [], bad, seconds, threading.Lock()

    def __call__(self, first: int, count: int) -> dict[str, torch.Tensor]:
        assert self.busy.acquire(blocking=False), "two gather at once"
        self.asked.append((first, count))
        time.sleep(self.seconds)
        self.busy.release()
        if first <= self.bad < first + count:
            raise OSError(f"sample {self.bad} cannot be read")
        return {"x": torch.arange(first, first + count)}


def test_what_was_guessed_is_gathered_once():
    source = Source()
    ahead = Ahead(source)
    for k in range(4):
        assert torch.equal(ahead.take(8 * k, 8, 8)["x"], torch.arange(8 * k, 8 * k + 8))
    assert source.asked[:4] == [(0, 8), (8, 8), (16, 8), (24, 8)] and len(source.asked) <= 5


def test_other_batch_sizes_and_places_are_gathered_anew_and_never_two_at_once():
    source = Source(seconds=0.01)
    ahead = Ahead(source)
    for first, count in ((0, 8), (8, 8), (16, 4), (20, 4), (24, 2), (0, 8), (8, 16)):
        assert torch.equal(ahead.take(first, count, count)["x"], torch.arange(first, first + count))


def test_an_error_is_raised_where_its_samples_are_asked_for():
    ahead = Ahead(Source(bad=12))
    assert len(ahead.take(0, 8, 8)["x"]) == 8
    with pytest.raises(OSError, match="sample 12 cannot be read"):
        ahead.take(8, 8, 8)
    assert ahead.take(16, 8, 8)["x"][0] == 16
    skipped = Ahead(Source(bad=12))
    skipped.take(0, 8, 8)
    assert skipped.take(16, 8, 8)["x"][0] == 16          # nobody asked for what could not be read


def sizes(game):
    """Batches of changing size, each sample noted."""
    game.model.seen += [game.batch(n).x for n in ((4, 4, 2) if game.step % 2 else (8,))]
    return {}


def test_a_training_sees_the_same_samples_with_and_without_it():
    found = []
    for ahead in (False, True):
        model = Toy(sizes)
        model.seen = []
        trainer = train(model)
        if ahead:                            # as on a device of its own
            trainer._ahead = Ahead(trainer._gather)
        trainer.fit(steps=6)
        found.append(torch.cat(model.seen))
    assert torch.equal(*found) and len(found[0]) == 54
