"""GroupNorm, and the ReLU and the pooling after it, as one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.fast import kernels
from inkgrad.fast.base import FastLayer, ordered, write_back
from inkgrad.layers import GroupNorm, MaxPool2D, ReLU
from inkgrad.layers.windows import pair
from inkgrad.layout import Named


@dataclass(frozen=True)
class FastGroupNorm(FastLayer):
    """Chain(GroupNorm(...)), or with a ReLU, a MaxPool2D or both after it, in one kernel, one image at a time.

    cpp/group_norm.hpp says how.  The cache is x, for each output which of its window it was, and the
    mean and 1 / √(variance + eps) of each image and channel.
    """

    @property
    def norm(self) -> GroupNorm:
        """The normalisation that this stands for."""
        norm = self.plain.layers[0]
        assert isinstance(norm, GroupNorm)
        return norm

    @property
    def window(self) -> tuple[int, int]:
        """The size of the windows that are pooled: (1, 1) where none are."""
        pool = self.plain.layers[-1]
        return pair(pool.size) if isinstance(pool, MaxPool2D) else (1, 1)

    def quick_forward(self, p: Named, x: NDArray, dtype: np.dtype[Any]) -> tuple[NDArray, Any] | None:
        x = ordered(as_inputs(x, dtype.type)) if x.dtype == np.uint8 else x
        shape = (len(x), *self.plain.output_shape(x.shape[1:]))
        y, codes, (m, r) = np.empty(shape, dtype), np.empty(shape, np.uint8), np.empty((2, len(x), x.shape[-1]), dtype)
        relu = any(isinstance(layer, ReLU) for layer in self.plain.layers)
        tame = kernels.compiled.group_norm_forward(
            x,
            ordered(p.gain),
            ordered(p.bias),
            self.norm.n_groups,
            self.norm.eps,
            *self.window,
            relu,
            y,
            codes,
            m,
            r,
            self.n_threads,
        )
        return (y, (x, codes, m, r)) if tame else None

    def quick_backward(self, p: Named, g: Named, cache: Any, dy: NDArray, dx: NDArray | None) -> bool:
        x, *found = cache
        dgain, dbias = ordered(g.gain), ordered(g.bias)
        tame = kernels.compiled.group_norm_backward(
            x, ordered(p.gain), self.norm.n_groups, *self.window, *found, dy, dgain, dbias, dx, self.n_threads
        )
        write_back(g, gain=dgain, bias=dbias)
        return bool(tame)

    def inputs_of(self, cache: Any) -> NDArray:
        x: NDArray = cache[0]
        return x
