"""Primitives of JAX as functions of NumPy: alone, one of JAX's takes longer to be compiled than all these to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray


def _broadcast(x: NDArray, *, shape: Sequence[int], broadcast_dimensions: Sequence[int], **_: Any) -> NDArray:
    spread = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, x.shape, strict=True):
        spread[axis] = size
    return np.broadcast_to(x.reshape(spread), shape)


def _dot(a: NDArray, b: NDArray, *, dimension_numbers: Any, **_: Any) -> NDArray:
    (sum_a, sum_b), (batch_a, batch_b) = dimension_numbers
    free_a = [k for k in range(a.ndim) if k not in (*sum_a, *batch_a)]
    free_b = [k for k in range(b.ndim) if k not in (*sum_b, *batch_b)]
    batch = [a.shape[k] for k in batch_a]
    left = a.transpose(*batch_a, *free_a, *sum_a).reshape(*batch, int(np.prod([a.shape[k] for k in free_a])), -1)
    right = b.transpose(*batch_b, *sum_b, *free_b).reshape(*batch, left.shape[-1], -1)
    return np.asarray((left @ right).reshape((*batch, *(a.shape[k] for k in free_a), *(b.shape[k] for k in free_b))))


def _slice(x: NDArray, *, start_indices: Any, limit_indices: Any, strides: Any, **_: Any) -> NDArray:
    steps = strides or [1] * x.ndim
    return x[tuple(slice(*each) for each in zip(start_indices, limit_indices, steps, strict=True))]


def _select(which: NDArray, *cases: NDArray, **_: Any) -> NDArray:
    return np.asarray(np.choose(np.asarray(which, np.int64), cases) if np.ndim(which) else cases[int(which)])


def _reduce(reduce: Callable[..., Any]) -> Callable[..., NDArray]:
    return lambda x, *, axes, **_: np.asarray(reduce(x, axis=tuple(axes)), x.dtype)


def _plain(function: Callable[..., Any]) -> Callable[..., NDArray]:
    return lambda *given, **_: np.asarray(function(*given))


def _along(function: Callable[..., Any]) -> Callable[..., NDArray]:
    def along(x: NDArray, *, axis: int, reverse: bool = False, **_: Any) -> NDArray:
        found = function(np.flip(x, axis) if reverse else x, axis=axis)
        return np.asarray(np.flip(found, axis) if reverse else found, x.dtype)

    return along


def _divided(a: NDArray, b: NDArray) -> NDArray:
    """Return a / b, of whole numbers that without its fraction."""
    return np.asarray(a / b if a.dtype.kind == "f" else np.trunc(a / b), a.dtype)


PLAIN: dict[str, Callable[..., Any]] = {  # those without settings
    **{"add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "div": _divided},
    **{"max": np.maximum, "min": np.minimum, "neg": np.negative, "exp": np.exp, "log": np.log},
    **{"tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign},
    **{"log1p": np.log1p, "expm1": np.expm1, "square": np.square, "pow": np.power, "atan2": np.arctan2},
    **{"gt": np.greater, "lt": np.less, "ge": np.greater_equal, "le": np.less_equal, "eq": np.equal},
    **{"ne": np.not_equal, "and": np.bitwise_and, "or": np.bitwise_or, "not": np.invert},
    **{"floor": np.floor, "is_finite": np.isfinite, "sinh": np.sinh, "cosh": np.cosh, "tan": np.tan},
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "stop_gradient": np.array,
    "copy": np.array,
    "copy_p": np.array,
    "clamp": lambda low, x, high: np.clip(x, low, high),
}

NUMPY: dict[str, Callable[..., NDArray]] = {
    **{name: _plain(function) for name, function in PLAIN.items()},
    "integer_pow": lambda x, *, y, **_: np.asarray(x**y),
    "convert_element_type": lambda x, *, new_dtype, **_: np.asarray(x).astype(new_dtype),
    "broadcast_in_dim": _broadcast,
    "dot_general": _dot,
    "slice": _slice,
    "select_n": _select,
    "reshape": lambda x, *, new_sizes, **_: np.reshape(x, new_sizes),
    "transpose": lambda x, *, permutation, **_: np.transpose(x, permutation),
    "squeeze": lambda x, *, dimensions, **_: np.squeeze(x, tuple(dimensions)),
    "expand_dims": lambda x, *, dimensions, **_: np.expand_dims(x, tuple(dimensions)),
    "concatenate": lambda *xs, dimension, **_: np.concatenate(xs, dimension),
    "rev": lambda x, *, dimensions, **_: np.flip(x, tuple(dimensions)),
    "reduce_sum": _reduce(np.sum),
    "reduce_max": _reduce(np.max),
    "reduce_min": _reduce(np.min),
    "reduce_prod": _reduce(np.prod),
    "reduce_and": _reduce(np.bitwise_and.reduce),
    "reduce_or": _reduce(np.bitwise_or.reduce),
    "cumsum": _along(np.cumsum),
    "cumprod": _along(np.cumprod),
}
