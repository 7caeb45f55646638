"""Prepared: a network made ready to answer for one example after another, and the softmax at its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.fast.base import Answer, FastLayer
from inkgrad.layers import Chain, Flatten, Layer, Softmax
from inkgrad.layout import Named


def prepare(network: Layer, p: Named, input_shape: tuple[int, ...], dtype: np.dtype[Any]) -> Answer:
    """Return what gives the outputs y (1, ...) of a network at parameters p, for one example x (1, *input_shape).

    The bits are those of `network.forward`.  What depends on p alone is done here, and buffers are kept: so p stays as
    it is, one thread calls at a time, and the next call writes over y.
    """
    if isinstance(network, FastLayer):
        return network.prepared(p, input_shape, dtype)
    if type(network) is Softmax and len(input_shape) == 1:
        return _Softmax(*input_shape, dtype)
    if type(network) is Flatten:
        return lambda x: x.reshape(1, -1)
    if type(network) is not Chain:  # a subclass may do something else
        return lambda x: network.forward(p, x)[0]
    answers = []
    for name, layer in network.named():
        answers.append(prepare(layer, p[name], input_shape, dtype))
        input_shape = layer.output_shape(input_shape)

    def answer(x: NDArray) -> NDArray:
        for each in answers:
            x = each(x)
        return x

    return answer


def prepare_probabilities(cost: Cost, output_shape: tuple[int, ...], dtype: np.dtype[Any]) -> Answer:
    """Return what gives the bits of `cost.probabilities` for outputs y (1, *output_shape), in a buffer that is kept."""
    if type(cost) is SoftmaxCrossEntropy and len(output_shape) == 1:
        return _SoftmaxOfLogits(cost, *output_shape, dtype)
    return cost.probabilities


class _Softmax:
    """What Softmax.value does for one example, step by step in the same order, without new memory.

    A number of no axes goes with all others in a third of the time that one of an axis takes.
    """

    def __init__(self, n: int, dtype: np.dtype[Any]) -> None:
        self.y, self.one = np.empty((1, n), dtype), np.empty((), dtype)
        self.row = self.y[0]

    def __call__(self, x: NDArray) -> NDArray:
        row, one = self.row, self.one
        if x.dtype != row.dtype:  # a layer of somebody else's has changed the type
            return np.asarray(Softmax().value(x))
        np.maximum.reduce(x[0], out=one)
        np.subtract(x[0], one, out=row)
        np.exp(row, out=row)
        np.add.reduce(row, out=one)
        np.divide(row, one, out=row)
        return self.y


class _SoftmaxOfLogits:
    """What the probabilities of a SoftmaxCrossEntropy are for one example, step by step in the same order."""

    def __init__(self, cost: Cost, n: int, dtype: np.dtype[Any]) -> None:
        self.cost, self.q, self.one = cost, np.empty((1, n), dtype), np.empty((), dtype)
        self.log_q, self.row = np.empty(n, dtype), self.q[0]

    def __call__(self, y: NDArray) -> NDArray:
        row, log_q, one = self.row, self.log_q, self.one
        if y.dtype != row.dtype:
            return self.cost.probabilities(y)
        np.maximum.reduce(y[0], out=one)
        np.subtract(y[0], one, out=log_q)
        np.exp(log_q, out=row)
        np.add.reduce(row, out=one)
        np.log(one, out=one)
        np.subtract(log_q, one, out=log_q)
        np.exp(log_q, out=row)
        return self.q
