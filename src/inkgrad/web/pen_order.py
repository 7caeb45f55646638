"""Pen order: in which order the ink of a digit may have come onto the paper."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray

Pixel = tuple[int, int]  # row, column

INK = 96  # of 255, from which a pixel belongs to a stroke
LOOK_BACK = 4  # pixels over which the direction of the pen is taken
SHORTEST = 3  # pixels of a stroke; less is a rest of the thinning
NEIGHBOURS = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))  # shifts: from above, clockwise


def pen_order(image: NDArray) -> NDArray:
    """Return when each pixel of a digit, uint8 (height, width), is inked: uint8 of the same shape, 0 first, 255 last.

    Strokes are thinned to lines and walked from their upper end, straight on where they cross.  So it could have been
    written; how it was, nobody knows.
    """
    path = np.array(_walked(_thinned(image >= INK)) or [(0, 0)])
    pixels = np.moveaxis(np.indices(image.shape), 0, -1)
    apart = ((pixels[..., None, :] - path) ** 2).sum(axis=-1)  # squared pixels, (height, width, pixels of the path)
    return np.rint(255 * apart.argmin(axis=-1) / max(1, len(path) - 1)).astype(np.uint8)


def _thinned(ink: NDArray) -> NDArray:
    """Return strokes as lines one pixel wide (Zhang and Suen 1984, https://doi.org/10.1145/357994.358023)."""
    ink = np.pad(ink, 1)
    while True:
        before = ink
        for is_first in True, False:
            near = [np.roll(ink, shift, axis=(0, 1)) for shift in NEIGHBOURS]
            above, right, below, left = near[::2]
            n_near = np.sum(near, axis=0)
            n_edges = np.sum([~one & other for one, other in zip(near, near[1:] + near[:1], strict=True)], axis=0)
            if is_first:
                is_free = ~(above & right & below) & ~(right & below & left)
            else:
                is_free = ~(above & right & left) & ~(above & below & left)
            ink = ink & ~((n_near >= 2) & (n_near <= 6) & (n_edges == 1) & is_free)
        if (ink == before).all():
            return ink[1:-1, 1:-1]


def _walked(line: NDArray) -> list[Pixel]:
    """Return the pixels of thin lines in the order of a pen that goes along them, one stroke after the other."""
    left = {(row, column) for row, column in np.argwhere(line).tolist()}
    path: list[Pixel] = []
    while left:
        start = min(left, key=lambda pixel: (len(_near(pixel, left)) > 1, pixel))  # an upper end; of a ring the top
        stroke = _stroke(start, left)
        left -= set(stroke)
        if len(stroke) >= SHORTEST or not path:
            path += stroke
    return path


def _stroke(start: Pixel, line: set[Pixel]) -> list[Pixel]:
    """Return the pixels from a start to where the pen is lifted."""
    stroke, left = [start], line - {start}
    while near := _near(stroke[-1], left):
        (row, column), before = stroke[-1], stroke[max(0, len(stroke) - LOOK_BACK)]
        way = np.subtract(stroke[-1], before) if len(stroke) > 1 else np.array([0, -1])  # a ring is begun to the left
        turns = [-way @ step / np.hypot(*step) for step in (np.subtract(pixel, (row, column)) for pixel in near)]
        stroke.append(near[int(np.argmin(turns))])
        left.discard(stroke[-1])
    return stroke


def _near(pixel: Pixel, line: set[Pixel]) -> list[Pixel]:
    row, column = pixel
    return [(row + down, column + right) for down, right in NEIGHBOURS if (row + down, column + right) in line]
