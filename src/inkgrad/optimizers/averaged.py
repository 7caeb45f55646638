"""Averaged: an optimizer, and beside it the mean of where it has been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray, namespace
from inkgrad.errors import SettingError
from inkgrad.optimizers.base import Optimizer, refuse_bad_fraction


@dataclass(frozen=True)
class Averaged:
    """Another optimizer's steps, and a running mean of theta along them:

        average ← k average + (1 - k) theta,   k = min(keep, (1 + t) / (10 + t)) at the t-th step

    The steps themselves do not change.  Each of them is off the valley's floor to another side; their
    mean is nearer to it, and usually answers better.  k begins small, so that the first thetas, which
    are far off, are soon forgotten.

    (Polyak & Juditsky 1992, https://doi.org/10.1137/0330046, take the plain mean; the running one with
    this beginning is TensorFlow's ExponentialMovingAverage with num_updates.)

    Raises SettingError for a `keep` outside [0, 1), or an optimizer that is averaged itself.
    """

    optimizer: Optimizer
    keep: float = 0.999

    def __post_init__(self) -> None:
        refuse_bad_fraction("Averaged", "a part to keep", self.keep)
        if isinstance(self.optimizer, Averaged):
            raise SettingError("Averaged takes an optimizer that is not averaged itself")

    def init(self, theta: NDArray) -> dict[str, NDArray]:
        """Return the memory before the first step: the optimizer's, the average, and how many thetas are in it."""
        average = namespace(theta).asarray(theta, copy=True)
        return {**self.optimizer.init(theta), "average": average, "averaged": np.zeros((), np.int64)}

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        """Move theta one step, in place, and bring the memory up to date."""
        self.optimizer.step(theta, gradient, state)
        state["averaged"] += 1
        t = int(state["averaged"])
        state["average"] += (1 - min(self.keep, (1 + t) / (10 + t))) * (theta - state["average"])
