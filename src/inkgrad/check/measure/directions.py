"""Directions: is the gradient right along random directions, through all arrays at once?

Along v = (v_1, v_2, ...), one v_i for each array, y changes at the rate J v, and backward says that
dy · J v = g_1 · v_1 + g_2 · v_2 + ...  One direction asks all numbers of all arrays at once, for the
price of some evaluations of forward, however many there are.  J v has one slope for each output, so
the same evaluations judge what backward says to any number of dy.

The entries of v_i are normal, times the size s_i of the array.  An error e of its gradient then moves the
right side by a normal number with the standard deviation s_i ||e||, whose density is at most
1 / (s_i ||e|| √(2π)), so it stays inside an error bar τ with a probability of at most

    P <= √(2/π) τ / (s_i ||e||).

Entries of ±1 would not do: two swapped numbers would pass half of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.drawn import Direction, Drawn, memory_for
from inkgrad.check.measure.numerical import DIFFERENCES, grid, outputs_or_nan
from inkgrad.check.measure.slopes import Slope, rounding_noise, sharpest_slope
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject


@dataclass(frozen=True)
class DirectionLimits:
    """How directions are taken.

    p_miss        the probability with which the smallest error that is named may be missed
    reach         how far a direction is followed, in parts of the arrays' sizes; in several steps
    most_retries  how often slopes that are not sharp are looked at from closer, each time a hundredth
    n_sizes       so many times its typical size a sum of random numbers may be
    shake         by which a point is moved away from kinks, in parts of each array's size
    large         numbers; the direction of a larger array is kept in float16
    many          outputs, whose rounding fewer points show
    one_of        so many numbers of a large array are moved to see how the outputs are rounded
    part_of_large  how far large numbers move at least, in parts of their size
    """

    p_miss: float = 0.01
    reach: float = 0.2
    most_retries: int = 2
    n_sizes: float = 6.0
    shake: float = 1e-3
    large: int = 1_000_000
    many: int = 50
    one_of: int = 61
    part_of_large: float = 1e-4


DIRECTION_LIMITS = DirectionLimits()


@dataclass(frozen=True)
class Rates:
    """What backward says of one dy along one direction, array by array.

    rates   g_i · v_i
    sizes   s_i ||g_i||: how large g_i · v_i is, typically
    """

    dy: NDArray
    rates: Mapping[str, float]
    sizes: Mapping[str, float]

    @cached_property
    def scale(self) -> float:
        """How large dy is."""
        return float(np.linalg.norm(self.dy.ravel())) or 1.0


@dataclass(frozen=True)
class Disagreement:
    """By how much backward and the slopes of y disagree along a direction, and how sure that is.

    `off` is 0 inside what kinks allow; `bar` is its error bar; `is_kinked` says that there is more than one slope;
    `rate` is what the slopes say.
    """

    off: float
    bar: float
    is_kinked: bool
    rate: float = 0.0

    @property
    def is_wrong(self) -> bool:
        """Whether they disagree by more than can be explained; where that is unknown, no."""
        return self.off > self.bar

    @property
    def is_known(self) -> bool:
        """Whether there is a slope at all."""
        return bool(np.isfinite(self.off) and np.isfinite(self.bar))


class Point:
    """A subject at one point, where slopes along directions are asked for."""

    def __init__(self, subject: Subject, y: NDArray, known_noise: NDArray | float = 0.0) -> None:
        self.subject, self.known_noise = subject, known_noise
        self.base = y.reshape(-1).astype(np.float64)
        self.scales = {name: _size(array) for name, array in subject.arrays.items()}

    @cached_property
    def noise(self) -> NDArray:
        """How large the rounding errors of each output are."""
        arrays, rng = self.subject.arrays, np.random.default_rng(0)
        limits = DIRECTION_LIMITS
        every = {name: limits.one_of if array.size > limits.large else 1 for name, array in arrays.items()}
        spread = {name: rng.uniform(0.5, 1.5, array.reshape(-1)[:: every[name]].size) for name, array in arrays.items()}
        moved = memory_for(arrays)
        for name, array in arrays.items():
            np.copyto(moved[name], array)

        def evaluate(d: float) -> NDArray:
            for name, array in arrays.items():
                if every[name] == 1:
                    np.copyto(moved[name], array)  # forward may have changed it
                few = array.reshape(-1)[:: every[name]]
                moved[name].reshape(-1)[:: every[name]] = few * (1 + d * spread[name]).astype(array.dtype)
            return outputs_or_nan(self.subject, moved, self.base)

        n_points = 5 if self.base.size >= limits.many else 12
        own = rounding_noise(evaluate, self.base, self.subject.eps, (0.4,), n_points)
        with np.errstate(over="ignore"):
            n_long = np.count_nonzero(self.base.astype(np.float32) != self.base)
        is_float64 = n_long > np.count_nonzero(self.base) / 2  # by its digits: then no coarser type is looked for
        unit = max(self.subject.unit, 0.0 if is_float64 else grid(evaluate(DIFFERENCES.nudge), self.base))
        relative = own / np.maximum(np.abs(self.base), _size(self.base))
        pooled = float(np.linalg.norm(relative)) / sqrt(max(relative.size, 1))
        return np.maximum(own, max(pooled, unit) * np.abs(self.base)) + self.known_noise

    def direction(self, rng: np.random.Generator, names: Iterable[str]) -> Arrays:
        """Return a random direction through the arrays of these names."""
        drawn: dict[str, NDArray | Drawn] = {}
        for name in names:
            array, scale = self.subject.arrays[name], self.scales[name]
            is_large = array.size > DIRECTION_LIMITS.large and 1e-3 < scale < 1e3  # float16 has numbers for these
            seed = int(rng.integers(2**63)) if is_large else 0
            drawn[name] = Drawn(seed, array.shape, scale) if is_large else rng.normal(0, scale, array.shape)
        return Direction(drawn)

    def slopes(self, v: Arrays) -> Slope:
        """Return J v, the slope of each output along a direction."""
        arrays, noise = self.subject.arrays, self.noise  # whose memory is given back before more is taken
        v = v.held() if isinstance(v, Direction) else v  # drawn once for all steps
        memory = memory_for({name: arrays[name] for name in v})  # used again: new memory costs more than sums
        moved = {**arrays, **memory}

        def move(d: float) -> tuple[float, NDArray]:
            for name, array in memory.items():
                np.multiply(v[name], d, out=array, dtype=np.float64)
                np.add(arrays[name], array, out=array)
            return d, outputs_or_nan(self.subject, moved, self.base)

        return sharpest_slope(
            move, self.base, noise, DIRECTION_LIMITS.reach, self.subject.eps, DIRECTION_LIMITS.most_retries, True
        )

    def rates(self, gradients: Arrays, dy: NDArray, v: Arrays) -> Rates:
        """Return what gradients say along a direction."""
        rates = {name: product(gradients[name], v[name]) for name in v}
        sizes = {name: self.scales[name] * float(np.linalg.norm(gradients[name].ravel())) for name in v}
        return Rates(dy, rates, sizes)

    def disagreement(self, found: Slope, rates: Rates) -> Disagreement:
        """Compare what backward says with the slopes of y."""
        dy = rates.dy.reshape(-1).astype(np.float64)
        weights, ends = np.abs(dy), (dy * found.low, dy * found.high)
        low, high = float(np.minimum(*ends).sum()), float(np.maximum(*ends).sum())
        said = sum(rates.rates.values())
        # the rounding of g · v, a sum of normal numbers, and of backward itself
        rounding = 64 * self.subject.eps * (sqrt(sum(size**2 for size in rates.sizes.values())) + abs(said))
        bar = self._bar_of_sum(weights, found.bar) + 64 * self.subject.eps * float(weights @ np.abs(found.middle))
        bar += rounding
        off = max(low - said, said - high, 0.0) if np.isfinite(said) else np.inf
        return Disagreement(off, bar, high - low > 4 * bar, (low + high) / 2)

    def _bar_of_sum(self, weights: NDArray, bars: NDArray) -> float:
        """Return the error bar of a sum of dy times slopes of these error bars.

        A random dy knows nothing of the errors e of the slopes, so that dy · e is normal, with the size of dy times
        ||e||; one that is given may add all of them up.
        """
        all_of_them = float(weights @ bars)
        if self.subject.only_dy is not None or not weights.size:
            return all_of_them
        size = float(np.linalg.norm(weights)) / sqrt(weights.size)
        return min(all_of_them, DIRECTION_LIMITS.n_sizes * size * float(np.linalg.norm(bars)))

    def least(self, bar: float, name: str, rates: Rates, n_directions: int = 1) -> float:
        """Return the smallest error of an array that would have been seen, in parts of its gradient.

        It would have been missed with the probability DIRECTION_LIMITS.p_miss.
        """
        size = rates.sizes[name]
        factor = DIRECTION_LIMITS.p_miss ** (-1 / n_directions)
        return sqrt(2 / pi) * bar * factor / size if size else np.inf


def product(gradient: NDArray, v: NDArray) -> float:
    """Return g · v, of which the direction of a large array is no float64: without a copy of it that is."""
    a, b, step = gradient.reshape(-1), v.reshape(-1), DIRECTION_LIMITS.large
    return float(sum(np.vdot(a[k : k + step], b[k : k + step]) for k in range(0, a.size, step)))


def shaken(subject: Subject, seed: int) -> Subject:
    """Return a subject at a point near by, away from kinks and ties; a mistake stays one."""
    rng = stream(seed, "shaken")
    moved = {
        name: a + (DIRECTION_LIMITS.shake * _size(a) * rng.standard_normal(a.shape)).astype(a.dtype)
        for name, a in subject.arrays.items()
    }
    return subject.at(moved)


def _size(array: NDArray) -> float:
    """Return over which distance the numbers of an array move: their typical size, 1 for zeros.

    It is at most 1, over which slopes may change; but of large numbers a part that rounding does not hide.
    """
    if not array.size:
        return 1.0
    flat = array.reshape(-1)
    typical = float(np.linalg.norm(flat)) / sqrt(flat.size) or 1.0
    return max(min(typical, 1.0), DIRECTION_LIMITS.part_of_large * typical)
