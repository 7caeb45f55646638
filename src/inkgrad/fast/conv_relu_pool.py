"""Convolution 3 × 3, ReLU and the largest of each 2 × 2 window, as one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.fast import kernels
from inkgrad.fast.base import FastLayer, ordered, write_back
from inkgrad.layout import Named


@dataclass(frozen=True)
class FastConvReLUPool(FastLayer):
    """Chain(Conv2D(c_in, c_out), ReLU(), MaxPool2D()) in one kernel, one image at a time.

    cpp/conv_forward.hpp and conv_backward.hpp say how.  The cache is x, and for each
    output which of its window's four it was.  Numbers that are too large for Winograd's way go the direct one.
    """

    def quick_forward(
        self, p: Named, x: NDArray, dtype: np.dtype[Any]
    ) -> tuple[NDArray, tuple[NDArray, NDArray]] | None:
        shape = (len(x), *self.plain.output_shape(x.shape[1:]))
        y, codes = np.empty(shape, dtype), np.empty(shape, np.uint8)
        W, b = ordered(p.W), ordered(p.b)

        def tame(winograd: bool) -> bool:
            return bool(kernels.compiled.conv_forward(x, W, b, winograd, y, codes, self.n_threads))

        suits = x.shape[-1] >= 8  # with fewer channels, transforming them costs more than it saves
        return (y, (x, codes)) if (suits and tame(winograd=True)) or tame(winograd=False) else None

    def quick_backward(
        self, p: Named, g: Named, cache: tuple[NDArray, NDArray], dy: NDArray, dx: NDArray | None
    ) -> bool:
        x, codes = cache
        dW, db = ordered(g.W), ordered(g.b)
        tame = kernels.compiled.conv_backward(x, ordered(p.W), codes, dy, dW, db, dx, self.n_threads)
        write_back(g, W=dW, b=db)
        return bool(tame)

    def inputs_of(self, cache: tuple[NDArray, NDArray]) -> NDArray:
        return cache[0]
