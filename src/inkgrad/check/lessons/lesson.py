"""Lesson: what a lesson is, and what the networks of most lessons are made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.layer import random_parameters
from inkgrad.check.network import Problem
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense, Layer, Tanh
from inkgrad.layout import Layout


@dataclass(frozen=True)
class Exhibit:
    """The same problem twice: with a mistake, and without."""

    title: str
    right: Problem
    wrong: Problem

    @property
    def pair(self) -> tuple[Problem, Problem]:
        """The right one and the wrong one."""
        return self.right, self.wrong


@dataclass(frozen=True)
class Lesson:
    """One mistake.

    about       the mistake in one line
    wrong_line  the line of code that makes it, and `right_line` as it should be
    kind        the word that the checker finds for it
    moral       what it teaches, in a sentence or two
    make        builds the exhibits: mostly one, two for the softmax
    wrong       the layer or cost with the mistake, derived from the right one
    needs       what another network must have so that the mistake can be made in it, in words
    is_square   whether it can be made only where there are as many inputs as outputs
    """

    name: str
    about: str
    wrong_line: str
    right_line: str
    kind: Kind
    moral: str
    make: Callable[[], tuple[Exhibit, ...]]
    wrong: type[Layer] | type[Cost]
    needs: str
    is_square: bool = False

    @property
    def right(self) -> type:
        """The layer or cost in whose place the wrong one stands."""
        return self.wrong.__mro__[1]


def two_gradients(problem: Problem) -> dict[str, tuple[NDArray, NDArray]]:
    """Return dC/dp of each parameter by its path, first by centred differences, then by backward.

    The differences are the plain ones, (C(p + h) - C(p - h)) / 2h with h = 1e-4.
    """
    network, cost, x, t, start = problem
    layout, theta = Layout(network.shapes()), start.copy()
    p, gradient = layout.views(theta), np.zeros(layout.size)

    def forward() -> tuple[NDArray, Any]:
        return network.forward(p, x, np.random.default_rng(0))

    def value() -> float:
        return cost.value_and_gradient(forward()[0], t)[0]

    y, cache = forward()
    network.parameter_gradient(p, layout.views(gradient), cache, cost.value_and_gradient(y, t)[1])
    h, numerical = 1e-4, np.zeros(layout.size)  # as in the case that started it all
    for k in range(layout.size):
        theta[k] = start[k] + h
        above = value()
        theta[k] = start[k] - h
        numerical[k] = (above - value()) / (2 * h)
        theta[k] = start[k]
    by_differences, by_backward = layout.parts(numerical), layout.parts(gradient)
    return {path: (by_differences[path], by_backward[path]) for path in layout.places}


def _network(*between: Layer) -> Chain:
    """Return two dense layers with others between them; the sizes are primes, so that a factor tells whence it is."""
    return Chain((Dense(3, 5), *between, Dense(5, 5)))


def swap(index: int, wrong: type[Layer], *between: Layer) -> Callable[[], tuple[Exhibit, ...]]:
    """Return what makes a chain, and the same chain with a wrong layer for the one at `index`."""
    right = _network(*(between or (Tanh(),)))
    layers = list(right.layers)
    layers[index] = wrong(**vars(layers[index]))
    return lambda: (_exhibit(right, Chain(tuple(layers)), SoftmaxCrossEntropy(), SoftmaxCrossEntropy()),)


def swap_cost(right: Cost, wrong: Cost, *end: Layer) -> Callable[[], tuple[Exhibit, ...]]:
    """Return what makes one chain, with a right and with a wrong cost."""
    chain = Chain((*_network(Tanh()).layers, *end))
    return lambda: (_exhibit(chain, chain, right, wrong),)


def _exhibit(right: Chain, wrong: Chain, cost: Cost, wrong_cost: Cost) -> Exhibit:
    rng, n = np.random.default_rng(0), 7
    x, t = rng.normal(size=(n, 3)), rng.integers(5, size=n)
    theta = random_parameters(right, 0)
    sizes = "-".join(map(str, (3, *(each.n_out for each in right.layers if isinstance(each, Dense)))))
    return Exhibit(
        f"a network of {sizes} units, {n} examples",
        Problem(right, cost, x, t, theta),
        Problem(wrong, wrong_cost, x, t, theta),
    )
