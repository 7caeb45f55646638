"""Slopes: the derivative of a function in one number, with its own error bar, and kinks told apart.

The slope of y(d) at d = 0 is estimated from pairs of points at three distances,

    D(h) = (y(h) - y(-h)) / 2h,      R = (64 D(h/16) - D(h/2)) / 63,

where R cancels the error of order h² (Richardson 1911, https://doi.org/10.1098/rsta.1911.0009).
Its error bar is what D(h/16) alone says otherwise, and the rounding of y over h/16.  Where D(h) does
not fit in as a smooth function's would, or left and right do not draw together, something breaks
within reach of h: the slopes to the left and to the right are then followed to ever smaller h.  If
they meet, there is a derivative; if they do not, there is a kink, and every number between them is
a right answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.rounding import grid_of_each


@dataclass(frozen=True)
class Slope:
    """The slope of each output: somewhere from `low` to `high`, both known to within `bar`."""

    low: NDArray
    high: NDArray
    bar: NDArray

    @property
    def middle(self) -> NDArray:
        """The slope where there is one; at a kink, the mean of left and right."""
        return (self.low + self.high) / 2

    @property
    def broken(self) -> NDArray:
        """Where there is no slope, but two, or none that is a number."""
        with np.errstate(invalid="ignore"):
            return np.asarray(~(self.high - self.low <= 4 * self.bar))

    @property
    def is_blurred(self) -> bool:
        """Whether there are two slopes somewhere, or error bars that are large beside the slopes: something breaks."""
        return not float(self.bar.sum()) <= 1e-6 * float(np.abs(self.middle).sum()) or self.is_kinked  # NaN is not

    @property
    def is_drowned(self) -> bool:
        """Whether the slopes are hardly known, though nothing breaks."""
        return float(self.bar.sum()) > 1e-3 * float(np.abs(self.middle).sum()) and not self.is_kinked

    @property
    def is_kinked(self) -> bool:
        """Whether there are two slopes somewhere, far apart beside all error bars."""
        return not float((self.high - self.low).sum()) <= 4 * float(self.bar.sum())

    def sharper(self, other: Slope) -> Slope:
        """Return these slopes, but the other ones where those are known better.

        In the place of two slopes one is taken if it is far better known than those differ.
        """
        with np.errstate(invalid="ignore"):
            far_better = ~(100 * other.bar >= self.high - self.low)
        return self._with(other, ~other.broken & np.where(self.broken, far_better, other.bar < self.bar))

    def seen_closer(self, other: Slope) -> Slope:
        """Return these slopes, or those seen from closer where these are less sharp, or far from what is seen there.

        A large step may jump over whole waves, and three of them agree by chance.
        """
        apart = np.abs(other.middle - self.middle) - (self.high - self.low) / 2 - self.bar
        return self.sharper(other)._with(other, ~other.broken & (apart > 10 * other.bar))

    def where_broken(self, other: Slope) -> Slope:
        """Return these slopes, but the other ones where these are broken and those are not."""
        return self._with(other, self.broken & ~other.broken)

    def _with(self, other: Slope, better: NDArray) -> Slope:
        pairs = (self.low, other.low), (self.high, other.high), (self.bar, other.bar)
        return Slope(*(np.where(better, theirs, ours) for ours, theirs in pairs))


def slope(
    move: Callable[[float], tuple[float, NDArray]],
    y: NDArray,
    noise: NDArray,
    size: float,
    eps: float,
    whole: bool = True,
    unit: float | None = None,
) -> Slope:
    """Return the slope of y in one number.

    `move(d)` moves the number by about d and returns by how much it really moved, as floating
    point rounds, and the new outputs.  `noise` is the rounding of each output, `size` the size of
    the number, or, where it is not `whole`, a small part of that, `eps` the machine epsilon of its type, or a larger
    one that it behaves as if it had; then `unit` is the true one.
    """
    h = _step(size, eps)
    with np.errstate(all="ignore"):
        far, near, nearest = (_pair(move, y, h / k) for k in (1, 2, 16))
        if whole:  # what has not moved at all is not rounded otherwise, unless rounding hides that it moves
            rounded = np.maximum((eps if unit is None else unit) * np.abs(y), noise / 10)
            is_plain = noise <= 1e3 * eps * np.abs(y)
            still = (far.gap + near.gap + np.abs(far.left) + np.abs(near.left) == 0) & is_plain
            noise = np.where(still, rounded * nearest.h / far.h, noise)  # it may move by less than that
        best, rough = (64 * nearest.centred - near.centred) / 63, (4 * near.centred - far.centred) / 3
        rounding = noise / nearest.h
        # where the curvature jumps the errors are of order h: that of best is h/18, and h/3.6 its distance from rough
        apart = np.maximum(np.abs(best - rough) - rounding, 0)
        bar = np.maximum(np.abs(best - nearest.centred), apart / 4) + rounding
        scale = np.abs(best) + np.abs(nearest.centred)
        # of a smooth function the two agree to a millionth of their size; NaN is unsure too
        unsure = ~(np.abs(rough - nearest.centred) <= 1e-6 * scale + 4 * rounding)
        unsure |= ~(nearest.gap <= far.gap / 2 + 8 * rounding)  # left and right should draw together
        low, high = best.copy(), best.copy()
        before = nearest
        for power in (1 / 3, 0.4, 0.45):
            if not unsure.any():
                break
            pair = _pair(move, y, eps**power * size)
            doubt = noise / pair.h
            low = np.where(unsure, np.minimum(pair.left, pair.right), low)
            high = np.where(unsure, np.maximum(pair.left, pair.right), high)
            bar = np.where(unsure, doubt, bar)
            meet = unsure & (pair.gap <= 4 * doubt + 1e-3 * (np.abs(pair.left) + np.abs(pair.right)))
            meet &= pair.gap <= np.maximum(before.gap / 2, 4 * doubt)  # however small a kink is, its gap stays
            low, high = np.where(meet, pair.centred, low), np.where(meet, pair.centred, high)
            # left and right differ by h times the curvature, and the centred difference is off by its
            # square; where the curvature itself jumps, by as much as it changes with h
            both = np.abs(pair.left) + np.abs(pair.right)
            curved = np.divide(pair.gap**2, both, out=np.zeros_like(both), where=both > 0)
            bar = np.where(meet, doubt + curved + np.abs(pair.centred - before.centred), bar)
            before = pair
            unsure = unsure & ~meet
    return Slope(low, high, bar)


FARTHER = 5.0  # times the usual size, for slopes that rounding blurs
FAR = 50.0  # times it, for slopes that drown in rounding


def sharpest_slope(
    move: Callable[[float], tuple[float, NDArray]],
    y: NDArray,
    noise: NDArray,
    size: float,
    eps: float,
    most_retries: int,
    is_costly: bool = False,
) -> Slope:
    """Return the slope as the steps show it that show it best, for each output.

    Where the outputs are rounded more coarsely than `eps` says, larger steps are tried.  Where that is not sharp
    something breaks near by, and is looked at from closer, each time from a hundredth; where that is costly, not
    if its rounding is larger than the error bars are.
    """
    found, coarse = slope(move, y, noise, size, eps), eps
    if found.is_blurred:
        moved = np.abs(found.middle) * size
        working = float(np.median(noise[moved > 0] / moved[moved > 0])) / 10 if (moved > 0).any() else 0.0
        if working > 10 * eps:
            coarse = min(working, 1e-3)
            found = found.sharper(slope(move, y, noise, size, coarse, unit=eps))
    for closer in (size / 100**k for k in range(1, most_retries + 1)):
        there = np.minimum(found.bar, noise / (_step(closer, eps) / 16))  # at best, as rounding grows
        is_rounding = float(noise.sum()) <= 1e7 * eps * float(np.abs(y).sum())  # not waves, which look like it
        is_sharpest = is_costly and is_rounding and 2 * float(there.sum()) > float(found.bar.sum())
        if not found.is_blurred:
            break
        if is_sharpest and not found.is_kinked:  # then rounding blurs it, which is less from farther away
            found = found.sharper(slope(move, y, noise, FARTHER * size, coarse, unit=eps))
            break
        found = found.seen_closer(slope(move, y, noise, closer, eps, whole=False))
    if found.is_drowned:  # the number may be tiny only here, or moves y very little
        found = found.sharper(_straight(move, y, noise, max(FAR * size, 1.0), eps, found))
    return found


def _straight(
    move: Callable[[float], tuple[float, NDArray]], y: NDArray, noise: NDArray, h: float, eps: float, near: Slope
) -> Slope:
    """Return the slope of each output that is a straight line over a large distance h; of others nothing is known.

    Of a staircase neither: from far away it looks straight, but is not as steep as it is near by.
    """
    with np.errstate(all="ignore"):
        whole, quarter = _pair(move, y, h), _pair(move, y, h / 4)
        moved = h * (np.abs(whole.left) + np.abs(whole.right))
        rounding = 4 * (noise + 4 * eps * (np.abs(y) + moved)) / h
        bent = whole.gap + np.abs(whole.centred - quarter.centred)
        fits = np.abs(whole.centred - near.middle) <= 3 * near.bar
        bar = np.where(fits & (bent <= 0.01 * np.abs(whole.centred)), bent + rounding, np.inf)
    return Slope(whole.centred, whole.centred, bar)


def _step(size: float, eps: float) -> float:
    """Return the largest step; the smallest of a smooth function is a sixteenth of it."""
    return eps**0.2 * size


@dataclass(frozen=True)
class _Pair:
    h: float
    left: NDArray
    right: NDArray
    centred: NDArray

    @property
    def gap(self) -> NDArray:
        """How far apart the slopes to the left and to the right are."""
        return np.abs(self.right - self.left)


def _pair(move: Callable[[float], tuple[float, NDArray]], y: NDArray, h: float) -> _Pair:
    right_h, above = move(h)
    left_h, below = move(-h)
    left_h = -left_h
    left, right = (y - below) / left_h, (above - y) / right_h
    # the distances differ by rounding, and with that times the curvature the plain quotient is off
    both = left_h + right_h
    unequal = (right_h - left_h) / both * (right - left) if both else 0.0
    return _Pair(h, left, right, (above - below) / both - unequal)


def rounding_noise(
    evaluate: Callable[[float], NDArray],
    y: NDArray,
    eps: float,
    powers: tuple[float, ...] = (1.0, 0.75, 0.5, 0.4),
    n_points: int = 12,
) -> NDArray:
    """Return how large the rounding errors of each output are.

    `evaluate(d)` gives the outputs with all inputs changed by the factor 1 + d, each by its own, and is asked
    at steps of these powers of eps.
    Over `n_points` tiny steps a smooth function is a straight line; what its fourth differences still
    show is rounding: their standard deviation is that of the noise times √70, as 8! / (4!)² = 70
    (Moré & Wild 2011, https://doi.org/10.1137/100786125, section 2).  Rounded outputs move in
    jumps, so several sizes of steps are tried.  The lower quartile of eight looks past a kink, which shows in four.
    For many outputs that round alike fewer points are enough.  Four roundings are in any sum, also where the steps
    are too small to show them.
    """
    worst = np.zeros(y.shape)
    for power in powers:
        step = 64 * eps if power == 1 else eps**power  # fewer would move nothing
        values = np.stack([y, *(evaluate(step * k) for k in range(1, n_points))]).astype(np.float64)
        with np.errstate(all="ignore"):
            fourth = np.abs(np.diff(values, 4, axis=0))
        measured = np.quantile(fourth, 0.25, axis=0) / (0.3186 * np.sqrt(70))
        worst = np.maximum(worst, np.where(np.isfinite(measured), measured, 0))
        worst = np.maximum(worst, grid_of_each(values) / np.sqrt(12))  # few steps of a grid may look straight
    return np.asarray(10 * worst + 4 * eps * np.abs(y))
