"""JaxCall: a function of JAX and its arguments as a function of arrays by name."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.array_subject import as_reals
from inkgrad.check.array_tree import labels_of
from inkgrad.check.calls import name_of
from inkgrad.errors import CheckError

Real = Callable[[dict[str, Any]], Any]  # arrays of real numbers by name -> one array of real numbers


@dataclass(frozen=True)
class JaxCall:
    """A function of arrays by name.

    run      takes the arrays in their own types, and gives a tree
    live     the arrays as they were given
    main     the one that stands for x
    precise  the same as run for float64, where it is another
    """

    owner: str
    run: Callable[[dict[str, Any]], Any]
    live: Mapping[str, Any]
    main: str | None = None
    custom: bool = False  # whether it is a custom rule itself, not a function that calls some
    precise: Callable[[dict[str, Any]], Any] | None = None


# What is called, and with what


def jax_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> JaxCall:
    """Return a function as one of arrays by name; what has no slopes stays inside."""
    owner, inner = name_of(function), _unwrapped(function)
    labels = [*labels_of(function, len(args)), *kwargs]
    flat = [Flat.of("", function), *map(Flat.of, labels, [*args, *kwargs.values()])]
    flat[0] = flat[0].apart_from(flat[1:])
    leaves = [leaf for each in flat for leaf in each.leaves]
    for name, leaf in leaves:
        _refuse(owner, name, leaf)
    settings = {labels[k] for k in getattr(inner, "nondiff_argnums", ()) if k < len(args)}
    live = {name: leaf for name, leaf in leaves if has_slopes(leaf) and re.split(r"[\[.]", name)[0] not in settings}
    if not live:
        raise CheckError(f"{owner}: there is no array of floating-point numbers to check")

    def run(moved: dict[str, Any]) -> Any:
        call, *given = (each.built(moved) for each in flat)
        return call(*given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True)))

    main = next((label for label in labels if label in live), None)
    return _without_settings(JaxCall(owner, run, live, main, isinstance(inner, (jax.custom_vjp, jax.custom_jvp))))


@dataclass(frozen=True)
class Flat:
    """An argument taken apart: its leaves by their paths, "p['W']", and how they belong together."""

    leaves: list[tuple[str, Any]]
    tree: Any

    @classmethod
    def of(cls, label: str, value: Any) -> Flat:
        found, tree = jax.tree_util.tree_flatten_with_path(value, is_leaf=_is_sparse)
        return cls([(label + jax.tree_util.keystr(path), _settled(leaf)) for path, leaf in found], tree)

    def apart_from(self, others: list[Flat]) -> Flat:
        """Return the same for a function that is a tree itself, with names that no argument has."""
        taken = {name for each in others for name, _ in each.leaves}
        named = [(name.removeprefix("."), leaf) for name, leaf in self.leaves]
        return Flat([(f"self.{name}" if name in taken else name, leaf) for name, leaf in named], self.tree)

    def built(self, moved: dict[str, Any]) -> Any:
        """Return the argument with other leaves where there are."""
        return jax.tree_util.tree_unflatten(self.tree, [moved.get(name, leaf) for name, leaf in self.leaves])


def _without_settings(call: JaxCall) -> JaxCall:
    """Leave out plain numbers such as eps=1e-5 where the function can do nothing with a slope of them."""
    plain = [name for name, leaf in call.live.items() if isinstance(leaf, (float, complex)) and not _is_array(leaf)]
    if not plain:
        return call
    try:
        kinds = kinds_of(call.live)
        arrays = {name: numbers_of(leaf, kinds[name]) for name, leaf in call.live.items()}
        jax.vjp(real_function(call.run, kinds, call.owner), arrays)
    except Exception:  # whatever it raises at a tracer: if it is about anything else, the first call raises it again
        return replace(call, live={name: leaf for name, leaf in call.live.items() if name not in plain})
    return call


def _refuse(owner: str, name: str, leaf: Any) -> None:
    """Raise CheckError for an argument that cannot be checked."""
    if isinstance(leaf, jax.core.Tracer):
        raise CheckError(f"{owner}: {name} is a tracer of JAX: check it outside jax.jit, jax.grad and jax.vmap")
    if isinstance(leaf, jax.Array) and leaf.is_deleted():
        raise CheckError(f"{owner}: {name} was deleted, as arrays that are donated to jax.jit are")
    if _is_sparse(leaf):
        raise CheckError(f"{owner}: {name} is sparse ({type(leaf).__name__}): check it with a dense array")


def _settled(leaf: Any) -> Any:
    """Return an array of NumPy in the type that JAX makes of it now.

    JAX remembers an array of int64 as one of int32, also when it is told to use 64 bits, and then fails to index by it.
    """
    if not isinstance(leaf, (np.ndarray, np.inexact)) or leaf.dtype.kind not in "iufc":
        return leaf  # np.int64(3) may be a static argument, which must have a hash
    return np.asarray(leaf, jax.dtypes.canonicalize_dtype(leaf.dtype))


def has_slopes(leaf: Any) -> bool:
    """Return whether a leaf holds real or complex numbers, rather than integers, keys, names or settings."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact)) if _is_array(leaf) else isinstance(leaf, (float, complex))


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic, jax.Array))


