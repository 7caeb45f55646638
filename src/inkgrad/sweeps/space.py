"""Space: what a setting may be, a list of values or a range of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

from inkgrad.errors import SettingError


@dataclass(frozen=True)
class Choice:
    """One of some values, each as likely as the others.

    Raises SettingError when there is none, or one comes twice.
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise SettingError("the list is empty: name at least one value")
        for k, value in enumerate(self.values):
            if value in self.values[:k]:
                raise SettingError(f"the list has {value!r} twice")

    def draw(self, rng: np.random.Generator) -> Any:
        """Return one of the values."""
        return self.values[rng.integers(len(self.values))]

    def ends(self) -> tuple[Any, ...]:
        """Return the values that must be allowed for all to be so."""
        return self.values

    def written(self) -> Any:
        """Return it as a file has it."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; with `log`, each factor is as likely as any other of its size.

    It is a whole number where `whole`, otherwise rounded to 4 digits.

    Raises SettingError when low is above high, or log is asked for with a low of 0 or less.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise SettingError(f"the range has low = {self.low:g} above high = {self.high:g}: swap them")
        if self.log and self.low <= 0:
            raise SettingError(f"a range with log = true takes a low above 0, got low = {self.low:g}")

    def draw(self, rng: np.random.Generator) -> float:
        """Return a number of the range; 4 digits a person can type again."""
        high = self.high + 1 if self.whole else self.high
        u = rng.uniform()
        value = exp(log(self.low) + u * (log(high) - log(self.low))) if self.log else self.low + u * (high - self.low)
        value = int(value // 1) if self.whole else float(f"{value:.4g}")
        return min(max(value, self.low), self.high)

    def ends(self) -> tuple[Any, ...]:
        """Return the values that must be allowed for all to be so."""
        return self.low, self.high

    def written(self) -> Any:
        """Return it as a file has it."""
        return {"low": self.low, "high": self.high} | ({"log": True} if self.log else {})
