"""Prepared: a network made ready to answer for one example after another, and the softmax at its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.fast.base import Answer, FastLayer
from inkgrad.layers import Chain, Layer, Softmax
from inkgrad.layout import Named


def prepare(network: Layer, p: Named, input_shape: tuple[int, ...], dtype: np.dtype[Any]) -> Answer:
    """Return what gives the outputs y (1, ...) of a network at parameters p, for one example x (1, *input_shape).

    The bits are those of `network.forward`.  What depends on p alone is done here, and buffers are kept: so p stays as
    it is, one thread calls at a time, and the next call writes over y.
    """
    if isinstance(network, FastLayer):
        return network.prepared(p, input_shape, dtype)
    if type(network) is Softmax:
        return _Softmax(input_shape, dtype)
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
    return _SoftmaxOfLogits(cost, output_shape, dtype) if type(cost) is SoftmaxCrossEntropy else cost.probabilities


class _Softmax:
    """What Softmax.value does, step by step in the same order, without new memory."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.y, self.row = np.empty((1, *shape), dtype), np.empty((1, *shape[:-1], 1), dtype)

    def __call__(self, x: NDArray) -> NDArray:
        y, row = self.y, self.row
        if x.dtype != y.dtype:  # a layer of somebody else's has changed the type
            return np.asarray(Softmax().value(x))
        np.maximum.reduce(x, axis=-1, keepdims=True, out=row)
        np.subtract(x, row, out=y)
        np.exp(y, out=y)
        np.add.reduce(y, axis=-1, keepdims=True, out=row)
        return np.divide(y, row, out=y)


class _SoftmaxOfLogits:
    """What the probabilities of a SoftmaxCrossEntropy are, step by step in the same order, without new memory."""

    def __init__(self, cost: Cost, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.cost, self.log_q = cost, np.empty((1, *shape), dtype)
        self.e, self.row = np.empty_like(self.log_q), np.empty((1, *shape[:-1], 1), dtype)

    def __call__(self, y: NDArray) -> NDArray:
        log_q, e, row = self.log_q, self.e, self.row
        if y.dtype != log_q.dtype:
            return self.cost.probabilities(y)
        np.maximum.reduce(y, axis=-1, keepdims=True, out=row)
        np.subtract(y, row, out=log_q)
        np.exp(log_q, out=e)
        np.add.reduce(e, axis=-1, keepdims=True, out=row)
        np.log(row, out=row)
        np.subtract(log_q, row, out=log_q)
        return np.exp(log_q, out=log_q)
