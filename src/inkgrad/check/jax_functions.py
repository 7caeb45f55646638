"""check_jax: the backward of a jax.custom_vjp, or of any function of JAX arrays, checked by our means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.function import conclude, name_of
from inkgrad.check.report import Report
from inkgrad.check.subject import Arrays


def check_jax(function: Callable[..., Any], args: Sequence[Any], *, seed: int = 0, raises: bool = True) -> Report:
    """Check the gradients that jax.vjp gives for function(*args), which returns one array.

    The arguments may be trees, such as a dict of parameters.  Only floating-point arrays and
    numbers are checked, and judged by their own type: float32 unless JAX has been told to use 64
    bits.  The first is called x.

    Raises GradientMismatch, which carries the Report, if a gradient is wrong, unless `raises` is
    False; CheckError where there is nothing to compare.
    """
    import jax
    import jax.numpy as jnp

    given = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    leaves, tree = jax.tree_util.tree_flatten_with_path(given)
    named = {"x" if k == 0 else _name(path): leaf for k, (path, leaf) in enumerate(leaves)}
    live = {name for name, leaf in named.items() if jnp.issubdtype(getattr(leaf, "dtype", type(leaf)), jnp.floating)}
    arrays = {name: np.array(jnp.asarray(named[name])) for name in named if name in live}

    def call(moved: dict[str, Any]) -> Any:
        return function(*jax.tree_util.tree_unflatten(tree, (named | moved).values()))

    def tensors(arrays: Arrays) -> dict[str, Any]:
        return {name: jnp.array(array) for name, array in arrays.items()}

    def forward(arrays: Arrays) -> Array:
        return np.array(call(tensors(arrays)))

    def backward(arrays: Arrays, dy: Array, start: float) -> Arrays:
        _, pull = jax.vjp(call, tensors(arrays))
        found = pull(jnp.asarray(dy))[0]
        return {name: np.array(found[name]) for name in arrays}

    return conclude(name_of(function), arrays, forward, backward, seed, raises)


def _name(path: tuple[Any, ...]) -> str:
    """Return what a leaf is called: "argument 1", or "argument 1['W']" inside a dict."""
    first, *rest = path
    return f"argument {first.idx}" + "".join(map(str, rest))
