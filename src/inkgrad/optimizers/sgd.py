"""SGD: stochastic gradient descent, with momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray, namespace
from inkgrad.errors import SettingError
from inkgrad.optimizers.base import rate, refuse_bad_fraction, refuse_bad_rate
from inkgrad.optimizers.schedules import Schedule


@dataclass(frozen=True)
class SGD:
    """v ← momentum v + gradient,  theta ← theta - lr v.

    Momentum as PyTorch has it: the rate multiplies the whole of v, so a change of lr is felt
    at once.

    With weight_decay = λ the gradient is that of the cost and of λ/2 |theta|², so λ theta is added to it: L2
    regularisation, as PyTorch's SGD has it.

    Raises SettingError unless lr is a Schedule or above 0 and finite, momentum in [0, 1), and weight_decay at least 0.
    """

    lr: float | Schedule = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        refuse_bad_rate("SGD", self.lr)
        refuse_bad_fraction("SGD", "a momentum", self.momentum)
        if not 0 <= self.weight_decay < float("inf"):
            raise SettingError(f"SGD takes weight_decay of 0 or more, got {self.weight_decay}")

    def init(self, theta: NDArray) -> dict[str, NDArray]:
        """Return the memory before the first step: v, zero, and the number of steps done."""
        return {"v": namespace(theta).zeros_like(theta), "step": np.zeros((), np.int64)}

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        """Move theta one step, in place, and bring the memory up to date."""
        v = state["v"]
        v *= self.momentum
        v += gradient
        if self.weight_decay:
            v += self.weight_decay * theta
        theta -= rate(self.lr, int(state["step"])) * v
        state["step"] += 1
