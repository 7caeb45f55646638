"""Failures: how often to write a checkpoint, and what deaths cost in the end.

A group of n workers dies with the first of them.  It then takes R seconds to start anew and goes on from the last
checkpoint; one is written after every tau seconds of work, which takes delta seconds.  Deaths are independent and
as likely at any moment (Poisson), M seconds apart on average.
"""

from __future__ import annotations

from math import exp, expm1, sqrt

import numpy as np

from inkgrad.errors import SettingError
from lab.planning.expect import refuse_bad_count, refuse_negative, refuse_not_positive

TOO_OFTEN = 500.0  # deaths a segment: e^500 is as good as never


def group_mtbf(mtbf: float, n: int) -> float:
    """Return the mean seconds between deaths in a group of n workers, each with mean `mtbf`: mtbf / n.

    All n live through t with probability e^(-t/M) n times, that is e^(-n t/M).
    """
    refuse_not_positive("the mean time between failures", mtbf)
    refuse_bad_count("the number of workers", n)
    return mtbf / n


def expected_seconds(work: float, tau: float, delta: float, mtbf: float, restart: float) -> float:
    """Return the mean seconds for `work` seconds of work, (work / tau) M e^(R/M) (e^((tau + delta)/M) - 1).

    A run of length a without a death takes V(a) = M (e^(a/M) - 1) on average, begun anew after each: as
    V = M (1 - e^(-a/M)) + (1 - e^(-a/M)) V.  A segment is a = tau + delta; after a death R comes before it, so

        E = M (1 - e^(-a/M)) + (1 - e^(-a/M)) V(R + a) = M e^(R/M) (e^(a/M) - 1)

    (Daly 2006, https://doi.org/10.1016/j.future.2004.11.016).

    Raises SettingError where a time makes no sense, or deaths come so often that the work would never end.
    """
    refuse_not_positive("the seconds of work", work)
    _refuse(tau, delta, mtbf)
    refuse_negative("the seconds of a restart", restart)
    if (tau + delta + restart) / mtbf > TOO_OFTEN:
        raise SettingError(
            f"with {mtbf:g} s between deaths, {tau:g} s of work, {delta:g} s for its checkpoint and {restart:g} s "
            "for a restart never come to an end: checkpoint more often, or use fewer workers"
        )
    return work / tau * mtbf * exp(restart / mtbf) * expm1((tau + delta) / mtbf)


def young_interval(delta: float, mtbf: float) -> float:
    """Return √(2 delta M) (Young 1974, https://doi.org/10.1145/361147.361115).

    For a, R much below M the time lost a second of work is about delta / tau, for checkpoints, and tau / (2 M), for
    what a death undoes: half a segment.  Their sum is least where both are even.
    """
    _refuse(1.0, delta, mtbf)
    return sqrt(2 * delta * mtbf)


def daly_interval(delta: float, mtbf: float) -> float:
    """Return √(2 delta M) (1 + √(delta / 2M) / 3 + (delta / 2M) / 9) - delta, and M where delta is 2 M or more.

    It is the beginning of the series of `optimum_interval` in √(delta / 2M) (Daly 2006).
    """
    _refuse(1.0, delta, mtbf)
    if delta >= 2 * mtbf:
        return mtbf
    small = sqrt(delta / (2 * mtbf))
    return sqrt(2 * delta * mtbf) * (1 + small / 3 + small**2 / 9) - delta


def optimum_interval(delta: float, mtbf: float) -> float:
    """Return the tau that makes `expected_seconds` least, by halving.

    The slope of (e^((tau + delta)/M) - 1) / tau is zero where 1 - tau / M = e^(-(tau + delta)/M).  The restart is
    only a factor in front and changes nothing.
    """
    _refuse(1.0, delta, mtbf)
    low, high = 0.0, mtbf  # at 0 the left side is above, at M below
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - middle / mtbf > exp(-(middle + delta) / mtbf) else (low, middle)
    return (low + high) / 2


def simulated_seconds(
    n_segments: int,
    tau: float,
    delta: float,
    mtbf: float,
    restart: float,
    rng: np.random.Generator,
    n_runs: int = 1000,
) -> float:
    """Return the mean seconds for n segments of work, by letting workers die at random in so many runs.

    Death by death: in the time until the next one come the restart, unless it is the first, and as many whole
    segments as fit; the rest is lost.
    """
    refuse_bad_count("the number of segments", n_segments)
    _refuse(tau, delta, mtbf)
    refuse_negative("the seconds of a restart", restart)
    total, segment = 0.0, tau + delta
    for _ in range(n_runs):
        done, clock, start = 0, 0.0, 0.0
        while True:
            life = rng.exponential(mtbf)
            fit = max(0, int((life - start) // segment))
            if done + fit >= n_segments:
                clock += start + (n_segments - done) * segment
                break
            done, clock, start = done + fit, clock + life, restart
        total += clock
    return total / n_runs


def _refuse(tau: float, delta: float, mtbf: float) -> None:
    refuse_not_positive("the seconds between checkpoints", tau)
    refuse_not_positive("the seconds of a checkpoint", delta)
    refuse_not_positive("the mean time between failures", mtbf)
