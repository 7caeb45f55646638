"""Adam: each parameter has its own pace, from the mean and the spread of its gradients."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray, namespace
from inkgrad.errors import SettingError
from inkgrad.optimizers.base import rate, refuse_bad_fraction, refuse_bad_penalty, refuse_bad_rate
from inkgrad.optimizers.schedules import Schedule
from inkgrad.optimizers.soft_threshold import soft_threshold


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1).

        m ← beta1 m + (1 - beta1) gradient          running mean
        v ← beta2 v + (1 - beta2) gradient²         running mean of squares
        theta ← theta - lr m̂ / (√v̂ + eps)

    with m̂ = m / (1 - beta1^t) and v̂ = v / (1 - beta2^t) at the t-th step, t = 1, 2, ...: both
    means start at 0, and this undoes it.

    With weight_decay = λ it is AdamW: theta ← theta - lr λ theta comes before each step, apart
    from the gradient, so that the decay is not scaled by v.  (Loshchilov & Hutter 2019,
    https://arxiv.org/abs/1711.05101, algorithm 2, with λ times lr as in PyTorch.)

    With l1 the cost goes with l1 sum_i |theta_i|, which has no gradient at 0: after each step comes soft_threshold, by
    lr l1 / (√v̂ + eps), the pace of each parameter.  So where the steps come to rest, the sum of the cost and the
    penalty is smallest, as with SGD; what the cost pulls at with less than l1 is exactly 0.  (Yun, Lozano & Yang 2020,
    https://arxiv.org/abs/2007.07484, in the closed form for the l1 norm.)

    Raises SettingError unless lr is a Schedule or above 0 and finite, beta1 and beta2 in [0, 1),
    eps above 0, and weight_decay and l1 at least 0.
    """

    lr: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    l1: float = 0.0

    def __post_init__(self) -> None:
        refuse_bad_rate("Adam", self.lr)
        refuse_bad_fraction("Adam", "beta1", self.beta1)
        refuse_bad_fraction("Adam", "beta2", self.beta2)
        if not self.eps > 0:
            raise SettingError(f"Adam takes eps above 0, got {self.eps}")
        refuse_bad_penalty("Adam", "weight_decay", self.weight_decay)
        refuse_bad_penalty("Adam", "l1", self.l1)

    def init(self, theta: NDArray) -> dict[str, NDArray]:
        """Return the memory before the first step: both means, zero, and the number of steps done."""
        zeros_like = namespace(theta).zeros_like
        return {"m": zeros_like(theta), "v": zeros_like(theta), "step": np.zeros((), np.int64)}

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        """Move theta one step, in place, and bring the memory up to date."""
        m, v = state["m"], state["v"]
        lr = rate(self.lr, int(state["step"]))
        state["step"] += 1
        t = int(state["step"])
        m += (1 - self.beta1) * (gradient - m)
        v += (1 - self.beta2) * (gradient * gradient - v)
        if self.weight_decay:
            theta *= 1 - lr * self.weight_decay
        root = namespace(v).sqrt(v)
        root /= sqrt(1 - self.beta2**t)
        root += self.eps
        theta -= lr / (1 - self.beta1**t) * m / root
        if self.l1:
            theta[...] = soft_threshold(theta, lr * self.l1 / root)
