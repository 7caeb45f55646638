"""The steps of the solvers "sgd" and "adam", and their learning rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inkgrad.arrays import Array
from inkgrad.fast import fuse_optimizer
from inkgrad.optimizers import SGD, Adam, Optimizer, Schedule
from inkgrad.optimizers.base import rate


@dataclass(frozen=True)
class NesterovSGD(SGD):
    """v ← momentum v + gradient,  theta ← theta - lr (momentum v + gradient).

    The gradient is where theta is, and the step looks ahead with it.  (Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html, equations 3 and 4, in the variables that
    scikit-learn and PyTorch have.)
    """

    def step(self, theta: Array, gradient: Array, state: dict[str, Array]) -> None:
        v = state["v"]
        v *= self.momentum
        v += gradient
        ahead = self.momentum * v
        ahead += gradient
        ahead *= rate(self.lr, int(state["step"]))
        theta -= ahead
        state["step"] += 1


@dataclass
class Pace(Schedule):
    """A rate that the training changes between epochs."""

    lr: float

    def __call__(self, step: int) -> float:
        return self.lr


def optimizer_of(settings: dict[str, Any], lr: float | Schedule) -> Optimizer:
    """Return the optimizer that an estimator's settings name, with the learning rate `lr`."""
    if settings["solver"] == "adam":
        return fuse_optimizer(Adam(lr, settings["beta_1"], settings["beta_2"], settings["epsilon"]))
    momentum = settings["momentum"]
    if momentum and settings["nesterovs_momentum"]:
        return NesterovSGD(lr, momentum)
    return fuse_optimizer(SGD(lr, momentum))
