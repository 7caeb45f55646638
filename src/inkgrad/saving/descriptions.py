"""Descriptions: a layer, a cost or any frozen dataclass as plain data, and back.

    Dense(784, 100)  <->  {"class": "Dense", "n_in": 784, "n_out": 100, "start": "he"}

A description names classes, and only those the reader offers are built.  Nothing is imported
because a file says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from inspect import isabstract
from types import ModuleType
from typing import Any

from inkgrad.errors import InkgradError, ModelFileError


def describe(thing: Any, known: Mapping[str, type] | None = None) -> Any:
    """Return `thing` as numbers, strings, lists and dicts; `known` are the library's own classes.

    Raises ModelFileError for a thing that is neither a dataclass nor plain data, and for another
    class by the name of a known one, which would be taken for it when it is built again.
    """
    if is_dataclass(thing) and not isinstance(thing, type):
        name = type(thing).__name__
        if known and known.get(name, type(thing)) is not type(thing):
            raise ModelFileError(f"your {name} cannot be saved, as inkgrad has a {name} of its own: rename yours")
        settings = {field.name: describe(getattr(thing, field.name), known) for field in fields(thing)}
        return {"class": name, **settings}
    if isinstance(thing, (tuple, list)):
        return [describe(part, known) for part in thing]
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    raise ModelFileError(
        f"{type(thing).__name__} cannot be saved: a layer or cost must be a frozen dataclass "
        "whose settings are numbers, strings, tuples or layers"
    )


def build(description: Any, classes: Mapping[str, type], hint: str) -> Any:
    """Return what `description` describes, made of `classes` alone.

    Raises ModelFileError for an unknown class, with `hint` as what to do, for settings that the
    class refuses, and for a description without end.
    """
    try:
        return _build(description, classes, hint)
    except RecursionError:
        raise ModelFileError("it describes layers inside layers without end") from None


def _build(description: Any, classes: Mapping[str, type], hint: str) -> Any:
    if isinstance(description, list):
        return tuple(_build(part, classes, hint) for part in description)
    if not isinstance(description, dict):
        return description
    settings = {name: _build(part, classes, hint) for name, part in description.items() if name != "class"}
    name = str(description.get("class"))
    if name not in classes:
        raise ModelFileError(f"it is made of {name!r}, which is unknown here: {hint}")
    try:
        return classes[name](**settings)
    except (TypeError, InkgradError) as error:
        raise ModelFileError(f"it describes a {name} that cannot be built: {error}") from error


def concrete(module: ModuleType, more: Iterable[type] = ()) -> dict[str, type]:
    """Return the classes by name that `module` offers and that can be built, and `more`."""
    offered = (getattr(module, name) for name in module.__all__)
    ours = [thing for thing in offered if isinstance(thing, type) and not isabstract(thing)]
    return {each.__name__: each for each in [*ours, *more]}
