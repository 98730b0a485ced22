"""Reads pickles without running them: a stack machine of its own makes plain data, and records of everything else.

Python's `pickle` imports what a file names and calls it. Here a name stays a `Name`, a call becomes a `Record` of what
was to be called with what, and an object's state lies beside it unread. Names of the standard library, of PyTorch and
of NumPy are refused but for those that weights need (`allowed`), as nothing good comes with them.
"""

import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ..core import ZerosumError
from .allowed import Name, checked_call, checked_name, quoted

MOST_STEPS = 3_000_000                       # instructions of one pickle, and elements of what it makes by calls
MOST_COPIED = 4                              # bytes that calls may make, in sizes of the file
KEYS = (str, bytes, int, float, bool, type(None))


@dataclass(eq=False)
class Record:
    """What a pickle would have made by calling `name` with `args`, and then given a `state`, items or elements."""

    name: str
    args: tuple = ()
    state: Any = None
    items: dict = field(default_factory=dict)                 # of a subclass of dict
    elements: list = field(default_factory=list)              # of a subclass of list


PERSISTENT = "persistent id"                 # the name of records of what lies beside the pickle


class Machine:
    """Runs the instructions of one pickle on a stack of plain data; `size` is that of the file it is in."""

    def __init__(self, size: int):
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []    # stacks below the open marks
        self.memo: dict[int, Any] = {}
        self.steps, self.bytes = MOST_STEPS, MOST_COPIED * size + 2**20

    def run(self, file: BinaryIO) -> Any:
        """The value of the pickle that begins here; the file is left behind its end. Raises ZerosumError."""
        try:
            for opcode, argument, _ in pickletools.genops(file):
                self.spend(1)
                if opcode.name in _PUSHED:
                    self.stack.append(argument)
                elif opcode.name in _INSTRUCTIONS:
                    _INSTRUCTIONS[opcode.name](self, argument)
                elif opcode.name not in _NOTHING:
                    raise ZerosumError(f"this file uses the instruction {opcode.name} of pickle, which weights have "
                                       "no use for: it is refused, and nothing of it was run")
            return self.stack.pop()
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error) as error:
            raise ZerosumError(f"this file is no pickle, or a damaged one ({quoted(str(error))})") from None

    def spend(self, steps: int, copied: int = 0) -> None:
        """Count work and memory, of which a small file may ask for much."""
        self.steps -= steps
        self.bytes -= copied
        if self.steps < 0 or self.bytes < 0:
            raise ZerosumError(f"this file asks for more than {MOST_STEPS:,} steps, or for more memory than it could "
                               "fill: it is refused")

    # Instructions -----------------------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self, _: Any) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        found, self.stack = self.stack, self.marked.pop()
        return found

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def store(self, number: int | None) -> None:
        self.memo[len(self.memo) if number is None else number] = self.stack[-1]

    def make_tuple(self, count: int) -> None:
        values = [self.stack.pop() for _ in range(count)]
        self.stack.append(tuple(values[::-1]))

    def name(self, words: str | None) -> None:
        if words is None:
            name, module = self.stack.pop(), self.stack.pop()
            if not (isinstance(name, str) and isinstance(module, str)):
                raise ZerosumError("this file asks for a function by something that is no name: it is refused")
        else:
            module, _, name = words.partition(" ")
        self.stack.append(checked_name(module, name))

    def call(self, _: Any) -> None:
        """What the pickle wants called is recorded; containers are made of their elements."""
        args, what = self.stack.pop(), self.stack.pop()
        if not (isinstance(what, Name) and isinstance(args, tuple)):
            raise ZerosumError("this file calls something that it made itself: it is refused, and nothing of it was "
                               "run")
        if what.text in _MAKERS:
            self.stack.append(_MAKERS[what.text](self, *args))
            return
        self.stack.append(Record(checked_call(what), args))

    def build(self, _: Any) -> None:
        state, what = self.stack.pop(), self.stack[-1]
        if isinstance(what, Record):
            what.state = state
        elif not isinstance(what, dict):     # attributes of an OrderedDict, such as _metadata, are of no use
            raise ZerosumError(f"this file gives a state to a {type(what).__name__}: it is refused")

    def append(self, _: Any) -> None:
        self.extend([self.stack.pop()])

    def extend(self, values: list[Any]) -> None:
        what = self.stack[-1]
        (what.elements if isinstance(what, Record) else _a(list, what)).extend(values)

    def set_items(self, pairs: list[Any]) -> None:
        what = self.stack[-1]
        items = what.items if isinstance(what, Record) else _a(dict, what)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            items[_key(key)] = value

    def make_dict(self, _: Any) -> None:
        pairs = self.since_mark()
        self.stack.append({})
        self.set_items(pairs)

    def add_items(self, _: Any) -> None:
        keys = self.since_mark()
        _a(set, self.stack[-1]).update(map(_key, keys))

    def set_item(self, _: Any) -> None:
        value = self.stack.pop()
        self.set_items([self.stack.pop(), value])

    def record_persistent(self, _: Any) -> None:
        words = self.stack.pop()
        # Older files say a class so, to keep its source beside it.
        is_class = isinstance(words, tuple) and words[:1] == ("module",) and isinstance(words[1], Name)
        self.stack.append(words[1] if is_class else Record(PERSISTENT, (words,)))


