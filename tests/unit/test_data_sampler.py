"""The stream of sample numbers: pure, seamless, complete."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zerosum.core import UsageError
from zerosum.data import Sampler


@settings(deadline=None)                    # a busy machine is no failure
@given(st.integers(1, 40), st.integers(-2**63, 2**63), st.lists(st.integers(0, 25), max_size=12), st.integers(0, 100))
def test_any_chunking_gives_the_same_stream(n, seed, chunks, start):
    pieces, cursor, sampler = [], start, Sampler(n, seed)
    for count in chunks:
        pieces.append(sampler.indices(cursor, count))
        cursor += count
    whole = Sampler(n, seed).indices(start, cursor - start)
    assert whole.dtype == torch.int64
    assert torch.equal(torch.cat([*pieces, torch.empty(0, dtype=torch.int64)]), whole)


@settings(deadline=None)                    # a busy machine is no failure
@given(st.integers(1, 50), st.integers(0, 2**32), st.integers(0, 5))
def test_each_epoch_holds_every_sample_once(n, seed, epoch):
    assert sorted(Sampler(n, seed).indices(epoch * n, n).tolist()) == list(range(n))


def test_epochs_and_seeds_differ():
    sampler = Sampler(100, 7)
    epochs = [sampler.indices(100 * e, 100) for e in range(3)]
    others = [Sampler(100, seed).indices(0, 100) for seed in (8, 7 + 2**32, -7)]
    for i, one in enumerate(epochs + others):
        assert not any(torch.equal(one, other) for other in (epochs + others)[i + 1:])


def test_the_stream_is_the_same_in_every_version():
    assert Sampler(10, 3).indices(8, 6).tolist() == [0, 6, 8, 1, 3, 5]


def test_reading_back_and_forth_changes_nothing():
    sampler = Sampler(12, 1)
    first = sampler.indices(0, 30)
    sampler.indices(100, 5)
    assert torch.equal(sampler.indices(0, 30), first)


def test_what_is_returned_may_be_written_to():
    sampler = Sampler(5, 0)
    order = sampler.indices(0, 5).clone()
    sampler.indices(0, 5).zero_()
    assert torch.equal(sampler.indices(0, 5), order)


def test_without_shuffling_the_samples_come_in_order():
    assert Sampler(4, 0, shuffle=False).indices(2, 7).tolist() == [2, 3, 0, 1, 2, 3, 0]


def test_an_empty_set_is_refused():
    with pytest.raises(UsageError, match="empty"):
        Sampler(0, 0)
