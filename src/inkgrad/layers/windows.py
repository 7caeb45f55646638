"""Windows: what layers share that look at images, (N, height, width, channels), through a small window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from types import EllipsisType

from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers.base import Layer

Here = tuple[slice, slice, slice, EllipsisType]
Size = int | tuple[int, int]  # (height, width), or one number for both


def pair(size: Size) -> tuple[int, int]:
    """Return the height and the width that a size stands for."""
    return size if isinstance(size, tuple) else (size, size)


def shortest(size: Size) -> Size:
    """Return the size as one number where its height is its width, so that equal layers are equal."""
    is_square = isinstance(size, tuple) and len(size) == 2 and type(size[0]) is type(size[1]) and size[0] == size[1]
    return size[0] if is_square else size  # type: ignore[index]


def is_size(size: object) -> bool:
    """Return whether it is a whole number of at least 1, or a pair of them."""
    numbers = size if isinstance(size, tuple) and len(size) == 2 else (size,)
    return all(type(n) is int and n >= 1 for n in numbers)


def places(size: Size, stride: Size, high: int, wide: int) -> Iterator[tuple[int, int, Here]]:
    """Yield each place (i, j) of a window in reading order, and the index of the pixels seen there.

    The windows are of `size`, high × wide of them, `stride` pixels apart: image[here] is what all
    of them see at (i, j), shaped (N, high, wide, channels).
    """
    for i, j in product(*map(range, pair(size))):
        down, across = (
            slice(k, k + s * (n - 1) + 1, s) for k, s, n in zip((i, j), pair(stride), (high, wide), strict=True)
        )
        yield i, j, (slice(None), down, across, ...)


def refuse_other_shapes(layer: Layer, input_shape: tuple[int, ...], channels: int | None, least: Size) -> None:
    """Raise ShapeError unless it is that of an image of `channels` channels (None: any), of size `least` or more."""
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
    height, width = pair(least)
    if input_shape[0] < height or input_shape[1] < width:
        raise ShapeError(f"{layer} takes images of at least {height} × {width} pixels, got {input_shape}")


@dataclass(frozen=True)
class Pool2D(Layer):
    """What layers share that make one number of each window, in each channel by itself.

    The windows are size × size pixels, or (height, width) where the size is a pair.  They lie side by
    side; rows and columns that do not fill one are left out.

    Raises SettingError unless the size is a whole number of at least 1, or a pair of them; ShapeError
    unless the input is an image, at least as large as a window.
    """

    size: int | tuple[int, int] = 2

    def __post_init__(self) -> None:
        if not is_size(self.size):
            raise SettingError(
                f"{self} needs a whole number of at least 1 for size, or a pair (height, width), got {self.size!r}"
            )
        object.__setattr__(self, "size", shortest(self.size))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        refuse_other_shapes(self, input_shape, None, self.size)
        height, width = pair(self.size)
        return input_shape[0] // height, input_shape[1] // width, input_shape[2]
