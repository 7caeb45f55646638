"""GroupNorm: the channels of each image on a common scale, group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import SettingError
from inkgrad.layers.base import Layer
from inkgrad.layers.standardise import standardise, standardise_backward
from inkgrad.layers.windows import refuse_other_shapes
from inkgrad.layout import Named, Shapes


@dataclass(frozen=True)
class GroupNorm(Layer):
    """y = gain h + bias, where h is x shifted and scaled to mean 0 and variance 1 over each group of channels.

    The mean and the variance are those of one image, over its height, its width and the channels of
    a group (Wu & He 2018, https://arxiv.org/abs/1803.08494).  Batch normalisation takes them over the
    batch, so what it says of an image depends on its neighbours, and at inference on a memory of
    earlier batches; this one is a function of (p, x) alone, the same in training and at inference.

    Shapes    x (N, height, width, channels)   gain (channels,)   bias (channels,)   y like x

    Backward  y_nhwc = g_c h_nhwc + b_c, so

              dC/dg_c    = sum_nhw dC/dy_nhwc h_nhwc     that is   dgain = the sum of dy ⊙ h over N and places
              dC/db_c    = sum_nhw dC/dy_nhwc            that is   dbias = the sum of dy over N and places
              dC/dh_nhwc = dC/dy_nhwc g_c                that is   dh = dy ⊙ gain

              and from dh to dx, group by group, as standardise.py derives it:
              dx = r (dh - mean dh - h ⊙ mean(dh ⊙ h)).

    Start     gain one, bias zero: y = h.

    Raises SettingError unless the counts are whole numbers of at least 1, n_groups divides channels, and eps
    is above 0; ShapeError unless the input is an image with so many channels.
    """

    n_groups: int
    channels: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        for n in self.n_groups, self.channels:
            if type(n) is not int or n < 1:
                raise SettingError(f"{self} needs whole numbers of at least 1 for n_groups and channels, got {n!r}")
        if self.channels % self.n_groups:
            raise SettingError(f"{self}: {self.channels} channels do not make {self.n_groups} groups of the same size")
        if not 0 < self.eps < float("inf"):
            raise SettingError(f"{self} needs a number above 0 for eps, got {self.eps}")

    def shapes(self) -> Shapes:
        return {"gain": (self.channels,), "bias": (self.channels,)}

    def init(self, p: Named, rng: np.random.Generator) -> None:
        p.gain, p.bias = np.ones(self.channels), np.zeros(self.channels)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        refuse_other_shapes(self, input_shape, self.channels, 1)
        return input_shape

    def grouped_places(self, x: Array) -> Array:
        """Return x as (N, places, groups, members of a group)."""
        n, height, width, _ = x.shape
        return namespace(x).reshape(x, (n, height * width, self.n_groups, self.channels // self.n_groups))

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, tuple[Array, Array]]:
        grouped, r = standardise(self.grouped_places(x), (1, 3), self.eps)  # over places and the members of a group
        h = namespace(x).reshape(grouped, x.shape)
        return p.gain * h + p.bias, (h, r)

    def backward(self, p: Named, g: Named, cache: tuple[Array, Array], dy: Array) -> Array:
        xp, (h, r) = namespace(dy), cache
        g.gain = xp.sum(dy * h, axis=(0, 1, 2))
        g.bias = xp.sum(dy, axis=(0, 1, 2))
        dx = standardise_backward(self.grouped_places(h), r, self.grouped_places(p.gain * dy), (1, 3))
        return xp.reshape(dx, dy.shape)
