"""Pens: a digit of MNIST as a pen of any width and size would have written it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray

GRID = 3  # points of the field for each pixel of MNIST
EDGE = 0.45  # of full ink, where the stroke of a digit of MNIST ends
ROOM = 3  # pixels of MNIST around the ink, for thicker pens
THINNEST = 0.3  # of its own width that a stroke keeps
CRUMB = 0.08  # of the largest piece of ink; what is smaller is left out
MOST_SLANT = 0.6  # by which a digit is put upright, in columns a row


@dataclass(frozen=True, eq=False)
class Glyph:
    """A digit as the distance to the edge of its stroke, so that it can be drawn sharp at every size.

    label    what it says; "" where it is not to be read
    field    float32 (rows, columns), 3 points a pixel of MNIST: how far it is to the edge of the stroke,
             in pixels of MNIST, positive in the ink
    points   (2, P), float: where (x, y) of the field the ink is, in its points
    slant    how it leans by itself, in columns a row, positive to the right at its top
    """

    label: str
    field: NDArray
    points: NDArray
    slant: float


def glyph(image: NDArray, label: str, pen: float | None = None) -> Glyph:
    """Return a digit of MNIST, uint8 (28, 28), with strokes `pen` times its height wide, None for its own.

    The ink is where the image, enlarged three times by cubics, is above 0.45; it is smoothed a little
    where that leaves the shape alone, for MNIST's pixels would show.  A thinner pen takes the same part of the width
    everywhere, a thicker one adds the same to it; each is held back where it would break a stroke or
    fill a hole.
    """
    from PIL import Image
    from scipy import ndimage

    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cut = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], ROOM)
    size = GRID * cut.shape[1], GRID * cut.shape[0]
    large = np.asarray(Image.fromarray(cut.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    smooth = ndimage.gaussian_filter(large, 0.5 * GRID)
    written, calm = large > EDGE * large.max(), smooth > 0.9 * EDGE * smooth.max()
    if _pieces(calm) == _pieces(written):
        written = calm
    written = without_crumbs(written)
    inside, outside = ndimage.distance_transform_edt(written), ndimage.distance_transform_edt(~written)
    field = ndimage.gaussian_filter(inside - outside, 0.4 * GRID).astype(np.float32) / GRID
    field = field if pen is None else _with_pen(field, pen)
    y, x = np.nonzero(field > 0)
    spread = float(np.var(y)) or 1.0
    slant = -float(np.mean((x - x.mean()) * (y - y.mean()))) / spread
    return Glyph(label, field, np.stack([x, y]).astype(float), float(np.clip(slant, -MOST_SLANT, MOST_SLANT)))


def _with_pen(field: NDArray, pen: float) -> NDArray:
    """Return the field of the same digit with another pen, as near to it as its shape allows."""
    from scipy import ndimage

    ink = field > 0
    ridge = ndimage.maximum_filter(field, 2 * GRID + 1)  # half the width of the stroke nearby
    usual = float(np.median(ridge[ink & (field >= ridge - 1e-6)]))
    wanted = pen * (np.ptp(np.flatnonzero(ink.any(axis=1))) + 1) / GRID / 2
    edge = 0 if wanted < usual else -0.5  # thicker strokes leave room in a hole
    before = _pieces(ink)
    for part in 1, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05:
        if wanted < usual:
            kept = 1 - part * (1 - max(wanted / usual, THINNEST))
            changed = field - (1 - kept) * np.minimum(ridge, 1.5 * usual)
            changed = np.where(field > 0, changed, np.minimum(changed, field))
        else:
            changed = field + part * (wanted - usual)
        changed = ndimage.gaussian_filter(changed, 0.25 * GRID)
        if _pieces(changed > edge) == _pieces(changed > 0) == before:
            return changed.astype(np.float32)
    return field


def without_crumbs(ink: NDArray) -> NDArray:
    """Return ink without pieces much smaller than the largest: bits of a neighbour in the image."""
    from scipy import ndimage

    labels, n = ndimage.label(ink, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=n + 1)
    sizes[0] = 0
    return ink if n == 1 else (sizes >= CRUMB * sizes.max())[labels]


def _pieces(ink: NDArray) -> tuple[int, int]:
    """Return in how many pieces the ink is, and how many the paper."""
    from scipy import ndimage

    return ndimage.label(ink, np.ones((3, 3)))[1], ndimage.label(~ink)[1]


def drawn(glyph: Glyph, x: NDArray, y: NDArray, pixel: float) -> NDArray:
    """Return how much of each pixel is ink, in [0, 1], where the pixels look at (x, y) of the field.

    `pixel` is the size of one of them, in points of the field.
    """
    from scipy import ndimage

    far = ndimage.map_coordinates(glyph.field, [y, x], np.float32, order=1, mode="nearest")
    return np.clip(0.5 + far * (GRID / pixel), 0, 1)
