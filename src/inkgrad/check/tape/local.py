"""The derivative of one operation in one of its inputs, by differences of that operation alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray

Operation = Callable[[NDArray], NDArray]  # one input of an operation -> its output, the other inputs as they are


@dataclass(frozen=True)
class Diagonal:
    """Each number of the output depends on one of the input, which may be spread along other axes before.

    `slopes` are what is not 0 of J; they have the shape of the output.
    """

    slopes: NDArray
    shape: tuple[int, ...]

    def pull(self, dy: NDArray) -> NDArray:
        """Return dy J, summed over the axes along which the input is spread."""
        return unspread(self.slopes * dy, self.shape)

    def push(self, dx: NDArray) -> NDArray:
        """Return J dx."""
        return self.slopes * dx


@dataclass(frozen=True)
class Entries:
    """A Jacobian by its entries that are not 0: J[rows[k], columns[k]] = slopes[k]."""

    rows: NDArray
    columns: NDArray
    slopes: NDArray
    shape_out: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def is_selection(self) -> bool:
        """Whether each number of the output is one of the input as it is."""
        return bool(np.all(self.slopes.round(6) == 1)) and np.unique(self.rows).size == self.rows.size

    def pull(self, dy: NDArray) -> NDArray:
        """Return dy J."""
        size = int(np.prod(self.shape))
        found = np.bincount(self.columns, self.slopes * dy.reshape(-1)[self.rows], minlength=size)
        return found.reshape(self.shape)

    def push(self, dx: NDArray) -> NDArray:
        """Return J dx."""
        size = int(np.prod(self.shape_out))
        found = np.bincount(self.rows, self.slopes * dx.reshape(-1)[self.columns], minlength=size)
        return found.reshape(self.shape_out)


Local = Diagonal | Entries  # how one operation passes on what its output, or its input, is multiplied by


@dataclass(frozen=True)
class Steps:
    """How far numbers are moved, as parts of themselves or of the typical number of their array.

    alone     where each moves its own output: two distances are put together, so it may be far
    together  where it may move all
    least     of the typical number, for numbers near 0
    """

    alone: float = 1e-4
    together: float = 1e-5
    least: float = 0.03

    def of(self, x: NDArray, part: float) -> NDArray:
        """Return how far each number of x is moved."""
        typical = min(float(np.sqrt(np.mean(x * x))) if x.size else 1.0, 1.0)  # beside -1e30 of a mask all is nothing
        size = np.where(np.isinf(x), 1.0, np.abs(x))
        return np.asarray(part * np.maximum(size, self.least * typical or 1.0))


STEPS = Steps()


def local_derivative(operation: Operation, x: NDArray, y: NDArray) -> Local:
    """Return the derivative at x of an operation that gives y there."""
    if _is_elementwise(operation, x, y):
        return Diagonal(elementwise_slopes(operation, x), x.shape)
    return _by_columns(operation, x, y)


def evaluations(x: NDArray, y: NDArray) -> int:
    """Return how many evaluations a derivative takes at most."""
    return 12 if spreads(x.shape, y.shape) else 2 * x.size


def spreads(shape: tuple[int, ...], out: tuple[int, ...]) -> bool:
    """Return whether an array of a shape may be spread to another."""
    return len(shape) <= len(out) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(out), strict=False))


def _is_elementwise(operation: Operation, x: NDArray, y: NDArray) -> bool:
    """Return whether numbers that are moved move their own outputs only, seen on random halves of them.

    Of two numbers both are moved or not in a quarter of the halves: six halves tell nearly all apart, and what is
    not told shows in the whole gradient.
    """
    if not spreads(x.shape, y.shape):
        return False
    rng = np.random.default_rng(0)
    step = STEPS.of(x, STEPS.alone)
    for _ in range(6):
        still = rng.random(x.shape) < 0.5
        moved = operation(np.where(still, x, x + step))
        if moved.shape != y.shape or not (moved == y)[np.broadcast_to(still, y.shape)].all():
            return False
    return True


def elementwise_slopes(operation: Operation, x: NDArray) -> NDArray:
    """Return dy/dx of an elementwise operation, shaped like y, from differences at two distances."""
    step = STEPS.of(x, STEPS.alone)

    def difference(h: NDArray) -> NDArray:
        return _slopes(operation(x + h), operation(x - h), 2 * h)

    return np.asarray((4 * difference(step / 2) - difference(step)) / 3)  # Richardson 1911: the error of h² cancels


def _slopes(above: NDArray, below: NDArray, width: NDArray | float) -> NDArray:
    """Return the slopes between two outputs; what stays where it is, as the -inf of a mask does, has none."""
    with np.errstate(invalid="ignore"):
        return np.where(above == below, 0.0, (above - below) / width)


def _by_columns(operation: Operation, x: NDArray, y: NDArray) -> Entries:
    none = np.zeros(0, int)
    rows, columns, slopes = [none], [none], [np.zeros(0)]
    moved = np.array(x, np.float64, order="C")
    flat, step = moved.reshape(-1), STEPS.of(x, STEPS.together).reshape(-1)
    for k in range(x.size):
        here, h = flat[k], step[k]
        flat[k] = here + h
        above = operation(moved).copy()
        flat[k] = here - h
        change = _slopes(above, operation(moved), 2 * h).reshape(-1)
        flat[k] = here
        touched = np.flatnonzero(change)
        rows.append(touched)
        columns.append(np.full(touched.size, k))
        slopes.append(change[touched])
    return Entries(np.concatenate(rows), np.concatenate(columns), np.concatenate(slopes), y.shape, x.shape)


def unspread(array: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Return an array summed over the axes along which one of `shape` was spread to it."""
    extra = array.ndim - len(shape)
    array = array.sum(axis=tuple(range(extra))) if extra else array
    axes = tuple(k for k, size in enumerate(shape) if size == 1 and array.shape[k] != 1)
    return np.asarray(array.sum(axis=axes, keepdims=True) if axes else array)
