"""Dense and the activation after it, as one layer that skips zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import as_inputs
from inkgrad.fast.base import FastLayer, ordered, write_back
from inkgrad.fast.kernels import kernels
from inkgrad.layers import ELU, LeakyReLU, ReLU
from inkgrad.layout import Named

N_LOOKED_AT = 4  # examples that tell whether the inputs are mostly zero
SPARSE = 0.35  # of the inputs not zero: with more, BLAS is faster
ROOM = 16  # beyond a list, for whole vectors

IDENTITY, LEAKY, EXPONENTIAL = range(3)  # as cpp/jobs.hpp numbers the slopes


@dataclass(frozen=True)
class Lists:
    """What is not zero in each input: where, what, and where the lists of each block of W's rows begin."""

    index: Array
    value: Array
    starts: Array


@dataclass(frozen=True)
class FastDense(FastLayer):
    """Chain(Dense(n_in, n_out)), or with a ReLU, LeakyReLU or ELU after it.

    Where most inputs are zero, as MNIST's pixels are, cpp/sparse_dense.hpp does it; elsewhere BLAS
    multiplies.  The cache is x, y and the lists of what is not zero, None after BLAS.
    """

    @property
    def slope(self) -> tuple[int, float]:
        """Which slope the kernel takes, and its number."""
        activation = self.plain.layers[1] if len(self.plain.layers) > 1 else None
        if isinstance(activation, ReLU):
            return LEAKY, 0.0
        if isinstance(activation, LeakyReLU):
            return LEAKY, activation.leak
        if isinstance(activation, ELU):
            return EXPONENTIAL, activation.alpha
        return IDENTITY, 0.0

    def quick_forward(self, p: Named, x: Array, dtype: np.dtype[Any]) -> tuple[Array, Any] | None:
        n, n_in = x.shape
        W, b, (slope, alpha) = ordered(p.W), ordered(p.b), self.slope
        sample = x[:N_LOOKED_AT]
        if np.count_nonzero(sample) > SPARSE * sample.size:
            y = as_inputs(x, dtype.type) @ W
            return (y, (x, y, None)) if kernels.bias_activation(y, b, slope, alpha) else None
        y = np.empty((n, W.shape[1]), dtype)
        lists = Lists(
            np.empty((n, n_in + ROOM), np.int32),
            np.empty((n, n_in + ROOM), dtype),
            np.empty((n, -(-n_in // kernels.BLOCK) + 1), np.int32),
        )
        tame = kernels.sparse_forward(x, W, b, slope, alpha, y, lists.index, lists.value, lists.starts, self.n_threads)
        return (y, (x, y, lists)) if tame else None

    def quick_backward(self, p: Named, g: Named, cache: Any, dy: Array, dx: Array | None) -> bool:
        x, y, lists = cache
        dz, dW, db = np.empty_like(y), ordered(g.W), ordered(g.b)
        if not kernels.activation_gradient(y, dy, *self.slope, dz, db):
            return False
        if lists is None:
            np.matmul(as_inputs(x, dy.dtype.type).T, dz, out=dW)
        else:
            kernels.sparse_gradient(lists.index, lists.value, lists.starts, dz, dW, self.n_threads)
        if dx is not None:
            np.matmul(dz, p.W.T, out=dx)
        write_back(g, dW, db)
        return True

    def inputs_of(self, cache: Any) -> Array:
        return cache[0]
