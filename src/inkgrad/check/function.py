"""check_function, check_vjp, check_torch, check_jax: functions that are not layers, with backwards written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inkgrad.check.array_subject import subject_of_arrays
from inkgrad.check.calls import name_of
from inkgrad.check.examine import examine
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report
from inkgrad.check.verdict import Strictness


def check_function(
    f: Callable[..., Any],
    gradient: Callable[..., Any],
    *arrays: Any,
    kwargs: Mapping[str, Any] | None = None,
    sensitivity: float = 1e-3,
    tolerance: float = 1e-4,
    exact: bool = False,
    every_entry: bool | None = None,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check that gradient(*arrays) is the gradient of the scalar function f(*arrays).

    With one array `gradient` returns an array of its shape, with several a tuple of them; an argument may also be a
    tree of arrays, such as a dict.  The arrays are called as f calls its parameters.  What has no slopes, such
    as integers, is passed through.  The settings are those of `check_vjp`, and so is what is raised.
    """
    subject = subject_of_arrays(f, gradient, arrays, kwargs, owner=name_of(f), role="gradient")
    return conclude(subject, Strictness(sensitivity, tolerance, exact), every_entry, seed, raises)


def check_vjp(
    f: Callable[..., Any],
    vjp: Callable[..., Any],
    *arrays: Any,
    kwargs: Mapping[str, Any] | None = None,
    sensitivity: float = 1e-3,
    tolerance: float = 1e-4,
    exact: bool = False,
    every_entry: bool | None = None,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check that vjp(dy, *arrays) gives dy J for each array, for y = f(*arrays).

    With one array vjp returns its gradient, with several a tuple of gradients; an argument may also be a tree
    of arrays, such as a dict.  The arrays are called as f calls its parameters.  What has no slopes, such as
    integers, is passed through.  A function of float32 or float16 is judged beside itself in float64, where it can.

    Up to some 2,000 numbers each is judged by its own difference; more along random directions, and
    closely where those say that it is wrong.  `every_entry` asks for the one or the other.  An error of `sensitivity`,
    as a part of an array's typical gradient, must have been visible for it to be called right.  What is off
    by less than `tolerance`, and fits no known mistake, is approximate, unless it is to be `exact`.

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, and CheckError where that cannot be told,
    unless `raises` is False; CheckError also where there is nothing to compare.
    """
    subject = subject_of_arrays(f, vjp, arrays, kwargs, owner=name_of(f))
    return conclude(subject, Strictness(sensitivity, tolerance, exact), every_entry, seed, raises)


def check_torch(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    order: int = 1,
    sensitivity: float = 1e-3,
    tolerance: float = 1e-4,
    exact: bool = False,
    every_entry: bool | None = None,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check the gradients that PyTorch gives for function(*inputs, **kwargs).

    `function` is a torch.autograd.Function or its `apply`, a module or any function of tensors; of a module
    the parameters are checked too, and it is left as it is.  Where the whole is wrong, its modules and Functions are
    checked one by one.  Only floating-point and complex tensors are checked, under the names that
    the function gives them; float32, float16 and bfloat16 are judged beside float64.  PyTorch's own random numbers
    start from `seed` at each call, so that dropout drops the same.  With `order=2` the gradient of the
    gradient is checked.  The other settings are those of `check_vjp`, and so is what is raised.
    """
    from inkgrad.check.pytorch import subject_of_torch

    subject = subject_of_torch(function, inputs, kwargs, seed=seed, order=order)
    return conclude(subject, Strictness(sensitivity, tolerance, exact), every_entry, seed, raises)


def check_jax(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    order: int = 1,
    sensitivity: float = 1e-3,
    tolerance: float = 1e-4,
    exact: bool = False,
    every_entry: bool | None = None,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check the gradients that jax.vjp gives for function(*args, **kwargs).

    The arguments may be trees, such as a dict of parameters.  Only floating-point and complex arrays and numbers are
    checked, under the names that the function gives them: "p['W']"; all but float64 beside the
    same in float64.  Where the whole is wrong, each custom_vjp in it is checked alone.  With `order=2` the gradient of
    the gradient is checked.  The other settings are those of `check_vjp`, and so is what is raised.
    """
    from inkgrad.check.jax_subject import subject_of_jax

    subject = subject_of_jax(function, args, kwargs, seed=seed, order=order)
    return conclude(subject, Strictness(sensitivity, tolerance, exact), every_entry, seed, raises)


def conclude(subject: Subject, strictness: Strictness, every_entry: bool | None, seed: int, raises: bool) -> Report:
    """Return the report of functions that are the user's; raise what is to be raised."""
    with np.errstate(all="ignore"):
        report = examine(subject, seed, strictness=strictness, every_entry=every_entry)
    return report.raise_if_not_right() if raises else report
