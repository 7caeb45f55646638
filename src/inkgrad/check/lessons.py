"""Lessons: small networks with one mistake each, to see what it does and what the checker says.

Every mistake here is one that people make, and the network with it still runs; many of them even
still learn.  Nothing is printed here, so that a command, a page or a test can show a lesson its own way.

    >>> from inkgrad.check import check_network
    >>> right, wrong = LESSONS["bias-mean"].make()[0].pair
    >>> check_network(*right, raises=False).ok
    True
    >>> [finding.kind for finding in check_network(*wrong, raises=False).findings]
    ['factor']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from inkgrad.arrays import AnyArray, NDArray
from inkgrad.check.layer import random_parameters
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy, SquaredError, as_targets
from inkgrad.layers import Chain, Dense, Dropout, Layer, ReLU, Softmax, Tanh
from inkgrad.layout import Layout, Named


class Problem(NamedTuple):
    """What check_network takes: a network, its cost, inputs, targets and parameters."""

    network: Layer
    cost: Cost
    x: NDArray
    t: NDArray
    theta: NDArray


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
    """

    name: str
    about: str
    wrong_line: str
    right_line: str
    kind: str
    moral: str
    make: Callable[[], tuple[Exhibit, ...]]


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


# The mistakes.


class DiagonalSoftmax(Softmax):
    """Each output is taken to depend on its own input alone."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        return dy * y * (1 - y)


class BiasMean(Dense):
    """The mean over the batch, where the cost has divided by N already."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy
        g.b = dy.mean(axis=0)


class DividedAgain(Dense):
    """Divides by N, as the cost does too."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy / len(x)
        g.b = dy.sum(axis=0) / len(x)


class ForgottenBias(Dense):
    """Never writes the gradient of b."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy


class FlippedSign(Dense):
    """Gives the way down instead of the gradient, which the optimizer then turns round."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = -(x.T @ dy)
        g.b = dy.sum(axis=0)


class LastExampleOnly(Dense):
    """Overwrites where it should add up."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        for x_i, dy_i in zip(x, dy, strict=True):
            g.W = np.outer(x_i, dy_i)
        g.b = dy.sum(axis=0)


