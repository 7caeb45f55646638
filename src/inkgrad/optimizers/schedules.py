"""Schedules: the learning rate as a function of the step, counted from 0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi

from inkgrad.errors import SettingError
from inkgrad.whole_numbers import shown_whole


class Schedule(ABC):
    """lr(step).  It may stand wherever an optimizer takes a learning rate."""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate for ever.

    Raises SettingError unless lr is above 0 and finite.
    """

    lr: float

    def __post_init__(self) -> None:
        _refuse(self, self.lr)

    def __call__(self, step: int) -> float:
        return self.lr


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate times `factor` after every `every` steps.

    Raises SettingError unless lr is above 0 and finite, `every` at least 1 and factor above 0.
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _refuse(self, self.lr, self.every)
        if not self.factor > 0:
            raise SettingError(f"StepDecay takes a factor above 0, got {self.factor}")

    def __call__(self, step: int) -> float:
        return self.lr * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Cosine(Schedule):
    """From lr down to lr_end in `steps` steps along half a cosine; lr_end from then on.

    (Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, equation 5, without restarts.)

    Raises SettingError unless lr is above 0 and finite and steps at least 1.
    """

    lr: float
    steps: int
    lr_end: float = 0.0

    def __post_init__(self) -> None:
        _refuse(self, self.lr, self.steps)

    def __call__(self, step: int) -> float:
        return _half_cosine(self.lr, self.lr_end, step / self.steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from lr / 25 to lr in the first `rise` of the steps, then down to lr / 250,000, each along half a cosine.

    Large rates in the middle train fast, the small ones at the end settle.  (Smith
    2018, https://arxiv.org/abs/1803.09820, section 4.1, with straight lines; the cosines and
    the numbers are those of PyTorch's OneCycleLR.)

    Raises SettingError unless lr is above 0 and finite, steps at least 1 and rise in (0, 1).
    """

    lr: float
    steps: int
    rise: float = 0.3

    def __post_init__(self) -> None:
        _refuse(self, self.lr, self.steps)
        if not 0 < self.rise < 1:
            raise SettingError(f"OneCycle takes a rise in (0, 1), got {self.rise}")

    def __call__(self, step: int) -> float:
        top, last = self.rise * self.steps - 1, self.steps - 1
        if step < top:
            return _half_cosine(self.lr / 25, self.lr, step / top)
        return _half_cosine(self.lr, self.lr / 250_000, (step - top) / (last - top))


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + cos(pi * min(part, 1.0))) / 2


def _refuse(schedule: Schedule, lr: float, steps: int = 1) -> None:
    if not 0 < lr < float("inf"):
        raise SettingError(f"{type(schedule).__name__} takes a finite learning rate above 0, got {shown_whole(lr)}")
    if steps < 1:
        raise SettingError(f"{schedule} needs at least 1 step")
