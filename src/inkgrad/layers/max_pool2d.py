"""MaxPool2D: the largest number of each window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.layers.windows import Pool2D, places
from inkgrad.layout import Named


@dataclass(frozen=True)
class MaxPool2D(Pool2D):
    """y is the largest x in each window, in each channel by itself.

    A window is size × size pixels, or s × t where the size is (s, t).  They lie side by side; rows and
    columns that do not fill one are left out.  What was found is kept, and where is forgotten to within
    a window (Scherer et al. 2010, https://doi.org/10.1007/978-3-642-15825-4_10, compare it with averages).

    Shapes    x (N, height, width, c)   y (N, high, wide, c), with high = height // s and wide = width // t

    Backward  y_nhwc = max_ij x_n,sh+i,tw+j,c over i < s, j < t.  Only the largest moves y, one for one,
              so it gets dC/dy_nhwc and the others of its window 0.

              Where several are equally large there is no slope, and we take a one-sided one: the
              first in reading order gets it all.  A window with a NaN has NaN for its largest.

    Raises SettingError unless the size is a whole number of at least 1, or a pair of them; ShapeError
    unless the input is an image, at least as large as a window.
    """

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, tuple[Array, Array]]:
        xp, (high, wide, _) = namespace(x), self.output_shape(x.shape[1:])
        y, *others = (x[here] for _, _, here in places(self.size, self.size, high, wide))
        for seen in others:
            y = xp.maximum(y, seen)
        return y, (x, y)

    def backward(self, p: Named, g: Named, cache: tuple[Array, Array], dy: Array) -> Array:
        x, y = cache
        xp, (_, high, wide, _) = namespace(x), dy.shape
        dx, free = xp.zeros_like(x), xp.ones(y.shape, dtype=xp.bool, device=y.device)
        for _, _, here in places(self.size, self.size, high, wide):
            wins = free & ~(x[here] < y)  # so, not as x == y, that a window whose largest is NaN has a winner too
            dx[here] = dy * xp.astype(wins, dy.dtype)
            free = free & ~wins
        return dx
