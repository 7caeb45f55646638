"""Convolution of any kernel and stride, and the ReLU after it, as one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.fast import kernels
from inkgrad.fast.base import COUNT_LIMIT, FEWEST_CHANNELS, FastLayer, ordered, write_back
from inkgrad.layers import Conv2D
from inkgrad.layers.windows import pair
from inkgrad.layout import Named

WIDEST_VECTOR = 16  # numbers, to which the kernel fills up the channels
MOST_WEIGHTS = 2**22  # as each part of the sum of gradients has its own


@dataclass(frozen=True)
class FastConv(FastLayer):
    """Chain(Conv2D(...)), or with a ReLU after it, in one kernel, one image at a time, and nothing laid out.

    cpp/convolution.hpp says how.  The cache is x and y.  Numbers that are too large for Winograd's way go
    the direct one.
    """

    @property
    def conv(self) -> Conv2D:
        """The convolution that this stands for."""
        conv = self.plain.layers[0]
        assert isinstance(conv, Conv2D)
        return conv

    @property
    def settings(self) -> tuple[int, int, int, int, bool]:
        """The strides and margins, and whether a ReLU follows, as the kernel takes them."""
        return *pair(self.conv.stride), *self.conv.margins, len(self.plain.layers) > 1

    def quick_forward(self, p: Named, x: NDArray, dtype: np.dtype[Any]) -> tuple[NDArray, Any] | None:
        if not self._suits(x):
            return None
        y = np.empty((len(x), *self.plain.output_shape(x.shape[1:])), dtype)
        W, b = ordered(p.W), ordered(p.b)

        def tame(winograd: bool) -> bool:
            arguments = x, W, b, *self.settings, winograd, y, self.n_threads
            return bool(kernels.compiled.convolution_forward(*arguments))

        return (y, (x, y)) if (self._is_small and tame(winograd=True)) or tame(winograd=False) else None

    @property
    def _is_small(self) -> bool:
        """Return whether Winograd's way is for it, and its transformations cost less than they save."""
        conv = self.conv
        return (conv.kernel, conv.stride) == (3, 1) and min(conv.c_in, conv.c_out) >= FEWEST_CHANNELS

    def _suits(self, x: NDArray) -> bool:
        """Return whether the kernel can count the strides, what it lays around an image, and the widened weights."""
        (down, across), conv = pair(self.conv.kernel), self.conv
        c_in, c_out = conv.c_in + WIDEST_VECTOR, conv.c_out + WIDEST_VECTOR
        framed = (x.shape[1] + 2 * down) * (x.shape[2] + 2 * across) * max(c_in, c_out)
        few = max(framed, *pair(conv.stride)) < COUNT_LIMIT
        return few and down * across * c_in * c_out < MOST_WEIGHTS

    def quick_backward(
        self, p: Named, g: Named, cache: tuple[NDArray, NDArray], dy: NDArray, dx: NDArray | None
    ) -> bool:
        x, y = cache
        dW, db = ordered(g.W), ordered(g.b)
        W = ordered(p.W)

        def tame(winograd: bool) -> bool:
            arguments = x, W, y, dy, *self.settings, winograd, dW, db, dx, self.n_threads
            return bool(kernels.compiled.convolution_backward(*arguments))

        done = (self._is_small and dx is not None and tame(winograd=True)) or tame(winograd=False)
        write_back(g, W=dW, b=db)
        return done

    def inputs_of(self, cache: tuple[NDArray, NDArray]) -> NDArray:
        return cache[0]