def _is_sparse(leaf: Any) -> bool:
    library = sys.modules.get("jax.experimental.sparse")  # what is not imported made none
    return hasattr(leaf, "tocsr") or (library is not None and isinstance(leaf, library.JAXSparse))


def _unwrapped(function: Any) -> Any:
    """Return the custom rule inside jax.jit and functools.partial, if there is one."""
    while not isinstance(function, (jax.custom_vjp, jax.custom_jvp)):
        if isinstance(function, functools.partial):
            if any(isinstance(each, (float, complex)) or _is_array(each) for each in function.args):
                return function  # its arguments have other places
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function


# Numbers as they travel


def kinds_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types in which the function gets its leaves; plain numbers adapt to the arrays, as JAX has it."""
    kinds = {name: np.dtype(leaf.dtype) for name, leaf in live.items() if _is_array(leaf)}
    among = {np.dtype(jnp.finfo(kind).dtype) for kind in kinds.values()}
    real = among.pop() if len(among) == 1 else jax.dtypes.canonicalize_dtype(np.float64)
    for name in live.keys() - kinds.keys():
        kinds[name] = np.result_type(real, np.complex64) if isinstance(live[name], complex) else real
    return {name: kinds[name] for name in live}


def numbers_of(leaf: Any, kind: Any) -> NDArray:
    """Return a leaf as an array of real numbers, float32 or float64; that of a jax.Array shares its memory."""
    array = as_reals(np.asarray(leaf, kind))
    return array.astype(np.float32) if array.dtype.itemsize < 4 else array


def _restored(array: Any, kind: Any) -> Any:
    """Return an array of the function's own type, from the real numbers that travelled."""
    array = jnp.asarray(array)
    if kind.kind == "c":
        return jax.lax.complex(array[..., 0], array[..., 1])
    return _rounded(array, kind).astype(kind) if kind.itemsize < 4 else array.astype(kind)


def _reals(leaf: Any) -> Any:
    """Return an output as an array of real numbers, float32 or float64."""
    if leaf.dtype.kind == "c":
        return jnp.stack([leaf.real, leaf.imag], axis=-1)
    return _rounded(leaf.astype(jnp.float32), leaf.dtype) if leaf.dtype.itemsize < 4 else leaf


def _rounded(array: Any, kind: Any) -> Any:
    """Return float32 numbers as a coarser type has them: XLA leaves out a cast that is followed by one back."""
    coarse = jnp.finfo(kind)
    return jax.lax.reduce_precision(array, int(coarse.nexp), int(coarse.nmant))


def real_function(run: Callable[[dict[str, Any]], Any], kinds: Mapping[str, Any], owner: str) -> Real:
    """Return a function as one of arrays of real numbers, whose outputs are one array."""

    def real(arrays: dict[str, Any]) -> Any:
        y = run({name: _restored(array, kinds[name]) for name, array in arrays.items()})
        leaves = jax.tree_util.tree_leaves(y, is_leaf=_is_sparse)
        if any(map(_is_sparse, leaves)):
            raise CheckError(f"{owner} gives a sparse array: let it end with .todense() for the check")
        found = [_reals(jnp.asarray(each)) for each in leaves if has_slopes(each)]
        if not found:
            kind = f"an array of {leaves[0].dtype}" if len(leaves) == 1 and _is_array(leaves[0]) else type(y).__name__
            raise CheckError(f"{owner} should give floating-point numbers, got {kind}")
        return found[0] if len(found) == 1 else jnp.concatenate([each.reshape(-1) for each in found])

    return real


def named_outputs(
    run: Callable[[dict[str, Any]], Any], kinds: Mapping[str, Any], arrays: Mapping[str, NDArray]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the name and the shape of each of several outputs in a row; nothing for one alone, or where JAX cannot
    tell without numbers."""
    names: list[str] = []

    def outputs(arrays: dict[str, Any]) -> list[Any]:
        y = run({name: _restored(array, kinds[name]) for name, array in arrays.items()})
        found = [(path, leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(y) if has_slopes(leaf)]
        names.extend("y" + jax.tree_util.keystr(path) for path, _ in found)
        return [_reals(jnp.asarray(leaf)) for _, leaf in found]

    try:
        shapes = [tuple(each.shape) for each in jax.eval_shape(outputs, dict(arrays))]
    except Exception:  # whatever it raises at a tracer: with numbers it has been called already
        return ()
    return tuple(zip(names, shapes, strict=True)) if len(shapes) > 1 else ()
