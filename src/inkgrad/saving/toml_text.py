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


def refuse_unknown(found: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise SettingError for a name that is not known, which is not `what` stands there."""
    names = list(known)
    for name in found:
        if name not in names:
            close = get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise SettingError(f"{quoted(name)} is not {what}: {hint}")


def value_of(name: str, value: Any, kind: Any) -> Any:
    """Return a value of the kind that a setting wants, str, float, int, bool or dict; a whole number is a float, too.

    Raises SettingError for another one, for infinity and NaN, and for whole numbers that 64 bits do not hold.
    """
    is_whole = type(value) is int and abs(value) <= LARGEST_WHOLE
    if kind is float and is_whole:
        return float(value)
    if type(value) is not kind or (kind is float and not isfinite(value)) or (kind is int and not is_whole):
        words = {
            str: "a text",
            float: "a number",
            int: "a whole number, and not a huge one",
            bool: "true or false",
            dict: f"a part of its own, that begins with a line [{name}]",
        }
        raise SettingError(f"{name} is {words[kind]}, got {quoted(value)}")
    return value


def values_of(found: Mapping[str, Any], kinds: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return what a table says, each value of the kind that its name has; a name that has none is not `what`.

    Raises SettingError for such a name, and as value_of() does.
    """
    refuse_unknown(found, kinds, what)
    return {name: value_of(name, value, kinds[name]) for name, value in found.items()}
