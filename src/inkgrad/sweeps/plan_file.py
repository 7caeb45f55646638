"""The file of a plan, a small TOML: how it looks, and how it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, get_type_hints

from inkgrad.errors import SettingError
from inkgrad.saving import quoted
from inkgrad.sessions import TrainingSettings
from inkgrad.sweeps.plan import Plan, Search
from inkgrad.sweeps.space import Choice, Range
from inkgrad.whole_numbers import LARGEST_WHOLE

KINDS = get_type_hints(TrainingSettings)  # of the settings of a training, by their names
SEARCH = get_type_hints(Search) | {"trials": int}

EXAMPLE = """\
# What `inkgrad sweep` tries. Before the first [part]: settings of `inkgrad train` that all trials share.
model = "seed"
epochs = 3

[search]
how = "random"  # or "grid": every combination of lists; or "asha": random, and the worse trials stop early
trials = 20
seed = 0        # where the drawn settings come from

[space]         # other settings of `inkgrad train`: lists of values, or ranges
lr = {low = 0.005, high = 0.5, log = true}
batch_size = [32, 64, 128]
momentum = {low = 0.5, high = 0.99}
"""
"""A file of a plan, to begin with."""


def read_plan(path: Path, trials: int | None = None) -> Plan:
    """Return the plan in a TOML file; `trials` goes before the number in the file.

    Raises SettingError, beginning with the file's name, when it is not TOML, has a name that means nothing here,
    or a plan that makes no sense; OSError when it cannot be read.
    """
    try:
        return _plan(_toml(path.read_bytes()), trials)
    except SettingError as error:
        raise SettingError(f"{path}: {error}", setting=error.setting) from None


def _toml(raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError:
        raise SettingError("this is not a text in UTF-8, which TOML is") from None
    except (ValueError, RecursionError) as error:
        raise SettingError(f"this is not TOML: {error}; `example` shows how it looks", setting="example") from None


def _plan(found: dict[str, Any], trials: int | None) -> Plan:
    search, space = _table(found, "search"), _table(found, "space")
    _refuse_unknown(found, (*KINDS, "search", "space"), "a setting of inkgrad train or a part of the file")
    _refuse_unknown(search, SEARCH, "a setting of [search]")
    _refuse_unknown(space, KINDS, "a setting of inkgrad train")
    fixed = {name: _value(name, found[name], KINDS[name]) for name in found if name in KINDS}
    how = {name: _value(name, search[name], SEARCH[name]) for name in search}
    for name in space:
        if name in fixed:
            raise SettingError(f"{name} is both fixed and in [space]: leave one of them out")
        if name == "classes":
            raise SettingError("classes belongs to the data, so it cannot be searched: put it before [search]")
    values = {name: _values(name, space[name]) for name in space}
    return Plan(fixed, values, Search(**(how | ({} if trials is None else {"trials": trials}))))


def _table(found: dict[str, Any], name: str) -> dict[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise SettingError(f"{name} is a part of its own: begin it with a line [{name}]")
    return table


def _refuse_unknown(found: Iterable[str], known: Iterable[str], what: str) -> None:
    names = list(known)
    for name in found:
        if name not in names:
            close = get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise SettingError(f"{quoted(name)} is not {what}: {hint}")


def _value(name: str, value: Any, kind: Any) -> Any:
    """Return a value as the setting wants it; a whole number will do for any number."""
    is_whole = type(value) is int and abs(value) <= LARGEST_WHOLE
    if kind is float and is_whole:
        return float(value)
    if type(value) is not kind or (kind is float and not isfinite(value)) or (kind is int and not is_whole):
        words = {str: "a text", float: "a number", int: "a whole number, and not a huge one"}
        raise SettingError(f"{name} is {words[kind]}, got {quoted(value)}")
    return value


def _values(name: str, found: Any) -> Choice | Range:
    kind = KINDS[name]
    if not isinstance(found, list | dict):
        raise SettingError(
            f"{name} in [space] is a list, such as [1, 2], or a range, {{low = 1, high = 2}}, got {quoted(found)}: "
            "what is fixed comes before [search]"
        )
    values = [_value(name, value, kind) for value in found] if isinstance(found, list) else _range(name, found, kind)
    try:
        return Choice(tuple(values)) if isinstance(values, list) else Range(**values, whole=kind is int)
    except SettingError as error:
        raise SettingError(f"{name} in [space]: {error}") from None


def _range(name: str, found: dict[str, Any], kind: type) -> dict[str, Any]:
    _refuse_unknown(found, ("low", "high", "log"), f"a part of a range of {name}")
    if kind is str:
        raise SettingError(f"{name} is not a number, so it has no range: list its values")
    for end in ("low", "high"):
        if end not in found:
            raise SettingError(f"{name} is a range without {end}: it is written {{low = 1, high = 2}}")
    log = found.get("log", False)
    if type(log) is not bool:
        raise SettingError(f"{name} has log = {quoted(log)}: it is true or false")
    return {"low": _value(name, found["low"], kind), "high": _value(name, found["high"], kind), "log": log}
