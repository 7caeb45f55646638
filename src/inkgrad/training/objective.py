"""Objective: the mean cost of a network on a batch, as a function of theta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from inkgrad.arrays import NDArray, namespace
from inkgrad.costs import Cost
from inkgrad.layers import Layer
from inkgrad.layout import Layout
from inkgrad.training.engine import Engine

Evaluate = Callable[..., float]


@dataclass(frozen=True)
class Objective:
    """C(theta), the mean cost of a network on a batch: all that an optimizer has to know."""

    network: Layer
    cost: Cost

    @cached_property
    def layout(self) -> Layout:
        """The places of the network's parameters in theta."""
        return Layout(self.network.shapes())

    def on(self, engine: Engine) -> Self:
        """Return the same function of the same theta as an engine computes it in training."""
        network, cost = engine.fuse_training(self.network, self.cost)
        return replace(self, network=network, cost=cost)

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> NDArray:
        """Return the first theta."""
        theta = np.zeros(self.layout.size, dtype)
        self.network.init(self.layout.views(theta), rng)
        return theta

    def at(self, theta: NDArray, gradient: NDArray) -> Evaluate:
        """Return the function that evaluates a batch at `theta` and writes `gradient`.

        Both are looked at by name once and for all, so a loop may keep them and change
        theta in place; the layers themselves still remember nothing.
        """
        p, g = self.layout.views(theta), self.layout.views(gradient)

        def evaluate(x: NDArray, t: NDArray, rng: np.random.Generator | None = None) -> float:
            y, cache = self.network.forward(p, x, rng)
            value, dy = self.cost.value_and_gradient(y, t)
            self.network.parameter_gradient(p, g, cache, dy)
            return value

        return evaluate

    def __call__(
        self, theta: NDArray, x: NDArray, t: NDArray, rng: np.random.Generator | None = None
    ) -> tuple[float, NDArray]:
        """Return C and its gradient, a vector like `theta`."""
        gradient = namespace(theta).empty_like(theta)
        return self.at(theta, gradient)(x, t, rng), gradient
