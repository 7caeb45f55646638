"""The numerical gradient of sum(dy * y) in an array, each entry with its error bar."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.moves import Move
from inkgrad.check.measure.slopes import rounding_noise, sharpest_slope
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.errors import CheckError


@dataclass(frozen=True)
class Differences:
    """How an array is measured by differences.

    most_retries        how often something that breaks near by is looked at from closer, each time a hundredth
    most_one_by_one     numbers; of larger arrays it is asked how they move y, where that is said
    n_sampled           entries of those that are measured all the same
    most_in_jacobian    numbers; a larger Jacobian is not kept
    nudge               by which numbers are moved, as parts of themselves, to see in which type the outputs come
    """

    most_retries: int = 3
    most_one_by_one: int = 2000
    n_sampled: int = 20
    most_in_jacobian: int = 4_000_000
    nudge: float = 1e-3


DIFFERENCES = Differences()


@dataclass(frozen=True)
class Numerical:
    """A gradient between `low` and `high`, both known to within `bar`; they differ at kinks.

    `jacobian` is J_oi = dy_o / dz_i over all outputs o and entries i, or None where it is too large.
    """

    low: NDArray
    high: NDArray
    bar: NDArray
    jacobian: NDArray | None

    @property
    def value(self) -> NDArray:
        """The gradient; at a kink the mean of its bounds."""
        return (self.low + self.high) / 2


def numerical_vjp(subject: Subject, name: str, dy: NDArray, y: NDArray, noise: NDArray | None = None) -> Numerical:
    """Return dy J for the array `name` of `subject`, where its outputs are y, rounded by `noise`."""
    noise = output_noise(subject, y) if noise is None else noise
    z = subject.arrays[name]
    moves = subject.moves(name) if subject.moves and z.size > DIFFERENCES.most_one_by_one else None
    if moves is not None:
        return _by_moves(subject, name, dy, y, noise, moves)
    keep = y.size * z.size <= DIFFERENCES.most_in_jacobian
    jacobian = np.zeros((y.size, z.size)) if keep else None
    low, high, bar = (np.zeros(z.size) for _ in range(3))
    for i, found in _each_slope(subject, name, dy, y, noise, range(z.size), jacobian):
        low[i], high[i], bar[i] = found
    return Numerical(low.reshape(z.shape), high.reshape(z.shape), bar.reshape(z.shape), jacobian)


def _each_slope(
    subject: Subject,
    name: str,
    dy: NDArray,
    y: NDArray,
    noise: NDArray,
    entries: Iterable[int],
    jacobian: NDArray | None = None,
) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """Yield bounds and error bar of dy J for some entries of an array; fill their columns of J."""
    arrays = subject.copies()
    flat = arrays[name].reshape(-1)
    dy = dy.reshape(-1).astype(np.float64)
    weights = np.abs(dy)
    size = typical_size(flat)
    base = y.reshape(-1).astype(np.float64)
    for i in entries:
        here = flat[i]

        def move(d: float, i: int = i, here: NDArray = here) -> tuple[float, NDArray]:
            flat[i] = here + flat.dtype.type(d)
            by = float(flat[i]) - float(here)
            out = outputs_or_nan(subject, arrays, base)
            flat[i] = here
            return by, out

        reach = max(size, abs(float(here)))
        found = sharpest_slope(move, base, noise, reach, subject.eps, DIFFERENCES.most_retries)
        ends = dy * found.low, dy * found.high
        bar = float(weights @ found.bar + 64 * subject.eps * (weights @ np.abs(found.middle)))
        yield i, (float(np.minimum(*ends).sum()), float(np.maximum(*ends).sum()), bar)
        if jacobian is not None:
            jacobian[:, i] = found.middle


def _by_moves(subject: Subject, name: str, dy: NDArray, y: NDArray, noise: NDArray, moves: Iterable[Move]) -> Numerical:
    """Return dy J as the layer says its parameter moves y; a random sample is measured to see that it does.

    Raises CheckError where it does not.
    """
    z = subject.arrays[name]
    value, bar = np.zeros(z.size), np.zeros(z.size)
    for each in moves:
        value[each.entries] = each.direction @ dy[:, each.unit]
        bar[each.entries] = 64 * subject.eps * (np.abs(each.direction) @ np.abs(dy[:, each.unit]))
    sample = np.random.default_rng(0).choice(z.size, DIFFERENCES.n_sampled, replace=False)
    for i, (low, high, blur) in _each_slope(subject, name, dy, y, noise, sample.tolist()):
        if not low - blur - bar[i] <= value[i] <= high + blur + bar[i]:
            raise CheckError(f"{subject.name}: its moves are wrong for {name}: entry {i} does not move y as they say")
    shape = z.shape
    return Numerical(value.reshape(shape), value.reshape(shape).copy(), bar.reshape(shape), None)


def complex_slope(subject: Subject, name: str, dy: NDArray, entry: int) -> float | None:
    """Return dy J for one entry of the array `name` from f(x + ih), or None where f takes no complex numbers.

    For an analytic f, Im f(x + ih) / h = f'(x) - h² f'''(x) / 6 + ..., without any subtraction
    (Squire & Trapp 1998, https://doi.org/10.1137/S003614459631241X).  A function that is not analytic,
    such as |x|, gives another number; so it is an opinion, not a verdict.
    """
    step = 1e-30  # any number whose square vanishes beside 1
    arrays = subject.copies()
    moved = arrays[name].astype(np.complex128)
    moved.reshape(-1)[entry] += 1j * step
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library may say that it drops Im: one way not to take it
            y = np.asarray(subject.forward(arrays | {name: moved}))
    except (CheckError, TypeError):
        return None
    if y.dtype.kind != "c" or y.shape != dy.shape:
        return None
    return float(np.sum(dy * y.imag) / step)


def output_noise(subject: Subject, y: NDArray) -> NDArray:
    """Return how large the rounding errors of each output of a subject are, flattened."""
    rng = np.random.default_rng(0)
    directions = {name: rng.uniform(0.5, 1.5, array.shape) for name, array in subject.arrays.items()}
    base = y.reshape(-1).astype(np.float64)

    def evaluate(d: float) -> NDArray:
        moved = {
            name: (array * (1 + d * directions[name])).astype(array.dtype) for name, array in subject.arrays.items()
        }
        return outputs_or_nan(subject, moved, base)

    noise = rounding_noise(evaluate, base, subject.eps)
    unit = max(subject.unit, grid(evaluate(DIFFERENCES.nudge), base))
    return np.maximum(noise, 10 * unit * np.abs(base))


def typical_size(array: NDArray) -> float:
    """Return the typical size of the numbers of an array, at most 1, over which slopes may change; 1 for zeros."""
    if not array.size:
        return 1.0
    flat = array.reshape(-1)
    return min(float(np.linalg.norm(flat)) / sqrt(flat.size) or 1.0, 1.0)


def outputs_or_nan(subject: Subject, arrays: Arrays, base: NDArray) -> NDArray:
    """Return the outputs for moved arrays, flattened; NaN where they have left the function's domain.

    Raises CheckError where they have another shape than at the start.
    """
    try:
        out = np.array(subject.forward(arrays), np.float64).reshape(-1)  # a copy: y may be a view of x
    except CheckError:
        return np.full(base.shape, np.nan)
    if out.shape != base.shape:
        raise CheckError(
            f"{subject.name}: forward gives {base.size} numbers, then {out.size} when its input moves a little"
        )
    return out


def grid(y: NDArray, base: NDArray) -> float:
    """Return the machine epsilon of the coarsest type that holds all outputs that have moved from `base`; 0 of float64.

    A function of float32 stays one when float64 is wrapped around it, and its outputs show that.  What does not
    move, such as the ends of a clamp, may be in every type.
    """
    y = y[y != base]
    if y.size < 4 or np.array_equal(y, np.rint(y)):  # so may whole numbers
        return 0.0
    with np.errstate(over="ignore"):
        for kind in np.float16, np.float32:
            if np.array_equal(y.astype(kind).astype(np.float64), y):
                return float(np.finfo(kind).eps)
    return 0.0