def _a(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ZerosumError(f"this file fills a {type(value).__name__} as if it were a {kind.__name__}: it is refused")
    return value


def _key(key: Any) -> Any:
    """A key whose hash costs little, whatever a file does; else ZerosumError."""
    flat = key if isinstance(key, tuple) and len(key) <= 8 else (key,)
    if not all(isinstance(part, KEYS) and not (isinstance(part, int) and abs(part) >= 2**63) for part in flat):
        raise ZerosumError(f"this file has a key of a dictionary that is a {type(key).__name__}: it is refused")
    return key


def _dict(machine: Machine, *args: Any) -> dict[Any, Any]:
    found = {}
    for pair in (args[0].items() if args and isinstance(args[0], dict) else args[0] if args else ()):
        machine.spend(1)
        key, value = pair
        found[_key(key)] = value
    return found


def _container(kind: type, elements_are_keys: bool = False) -> Callable[..., Any]:
    def make(machine: Machine, *args: Any) -> Any:
        elements = args[0] if args else ()
        if len(args) > 1 or not isinstance(elements, (list, tuple, set, frozenset)):
            raise ZerosumError(f"this file makes a {kind.__name__} of something else: it is refused")
        machine.spend(len(elements))
        return kind(map(_key, elements) if elements_are_keys else elements)
    return make


def _encoded(machine: Machine, text: str, encoding: str = "") -> bytes:
    """Bytes as Python 2 and protocol 2 write them."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise ZerosumError(f"this file encodes text as {quoted(str(encoding))}: it is refused")
    machine.spend(1, len(text))
    return text.encode("latin1")


def _byte_array(machine: Machine, *args: Any) -> bytes:
    if args == ():
        return b""
    return args[0] if isinstance(args[0], bytes) else _encoded(machine, *args)


def _object(machine: Machine, kind: Name, base: Name, state: Any) -> Record:
    """An object as protocols 0 and 1 make it; the base is what it is a subclass of."""
    return Record(kind.text, (), None, _dict(machine, state) if base.text == "builtins.dict" else {},
                  list(state) if base.text == "builtins.list" and isinstance(state, list) else [])


_MAKERS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict, "builtins.dict": _dict, "collections.Counter": _dict,
    "collections.defaultdict": lambda machine, *args: {}, "builtins.list": _container(list),
    "builtins.tuple": _container(tuple), "torch.Size": _container(tuple),
    "builtins.set": _container(set, True), "builtins.frozenset": _container(frozenset, True),
    "builtins.bytearray": _byte_array, "_codecs.encode": _encoded, "copyreg._reconstructor": _object}

_PUSHED = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
           "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
           "BINBYTES8", "BYTEARRAY8"}
_NOTHING = {"PROTO", "FRAME", "STOP"}
_INSTRUCTIONS: dict[str, Callable[[Machine, Any], Any]] = {
    "NONE": lambda m, _: m.push(None), "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False), "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}), "EMPTY_SET": lambda m, _: m.push(set()),
    "EMPTY_TUPLE": lambda m, _: m.push(()), "MARK": Machine.mark, "POP": Machine.pop,
    "POP_MARK": lambda m, _: m.since_mark(), "DUP": lambda m, _: m.push(m.stack[-1]),
    "LIST": lambda m, _: m.push(m.since_mark()), "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "DICT": Machine.make_dict,
    "FROZENSET": lambda m, _: m.push(frozenset(map(_key, m.since_mark()))),
    "TUPLE1": lambda m, _: m.make_tuple(1), "TUPLE2": lambda m, _: m.make_tuple(2),
    "TUPLE3": lambda m, _: m.make_tuple(3), "APPEND": Machine.append,
    "APPENDS": lambda m, _: m.extend(m.since_mark()), "SETITEM": Machine.set_item,
    "SETITEMS": lambda m, _: m.set_items(m.since_mark()),
    "ADDITEMS": Machine.add_items,
    "GET": lambda m, n: m.push(m.memo[n]), "BINGET": lambda m, n: m.push(m.memo[n]),
    "LONG_BINGET": lambda m, n: m.push(m.memo[n]), "PUT": Machine.store, "BINPUT": Machine.store,
    "LONG_BINPUT": Machine.store, "MEMOIZE": Machine.store, "GLOBAL": Machine.name, "STACK_GLOBAL": Machine.name,
    "REDUCE": Machine.call, "NEWOBJ": Machine.call, "BUILD": Machine.build,
    "PERSID": lambda m, text: m.push(Record(PERSISTENT, (text,))), "BINPERSID": Machine.record_persistent}
