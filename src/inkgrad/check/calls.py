"""Calls: whatever a user's layer or cost does wrong is said of it, by name, never a traceback from inside."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import isbuiltin
from sys import float_info
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost
from inkgrad.errors import CheckError, InkgradError
from inkgrad.layers import Layer
from inkgrad.layout import Layout, Named


def guarded(owner: object, method: str, call: Callable[[], Any]) -> Any:
    """Return what `call` gives; raise CheckError, naming the owner and its method, where it fails."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except InkgradError as error:
        raise CheckError(f"{owner}.{method}: {error}") from error
    except (Exception, SystemExit) as error:  # the code is the user's: whatever it raises is about that code
        raise CheckError(f"{owner}.{method} raised {as_one_line(error)}") from error


def in_one_line(owner: str, part: str, call: Callable[[], Any]) -> Any:
    """Return what `call` gives; raise CheckError, in one line, for whatever a function of the user's raises."""
    try:
        return call()
    except CheckError:
        raise
    except (Exception, SystemExit) as error:  # the function is the user's: whatever it raises is about it
        raise CheckError(f"{owner}, {part}: {as_one_line(error)}") from error


def as_one_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of what it says; an error of the user's may fail to say anything.

    >>> as_one_line(ValueError("too large\\nby far"))
    'ValueError: too large'
    """
    try:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    except Exception as second:
        said = f"(its message raises {type(second).__name__})"
    return f"{type(error).__name__}: {said}".removesuffix(": ")


def layout_of(layer: Layer) -> Layout:
    """Return the places of a layer's parameters."""
    layout: Layout = guarded(layer, "shapes", lambda: Layout(layer.shapes()))
    return layout


def views_of(layer: Layer, theta: NDArray) -> Named:
    """Return theta by name; raise CheckError unless it holds a finite number for each parameter of the layer."""
    layout = layout_of(layer)
    theta = np.asarray(theta)
    if theta.shape != (layout.size,) or not np.isfinite(theta).all():
        raise CheckError(
            f"{layer} takes a theta of {layout.size} finite numbers, got shape {theta.shape}"
            + ("" if np.isfinite(theta).all() else " with NaN or infinity")
        )
    return layout.views(theta)


def as_theta(layer: Layer, theta: NDArray) -> NDArray:
    """Return a copy of theta in float64; raise CheckError unless it fits this layer."""
    try:
        theta = np.array(theta, np.float64)
    except (TypeError, ValueError) as error:
        raise CheckError(f"{layer}: theta should be numbers: {error}") from error
    views_of(layer, theta)
    return theta


def forward(layer: Layer, p: Named, x: NDArray, seed: int) -> tuple[NDArray, Any]:
    """Return y and the cache of a layer, with random numbers from `seed`."""
    found = guarded(layer, "forward", lambda: layer.forward(p, x, np.random.default_rng(seed)))
    if not isinstance(found, tuple) or len(found) != 2:
        raise CheckError(f"{layer}.forward should return y and a cache, got {_kind(found)}")
    y, cache = found
    kinds = "fc" if np.iscomplexobj(x) or any(np.iscomplexobj(part) for part in vars(p).values()) else "f"
    if not isinstance(y, (np.ndarray, np.generic)) or y.dtype.kind not in kinds:
        raise CheckError(f"{layer}.forward should return y as an array of floating-point numbers, got {_kind(y)}")
    return np.asarray(y), cache


def value_and_gradient(cost: Cost, y: NDArray, t: NDArray) -> tuple[float, NDArray]:
    """Return what a cost gives: a number, and an array."""
    found = guarded(cost, "value_and_gradient", lambda: cost.value_and_gradient(y, t))
    if not isinstance(found, tuple) or len(found) != 2:
        raise CheckError(f"{cost}.value_and_gradient should return C and dy, got {_kind(found)}")
    value, dy = found
    if np.shape(value) != () or not isinstance(value, (float, np.floating, np.ndarray)):
        raise CheckError(f"{cost}.value_and_gradient should return C as a number, got {_kind(value)}")
    if np.shape(dy) != y.shape:
        raise CheckError(f"{cost}.value_and_gradient should return dy of shape {y.shape}, got {_kind(dy)}")
    return float(value), np.asarray(dy)


def loss_noise(cost: Cost, y: NDArray, t: NDArray) -> NDArray:
    """Return how far the rounding of y alone moves each loss: far, where a saturated y is next to 0 or 1.

    y is known to a relative eps, and loss_i moves by N dy_ik per unit of y_ik.
    """
    _, dy = value_and_gradient(cost, y, t)
    each = np.abs(y * dy).reshape(len(y), -1).sum(axis=1)
    return np.asarray(4 * float_info.epsilon * len(y) * each)


def losses(cost: Cost, y: NDArray, t: NDArray) -> NDArray:
    """Return the loss of each example."""
    return np.asarray(guarded(cost, "losses", lambda: cost.losses(y, t)), np.float64)


def a_kind(thing: object) -> str:
    """Return what a thing is, with its article.

    >>> a_kind(3), a_kind("three"), a_kind(None)
    ('an int', 'a str', 'None')
    """
    name = type(thing).__name__
    return "None" if thing is None else f"a{'n' * name.lower().startswith(tuple('aeiou'))} {name}"


def _kind(thing: object) -> str:
    if isinstance(thing, np.ndarray):
        return f"{thing.dtype} of shape {thing.shape}"
    return "None" if thing is None else type(thing).__name__


def name_of(function: Any) -> str:
    """Return what a function, or an object that can be called, is called."""
    while isinstance(function, functools.partial):
        function = function.func
    if isbuiltin(function):  # whose long name may be that of a class nobody knows
        return function.__name__
    return str(getattr(function, "__qualname__", None) or type(function).__name__).rpartition("<locals>.")[2]
