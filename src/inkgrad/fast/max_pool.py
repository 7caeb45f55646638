"""The largest of each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.fast import kernels
from inkgrad.fast.base import FastLayer
from inkgrad.layers import MaxPool2D
from inkgrad.layers.windows import pair
from inkgrad.layout import Named

LARGEST_WINDOW = 254  # pixels: a byte says which of them it was, or that it was none


@dataclass(frozen=True)
class FastMaxPool(FastLayer):
    """Chain(MaxPool2D(...)) in one kernel; cpp/max_pool.hpp says how.

    The cache is x, and for each output which of its window it was.
    """

    @property
    def window(self) -> tuple[int, int]:
        """The size of the windows."""
        pool = self.plain.layers[0]
        assert isinstance(pool, MaxPool2D)
        return pair(pool.size)

    def quick_forward(
        self, p: Named, x: NDArray, dtype: np.dtype[Any]
    ) -> tuple[NDArray, tuple[NDArray, NDArray]] | None:
        shape = (len(x), *self.plain.output_shape(x.shape[1:]))
        y, codes = np.empty(shape, dtype), np.empty(shape, np.uint8)
        tame = kernels.compiled.max_pool_forward(x, *self.window, y, codes, self.n_threads)
        return (y, (x, codes)) if tame else None

    def quick_backward(
        self, p: Named, g: Named, cache: tuple[NDArray, NDArray], dy: NDArray, dx: NDArray | None
    ) -> bool:
        x, codes = cache
        if dy.dtype != x.dtype:
            return False
        return dx is None or bool(kernels.compiled.max_pool_backward(codes, dy, *self.window, dx, self.n_threads))

    def inputs_of(self, cache: tuple[NDArray, NDArray]) -> NDArray:
        return cache[0]
