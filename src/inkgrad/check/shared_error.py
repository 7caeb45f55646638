"""Shared errors: what a coarse type does wrong at all of some points, told from rounding, which differs.

Of differences d_1, d_2, ... between coarse gradients and exact ones the mistake is what they share, whose length
squared is the mean of d_i · d_j.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.rounding import largest, underflow


@dataclass(frozen=True)
class CoarseLimits:
    """How a coarse backward is judged.

    n_points      points that differ in their last digits
    n_digits      by so many units of them
    farther       and where they agree on a mistake, that differ by such a part of themselves
    n_roundings   so many roundings, of constants say, may all point one way
    most          but not more than this part of the gradient
    least_lost    the part of a gradient that no rounding may take, unless the exact one changes with the last digits
    sensitivity   what must have been visible in types of two bytes
    """

    n_points: int = 6
    n_digits: float = 16.0
    farther: tuple[float, ...] = (0.1, 0.01)
    n_roundings: float = 100.0
    most: float = 0.006
    least_lost: float = 0.1
    sensitivity: float = 0.01


COARSE = CoarseLimits()


@dataclass(frozen=True)
class Shared:
    """What differences of one gradient share, and what not, as parts of its length; `spread` is how much the exact
    one changes from point to point."""

    shared: float
    rounding: float
    size: int
    length: float = 1.0
    n_pairs: int = 3
    spread: float = np.inf

    @property
    def is_known(self) -> bool:
        """Whether there were differences to compare, all of them finite."""
        return bool(np.isfinite(self.rounding))

    @property
    def is_lost(self) -> bool:
        """Whether it drowns in rounding where it need not: the exact one hardly changes with the last digits."""
        return self.rounding > max(COARSE.least_lost, COARSE.n_roundings * self.spread)

    @property
    def blur(self) -> float:
        """How much of it may come of rounding alone: the mean of many products of random numbers is small."""
        n_products = self.n_pairs * self.size
        return 2.6 * self.rounding / n_products**0.25 if n_products else 0.0

    def room(self, eps: float) -> float:
        """How much they may share by chance, and by rounding that points one way."""
        return min(COARSE.n_roundings * eps, COARSE.most) + self.blur + self.underflow(eps)

    def error(self, eps: float) -> float:
        """Return how far the gradient is off; 0 where that may be rounding."""
        return self.shared if self.shared > self.room(eps) else self.rounding if self.is_lost else 0.0

    def underflow(self, eps: float) -> float:
        """How much of it may be lost where numbers become too small for a type with this machine epsilon."""
        return underflow(eps, self.size) / self.length if self.length else 0.0


def shared(pairs: Iterable[tuple[NDArray, NDArray]], usual: float, eps: float) -> Shared:
    """Return what the differences of some pairs of gradients share; as parts of `usual` where these are nothing
    beside it, in a type with the machine epsilon `eps`.

    Pairs of which the exact one is not finite, or too large for the type, tell nothing.
    """
    given = [(np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()) for a, b in pairs]
    known = [(a, b) for a, b in given if np.abs(b).max(initial=0.0) <= largest(eps)]  # NaN is not
    if len(known) < 2 or not all(np.isfinite(a).all() for a, _ in known):
        return Shared(0.0, np.inf, given[0][0].size)
    exact, off = [b for _, b in known], [a - b for a, b in known]
    length = sqrt(float(np.mean([b @ b for b in exact])))
    length = length if length > eps * usual else usual
    if not length:  # of an empty array
        return Shared(0.0, 0.0, exact[0].size)
    products = [a @ b for a, b in combinations(off, 2)]
    common = float(np.mean(products))
    whole = float(np.mean([a @ a for a in off]))
    common, alone = sqrt(max(common, 0.0)) / length, sqrt(max(whole - common, 0.0)) / length
    centre = np.mean(exact, axis=0)
    spread = sqrt(float(np.mean([(b - centre) @ (b - centre) for b in exact]))) / length
    return Shared(common, alone, exact[0].size, length, len(products), spread)
