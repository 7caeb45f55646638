"""One flat vector of parameters, seen by name.

All parameters of a network live in a single 1-D array, theta, and their gradients in
another just like it.  A Layout remembers where each named parameter sits, so the same
memory can be read in two ways:

    theta[k]     optimizers, averaging over workers, saving, gradient checks
    p.W, g.W     layers, which want names and shapes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from inkgrad.arrays import Array, OneArray, namespace
from inkgrad.errors import ShapeError

Shapes = Mapping[str, Any]  # name -> shape, or name -> Shapes of a layer inside


class Named:
    """Named views of a flat vector.  ``v.W`` reads; ``v.W = a`` writes through to the vector."""

    def __init__(self, views: Mapping[str, Any]) -> None:
        vars(self).update(views)

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no parameter {name!r}, only {sorted(vars(self))}")

    def __setattr__(self, name: str, value: Array) -> None:
        view = getattr(self, name)
        shape = getattr(value, "shape", ())
        if shape != view.shape:
            raise ShapeError(f"{name} has shape {view.shape}, cannot hold {shape}")
        view[...] = value


class Layout:
    """The places of named parameters in a flat vector of `size` numbers."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        self.size = 0
        for path, shape in _leaves(shapes):
            self.places[path] = slice(self.size, self.size + prod(shape)), shape
            self.size += prod(shape)

    def parts(self, theta: OneArray) -> dict[str, OneArray]:
        """Return the parts of `theta` by path ("1.W"), without copying a number."""
        if theta.shape != (self.size,):
            raise ShapeError(f"this network has {self.size} parameters, got an array of shape {theta.shape}")
        reshape = namespace(theta).reshape
        return {path: reshape(theta[place], shape, copy=False) for path, (place, shape) in self.places.items()}

    def views(self, theta: Array) -> Named:
        """Return the parts of `theta` by name, layer inside layer: p["1"].W."""
        parts = self.parts(theta)

        def nest(shapes: Shapes, prefix: str) -> Named:
            return Named(
                {
                    name: nest(shape, f"{prefix}{name}.") if isinstance(shape, Mapping) else parts[prefix + name]
                    for name, shape in shapes.items()
                }
            )

        return nest(self.shapes, "")


def within(named: Named, path: str) -> Named:
    """Return the part of `named` that belongs to the layer at `path`: p["2"]["0"] for "2.0", all of it for ""."""
    for name in path.split(".") if path else ():
        named = named[name]
    return named


def join_path(*names: str) -> str:
    """Return one path for several, where "" is the path of the whole.

    >>> join_path("2", "0", "W"), join_path("", "W")
    ('2.0.W', 'W')
    """
    return ".".join(filter(None, names))


def _leaves(shapes: Shapes, prefix: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, shape in shapes.items():
        if isinstance(shape, Mapping):
            yield from _leaves(shape, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", shape
