"""check_function and check_vjp: functions that are not layers, with gradients written by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.examine import examine
from inkgrad.check.report import Report
from inkgrad.check.subject import Arrays, Subject
from inkgrad.errors import CheckError, GradientMismatch


def check_function(
    f: Callable[..., Any], gradient: Callable[..., Any], *arrays: Array, seed: int = 0, raises: bool = True
) -> Report:
    """Check that gradient(*arrays) is the gradient of the scalar function f(*arrays).

    With one array `gradient` returns an array of its shape, with several a tuple of them.  The
    first array is called x, the others as f calls its parameters.  float32 arrays are judged as
    float32.

    Raises GradientMismatch, which carries the Report, if it is not, unless `raises` is False;
    CheckError where there is nothing to compare.
    """

    def scalar(*arrays: Array) -> Array:
        value = np.asarray(f(*arrays))
        if value.size != 1:
            raise CheckError(f"{name_of(f)} should give one number, got an array of shape {value.shape}: use check_vjp")
        return value.reshape(())

    def vjp(dy: Array, *arrays: Array) -> tuple[Any, ...]:
        found = gradient(*arrays)
        found = found if isinstance(found, tuple) or (isinstance(found, list) and len(arrays) > 1) else (found,)
        return tuple(None if each is None else dy * np.asarray(each) for each in found)

    names = names_of(f, len(arrays))
    return _check(name_of(f), "gradient", scalar, vjp, dict(zip(names, arrays, strict=True)), seed, raises)


def check_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], *arrays: Array, seed: int = 0, raises: bool = True
) -> Report:
    """Check that vjp(dy, *arrays) gives dy J for each array, for y = f(*arrays).

    With one array vjp returns its gradient, with several a tuple of gradients.  The first array
    is called x, the others as f calls its parameters.  float32 arrays are judged as float32.

    Raises GradientMismatch, which carries the Report, if it does not, unless `raises` is False;
    CheckError where there is nothing to compare.
    """

    def pull(dy: Array, *arrays: Array) -> tuple[Any, ...]:
        found = vjp(dy, *arrays)
        return tuple(found) if isinstance(found, tuple) or (isinstance(found, list) and len(arrays) > 1) else (found,)

    names = names_of(f, len(arrays))
    return _check(name_of(f), "vjp", f, pull, dict(zip(names, arrays, strict=True)), seed, raises)


def _check(
    owner: str,
    role: str,
    f: Callable[..., Any],
    vjp: Callable[..., tuple[Any, ...]],
    given: dict[str, Array],
    seed: int,
    raises: bool,
) -> Report:
    arrays = {name: as_floats(owner, name, array) for name, array in given.items()}

    def forward(arrays: Arrays) -> Array:
        return np.asarray(f(*arrays.values()))

    def backward(arrays: Arrays, dy: Array, start: float) -> Arrays:
        found = vjp(dy, *arrays.values())
        if len(found) != len(arrays):
            raise CheckError(
                f"the {role} of {owner} should give {len(arrays)} gradient{'s' * (len(arrays) > 1)}, got {len(found)}"
            )
        gradients = {}
        for name, each in zip(arrays, found, strict=True):
            gradients[name] = np.array(each)  # a copy: it may be dy, or a view of x
            if gradients[name].dtype.kind not in "fiu":
                kind = "None" if each is None else f"an array of {gradients[name].dtype}"
                raise CheckError(f"the {role} of {owner} should give numbers for {name}, got {kind}")
        return gradients

    return conclude(owner, arrays, forward, backward, seed, raises)


def conclude(
    owner: str,
    arrays: Arrays,
    forward: Callable[[Arrays], Array],
    backward: Callable[[Arrays, Array, float], Arrays],
    seed: int,
    raises: bool,
) -> Report:
    """Return the report of functions that are the user's; raise what is to be raised."""
    if not arrays:
        raise CheckError(f"{owner}: there is no array of floating-point numbers to check")

    def safe_forward(arrays: Arrays) -> Array:
        return np.asarray(_run(owner, "forward", lambda: forward(arrays)))

    def safe_backward(arrays: Arrays, dy: Array, start: float) -> Arrays:
        found: Arrays = _run(owner, "backward", lambda: backward(arrays, np.asarray(dy), start))
        return found

    with np.errstate(all="ignore"):
        report = examine(Subject(owner, arrays, safe_forward, safe_backward), seed)
    if raises:
        report.raise_if_wrong()
    return report


def _run(owner: str, part: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (CheckError, GradientMismatch):
        raise
    except Exception as error:  # the functions are the user's: whatever they raise is about them
        raise CheckError(f"{owner}, {part}: {type(error).__name__}: {error}") from error


def as_floats(owner: str, name: str, array: Any) -> Array:
    """Return a floating-point array; raise CheckError for another, as it has no slopes."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        raise CheckError(f"{owner}: {name} has type {array.dtype}; slopes need floating-point numbers")
    return array


def name_of(f: Any) -> str:
    """Return what a function, a class or an object that can be called is called."""
    owner = getattr(f, "__self__", None)
    if isinstance(owner, type):  # Square.apply says less than Square
        return owner.__name__
    return str(getattr(f, "__qualname__", None) or type(f).__name__).rpartition("<locals>.")[2]


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """Return a name for each array: x, then as f calls them, or by number."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have no signature
        parameters = []
    plain = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    names = ["x", *(plain[k] if k < len(plain) and plain[k] != "x" else f"argument {k}" for k in range(1, count))]
    return names[:count]
