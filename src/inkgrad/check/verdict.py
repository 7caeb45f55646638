"""Verdicts: what is to be thought of the gradient of an array."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from inkgrad.check.measure.comparison import Comparison
from inkgrad.errors import SettingError


class Verdict(StrEnum):
    """What becomes of the gradient of an array, and of a whole; each later one outweighs those before.

    `sentence` explains it.
    """

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Verdict:
        """Make a verdict of its word and what explains it."""
        member = str.__new__(cls, word)
        member._value_, member.sentence = word, sentence
        return member

    right = "right", "no error was seen, and one of a thousandth, or of what is asked for, would have been"
    approximate = "approximate", "off by little, and like no known mistake: an adjoint, or a series that was cut"
    cannot_tell = "cannot tell", "an error that should have been seen may hide in rounding, or behind a kink"
    wrong = "wrong", "off by more than may be, or just as a known mistake would have it"


NOTHING = 1e-6  # of the largest gradient: one that is smaller, and drowns in rounding, is judged beside that one
ROUNDING = 1024 * float(np.finfo(np.float64).eps)  # of a typical gradient: by so much backward itself is rounded


@dataclass(frozen=True)
class Strictness:
    """What is asked of a gradient; sizes are parts of an array's typical gradient, the root mean square of its numbers.

    sensitivity  an error of this size must have been visible, or the array is not called right
    tolerance    what is off by less, and fits no mistake, is approximate: an adjoint, a series that was cut
    exact        whether approximate is wrong too

    Raises SettingError for a sensitivity or a tolerance that is no part of a gradient.
    """

    sensitivity: float = 1e-3
    tolerance: float = 1e-4
    exact: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.sensitivity < 1:
            raise SettingError(f"the sensitivity is a part of the gradient, between 0 and 1, got {self.sensitivity}")
        if not 0 <= self.tolerance < 1:
            raise SettingError(f"the tolerance is a part of the gradient, from 0 to 1, got {self.tolerance}")

    def verdict(self, error: float, bar: float, least: float) -> Verdict:
        """Return the verdict on an array whose gradient is off by `error`, known to `bar`, where no less than
        `least` would have been seen; all three as parts of its typical gradient."""
        if error > bar and error > (0 if self.exact else self.tolerance):
            return Verdict.wrong
        if not least <= self.sensitivity:  # NaN too
            return Verdict.cannot_tell
        return Verdict.approximate if error > bar else Verdict.right


NO_TIME = "nothing: the budget was spent"  # the reference of what was not told in time
USUAL = Strictness()
EXACT = Strictness(exact=True)  # of layers, networks and costs of ours, which are no approximations


@dataclass(frozen=True)
class ArrayVerdict:
    """What was told of the gradient of one array.

    layer       the path of the layer or module it belongs to
    array       its name
    size        how many numbers it has
    error       how far it is off, as a part of its typical gradient; 0 inside the error bar
    least       the smallest error that would have been seen, as such a part
    reference   what it was compared with
    comparison  entry by entry, where it was looked at so
    """

    layer: str
    array: str
    size: int
    verdict: Verdict
    error: float
    least: float
    reference: str
    comparison: Comparison | None = None

    @property
    def path(self) -> str:
        """Where it is, for people: "2.W"."""
        return f"{self.layer}.{self.array}" if self.layer else self.array


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that outweighs the others."""
    return max(verdicts, key=list(Verdict).index, default=Verdict.cannot_tell)


def by_entries(comparison: Comparison, is_explained: bool, usual: float, asked: Strictness) -> ArrayVerdict:
    """Return the verdict on an array that was compared entry by entry.

    `is_explained` says that there is a finding about it.  `usual` is what a typical gradient is: one that is nothing
    beside it is judged as a part of it, and what is nothing beside it is rounding of backward, no error.
    """
    n = comparison.numerical
    a = comparison.analytical.astype(np.float64)
    with np.errstate(all="ignore"):
        is_known = np.isfinite(n.low + n.high + n.bar)
        typical, least = root_mean_square(n.value[is_known]), root_mean_square(n.bar[is_known])
        rounding = ROUNDING * max(typical, usual)
        is_zero = typical <= rounding or typical < least < NOTHING * usual  # so that beside others it is nothing
        typical = usual if is_zero else typical
        least = least if is_known.all() else np.inf
        off = np.where(np.isfinite(a), np.abs(a - np.clip(a, n.low, n.high)), np.inf)
        error = root_mean_square(np.where(off > comparison.room, off, 0))
    if 0 < error <= rounding:
        error, least = 0.0, max(least, rounding)
    error, least = error / typical, least / typical
    verdict = Verdict.wrong if is_explained else asked.verdict(error, 0.0, least)
    return ArrayVerdict(comparison.layer, comparison.array, a.size, verdict, error, least, "differences", comparison)


def usual_gradient(comparisons: Iterable[Comparison]) -> float:
    """Return what a typical gradient is: that of the arrays that have one."""
    return (
        max((size for each in comparisons if np.isfinite(size := root_mean_square(each.numerical.value))), default=0.0)
        or 1.0
    )


def root_mean_square(array: np.ndarray) -> float:
    """Return the typical size of the numbers of an array."""
    return float(np.sqrt(np.mean(np.square(array)))) if array.size else 0.0
