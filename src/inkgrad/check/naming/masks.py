"""A derivative of zeros and ones with the zeros in the wrong places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from inkgrad.check.naming.case import Case, Guess


def inverted(case: Case) -> Iterator[Guess]:
    """dy passes exactly where it should not."""
    if case.slopes is None or not case.is_elementwise:
        return
    blocked = np.abs(case.slopes) <= 1e-9
    if blocked.any() and not blocked.all():
        yield Guess("wrong-mask", case.dy * blocked, "the mask is inverted: dy passes just where the slope is 0")


def from_another_array(case: Case) -> Iterator[Guess]:
    """dy, or the right dx, where some other array is positive."""
    if not case.is_input or case.dy.shape != case.z.shape:
        return
    for words, mask in (("dy > 0", case.dy > 0), ("y > 0", case.y > 0), ("x > 0", case.z > 0)):
        message = f"the mask is taken from {words}, which is not where this layer's slope changes"
        yield Guess("wrong-mask", case.dy * mask, message)
        yield Guess("wrong-mask", case.n * mask, message)


def whole_window(case: Case) -> Iterator[Guess]:
    """Every input of a pooling window gets dy, not only the winner."""
    if not case.is_input or case.dy.ndim != 4 or case.z.ndim != 4:
        return
    (_, height, width, channels), (_, high, wide, channels_out) = case.z.shape, case.dy.shape
    if channels != channels_out:
        return
    message = "dy is copied to every input of its window; only the largest input may have it"
    for tall, broad in product(_sizes(height, high), _sizes(width, wide)):
        copied = np.zeros(case.z.shape)
        copied[:, : high * tall, : wide * broad] = case.dy.repeat(tall, axis=1).repeat(broad, axis=2)
        yield Guess("wrong-mask", copied, message)


def _sizes(pixels: int, windows: int) -> list[int]:
    """Return how large windows side by side may be, where pixels that fill none are left out."""
    return [size for size in range(1, pixels + 1) if pixels // size == windows]
