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


def describe(thing: Any) -> Any:
    """Return `thing` as numbers, strings, lists and dicts.

    Raises ModelFileError for a thing that is neither a dataclass nor plain data.
    """
    if is_dataclass(thing) and not isinstance(thing, type):
        settings = {field.name: describe(getattr(thing, field.name)) for field in fields(thing)}
        return {"class": type(thing).__name__, **settings}
    if isinstance(thing, (tuple, list)):
        return [describe(part) for part in thing]
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    raise ModelFileError(
        f"{type(thing).__name__} cannot be saved: a layer or cost must be a frozen dataclass "
        "whose settings are numbers, strings, tuples or layers"
    )


def build(description: Any, classes: Mapping[str, type], hint: str) -> Any:
    """Return what `description` describes, made of `classes` alone.

    Raises ModelFileError for an unknown class, with `hint` as what to do, and for settings that
    the class refuses.
    """
    if isinstance(description, list):
        return tuple(build(part, classes, hint) for part in description)
    if not isinstance(description, dict):
        return description
    settings = {name: build(part, classes, hint) for name, part in description.items() if name != "class"}
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
