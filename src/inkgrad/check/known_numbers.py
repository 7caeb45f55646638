"""Known numbers: those that a function of the user's gets or holds, from which a wrong factor may come."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

MOST_LABELS = 1_000_000  # of which those are counted that are not ignored


def known_numbers(functions: list[Callable[..., Any]], arguments: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among arguments, among what functions refer to outside, and how many labels or places of a
    mask there are, each with a name in words."""
    found: dict[str, float] = {}
    for name, value in [*arguments.items(), *(pair for each in functions for pair in _held(each))]:
        for words, number in _numbers(name, value):
            if isfinite(number) and number not in (0, 1, -1):
                found.setdefault(words, number)
    return found


def _held(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a function refers to outside of itself, by name; of an object that is called its attributes."""
    if inspect.isfunction(function):
        try:
            variables = inspect.getclosurevars(function)
        except ValueError:  # a name that has no value yet
            return
        yield from {**variables.globals, **variables.nonlocals}.items()
    elif not isinstance(function, type):
        yield from getattr(function, "__dict__", {}).items()


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        with suppress(OverflowError):
            yield name, float(value)
    array = _counted(value)
    if array is None or not array.size:
        return
    if array.dtype.kind == "b":
        kept, words = int(array.sum()), f"True in {name}"
    else:
        kept, words = int((array >= 0).sum()), f"labels in {name} that are not negative"
    if array.dtype.kind == "i":
        yield f"the number of labels in {name}", float(array.size)
    if 0 < kept < array.size:
        yield f"the number of {words}", float(kept)
        yield f"the share of {words}", kept / array.size


def _counted(value: Any) -> np.ndarray | None:
    """Return an array of integers or of True and False; None for all else."""
    kind = str(getattr(value, "dtype", ""))
    if "int" not in kind and "bool" not in kind:
        return None
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # on a device, or a tracer
        return None
    return array if array.dtype.kind in "bi" and array.ndim and array.size <= MOST_LABELS else None
