"""Frames: an image one pixel high becomes a line of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array, namespace
from inkgrad.errors import ShapeError
from inkgrad.layers.base import Layer
from inkgrad.layers.windows import refuse_other_shapes
from inkgrad.layout import Named


@dataclass(frozen=True)
class Frames(Layer):
    """y_ntk = x_n0tk: the columns of an image one pixel high, from left to right, are the frames of a line.

    So convolutions and pools that leave one pixel of an image's height end as CTC takes lines.

    Shapes    x (N, 1, T, K)   y (N, T, K)

    Backward  No number changes, only its place: dx_n0tk = dy_ntk.

    Raises ShapeError unless the input is an image one pixel high.
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        refuse_other_shapes(self, input_shape, None, 1)
        if input_shape[0] != 1:
            raise ShapeError(
                f"{self} takes images one pixel high, (1, width, channels), got {input_shape}: pool the height first"
            )
        return input_shape[1:]

    def forward(self, p: Named, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, None]:
        return x[:, 0, :, :], None

    def backward(self, p: Named, g: Named, cache: None, dy: Array) -> Array:
        return namespace(dy).expand_dims(dy, axis=1)
