"""Reads command lines: flags derived from settings, and one line for every mistake."""

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from ..core import Setting, UsageError, nearest, settings_of


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are UsageErrors that name the nearest right flag."""

    def __init__(self, prog: str, description: str, epilog: str = ""):
        super().__init__(prog=prog, usage=f"{prog} [flags]", description=description, epilog=epilog,
                         allow_abbrev=False, add_help=False, formatter_class=_Formatter)
        general = self.add_argument_group("general")
        general.add_argument("-h", "--help", action="help", help="show this and leave")
        general.add_argument("--debug", action="store_true", help="show the traceback of an error")

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].lower()}{message[1:]}: see '{self.prog} --help'")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse all words; an unknown one raises UsageError naming the nearest."""
        arguments, rest = self.parse_known_args(list(words))
        if rest:
            word = rest[0].split("=")[0]
            flags = [flag for action in self._actions for flag in action.option_strings]
            if word.startswith("-"):
                raise UsageError(f"unknown flag '{word}'{nearest(word, flags)}: see '{self.prog} --help'")
            raise UsageError(f"unexpected '{word}': see '{self.prog} --help'")
        return arguments

    def add_seed(self, of: str) -> None:
        """Add --seed, a whole number that every random generator takes."""
        self.add_argument("--seed", type=_seed, default=0, metavar="int", help=f"{of} [0]")

    def add_json(self) -> None:
        self.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def add_settings(self, title: str, config: type, preset: dict[str, Any], without: str = "") -> None:
        """Add one flag per field of a configuration; what is not given stays absent from the result."""
        group = self.add_argument_group(title)
        for setting in settings_of(config):
            if setting.name != without:
                _add_flag(group, setting, preset.get(setting.name, setting.default))


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise UsageError(f"seed must lie between 0 and 2^63 - 1, not {text}")
    return int(text)


def _add_flag(group: Any, setting: Setting, default: Any) -> None:
    words = setting.help.replace("%", "%%")
    shown = _show(default)
    text = f"{words} [{shown}]" if shown else words
    if setting.type is bool:
        group.add_argument(setting.flag, dest=setting.name, action=argparse.BooleanOptionalAction,
                           default=argparse.SUPPRESS, help=text)
    else:
        group.add_argument(setting.flag, dest=setting.name, default=argparse.SUPPRESS, help=text,
                           metavar=setting.type_name)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Flags in one column, their meaning in another, as wide as the terminal allows."""

    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=34)

    def _split_lines(self, text: str, width: int) -> list[str]:
        # A name such as LS-GAN stays whole, and so does a number below zero.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def settings_in(arguments: argparse.Namespace, *configs: type) -> dict[str, Any]:
    """The settings that were given on the command line."""
    given = vars(arguments)
    return {s.name: given[s.name] for config in configs for s in settings_of(config) if s.name in given}
