"""Descriptions: a layer, a cost or any frozen dataclass as plain data, and back.

    Dense(784, 100)  <->  {"class": "Dense", "n_in": 784, "n_out": 100, "start": "he"}

A description names classes, and only those the reader offers are built.  Nothing is imported
because a file says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from inspect import isabstract
from math import isfinite
from types import ModuleType, NoneType
from typing import Any

from inkgrad.errors import InkgradError, ModelFileError
from inkgrad.saving.untrusted import FILE_LIMITS, one_line, quoted

VALUES_OF: dict[str, tuple[type, ...]] = {  # for a field declared so, no bool where a number should be
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "int | None": (int, NoneType),
    "float | None": (int, float, NoneType),
    "int | tuple[int, int]": (int, tuple),
}


def describe(thing: Any, known: Mapping[str, type] | None = None) -> Any:
    """Return `thing` as numbers, strings, lists and dicts; `known` are the library's own classes.

    Raises ModelFileError for a thing that is neither a dataclass nor plain data, for another class by
    the name of a known one, which would be taken for it when it is built again, and for NaN or infinity.
    """
    return _describe(thing, known or {}, 0)


def _describe(thing: Any, known: Mapping[str, type], depth: int) -> Any:
    if depth > FILE_LIMITS.deepest:
        raise ModelFileError(
            f"layers inside layers inside layers cannot be saved, more than {FILE_LIMITS.deepest // 2} deep"
        )
    if is_dataclass(thing) and not isinstance(thing, type):
        name = type(thing).__name__
        if known.get(name, type(thing)) is not type(thing):
            raise ModelFileError(f"your {name} cannot be saved, as inkgrad has a {name} of its own: rename yours")
        settings = {field.name: _describe(getattr(thing, field.name), known, depth + 1) for field in fields(thing)}
        return {"class": name, **settings}
    if isinstance(thing, (tuple, list)):
        return [_describe(part, known, depth + 1) for part in thing]
    if isinstance(thing, float) and not isfinite(thing):
        raise ModelFileError(f"a setting of {thing} cannot be saved: files hold finite numbers")
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    raise ModelFileError(
        f"{type(thing).__name__} cannot be saved: a layer or cost must be a frozen dataclass "
        "whose settings are numbers, strings, tuples or layers"
    )


def build(description: Any, classes: Mapping[str, type], hint: str) -> Any:
    """Return what `description` describes, made of `classes` alone.

    Raises ModelFileError for an unknown class, with `hint` as what to do, for settings that the
    class refuses or that are not of the type it declares, and for a description that is too deep or too long.
    """
    _refuse_too_much(description)
    return _build(description, classes, hint)


def _refuse_too_much(description: Any) -> None:
    """Raise ModelFileError for layers inside layers without end, or too many, before one is built."""
    level, depth, count = [description], 0, 0
    while level:
        count += len(level)
        if depth > FILE_LIMITS.deepest:
            raise ModelFileError("it describes layers inside layers without end")
        if count > FILE_LIMITS.most_parts:
            raise ModelFileError(f"it describes more than {FILE_LIMITS.most_parts} parts")
        inside = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list)))
        level, depth = [part for parts in inside for part in parts], depth + 1


def _build(description: Any, classes: Mapping[str, type], hint: str) -> Any:
    if isinstance(description, list):
        return tuple(_build(part, classes, hint) for part in description)
    if not isinstance(description, dict):
        if type(description) is int and abs(description) >= 2**63:
            raise ModelFileError(f"it has a setting of {quoted(description)}, more than 64 bits hold")
        return description
    settings = {name: _build(part, classes, hint) for name, part in description.items() if name != "class"}
    name = str(description.get("class"))
    if name not in classes:
        raise ModelFileError(f"it is made of {quoted(name)}, which is unknown here: {hint}")
    try:
        _refuse_other_types(classes[name], settings)
        return classes[name](**settings)
    except (InkgradError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise ModelFileError(f"it describes a {name} that cannot be built: {one_line(error)}") from error


def _refuse_other_types(kind: type, settings: Mapping[str, Any]) -> None:
    for field in fields(kind):
        declared = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")
        takes = VALUES_OF.get(declared)
        if takes and field.name in settings and type(settings[field.name]) not in takes:
            raise TypeError(f"{field.name} is declared as {declared}, got {quoted(settings[field.name])}")


def concrete(module: ModuleType, more: Iterable[type] = ()) -> dict[str, type]:
    """Return the classes by name that `module` offers and that can be built, and `more`."""
    offered = (getattr(module, name) for name in module.__all__)
    ours = [thing for thing in offered if isinstance(thing, type) and not isabstract(thing)]
    return {each.__name__: each for each in [*ours, *more]}
