"""SGD: stochastic gradient descent, with momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray, namespace
from inkgrad.optimizers.base import rate, refuse_bad_fraction, refuse_bad_penalty, refuse_bad_rate
from inkgrad.optimizers.schedules import Schedule
from inkgrad.optimizers.soft_threshold import soft_threshold


@dataclass(frozen=True)
class SGD:
    """v ← momentum v + gradient,  theta ← theta - lr v.

    Momentum as PyTorch has it: the rate multiplies the whole of v, so a change of lr is felt
    at once.

    With weight_decay = λ the gradient is that of the cost and of λ/2 |theta|², so λ theta is added to it: L2
    regularisation, as PyTorch's SGD has it.

    With l1 the cost goes with l1 sum_i |theta_i|, which has no gradient at 0: after each step comes soft_threshold, by
    lr l1 / (1 - momentum), as v gathers that much more than one gradient.  Where the steps come to rest, the sum of the
    cost and both penalties is smallest; what the cost pulls at with less than l1 is exactly 0.

    Raises SettingError unless lr is a Schedule or above 0 and finite, momentum in [0, 1), and weight_decay and l1 at
    least 0.
    """

    lr: float | Schedule = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0
    l1: float = 0.0

    def __post_init__(self) -> None:
        refuse_bad_rate("SGD", self.lr)
        refuse_bad_fraction("SGD", "a momentum", self.momentum)
        refuse_bad_penalty("SGD", "weight_decay", self.weight_decay)
        refuse_bad_penalty("SGD", "l1", self.l1)

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
        lr = rate(self.lr, int(state["step"]))
        theta -= lr * v
        if self.l1:
            theta[...] = soft_threshold(theta, lr * self.l1 / (1 - self.momentum))
        state["step"] += 1
