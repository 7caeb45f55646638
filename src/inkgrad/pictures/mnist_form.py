"""The MNIST form: a digit as MNIST's makers framed theirs."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.errors import PictureError

MNIST_SIDE_PX, DIGIT_SIDE_PX = 28, 20  # of MNIST's images, and of the digit inside them


def mnist_form(ink: NDArray, typical_ink: float = 0.8, side_px: int = MNIST_SIDE_PX) -> NDArray:
    """Return a digit as uint8 (28, 28), for ink (height, width) in [0, 1].

    It is scaled to fit a box of 20 × 20 pixels, its aspect kept, and moved by whole pixels so that
    its centre of mass comes to pixel 14 of 28, counted from 0, both down and across, where it
    is in MNIST's own images on average.  (LeCun et al. 1998,
    https://doi.org/10.1109/5.726791, section III.A.)

    `typical_ink` is that of MNIST's strokes: thin pens fade when they are scaled, and are brought up to it.
    With another `side_px` than 28 it is (side_px, side_px), and all lengths are in proportion.

    Raises PictureError when there is no ink.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(rows) == 0:
        raise PictureError("no digit found: there is no ink")
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cut.shape
    scale = max(1, round(side_px * DIGIT_SIDE_PX / MNIST_SIDE_PX)) / max(height, width)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    scaled = np.clip(np.asarray(Image.fromarray(cut.astype(np.float32)).resize(small, filter_)), 0, 1)
    typical = float((scaled**2).sum() / scaled.sum())  # of a pixel with ink, weighted by its ink
    scaled = np.minimum(scaled * max(1 / float(scaled.max()), typical_ink / typical), 1)
    digit = np.zeros((side_px, side_px), np.float32)
    top, left = (_start(scaled.sum(axis=axis), side_px) for axis in (1, 0))
    digit[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return np.rint(digit * 255).astype(np.uint8)


def _start(profile: NDArray, side_px: int) -> int:
    """Return where a profile of ink must start for its centre of mass to be at half the side, and it inside."""
    centre = float(profile @ np.arange(len(profile)) / profile.sum())
    return min(max(round(side_px / 2 - centre), 0), side_px - len(profile))
