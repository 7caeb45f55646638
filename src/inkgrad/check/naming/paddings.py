"""Paddings: how a signal goes on beyond its ends, and the Jacobian of a filter as it would be with another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np

from inkgrad.arrays import NDArray

# Each says which of n entries stands at a place outside of 0..n-1; None where it is 0.
Beyond = Callable[[int, int], int | None]


def _mirrored(place: int, n: int) -> int:
    period = 2 * (n - 1)
    return min(place % period, -place % period) if n > 1 else 0


def _mirrored_with_edge(place: int, n: int) -> int:
    return min(place % (2 * n), (-1 - place) % (2 * n))


PADDINGS: dict[str, tuple[str, Beyond]] = {
    "zero": ("zeros", lambda place, n: place if 0 <= place < n else None),
    "reflect": ("a mirror at the last entry (reflect)", _mirrored),
    "symmetric": ("a mirror behind the last entry (symmetric)", _mirrored_with_edge),
    "edge": ("the last entry repeated (edge, replicate)", lambda place, n: min(max(place, 0), n - 1)),
    "wrap": ("the other end (wrap, circular)", lambda place, n: place % n),
    "even wrap": (
        "the other end, after the last entry is repeated once to make their number even",
        lambda place, n: min(place % (n + 1), n - 1),
    ),
    "even wrap, cropped": (
        "the other end, after a last entry that is cut off",
        lambda place, n: place % (n + 1) if place % (n + 1) < n else None,
    ),
}


ASIDE = 0, -1, 1, -2, 2  # from the middle, where a filter is looked at
STEPS = (1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4)


@dataclass(frozen=True)
class FilterAxis:
    """An axis along which a filter slides: `step_in` entries on, the outputs lie `step_out` farther.

    `axis` is that of the signal, `axes_out` those of each output; `used` is the padding, by its name in PADDINGS.
    The `step_in` entries from `start` on stand for all: nothing of a padding goes to them.
    """

    axis: int
    axes_out: tuple[int, ...]
    step_in: int
    step_out: int
    start: int
    used: str = "zero"


@dataclass(frozen=True)
class FilterJacobian:
    """A Jacobian as one block for each output, (*its shape, *the signal's); `ndim` is that of the signal."""

    blocks: tuple[NDArray, ...]
    ndim: int

    @property
    def whole(self) -> NDArray:
        """All outputs in a row, (outputs, entries)."""
        return np.concatenate([each.reshape(prod(each.shape[: each.ndim - self.ndim]), -1) for each in self.blocks])

    def length(self, axis: int) -> int:
        """Return how long the signal is along one of its axes."""
        first = self.blocks[0]
        return int(first.shape[first.ndim - self.ndim + axis])

    def line(self, axis: int) -> FilterJacobian:
        """Return the Jacobian of the entries in the middle of all other axes."""
        chosen = tuple(slice(None) if k == axis else slice(self.length(k) // 2, None) for k in range(self.ndim))
        chosen = tuple(each if k == axis else slice(each.start, each.start + 1) for k, each in enumerate(chosen))
        return replace(self, blocks=tuple(each[(..., *chosen)] for each in self.blocks))

    def filter_axes(self) -> Iterator[FilterAxis]:
        """Yield the axes along which forward is a filter with one of the PADDINGS."""
        for axis in range(self.ndim):
            line = self.line(axis) if self.length(axis) >= 5 else None
            ways = filter(line.has_its_middle, self._ways(axis)) if line else iter(())
            padded = (replace(way, used=used) for way in ways for used in PADDINGS)
            found = next((each for each in padded if line and line.is_padded_so(each)), None)
            if found:
                yield found

    def _ways(self, axis: int) -> Iterator[FilterAxis]:
        from_right = tuple(each.ndim - 2 * self.ndim + axis for each in self.blocks)
        for axes_out in dict.fromkeys((from_right, tuple(axis for _ in self.blocks))):
            if all(0 <= a < b.ndim - self.ndim for a, b in zip(axes_out, self.blocks, strict=True)):
                for aside, (step_in, step_out) in product(ASIDE, STEPS):
                    start = (self.length(axis) - step_in) // 2 + aside
                    if 0 <= start <= self.length(axis) - step_in:
                        yield FilterAxis(axis, axes_out, step_in, step_out, start)

    def has_its_middle(self, along: FilterAxis) -> bool:
        """Return whether the outputs in the middle, where nothing of a padding goes, are those of the filter."""
        zero = self.with_padding(along, "zero")
        size = max(float(np.abs(each).max(initial=0)) for each in self.blocks)

        def is_right(aside: int) -> bool:
            for mine, its, axis in zip(self.blocks, zero.blocks, along.axes_out, strict=True):
                place = max(mine.shape[axis] // 2 - aside, 0)
                off = np.abs(np.take(mine, place, axis) - np.take(its, place, axis)).max(initial=0)
                if off > 1e-6 * size:
                    return False
            return True

        return is_right(0) or is_right(1)

    def is_padded_so(self, along: FilterAxis) -> bool:
        """Return whether all columns are those of the middle in other places, with the padding that is used."""
        right = self.whole
        off = np.abs(self.with_padding(along, along.used).whole - right).max(initial=0)
        return bool(off <= 1e-6 * np.abs(right).max(initial=0)) and bool(right.any())

    def with_padding(self, along: FilterAxis, name: str) -> FilterJacobian:
        """Return the Jacobian as it is with one of the PADDINGS along an axis."""
        n, beyond = self.length(along.axis), PADDINGS[name][1]
        made = tuple(map(np.zeros_like, self.blocks))
        for block, new, axis_out in zip(self.blocks, made, along.axes_out, strict=True):
            old, into = (np.moveaxis(each, each.ndim - self.ndim + along.axis, 0) for each in (block, new))
            for place in range(-n, 2 * n):
                target = beyond(place, n)
                if target is not None:
                    steps, rest = divmod(place - along.start, along.step_in)
                    into[target] += _shifted(old[along.start + rest], axis_out, along.step_out * steps)
        return replace(self, blocks=made)


def _shifted(array: NDArray, axis: int, by: int) -> NDArray:
    """Return an array moved along an axis, with zeros for what comes in."""
    found = np.zeros_like(array)
    n = array.shape[axis]
    if abs(by) < n:
        start, stop = max(by, 0), n + min(by, 0)
        into, out = np.moveaxis(found, axis, 0), np.moveaxis(array, axis, 0)
        into[start:stop] = out[start - by : stop - by]
    return found
