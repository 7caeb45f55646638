"""The shapes that a docstring says, "Shapes    x (N, n_in)   W (n_in, n_out)   y like x", held against arrays."""

import re
from itertools import zip_longest
from math import prod

SHAPES = re.compile(r"^ *Shapes +(.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
SHAPE = re.compile(r"(\w+) (\(.*?\)|like \w+)")


def said_of(owner):
    """Return what the docstring of a layer or a cost, or of what it derives from, says of each array."""
    docstrings = (vars(each).get("__doc__") or "" for each in type(owner).__mro__)
    return next((dict(SHAPE.findall(found[1])) for found in map(SHAPES.search, docstrings) if found), {})


def assert_shapes(owner, arrays):
    """Each name in a docstring stands for one size, in all arrays: a setting's where there is one of the name."""
    said, sizes = said_of(owner), dict(vars(owner))
    assert said, f"the docstring of {owner} says no shapes"
    assert said.keys() <= arrays.keys(), owner
    for name, text in said.items():
        if text.startswith("like "):
            assert arrays[name].shape == arrays[text.removeprefix("like ")].shape, f"{owner}: {name} {text}"
        else:
            assert bound(text, arrays[name].shape, sizes) == arrays[name].shape, f"{owner}: {name} {text}"


def bound(text, shape, sizes):
    """Return the shape that a text such as "(N, n // size, ...)" stands for; unbound names are bound by `shape`."""
    axes = [axis.strip() for axis in text.strip("()").split(",") if axis.strip()]
    if "..." in axes:
        i, n_others = axes.index("..."), len(axes) - 1
        sizes.setdefault("...", shape[i : len(shape) - n_others + i])
        axes[i : i + 1] = map(str, sizes["..."])
    for axis, size in zip_longest(axes, shape):
        if axis and axis.isidentifier():
            sizes.setdefault(axis, size)
    return tuple(size_of(axis, sizes) for axis in axes)


def size_of(axis, sizes):
    """Return the size of an axis: a name, a number, "n // size", or "a b ...", which makes one axis of several."""
    if " ..." in axis:
        return prod(sizes[name] for name in axis.split()[:-1]) * prod(sizes["..."])
    return eval(axis, {}, sizes)
