"""Stragglers: a step that waits for all takes as long as the slowest of n workers."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, sqrt

import numpy as np

from inkgrad.arrays import NDArray
from lab.planning.expect import refuse_bad_count, refuse_not_positive

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray]

GRID = 20_001  # points of the integral
ALMOST = 1e-9  # what is left of a distribution where the integral ends


def expected_maximum(cdf: Callable[[float], float], n: int) -> float:
    """Return E[max of n independent draws], none below 0, of the distribution F that `cdf` gives.

    P(max > x) = 1 - F(x)^n, and the mean of what is never negative is the integral of P(max > x) from 0 on; here
    by Simpson's rule.  F is taken to reach 1.
    """
    refuse_bad_count("the number of workers", n)
    end = 1.0
    while 1 - cdf(end) ** n > ALMOST:
        end *= 2
    low = 0.0  # halve the interval until it ends where the distribution does
    high = end
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if 1 - cdf(middle) ** n <= ALMOST else (middle, high)
    x = np.linspace(0, high, GRID)
    beyond = np.array([1 - cdf(point) ** n for point in x])
    return float((beyond[0] + 4 * beyond[1:-1:2].sum() + 2 * beyond[2:-1:2].sum() + beyond[-1]) * (x[1] / 3))


def lognormal_cdf(sigma: float) -> Callable[[float], float]:
    """Return F of exp(sigma z), z standard normal: a slow-down of median 1, F(x) = (1 + erf(ln x / (sigma √2))) / 2."""
    refuse_not_positive("the spread of a slow-down", sigma)
    return lambda x: (1 + erf(np.log(x) / (sigma * sqrt(2)))) / 2 if x > 0 else 0.0


def harmonic(n: int) -> float:
    """Return 1 + 1/2 + ... + 1/n: E[max of n exponential draws of mean 1].

    The first of n to end does so after 1 / n on average, the next after 1 / (n - 1) more, for none remembers how
    long it has waited; and so on to the last.

    >>> round(harmonic(4), 4)
    2.0833
    """
    refuse_bad_count("the number of workers", n)
    return float(np.sum(1 / np.arange(1, n + 1)))


def simulated_slowdown(
    draw: Draw, n: int, rng: np.random.Generator, n_rounds: int = 2000, sync_every: int = 1
) -> float:
    """Return the mean time of a step when all wait for the slowest after every `sync_every` steps, by drawing.

    `draw(rng, shape)` gives the seconds of steps.  In k steps in a row chance averages out, so waiting only
    every k steps costs less than k times waiting.
    """
    refuse_bad_count("the number of workers", n)
    refuse_bad_count("the steps between averages", sync_every)
    total = 0.0
    for _ in range(n_rounds):  # a round at a time: all at once would be gigabytes
        total += float(draw(rng, (sync_every, n)).sum(axis=0).max())
    return total / (n_rounds * sync_every)
