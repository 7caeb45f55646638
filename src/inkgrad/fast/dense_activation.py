"""Dense and the activation after it, as one layer that skips zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.fast import kernels
from inkgrad.fast.base import FastLayer, ordered, write_back
from inkgrad.layers import ELU, LeakyReLU, ReLU
from inkgrad.layout import Named


@dataclass(frozen=True)
class DenseLimits:
    """Up to where each kernel is faster than BLAS.

    n_looked_at      examples, the first of a batch, that tell whether its inputs are mostly zero
    most_inked       the part of the inputs that is not zero, up to which their lists are faster
    most_narrow      outputs up to which our own product is faster
    """

    n_looked_at: int = 4
    most_inked: float = 0.35
    most_narrow: int = 32


LIMITS = DenseLimits()


class Lists(NamedTuple):
    """What is not zero in each input: where, what, and where the lists of each block of W's rows begin."""

    index: NDArray  # type: ignore[assignment]  # a tuple has a method of the name
    value: NDArray
    starts: NDArray


@dataclass(frozen=True)
class FastDense(FastLayer):
    """Chain(Dense(n_in, n_out)), or with a ReLU, LeakyReLU or ELU after it.

    Where most inputs are zero, as MNIST's pixels are, cpp/sparse_dense.hpp does it; elsewhere, for few
    outputs, cpp/narrow_dense.hpp, and for many BLAS.  The cache is x, y and the lists of what is not
    zero, None where there are none.
    """

    @cached_property
    def slope(self) -> tuple[int, float]:
        """Which slope the kernel takes, as cpp/activations.hpp numbers them, and its own number."""
        identity, leaky, elu = range(3)
        activation = self.plain.layers[1] if len(self.plain.layers) > 1 else None
        if isinstance(activation, ReLU):
            return leaky, 0.0
        if isinstance(activation, LeakyReLU):
            return leaky, activation.leak
        if isinstance(activation, ELU):
            return elu, activation.alpha
        return identity, 0.0

    def quick_forward(self, p: Named, x: NDArray, dtype: np.dtype[Any]) -> tuple[NDArray, Any] | None:
        n, n_in = x.shape
        W, b = ordered(p.W), ordered(p.b)
        few = x[: LIMITS.n_looked_at]
        if np.count_nonzero(few) > LIMITS.most_inked * few.size:
            return self._multiply(as_inputs(x, dtype.type), W, b)
        y = np.empty((n, W.shape[1]), dtype)
        lists = Lists(
            np.empty((n, n_in + kernels.compiled.ROOM), np.int32),
            np.empty((n, n_in + kernels.compiled.ROOM), dtype),
            np.empty((n, -(-n_in // kernels.compiled.BLOCK) + 1), np.int32),
        )
        tame = kernels.compiled.sparse_forward(x, W, b, *self.slope, y, *lists, self.n_threads)
        return (y, (x, y, lists)) if tame else None

    def _multiply(self, x: NDArray, W: NDArray, b: NDArray) -> tuple[NDArray, Any] | None:
        if W.shape[1] <= LIMITS.most_narrow:
            y = np.empty((len(x), W.shape[1]), x.dtype)
            tame = kernels.compiled.narrow_forward(x, W, b, *self.slope, y, self.n_threads)
        else:
            y = x @ W
            tame = kernels.compiled.bias_activation(y, b, *self.slope)
        return (y, (x, y, None)) if tame else None

    def prepared_kernel(self, p: Named, y: NDArray) -> Callable[[NDArray], NDArray | None] | None:
        W, b = ordered(p.W), ordered(p.b)
        prepared, (n_in, n_out) = kernels.compiled.prepare_dense(W, b), W.shape
        if prepared is None:
            return None
        most_inked, narrow, slope = LIMITS.most_inked * n_in, n_out <= LIMITS.most_narrow, self.slope

        def kernel(x: NDArray) -> NDArray | None:
            if np.count_nonzero(x) <= most_inked:
                return y if kernels.compiled.sparse_forward_prepared(x, prepared, *slope, y) else None
            if x.dtype != y.dtype:
                x = as_inputs(x, y.dtype.type)
            if narrow:
                return y if kernels.compiled.narrow_forward_prepared(x, prepared, *slope, y) else None
            np.matmul(x, W, out=y)
            return y if kernels.compiled.bias_activation(y, b, *slope) else None

        return kernel

    def quick_backward(self, p: Named, g: Named, cache: Any, dy: NDArray, dx: NDArray | None) -> bool:
        x, y, lists = cache
        dz, dW, db = np.empty_like(y), ordered(g.W), ordered(g.b)
        if not kernels.compiled.activation_gradient(y, dy, *self.slope, dz, db):
            return False
        narrow = dz.shape[1] <= LIMITS.most_narrow
        if lists is not None:
            kernels.compiled.sparse_gradient(*lists, dz, dW, self.n_threads)
        elif narrow:
            kernels.compiled.narrow_gradient(x, dz, dW, self.n_threads)
        else:
            np.matmul(x.T, dz, out=dW)
        if dx is not None and narrow:
            kernels.compiled.narrow_back(dz, ordered(p.W), dx, self.n_threads)
        elif dx is not None:
            np.matmul(dz, p.W.T, out=dx)
        write_back(g, W=dW, b=db)
        return True

    def inputs_of(self, cache: Any) -> NDArray:
        return cache[0]
