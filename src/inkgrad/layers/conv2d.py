"""Conv2D: the same small weights at every place of an image."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.base import Layer
from inkgrad.layers.starts import standard_deviation
from inkgrad.layers.windows import is_size, pair, places, refuse_other_shapes, shortest
from inkgrad.layout import Named, Shapes

Cache = tuple[Array, tuple[int, ...]]


@dataclass(frozen=True)
class Conv2D(Layer):
    """Convolution: each output pixel is a weighted sum of the pixels around its place, as far as the kernel reaches.

    With (LeCun et al. 1998, https://doi.org/10.1109/5.726791, section II.A) a kernel of k × l pixels, the
    strides s down and t across, and a margin of a zeros above and below the image and e beside it,

        y_nhwd = sum_ijc x_n,sh+i-a,tw+j-e,c W_ijcd + b_d

    Strictly this is a cross-correlation, as W is not turned round; the field calls it convolution.
    The kernel and the stride are (height, width), or one number for both.  padding "same" is
    a = (k - 1) / 2 and e = (l - 1) / 2, which gives images of height / s × width / t, rounded up;
    "valid" is a = e = 0, so the kernel stays inside the image.  k and l are odd, to have a middle.

    Shapes    x (N, height, width, c_in)   W (k, l, c_in, c_out)   b (c_out,)   y (N, high, wide, c_out)

    Backward  By the chain rule, as x_nuvc is used wherever sh+i-a = u and tw+j-e = v,

              dC/dW_ijcd = sum_nhw x_n,sh+i-a,tw+j-e,c dC/dy_nhwd
              dC/db_d    = sum_nhw dC/dy_nhwd
              dC/dx_nuvc = sum over those i, j, h, w, and over d, of dC/dy_nhwd W_ijcd

              Copy the pixels that each output sees into one row of a matrix X, (N high wide, k l c_in)
              (Chellapilla et al. 2006, https://inria.hal.science/inria-00112631), and it is Dense:
              y = X W + b, so dW = Xᵀ dy and dX = dy Wᵀ; what dX says of a pixel's copies is added up.

    Start     W normal, with the variance that `start` names in starts.py, where each output has
              n_in = k l c_in inputs and each input n_out = k l c_out outputs; b zero.

    Raises SettingError unless the counts are whole numbers of at least 1, kernel and stride such or pairs of
    them, the kernel is odd, and padding and start are known; ShapeError unless the input is an image
    with c_in channels, as large as the kernel.
    """

    c_in: int
    c_out: int
    kernel: int | tuple[int, int] = 3
    stride: int | tuple[int, int] = 1
    padding: str = "same"
    start: str = "he"

    def __post_init__(self) -> None:
        refused: list[object] = [n for n in (self.c_in, self.c_out) if type(n) is not int or n < 1]
        refused += [n for n in (self.kernel, self.stride) if not is_size(n)]
        if refused:
            raise SettingError(
                f"{self} needs whole numbers of at least 1 for c_in, c_out, kernel and stride, got {refused[0]!r}; "
                "the last two may be pairs, (height, width)"
            )
        if any(n % 2 == 0 for n in pair(self.kernel)):
            raise SettingError(f"{self} needs an odd kernel, so that it has a middle, got {self.kernel}")
        object.__setattr__(self, "kernel", shortest(self.kernel))
        object.__setattr__(self, "stride", shortest(self.stride))
        if self.padding not in ("same", "valid"):
            raise SettingError(f"padding must be one of same, valid, got {self.padding!r}")
        self._deviation()  # refuses an unknown start

    def _deviation(self) -> float:
        area = prod(pair(self.kernel))
        return standard_deviation(self.start, area * self.c_in, area * self.c_out)

    def shapes(self) -> Shapes:
        return {"W": (*pair(self.kernel), self.c_in, self.c_out), "b": (self.c_out,)}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        p.W = rng.normal(0, self._deviation(), p.W.shape)
        p.b = np.zeros(p.b.shape)

    @property
    def margins(self) -> tuple[int, int]:
        """The zeros above and below the image, and beside it: as many on both sides."""
        height, width = pair(self.kernel)
        return ((height - 1) // 2, (width - 1) // 2) if self.padding == "same" else (0, 0)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        refuse_other_shapes(self, input_shape, self.c_in, 1 if self.padding == "same" else self.kernel)
        each_axis = zip(input_shape[:2], self.margins, pair(self.kernel), pair(self.stride), strict=True)
        high, wide = ((n + 2 * a - k) // s + 1 for n, a, k, s in each_axis)
        return high, wide, self.c_out

    def framed(self, x: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Return zeros for images of `shape` with their margin, and the view of them inside it."""
        n, height, width, channels = shape
        a, e = self.margins
        framed = namespace(x).zeros((n, height + 2 * a, width + 2 * e, channels), dtype=x.dtype, device=x.device)
        return framed, framed[:, a : a + height, e : e + width, :]

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Cache]:
        xp, (framed, inside) = namespace(x), self.framed(x, x.shape)
        inside[...] = x
        high, wide, _ = self.output_shape(x.shape[1:])
        seen = [framed[here] for _, _, here in places(self.kernel, self.stride, high, wide)]
        patches = xp.reshape(xp.concat(seen, axis=-1), (-1, prod(pair(self.kernel)) * self.c_in))
        y = patches @ xp.reshape(p.W, (-1, self.c_out)) + p.b
        return xp.reshape(y, (x.shape[0], high, wide, self.c_out)), (patches, x.shape)

    def backward(self, p: Named, g: Named, cache: Cache, dy: Array) -> Array:
        self.parameter_gradient(p, g, cache, dy)
        xp, (dframed, dx) = namespace(dy), self.framed(dy, cache[1])
        n, high, wide, _ = dy.shape
        rows = xp.reshape(dy, (-1, self.c_out))
        for i, j, here in places(self.kernel, self.stride, high, wide):  # one column block of dX at a time
            dframed[here] += xp.reshape(rows @ p.W[i, j, :, :].T, (n, high, wide, self.c_in))
        return dx

    def parameter_gradient(self, p: Named, g: Named, cache: Cache, dy: Array) -> None:
        xp, (patches, _) = namespace(dy), cache
        rows = xp.reshape(dy, (-1, self.c_out))
        g.W = xp.reshape(patches.T @ rows, p.W.shape)
        g.b = xp.sum(rows, axis=0)
