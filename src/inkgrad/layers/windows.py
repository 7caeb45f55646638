"""Windows: what layers share that look at images, (N, height, width, channels), through a small square."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from types import EllipsisType

from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers.base import Layer

Here = tuple[slice, slice, slice, EllipsisType]


def places(size: int, stride: int, high: int, wide: int) -> Iterator[tuple[int, int, Here]]:
    """Yield each place (i, j) of a window in reading order, and the index of the pixels seen there.

    The windows are size × size, high × wide of them, `stride` pixels apart: image[here] is what all
    of them see at (i, j), shaped (N, high, wide, channels).
    """
    for i, j in product(range(size), repeat=2):
        down, across = (slice(k, k + stride * (n - 1) + 1, stride) for k, n in ((i, high), (j, wide)))
        yield i, j, (slice(None), down, across, ...)


def refuse_other_shapes(layer: Layer, input_shape: tuple[int, ...], channels: int | None, least: int) -> None:
    """Raise ShapeError unless it is that of an image with `channels` channels (None: any), least × least or larger."""
    if len(input_shape) != 3 or channels not in (None, input_shape[2]):
        hint = ""
        if len(input_shape) == 2 and channels in (None, 1):
            hint = ": add an axis for the one channel"
        elif len(input_shape) == 1:
            hint = ": flatten after it, not before"
        elif len(input_shape) == 3 and channels == input_shape[0]:
            hint = ": the channels come last"
        wanted = f"(height, width, {channels or 'channels'})"
        raise ShapeError(f"{layer} takes inputs of shape {wanted}, got {input_shape}{hint}")
    if min(input_shape[:2]) < least:
        raise ShapeError(f"{layer} takes images of at least {least} × {least} pixels, got {input_shape}")


@dataclass(frozen=True)
class Pool2D(Layer):
    """What layers share that make one number of each window of size × size pixels, in each channel by itself.

    The windows lie side by side; rows and columns that do not fill one are left out.

    Raises SettingError unless the size is a whole number of at least 1; ShapeError unless the input is
    an image, at least as large as a window.
    """

    size: int = 2

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 1:
            raise SettingError(f"{self} needs a whole number of at least 1 for size, got {self.size!r}")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        refuse_other_shapes(self, input_shape, None, self.size)
        return input_shape[0] // self.size, input_shape[1] // self.size, input_shape[2]
