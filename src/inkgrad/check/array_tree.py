"""Trees: dicts, lists and tuples of arrays, as leaves with names and back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray

ABSENT = object()  # in the place of a leaf that another tree lacks


def leaves(label: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a tree by their paths: "p['W']", "p[0]", "p.W" of a named tuple.

    A list or tuple of plain numbers is a leaf, as NumPy takes it for an array.

    >>> list(leaves("p", {"W": 1.0, "more": [None, (2.0, 3.0)]}))
    [("p['W']", 1.0), ("p['more'][0]", None), ("p['more'][1]", (2.0, 3.0))]
    """
    below = branches(label, tree)
    if below is None:
        yield label, tree
        return
    for name, each in below:
        yield from leaves(name, each)


def branches(label: str, tree: Any) -> list[tuple[str, Any]] | None:
    """Return what a tree is made of, with its paths; None of a leaf."""
    if isinstance(tree, MutableMapping):
        return [(f"{label}[{key!r}]", each) for key, each in tree.items()]
    if not isinstance(tree, (list, tuple)) or are_numbers(tree):
        return None
    fields = getattr(tree, "_fields", None)
    return [(f"{label}.{fields[k]}" if fields else f"{label}[{k}]", each) for k, each in enumerate(tree)]


def with_leaves(label: str, tree: Any, other: Mapping[str, Any]) -> Any:
    """Return a tree with other leaves where `other` has some."""
    below = branches(label, tree)
    if below is None:
        return other.get(label, tree)
    found = [with_leaves(name, each, other) for name, each in below]
    if isinstance(tree, MutableMapping):
        moved = copy(tree)  # of its own kind, such as an OrderedDict
        moved.update(zip(tree, found, strict=True))
        return moved
    return type(tree)(*found) if hasattr(tree, "_fields") else type(tree)(found)


def paired(label: str, tree: Any, other: Any) -> dict[str, Any] | None:
    """Return what another tree has at each leaf of a tree, or ABSENT; None if it is built otherwise.

    None in the place of a branch is None for all its leaves.
    """
    below = branches(label, tree)
    if below is None:
        return None if isinstance(other, (Mapping, tuple, list)) and not are_numbers(other) else {label: other}
    if other is None or other is ABSENT:
        each_other: list[Any] = [other] * len(below)
    elif isinstance(tree, MutableMapping):
        if not isinstance(other, Mapping) or other.keys() - tree.keys():
            return None
        each_other = [other.get(key, ABSENT) for key in tree]
    elif isinstance(other, (list, tuple)) and len(other) == len(below):
        each_other = list(other)
    else:
        return None
    found: dict[str, Any] = {}
    for (name, each), its in zip(below, each_other, strict=True):
        inner = paired(name, each, its)
        if inner is None:
            return None
        found |= inner
    return found


def are_numbers(tree: Any) -> bool:
    """Return whether something is a list or tuple, or several in each other, of plain numbers alone."""
    if not isinstance(tree, (list, tuple)) or not tree:
        return False
    return all(isinstance(each, (int, float, complex)) or are_numbers(each) for each in tree)


def as_array(leaf: Any) -> NDArray | None:
    """Return a leaf as an array where it has slopes: real or complex numbers; None for all else."""
    if not (isinstance(leaf, (float, complex)) or hasattr(leaf, "__array__") or are_numbers(leaf)):
        return None
    try:
        array = np.asarray(leaf)
    except ValueError:  # lists of different lengths
        return None
    return array if array.dtype.kind in "fc" else None


def labels_of(function: Callable[..., Any], count: int) -> list[str]:
    """Return what a function calls the arguments that it is given by position.

    >>> labels_of(lambda table, *others: None, 3)
    ['table', 'others[0]', 'others[1]']
    """
    try:
        parameters: Sequence[inspect.Parameter] = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have no signature
        parameters = []
    names = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None)
    more = [f"{rest}[{k}]" if rest else f"argument {k + len(names) + 1}" for k in range(count - len(names))]
    return [*names, *more][:count]
