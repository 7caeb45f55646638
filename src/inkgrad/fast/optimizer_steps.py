"""SGD and Adam in one pass over memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from inkgrad.arrays import NDArray
from inkgrad.fast import kernels
from inkgrad.optimizers import SGD, Adam
from inkgrad.optimizers.base import rate


@dataclass(frozen=True)
class FastSGD(SGD):
    """SGD on `n_threads` threads; see cpp/optimizer_steps.hpp."""

    n_threads: int = 1

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        if self.weight_decay or self.l1 or not _suits(theta, gradient, state["v"]):  # the kernel knows neither
            return super().step(theta, gradient, state)
        lr = rate(self.lr, int(state["step"]))
        kernels.compiled.sgd(theta, gradient, state["v"], lr, self.momentum, self.n_threads)
        state["step"] += 1
        return None


@dataclass(frozen=True)
class FastAdam(Adam):
    """Adam on `n_threads` threads; see cpp/optimizer_steps.hpp."""

    n_threads: int = 1

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        if self.l1 or not _suits(theta, gradient, state["m"], state["v"]):  # the kernel knows no l1
            return super().step(theta, gradient, state)
        lr = rate(self.lr, int(state["step"]))
        state["step"] += 1
        t = int(state["step"])
        kernels.compiled.adam(
            theta,
            gradient,
            state["m"],
            state["v"],
            lr / (1 - self.beta1**t),
            self.beta1,
            self.beta2,
            1 / sqrt(1 - self.beta2**t),
            self.eps,
            1 - lr * self.weight_decay,
            self.n_threads,
        )
        return None


def _suits(*vectors: NDArray) -> bool:
    dtype = vectors[0].dtype
    return dtype in kernels.TYPES and all(v.dtype == dtype and v.ndim == 1 and v.flags.carray for v in vectors)
