"""Objective: the mean cost of a network on a batch, as a function of theta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.costs import Cost
from inkgrad.fast import fuse, fuse_cost
from inkgrad.layers import Layer
from inkgrad.layout import Layout

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

    def fused(self, n_threads: int = 1) -> Objective:
        """Return the same function of the same theta with fast layers in it, where there are some.

        It is for training: a Softmax at the end may have gone into the cost.
        """
        return Objective(*fuse_cost(fuse(self.network, n_threads), self.cost))

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Array:
        """Return the first theta."""
        theta = np.zeros(self.layout.size, dtype)
        self.network.init(self.layout.views(theta), rng)
        return theta

    def at(self, theta: Array, gradient: Array) -> Evaluate:
        """Return the function that evaluates a batch at `theta` and writes `gradient`.

        Both are looked at by name once and for all, so a loop may keep them and change
        theta in place; the layers themselves still remember nothing.
        """
        p, g = self.layout.views(theta), self.layout.views(gradient)

        def evaluate(x: Array, t: Array, rng: np.random.Generator | None = None) -> float:
            y, cache = self.network.forward(p, x, rng)
            value, dy = self.cost.value_and_gradient(y, t)
            self.network.parameter_gradient(p, g, cache, dy)
            return value

        return evaluate

    def __call__(self, theta: Array, x: Array, t: Array, rng: np.random.Generator | None = None) -> tuple[float, Array]:
        """Return C and its gradient, a vector like `theta`."""
        gradient = namespace(theta).empty_like(theta)
        return self.at(theta, gradient)(x, t, rng), gradient
