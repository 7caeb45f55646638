"""What an optimizer is: a rule for steps, whose memory is kept apart."""

from __future__ import annotations

from typing import Protocol

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.optimizers.schedules import Schedule
from inkgrad.whole_numbers import shown_whole


class Optimizer(Protocol):
    """A rule for steps.  What it remembers is kept apart, as named arrays, ready to save."""

    def init(self, theta: NDArray) -> dict[str, NDArray]:
        """Return the memory before the first step."""

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        """Move theta one step, in place, and bring the memory up to date."""


def rate(lr: float | Schedule, step: int) -> float:
    """Return the learning rate of a step, counted from 0."""
    return lr(step) if isinstance(lr, Schedule) else lr


def refuse_bad_rate(owner: str, lr: float | Schedule) -> None:
    """Raise SettingError unless lr is a Schedule or a number above 0."""
    if not isinstance(lr, Schedule) and not 0 < lr < float("inf"):
        raise SettingError(f"{owner} takes a finite learning rate above 0, got {shown_whole(lr)}")


def refuse_bad_penalty(owner: str, name: str, value: float) -> None:
    """Raise SettingError unless value is 0 or more, and finite."""
    if not 0 <= value < float("inf"):
        raise SettingError(f"{owner} takes {name} of 0 or more, got {shown_whole(value)}")


def refuse_bad_fraction(owner: str, name: str, value: float) -> None:
    """Raise SettingError unless value is in [0, 1)."""
    if not 0 <= value < 1:
        raise SettingError(f"{owner} takes {name} in [0, 1), got {shown_whole(value)}")
