"""Lesson: what a lesson is, and what the networks of most lessons are made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.function import check_vjp
from inkgrad.check.kind import Kind
from inkgrad.check.layer import random_parameters
from inkgrad.check.network import Problem, check_network
from inkgrad.check.report import Report
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense, Layer, Softmax, Tanh
from inkgrad.layout import Layout


class ByHand(NamedTuple):
    """A function y = forward(*arrays), its backward by hand, backward(dy, *arrays), and arrays by their names."""

    forward: Callable[..., NDArray]
    backward: Callable[..., tuple[NDArray | None, ...]]
    arrays: dict[str, NDArray]


@dataclass(frozen=True)
class Exhibit:
    """The same problem twice, a network or a function: with a mistake, and without."""

    title: str
    right: Problem | ByHand
    wrong: Problem | ByHand

    @property
    def pair(self) -> tuple[Problem | ByHand, Problem | ByHand]:
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
    wrong       the layer or cost with the mistake, derived from the right one; None where it is a function
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
    wrong: type[Layer] | type[Cost] | None = None
    needs: str = ""
    is_square: bool = False

    @property
    def right(self) -> type | None:
        """The layer or cost in whose place the wrong one stands; None where it is a function."""
        return self.wrong.__mro__[1] if self.wrong else None

    @property
    def is_of_classes(self) -> bool:
        """Whether only a network of classes can have the mistake: it is in a softmax, or in a cost of labels."""
        return self.right in (Softmax, CrossEntropy, SoftmaxCrossEntropy)


def checked(problem: Problem | ByHand) -> Report:
    """Return what the checker says of a network or of a function."""
    if isinstance(problem, ByHand):
        return check_vjp(problem.forward, problem.backward, *problem.arrays.values(), raises=False)
    return check_network(*problem, raises=False)


def two_gradients(problem: Problem | ByHand) -> dict[str, tuple[NDArray, NDArray]]:
    """Return the gradient of each parameter by its path, first by centred differences, then by backward.

    It is that of the cost C, or for a function of C = sum dy y with a random dy.  The differences are the plain ones,
    (C(p + h) - C(p - h)) / 2h with h = 1e-4.
    """
    return _of_function(problem) if isinstance(problem, ByHand) else _of_network(problem)


def _of_function(problem: ByHand) -> dict[str, tuple[NDArray, NDArray]]:
    forward, backward, arrays = problem
    dy = np.random.default_rng(0).normal(size=np.shape(forward(*arrays.values())))
    gradients = zip(arrays, backward(dy, *arrays.values()), strict=True)
    return {
        name: (_slopes(lambda: float((dy * forward(*arrays.values())).sum()), arrays[name]), gradient)
        for name, gradient in gradients
        if gradient is not None
    }


def _slopes(value: Callable[[], float], array: NDArray) -> NDArray:
    """Return the slope of a value along each number of an array, which is moved and put back."""
    h, slopes = 1e-4, np.zeros(array.shape)  # as in the case that started it all
    for place in np.ndindex(array.shape):
        start = array[place]
        array[place] = start + h
        above = value()
        array[place] = start - h
        slopes[place] = (above - value()) / (2 * h)
        array[place] = start
    return slopes


def _of_network(problem: Problem) -> dict[str, tuple[NDArray, NDArray]]:
    network, cost, x, t, start = problem
    layout, theta = Layout(network.shapes()), start.copy()
    p, gradient = layout.views(theta), np.zeros(layout.size)

    def forward() -> tuple[NDArray, Any]:
        return network.forward(p, x, np.random.default_rng(0))

    def value() -> float:
        return cost.value_and_gradient(forward()[0], t)[0]

    y, cache = forward()
    network.parameter_gradient(p, layout.views(gradient), cache, cost.value_and_gradient(y, t)[1])
    by_differences, by_backward = layout.parts(_slopes(value, theta)), layout.parts(gradient)
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


def by_hand(
    title: str,
    forward: Callable[..., NDArray],
    wrong: Callable[..., tuple[NDArray | None, ...]],
    right: Callable[..., tuple[NDArray | None, ...]],
    arrays: Callable[[np.random.Generator], dict[str, NDArray]],
) -> Callable[[], tuple[Exhibit, ...]]:
    """Return what makes a function of some arrays with a wrong backward, and with the right one."""

    def make() -> tuple[Exhibit, ...]:
        right_one, wrong_one = (ByHand(forward, each, arrays(np.random.default_rng(0))) for each in (right, wrong))
        return (Exhibit(title, right_one, wrong_one),)

    return make


def softmax(z: NDArray) -> NDArray:
    """Return exp z / sum exp z along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


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
