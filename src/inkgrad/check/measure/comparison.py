"""Comparison: one gradient by backward beside the same by differences, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.numerical import Numerical


class EntryVerdict(IntEnum):
    """What becomes of one entry."""

    right = 0  # within the error bar
    kink = 1  # between the slopes to the left and to the right
    cannot_tell = 2  # within a bar of more than a tenth of the number itself
    uncomfortable = 3  # outside the bar, by less than a hundredth
    wrong = 4  # outside the bar


@dataclass(frozen=True)
class Comparison:
    """The gradient of one array: `analytical` by backward, `numerical` with its error bars.

    `layer` is the path of the layer in the network, `array` "x" for dx, "y" for the dy of a cost,
    else the parameter's name.
    """

    layer: str
    array: str
    analytical: NDArray
    numerical: Numerical

    @property
    def path(self) -> str:
        """Where it is, for people: "2.W"."""
        return f"{self.layer}.{self.array}" if self.layer else self.array

    @cached_property
    def relative_error(self) -> NDArray:
        """|a - n| / max(|a|, |n|), and 0 where both are 0."""
        a, n = self.analytical.astype(np.float64), self.numerical.value
        size = np.maximum(np.abs(a), np.abs(n))
        error = np.divide(np.abs(a - n), size, out=np.zeros_like(size), where=size > 0)
        return np.where(np.isfinite(a), error, np.inf)

    @cached_property
    def _blurred(self) -> NDArray:
        """Where the error bar is more than a tenth of the number, and of a typical one."""
        n = self.numerical
        scale = np.maximum(np.abs(self.analytical), np.abs(n.value))
        typical = float(np.sqrt(np.mean(n.value**2))) if n.value.size else 0.0
        return np.asarray((n.bar > 0.1 * np.maximum(scale, typical)) & (n.bar > 0))

    @cached_property
    def room(self) -> NDArray:
        """How far off each entry may be: its error bar, or thrice that where it is so long that it is a guess."""
        return np.where(self._blurred, 3, 1) * self.numerical.bar

    @cached_property
    def verdicts(self) -> NDArray:
        """The EntryVerdict of each entry, as int8."""
        a, n = self.analytical.astype(np.float64), self.numerical
        inside = (a >= n.low - self.room) & (a <= n.high + self.room)  # NaN is outside
        found = np.where(inside, EntryVerdict.right, EntryVerdict.wrong)
        found = np.where(inside & (n.high - n.low > 4 * n.bar), EntryVerdict.kink, found)
        found = np.where(self._blurred & (found == EntryVerdict.right), EntryVerdict.cannot_tell, found)
        found = np.where(np.isfinite(n.low + n.high + n.bar), found, EntryVerdict.cannot_tell)
        found = np.where(np.isfinite(a), found, EntryVerdict.wrong)
        slight = (found == EntryVerdict.wrong) & (self.relative_error <= 0.01)
        return np.where(slight, EntryVerdict.uncomfortable, found).astype(np.int8)

    @property
    def in_bars(self) -> NDArray:
        """The decimal logarithm of each error in units of its error bar, kept in -3..6; 6 for NaN."""
        a, n = self.analytical.astype(np.float64), self.numerical
        off = np.abs(a - np.clip(a, n.low, n.high))
        with np.errstate(all="ignore"):
            ratio = np.where(off > 0, off / n.bar, 0)
        return np.log10(np.clip(np.where(np.isfinite(ratio), ratio, 1e6), 1e-3, 1e6))

    @property
    def picture(self) -> NDArray:
        """The same in rows and columns, whatever number of axes the array has."""
        errors = self.in_bars
        return np.atleast_2d(errors if errors.ndim < 3 else errors.reshape(-1, errors.shape[-1]))

    @property
    def ok(self) -> bool:
        """Whether no entry is outside its error bar."""
        return not (self.verdicts >= EntryVerdict.uncomfortable).any()

    def count(self, verdict: EntryVerdict) -> int:
        """Return how many entries have this verdict."""
        return int((self.verdicts == verdict).sum())

    @property
    def n_wrong(self) -> int:
        """How many entries are outside their error bars."""
        return self.count(EntryVerdict.wrong) + self.count(EntryVerdict.uncomfortable)
