"""TOML that a person wrote: tables with known names, and values of the types that belong there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

from inkgrad.errors import SettingError
from inkgrad.saving.untrusted import quoted
from inkgrad.whole_numbers import LARGEST_WHOLE


def read_toml(raw: bytes) -> dict[str, Any]:
    """Return what a TOML text says; SettingError when it is none, about the setting `example`, which shows one."""
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError:
        raise SettingError("this is not a text in UTF-8, which TOML is") from None
    except (ValueError, RecursionError) as error:
        raise SettingError(f"this is not TOML: {error}; `example` shows how it looks", setting="example") from None


def table_of(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table by its name, an empty one where there is none; SettingError for something else."""
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise SettingError(f"{name} is a part of its own: begin it with a line [{name}]")
    return table


def refuse_unknown(found: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise SettingError for a name that is not known, which is not `what` stands there."""
    names = list(known)
    for name in found:
        if name not in names:
            close = get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise SettingError(f"{quoted(name)} is not {what}: {hint}")


def value_of(name: str, value: Any, kind: Any) -> Any:
    """Return a text, a whole number or a number, as the setting wants it; a whole number will do for any number.

    Raises SettingError for another one, for infinity and NaN, and for whole numbers that 64 bits do not hold.
    """
    is_whole = type(value) is int and abs(value) <= LARGEST_WHOLE
    if kind is float and is_whole:
        return float(value)
    if type(value) is not kind or (kind is float and not isfinite(value)) or (kind is int and not is_whole):
        words = {str: "a text", float: "a number", int: "a whole number, and not a huge one"}
        raise SettingError(f"{name} is {words[kind]}, got {quoted(value)}")
    return value