class Decayed(Dense):
    """Adds weight decay, of which the cost knows nothing."""

    def parameter_gradient(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> None:
        g.W = x.T @ dy + 0.05 * p.W
        g.b = dy.sum(axis=0)


class UntransposedWeights(Dense):
    """W where Wᵀ is meant: the shapes fit, as W is square."""

    def backward(self, p: Named, g: Named, x: AnyArray, dy: AnyArray) -> AnyArray:
        self.parameter_gradient(p, g, x, dy)
        return dy @ p.W


class ForgottenTanh(Tanh):
    """Passes dy on as it came."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        return dy


class TanhAtOutput(Tanh):
    """Takes the derivative at y, not at x."""

    def slope(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return 1 - np.tanh(y) ** 2


class TanhTwice(Tanh):
    """Applies the derivative twice."""

    def vjp(self, x: AnyArray, y: AnyArray, dy: AnyArray) -> AnyArray:
        dy = dy * (1 - y * y)
        return dy * (1 - y * y)


class InvertedReLU(ReLU):
    """Lets dy through where the unit was off."""

    def slope(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return np.where(x > 0, 0.0, 1.0)


class UnscaledDropout(Dropout):
    """Drops in backward, but forgets the 1 / (1 - rate)."""

    def backward(self, p: Named, g: Named, mask: AnyArray | None, dy: AnyArray) -> AnyArray:
        return dy if mask is None else dy * (mask > 0)


class ShiftedTargets(SoftmaxCrossEntropy):
    """Its gradient counts the labels from 1."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, _ = super().value_and_gradient(y, t)
        return value, super().value_and_gradient(y, np.roll(as_targets(t, y), 1, axis=1))[1]


class SummedGradient(SoftmaxCrossEntropy):
    """The value is a mean, the gradient that of a sum."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, dy = super().value_and_gradient(y, t)
        return value, dy * len(y)


class FusedGradient(CrossEntropy):
    """The short y - t, which has a softmax or a sigmoid in it already."""

    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        value, _ = super().value_and_gradient(y, t)
        return value, (y - as_targets(t, y)) / len(y)


# The networks.


def _network(*between: Layer) -> Chain:
    """Return two dense layers with others between them; the sizes are primes, so that a factor tells whence it is."""
    return Chain((Dense(3, 5), *between, Dense(5, 5)))


def _swap(index: int, wrong: type[Layer], *between: Layer) -> Callable[[], tuple[Exhibit, ...]]:
    """Return what makes a chain, and the same chain with a wrong layer for the one at `index`."""
    right = _network(*(between or (Tanh(),)))
    layers = list(right.layers)
    layers[index] = wrong(**vars(layers[index]))
    return lambda: (_exhibit(right, Chain(tuple(layers)), SoftmaxCrossEntropy(), SoftmaxCrossEntropy()),)


def _swap_cost(right: Cost, wrong: Cost, *end: Layer) -> Callable[[], tuple[Exhibit, ...]]:
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


def _fish_or_goat() -> tuple[Exhibit, ...]:
    """One goat, (0.924, 0.166), with the labels fish and goat, and with a third that is never used."""
    x, t = np.array([[0.924, 0.166]]), np.array([1])
    weights = (  # of the network in which the mistake was first seen, a row for each label
        (0.3251169104168574, 1.0577112895890197),
        (0.36170159819321346, 0.014072284781826894),
        (-1.271551261654049, 0.32522080597322767),
    )

    def exhibit(title: str, n: int) -> Exhibit:
        theta = np.concatenate([np.array(weights[:n]).T.ravel(), np.full(n, 0.1)])  # ours: a row for each input
        right, wrong = (Chain((Dense(2, n), softmax)) for softmax in (Softmax(), DiagonalSoftmax()))
        cost = SquaredError()
        return Exhibit(title, Problem(right, cost, x, t, theta), Problem(wrong, cost, x, t, theta))

    return exhibit("two labels, fish and goat", 2), exhibit("three labels, the third never used", 3)


LESSONS = {
    lesson.name: lesson
    for lesson in (
        Lesson(
            "softmax-diagonal",
            "a softmax whose backward knows only the diagonal of its Jacobian",
            "dx = dy * y * (1 - y)",
            "dx = y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
            "diagonal-jacobian",
            "With two labels it looks like a harmless factor of ½: g₂ = -g₁, so the two terms of each sum are equal. "
            "With three the ratios are uneven and the direction is wrong.",
            _fish_or_goat,
        ),
        Lesson(
            "softmax-twice",
            "the gradient y - t of logits, handed to a softmax layer all the same",
            "dy = (y - t) / N",
            "dy = ((1 - t) / (1 - y) - t / y) / N",
            "fused-twice",
            "y - t is what is left after the derivative of the softmax; a softmax layer applies that once more.",
            _swap_cost(CrossEntropy(), FusedGradient(), Softmax()),
        ),
        Lesson(
            "bias-mean",
            "a bias gradient that is the mean over the batch, not the sum",
            "g.b = dy.mean(axis=0)",
            "g.b = dy.sum(axis=0)",
            "factor",
            "The cost has divided by N already. The biases learn N times too slowly, and nobody notices.",
            _swap(0, BiasMean),
        ),
        Lesson(
            "batch-twice",
            "a layer that divides by N, as the cost does too",
            "g.W, g.b = x.T @ dy / N, dy.sum(axis=0) / N",
            "g.W, g.b = x.T @ dy, dy.sum(axis=0)",
            "factor",
            "Each step is N times too short, so the right learning rate depends on the batch size.",
            _swap(0, DividedAgain),
        ),
        Lesson(
            "weights-transposed",
            "W where its transpose belongs, which fits because W is square",
            "dx = dy @ W",
            "dx = dy @ W.T",
            "jacobian-not-transposed",
            "Backward goes from outputs to inputs, so W is read the other way. Only the layers below it suffer.",
            _swap(2, UntransposedWeights),
        ),
        Lesson(
            "gradient-forgotten",
            "a bias whose gradient is never written",
            "g.W = x.T @ dy",
            "g.W, g.b = x.T @ dy, dy.sum(axis=0)",
            "zero",
            "A checker that counts 0 beside 0.3 as agreement, and there are such, lets this pass.",
            _swap(0, ForgottenBias),
        ),
        Lesson(
            "sign-flipped",
            "a weight gradient that points downhill",
            "g.W = -(x.T @ dy)",
            "g.W = x.T @ dy",
            "sign",
            "The gradient points uphill; going the other way is the work of the optimizer alone.",
            _swap(0, FlippedSign),
        ),
        Lesson(
            "derivative-forgotten",
            "an activation that passes dy on as it came",
            "dx = dy",
            "dx = dy * (1 - y * y)",
            "derivative-forgotten",
            "Near 0 tanh has slope 1, so that with small weights the mistake is small too, and the network learns.",
            _swap(1, ForgottenTanh),
        ),
        Lesson(
            "derivative-at-output",
            "a derivative taken at y = tanh x instead of x",
            "dx = dy * (1 - np.tanh(y) ** 2)",
            "dx = dy * (1 - y ** 2)",
            "derivative-at-output",
            "y is tanh x already; whoever calls tanh once more stands at another point of the curve.",
            _swap(1, TanhAtOutput),
        ),
        Lesson(
            "derivative-twice",
            "a derivative applied twice",
            "dx = dy * (1 - y * y) * (1 - y * y)",
            "dx = dy * (1 - y * y)",
            "derivative-twice",
            "dy holds all that happened above this layer, and nothing of this layer: each multiplies by its own, once.",
            _swap(1, TanhTwice),
        ),
        Lesson(
            "relu-mask-inverted",
            "a ReLU that lets dy through where it was off",
            "dx = dy * (x <= 0)",
            "dx = dy * (x > 0)",
            "wrong-mask",
            "What did not pass forward must not pass back.",
            _swap(1, InvertedReLU, ReLU()),
        ),
        Lesson(
            "dropout-unscaled",
            "a dropout that forgets in backward that it has scaled in forward",
            "dx = dy * (mask > 0)",
            "dx = dy * mask",
            "factor",
            "The mask holds 0 and 1 / (1 - rate). The direction for the layers below is right, its length is not.",
            _swap(2, UnscaledDropout, Tanh(), Dropout(0.4)),
        ),
        Lesson(
            "last-example-only",
            "a loop over the batch that overwrites instead of adding up",
            "for i in range(N): g.W = np.outer(x[i], dy[i])",
            "for i in range(N): g.W += np.outer(x[i], dy[i])",
            "one-example",
            "With a batch of 1 it is right, so test with more. The network learns, from one example in N.",
            _swap(0, LastExampleOnly),
        ),
        Lesson(
            "weight-decay",
            "weight decay in the gradient that the cost knows nothing of",
            "g.W = x.T @ dy + 0.05 * W",
            "g.W = x.T @ dy",
            "weight-decay",
            "Decay may be wanted; then it belongs into the cost as well, or into the optimizer, not into a layer.",
            _swap(0, Decayed),
        ),
        Lesson(
            "target-shifted",
            "a gradient that counts the labels from 1 where the cost counts from 0",
            "dy = (softmax(y) - np.roll(t, 1, axis=1)) / N",
            "dy = (softmax(y) - t) / N",
            "label-shift",
            "The network learns well, to say the next label. The cost, which goes up, is right; the gradient is not.",
            _swap_cost(SoftmaxCrossEntropy(), ShiftedTargets()),
        ),
        Lesson(
            "cost-sum-not-mean",
            "a cost that is a mean, with the gradient of a sum",
            "dy = softmax(y) - t",
            "dy = (softmax(y) - t) / N",
            "factor",
            "The direction is right, so everything works, with a learning rate that secretly grows with the batch.",
            _swap_cost(SoftmaxCrossEntropy(), SummedGradient()),
        ),
    )
}
