"""AveragePool2D: the mean of each window."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.layers.windows import Pool2D, pair, places
from inkgrad.layout import Named


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """y is the mean of each window, in each channel by itself.

    A window is size × size pixels, or s × t where the size is (s, t).  They lie side by side; rows and
    columns that do not fill one are left out.  (LeCun et al. 1998, https://doi.org/10.1109/5.726791,
    section II.A, whose subsampling learns a factor and a bias too.)

    Shapes    x (N, height, width, c)   y (N, high, wide, c), with high = height // s and wide = width // t

    Backward  y_nhwc = sum_ij x_n,sh+i,tw+j,c / (s t) over i < s, j < t, so each of the s t pixels of
              a window gets dC/dy_nhwc / (s t), and a pixel in no window 0.

    Raises SettingError unless the size is a whole number of at least 1, or a pair of them; ShapeError
    unless the input is an image, at least as large as a window.
    """

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array]:
        high, wide, _ = self.output_shape(x.shape[1:])
        total, *others = (x[here] for _, _, here in places(self.size, self.size, high, wide))
        for seen in others:
            total = total + seen
        return total / prod(pair(self.size)), x

    def backward(self, p: Named, g: Named, x: Array, dy: Array) -> Array:
        _, high, wide, _ = dy.shape
        dx = namespace(x).zeros_like(x)
        for _, _, here in places(self.size, self.size, high, wide):
            dx[here] = dy / prod(pair(self.size))
        return dx
