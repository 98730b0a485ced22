"""What a pickle may name: the classes and functions that weights need; of Python, PyTorch and NumPy no others.

Nothing here is ever imported or called for a file's sake. Names of others' classes are let through, as records of them
hold weights; names of others' functions may be said, but not called.
"""

import sys
from _compat_pickle import IMPORT_MAPPING
from dataclasses import dataclass
from typing import Any

from ..core import ZerosumError


@dataclass(frozen=True)
class Name:
    """A function or class that a pickle names, `module.name`; it is not looked up."""

    text: str


# Calls to these make containers, of plain data.
CONTAINERS = {"collections.OrderedDict", "collections.Counter", "collections.defaultdict", "builtins.dict",
              "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.bytearray",
              "torch.Size", "_codecs.encode", "copyreg._reconstructor"}
# Calls to these make records.
_ALLOWED = {f"torch._utils.{name}" for name in (
    "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter",
    "_rebuild_parameter_with_state")} | {
    "torch._tensor._rebuild_from_type_v2", "torch.storage._load_from_bytes", "torch.storage.UntypedStorage",
    "torch.storage.TypedStorage", "torch.nn.parameter.Parameter", "torch.Tensor", "torch.device",
    "numpy.ndarray", "numpy.dtype", "argparse.Namespace", "types.SimpleNamespace", "pathlib.Path",
    "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "pathlib.PureWindowsPath",
    "datetime.datetime", "datetime.timedelta", "builtins.object", "builtins.int", "builtins.float", "builtins.str",
    "builtins.bool", "builtins.complex", "builtins.slice"} | {
    f"numpy.{core}.{name}" for core in ("core", "_core") for name in (
        "multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer")}
_CLASSES_OF = ("torch.nn.modules.", "torch.optim.")           # their objects become records
_TYPES_OF_TORCH = {"float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool",
                   "uint16", "uint32", "uint64", "complex64", "complex128", "half", "float", "double", "long", "int"}
PERSISTENCE = "_reconstruct_persistent_obj"                  # of NVIDIA's networks, wherever the file keeps it


def quoted(text: Any) -> str:
    """Foreign text, fit for a line of an error message."""
    return ascii(text if len(text) <= 80 else text[:80] + "...")


def checked_name(module: str, name: str) -> Name:
    """The name that a pickle asks for; raises ZerosumError for one that weights have no use for."""
    module = IMPORT_MAPPING.get(module, module)               # of Python 2
    full, root = f"{module}.{name}", module.split(".")[0]
    if full in _ALLOWED or full in CONTAINERS:
        return Name(full)
    of_torch = module == "torch" and (name.endswith("Storage") or name in _TYPES_OF_TORCH)
    known = full.startswith(_CLASSES_OF) and _is_class(name)
    trusted = root in sys.stdlib_module_names or root in ("torch", "numpy")
    if not (of_torch or known) and (trusted or not module or not name.isidentifier()):
        raise ZerosumError(f"this file asks for {quoted(full)}, which weights have no use for: it is refused, and "
                           "nothing of it was run")
    return Name(full)


def checked_call(name: Name) -> str:
    """What a record of a call is named; raises ZerosumError for a call that weights have no use for."""
    short = name.text.rpartition(".")[2]
    if not (name.text in _ALLOWED or _is_class(short) or short == PERSISTENCE):
        raise ZerosumError(f"this file calls {quoted(name.text)}, which weights have no use for: it is refused, and "
                           "nothing of it was run")
    return name.text


def _is_class(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()
