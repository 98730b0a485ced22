"""Large batches: the same floats to the last bit, in memory that no other batch in use has."""

import pytest
import torch

from zerosum.data import memory, to_float

SHAPE = (10, 3, 200, 211)                     # larger than a block, and no multiple of one


def stored(seed, dtype=torch.uint8):
    high = {torch.uint8: 2**8, torch.uint16: 2**16}[dtype]
    return torch.randint(high, SHAPE, dtype=torch.int32, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize(("dtype", "half"), [(torch.uint8, 127.5), (torch.uint16, 32767.5)])
def test_block_by_block_is_the_same_to_the_last_bit(dtype, half):
    x = stored(0, dtype)
    plain = x.float().div(half).sub(1)
    assert plain.unique().numel() == round(2 * half) + 1         # every value that can be stored
    assert torch.equal(to_float(x), plain) and to_float(x).is_contiguous()
    assert torch.equal(to_float(x.transpose(2, 3)), plain.transpose(2, 3))


def test_memory_that_nobody_holds_is_taken_again():
    first = to_float(stored(0))
    address = first.data_ptr()
    second = to_float(stored(1))
    assert second.data_ptr() != address
    del first
    assert to_float(stored(2)).data_ptr() == address


@pytest.mark.parametrize("keep", [lambda x: x[4:5], lambda x: x.view(-1)[-7:], lambda x: x.numpy()[3:, 1],
                                  lambda x: x.untyped_storage(), lambda x: (x * torch.ones(1, requires_grad=True))])
def test_whatever_shares_its_memory_keeps_a_batch(keep):
    x = to_float(stored(0))
    address, kept = x.data_ptr(), keep(x)
    del x
    others = [to_float(stored(seed)) for seed in (1, 2, 3)]
    assert address not in [other.data_ptr() for other in others]
    del kept
    assert to_float(stored(4)).data_ptr() == address


def test_a_batch_is_a_tensor_of_its_own_and_no_view():
    with torch.no_grad():
        x = to_float(stored(0))
    x += torch.ones(1, requires_grad=True)       # of a view that was made under no_grad this raises
    assert x.requires_grad


def test_no_more_is_kept_than_two_batches_need():
    many = [to_float(stored(seed)) for seed in range(5)]
    del many
    assert len(memory._spare) == 2
    to_float(stored(0)[:9])                      # of another size: what was kept is let go
    assert [block.size for block in memory._spare] == [9 * 3 * 200 * 211]
