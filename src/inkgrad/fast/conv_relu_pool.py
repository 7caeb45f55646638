"""Convolution 3 × 3, ReLU and the largest of each 2 × 2 window, as one layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.fast import kernels
from inkgrad.fast.base import FEWEST_CHANNELS, FastLayer, ordered, write_back
from inkgrad.layers import Conv2D
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

        return (y, (x, codes)) if (self._is_deep and tame(winograd=True)) or tame(winograd=False) else None

    @property
    def _is_deep(self) -> bool:
        """Return whether transforming the channels costs less than it saves."""
        conv = self.plain.layers[0]
        assert isinstance(conv, Conv2D)
        return conv.c_in >= FEWEST_CHANNELS

    def prepared_kernel(self, p: Named, y: NDArray) -> Callable[[NDArray], NDArray | None] | None:
        W, b, codes = ordered(p.W), ordered(p.b), np.empty(y.shape, np.uint8)
        prepared = kernels.compiled.prepare_conv(W, b, self._is_deep)
        if prepared is None and self._is_deep:
            prepared = kernels.compiled.prepare_conv(W, b, False)
        run = kernels.compiled.conv_forward_prepared
        return None if prepared is None else lambda x: y if run(x, prepared, y, codes) else None

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
