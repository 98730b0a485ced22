"""Settings: fields become flags, text becomes values, and a mistake becomes one line."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest

from zerosum.core import Setting, UsageError, between, build, distribute, nearest, positive, settings_of, unknown


@dataclass(frozen=True)
class Parent:
    count: int = 3                           # how many
    rate: float = 0.5                        # how fast: 50 % of "light" # really
    kind: Literal["a", "b-c"] = "a"          # which
    on: bool = False                         # whether


@dataclass(frozen=True)
class Child(Parent):
    rate: float = 0.25                       # slower
    betas: tuple[float, float] = (0.5, 0.9)  # of Adam
    widths: tuple[int, ...] = (1, 2)         # any number
    size: int | None = None                  # or none
    name: str = "x"                          # text
    level: Literal[1, 2] = 1                 # a number to choose
    bare: int = 0


def setting(name: str) -> Setting:
    return next(s for s in settings_of(Child) if s.name == name)


def test_fields_come_with_flags_types_defaults_and_comments():
    table = {s.name: (s.flag, s.type_name, s.default, s.help) for s in settings_of(Child)}
    assert table == {
        "count": ("--count", "int", 3, "how many"),
        "rate": ("--rate", "float", 0.25, "slower"),         # the child says it better
        "kind": ("--kind", "a|b-c", "a", "which"),
        "on": ("--on", "bool", False, "whether"),
        "betas": ("--betas", "float,float", (0.5, 0.9), "of Adam"),
        "widths": ("--widths", "int,...", (1, 2), "any number"),
        "size": ("--size", "int|none", None, "or none"),
        "name": ("--name", "str", "x", "text"),
        "level": ("--level", "1|2", 1, "a number to choose"),
        "bare": ("--bare", "int", 0, ""),
    }
    assert {s.name: s.help for s in settings_of(Parent)}["rate"] == 'how fast: 50 % of "light" # really'


def test_a_class_typed_at_a_prompt_works_without_comments():
    space = {"__name__": "prompt"}
    exec("from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Typed:\n    a: int = 1  # one\n", space)
    assert [(s.name, s.help) for s in settings_of(space["Typed"])] == [("a", "")]


@pytest.mark.parametrize(("name", "text", "value"), [
    ("count", "7", 7), ("count", "-7", -7), ("count", "1_000", 1000), ("count", 7, 7), ("count", 7.0, 7),
    ("rate", "1e-3", 1e-3), ("rate", "3", 3.0), ("rate", 3, 3.0),
    ("kind", "b-c", "b-c"), ("level", "2", 2), ("level", 2, 2),
    ("on", "true", True), ("on", "No", False), ("on", True, True), ("on", "0", False),
    ("betas", "0.1,0.2", (0.1, 0.2)), ("betas", "0.1, 0.2", (0.1, 0.2)), ("betas", [0, 1], (0.0, 1.0)),
    ("widths", "5", (5,)), ("widths", "5,6,7", (5, 6, 7)), ("widths", [8, 9], (8, 9)),
    ("size", "none", None), ("size", "None", None), ("size", None, None), ("size", "5", 5),
    ("name", "", ""), ("name", "a,b", "a,b"),
])
def test_values(name, text, value):
    found = setting(name).parse(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(("name", "text", "says"), [
    ("count", "x", "count: 'x' is not a whole number"), ("count", "1.5", "not a whole number"),
    ("count", 1.5, "not a whole number"), ("count", True, "not a whole number"), ("count", "", "not a whole number"),
    ("count", None, "not a whole number"), ("count", [1], "not a whole number"),
    ("rate", "fast", "rate: 'fast' is not a number"), ("rate", "nan", "not a number"), ("rate", False, "not a number"),
    ("kind", "c", "kind: 'c' is not one of a, b-c"), ("kind", "A", "not one of a, b-c"),
    ("level", "3", "not one of 1, 2"), ("on", "maybe", "on: 'maybe' is not true or false"),
    ("on", 2, "not true or false"),
    ("betas", "0.1", "not a list of numbers like float,float"), ("betas", "1,2,3", "not a list of numbers"),
    ("betas", "1,x", "not a list of numbers"), ("betas", 0.5, "not a list"), ("widths", "", "not a list of numbers"),
    ("widths", "1,,2", "not a list of numbers"), ("size", "big", "not one of int, none"),
])
def test_values_that_are_none(name, text, says):
    with pytest.raises(UsageError) as error:
        setting(name).parse(text)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_build():
    assert build(Child, {"count": "4", "betas": "0,0.9"}) == Child(count=4, betas=(0.0, 0.9))
    with pytest.raises(UsageError, match=r"unknown setting 'cuont' \(did you mean count\?\)"):
        build(Child, {"cuont": 4})


def test_distribute():
    @dataclass(frozen=True)
    class Other:
        batch_size: int = 1                  # of it
    assert distribute([Child, Other], {"batch-size": 3, "count": 5, "on": "yes"}) == [{"count": 5, "on": "yes"},
                                                                                     {"batch_size": 3}]
    with pytest.raises(UsageError, match=r"'bach_size' \(did you mean batch_size\?\)"):
        distribute([Child, Other], {"bach-size": 3})


def test_positive_and_between():
    positive(Child(), "count", "rate")
    for bad in (0, -1, math.nan):
        with pytest.raises(UsageError, match=f"count must be greater than 0, not {bad}"):
            positive(Child(count=bad), "count")
    between(Child(), 0, 1, "rate", "betas")
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(UsageError, match="betas must lie between 0 and 1, not"):
            between(Child(betas=(0.5, bad)), 0, 1, "betas")


def test_what_is_unknown_is_named_with_what_is_near():
    few = ["adam", "sgd"]
    assert str(unknown("optimizer", "adamm", few)) == "unknown optimizer 'adamm' (did you mean adam?)"
    assert str(unknown("optimizer", "zzz", few)) == "unknown optimizer 'zzz'; there is: adam, sgd"
    assert str(unknown("optimizer", "zzz", [])) == "unknown optimizer 'zzz'"
    assert str(unknown("optimizer", "zzz", [f"name{i}" for i in range(30)])) == "unknown optimizer 'zzz'"
    assert nearest("x", []) == "" and unknown("a", "b", few).exit_status == 2
