"""check_function, check_vjp, check_torch, check_jax: functions that are not layers, with backwards written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import numpy as np

from inkgrad.check.array_subject import subject_of_arrays
from inkgrad.check.array_tree import labels_of
from inkgrad.check.calls import name_of
from inkgrad.check.known_numbers import known_numbers
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report
from inkgrad.check.settings import CheckSettings, concluded, keywords


def _known(
    functions: list[Callable[..., Any]], inputs: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return the numbers that a factor may come from."""
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    return known_numbers(
        functions, dict(zip(labels_of(functions[0], len(given)), given, strict=True)) | keywords(kwargs)
    )


@np.errstate(all="ignore")
def check_function(
    f: Callable[..., Any],
    gradient: Callable[..., Any],
    *arrays: Any,
    kwargs: Mapping[str, Any] | None = None,
    **settings: Unpack[CheckSettings],
) -> Report:
    """Check that gradient(*arrays) is the gradient of the scalar function f(*arrays).

    With one array `gradient` returns an array of its shape, with several a tuple of them; an argument may also
    be a tree of arrays, such as a dict.  The arrays are called as f calls its parameters.  What has no
    slopes, such as integers, is passed through.

    Raises what `check_vjp` raises.
    """

    def build(arrays: Sequence[Any], seed: int) -> Subject:
        return subject_of_arrays(f, gradient, arrays, keywords(kwargs), owner=name_of(f), role="gradient")

    return concluded(build, arrays, settings, known=_known([f, gradient], arrays, kwargs))


@np.errstate(all="ignore")
def check_vjp(
    f: Callable[..., Any],
    vjp: Callable[..., Any],
    *arrays: Any,
    kwargs: Mapping[str, Any] | None = None,
    **settings: Unpack[CheckSettings],
) -> Report:
    """Check that vjp(dy, *arrays) gives dy J for each array, for y = f(*arrays).

    With one array vjp returns its gradient, with several a tuple of gradients; an argument may also be a tree
    of arrays, such as a dict.  The arrays are called as f calls its parameters.  What has no slopes, such as
    integers, is passed through.  A function of float32 or float16 is judged beside itself in float64, where it can be.

    Up to some 2,000 numbers each is judged by its own difference; more along random directions, and closely
    where those say that it is wrong.

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, and CheckError where that cannot be
    told, unless `raises` is False; CheckError also where there is nothing to compare.
    """

    def build(arrays: Sequence[Any], seed: int) -> Subject:
        return subject_of_arrays(f, vjp, arrays, keywords(kwargs), owner=name_of(f))

    return concluded(build, arrays, settings, known=_known([f, vjp], arrays, kwargs))


@np.errstate(all="ignore")
def check_torch(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    order: int = 1,
    **settings: Unpack[CheckSettings],
) -> Report:
    """Check the gradients that PyTorch gives for function(*inputs, **kwargs).

    `function` is a torch.autograd.Function or its `apply`, a module or any function of tensors; of a module
    the parameters are checked too, and they and its buffers are left as they are.  Where the whole
    is wrong, its modules and Functions are checked one by one.  Only floating-point and complex
    tensors are checked, under the names that the function gives them; float32, float16 and bfloat16 are judged beside
    float64.  PyTorch's own random
    numbers start from `seed` at each call, so that dropout drops the same.  With `order=2` the gradient of
    the gradient is checked.

    Raises what `check_vjp` raises.
    """
    from inkgrad.check.pytorch import subject_of_torch

    def build(inputs: Sequence[Any], seed: int, order: int = order) -> Subject:
        return subject_of_torch(function, inputs, keywords(kwargs), seed=seed, order=order)

    first = partial(build, order=1) if order == 2 else None
    return concluded(build, inputs, settings, first, _known([function], inputs, kwargs))


@np.errstate(all="ignore")
def check_jax(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    order: int = 1,
    **settings: Unpack[CheckSettings],
) -> Report:
    """Check the gradients that jax.vjp gives for function(*args, **kwargs).

    The arguments may be trees, such as a dict of parameters.  Only floating-point and complex arrays and numbers
    are checked, under the names that the function gives them: "p['W']"; all but float64 beside the same in
    float64.  Where the whole is wrong, each custom_vjp in it is checked alone.  With `order=2` the gradient of
    the gradient is checked.

    Raises what `check_vjp` raises.
    """
    from inkgrad.check.jax_subject import subject_of_jax

    def build(args: Sequence[Any], seed: int, order: int = order) -> Subject:
        return subject_of_jax(function, args, keywords(kwargs), seed=seed, order=order)

    first = partial(build, order=1) if order == 2 else None
    return concluded(build, args, settings, first, _known([function], args, kwargs))
