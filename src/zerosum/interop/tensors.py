"""Tensors from the records of a pickle: nothing is larger than the bytes that are there, and no view leaves them."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core import ZerosumError
from .allowed import Name, quoted
from .pickles import MOST_COPIED, PERSISTENT, Record

MOST_DIMENSIONS = 16

_STORAGES = {"HalfStorage": torch.float16, "FloatStorage": torch.float32, "DoubleStorage": torch.float64,
             "BFloat16Storage": torch.bfloat16, "ByteStorage": torch.uint8, "CharStorage": torch.int8,
             "ShortStorage": torch.int16, "IntStorage": torch.int32, "LongStorage": torch.int64,
             "BoolStorage": torch.bool, "ComplexFloatStorage": torch.complex64,
             "ComplexDoubleStorage": torch.complex128, "UntypedStorage": torch.uint8}
_TYPES = {name: getattr(torch, name) for name in (
    "float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool", "uint16", "uint32",
    "uint64", "complex64", "complex128")}
_NUMPY = {"f2": torch.float16, "f4": torch.float32, "f8": torch.float64, "u1": torch.uint8, "i1": torch.int8,
          "i2": torch.int16, "i4": torch.int32, "i8": torch.int64, "b1": torch.bool}
_REBUILT = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"}
_PARAMETERS = {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}
_ARRAYS = {"multiarray._reconstruct", "numeric._frombuffer", "multiarray.scalar"}


def is_tensor(value: Any) -> bool:
    """Whether a value of a pickle stands for a tensor or an array of NumPy."""
    return isinstance(value, Tensor) or (isinstance(value, Record) and (
        value.name in _REBUILT | _PARAMETERS or value.name == "torch._tensor._rebuild_from_type_v2"
        or (value.name.startswith("numpy.") and value.name.split(".", 2)[-1] in _ARRAYS)))


class Tensors:
    """Makes tensors of records, each once; `storage` finds the numbers that a persistent id, or bytes, stand for."""

    def __init__(self, storage: Callable[[Any], Tensor], size: int):
        self.storage, self.bytes = storage, MOST_COPIED * size + 2**20
        self._made: dict[int, tuple[Any, Tensor]] = {}

    def __call__(self, value: Any) -> Tensor:
        """The tensor that a value stands for; raises ZerosumError where its shape goes beyond its storage."""
        if isinstance(value, Tensor):
            return value
        for _ in range(4):                   # a parameter is made of a tensor, a subclass of either
            if value.name in _PARAMETERS:
                value = _argument(value, 0)
            elif value.name == "torch._tensor._rebuild_from_type_v2":
                value = Record(getattr(_argument(value, 0), "text", ""), _argument(value, 2))
        if id(value) not in self._made:
            try:
                made = self._view(value) if value.name in _REBUILT else self._array(value)
            except (TypeError, ValueError, IndexError, KeyError, AttributeError, RuntimeError) as error:
                raise ZerosumError(f"this file describes a tensor wrongly ({quoted(str(error))})") from None
            self._made[id(value)] = value, made
        return self._made[id(value)][1]

    def _array(self, record: Record) -> Tensor:
        made = _array(record)
        self.bytes -= made.nbytes            # one string of bytes may be said to be that of many arrays
        if self.bytes < 0:
            raise ZerosumError("this file refers to its arrays more often than weights do: it is refused")
        return made

    def _view(self, record: Record) -> Tensor:
        storage, offset, size, stride = record.args[:4]
        numbers = self.storage(storage)
        if record.name.endswith("v3"):       # an untyped storage, whose type comes last
            numbers = numbers.view(_TYPES[record.args[6].text.removeprefix("torch.")])
        counts = [*size, *stride, offset]
        if not all(type(count) is int and 0 <= count < 2**48 for count in counts) or len(size) != len(stride):
            raise ValueError("impossible shape, strides or offset")
        return _within(numbers, list(size), list(stride), offset)


def _within(numbers: Tensor, size: list[int], stride: list[int], offset: int) -> Tensor:
    """The view of a storage, where all of it is there."""
    count = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if count else 0
    if len(size) > MOST_DIMENSIONS or math.prod(max(1, n) for n in size) >= 2**48 or max(last + 1, count) > max(
            1, len(numbers)) or (count and not len(numbers)):
        raise ZerosumError(f"this file has a tensor of {count:,} numbers in a storage of {len(numbers):,}: it is "
                           "refused")
    return numbers.as_strided(size, stride, offset) if count else numbers.new_empty(size)


def storage_type(kind: Any) -> torch.dtype:
    """The type of the numbers of a storage, from the name of its class."""
    short = kind.text.rpartition(".")[2] if isinstance(kind, Name) else ""
    if short not in _STORAGES:
        raise ZerosumError("this file has a storage of a type that zerosum does not read "
                           f"({quoted(short or type(kind).__name__)})")
    return _STORAGES[short]


def numbers_of(data: bytes, dtype: torch.dtype, swap: bool = False) -> Tensor:
    """Bytes as numbers of a type, (N,); `swap`: they are in the other byte order."""
    width = dtype.itemsize
    data = data[:len(data) - len(data) % width]
    if not data:
        return torch.empty(0, dtype=dtype)
    raw = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    if swap:
        part = width // 2 if dtype.is_complex else width
        raw = raw.view(-1, part).flip(1).reshape(-1)
    if dtype is torch.bool:
        return raw != 0                      # other values of a byte are no truth values
    return raw.view(dtype)


def _argument(record: Any, index: int) -> Any:
    if not (isinstance(record, Record) and len(record.args) > index):
        raise ZerosumError("this file describes a tensor wrongly")
    return record.args[index]


def _array(record: Record) -> Tensor:
    """An array or a number of NumPy."""
    kind = record.name.split(".", 2)[-1] if record.name.startswith("numpy.") else ""
    if kind == "numeric._frombuffer":
        data, dtype, size, order = record.args
    elif kind == "multiarray.scalar":
        (dtype, data), size, order = record.args, (), "C"
    elif kind == "multiarray._reconstruct" and isinstance(record.state, tuple):
        _, size, dtype, fortran, data = record.state
        order = "F" if fortran else "C"
    else:
        raise ZerosumError(f"this file has {quoted(record.name)} where a tensor belongs")
    code, swap = _numpy_type(dtype)
    numbers = numbers_of(data.encode("latin1") if isinstance(data, str) else bytes(data), code, swap)
    if not all(type(n) is int and 0 <= n < 2**48 for n in size) or math.prod(size) != len(numbers):
        raise ValueError("an array's shape does not fit its numbers")
    if order == "F":
        return numbers.reshape(tuple(size)[::-1]).permute(*reversed(range(len(size))))
    return numbers.reshape(tuple(size))


def _numpy_type(dtype: Any) -> tuple[torch.dtype, bool]:
    """Type and whether the byte order is the other one (the state of a dtype holds it)."""
    code = dtype.args[0] if isinstance(dtype, Record) and dtype.name == "numpy.dtype" else None
    if code not in _NUMPY:
        raise ZerosumError("this file has an array of a type that zerosum does not read "
                           f"({quoted(code) if isinstance(code, str) else 'unknown'})")
    return _NUMPY[code], isinstance(dtype.state, tuple) and len(dtype.state) > 1 and dtype.state[1] == ">"


def is_persistent(value: Any) -> bool:
    """Whether a value stands for something that lies beside the pickle."""
    return isinstance(value, Record) and value.name == PERSISTENT
