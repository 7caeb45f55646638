"""Skew: by how much a page is turned."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import Array

MOST = 16.0  # degrees either way
ENOUGH = 1.12  # times as sharp as unturned: else it is chance
N_POINTS = 12_000


def find_skew(strokes: Array, high: float) -> float:
    """Return by how many degrees rows of writing and rules rise to the right, from -16 to 16; 0 where it is not clear.

    Each angle's rows of pixels are counted; where writing and rules lie along them, the counts
    are most uneven, and the sum of their squares is largest.  `high` is the height of the
    writing; rows are an eighth of it.
    """
    rows, columns = np.nonzero(strokes)
    if len(rows) < 50:
        return 0.0
    step = max(1, len(rows) // N_POINTS)
    rows, columns = rows[::step], columns[::step] - strokes.shape[1] / 2
    band = max(1.0, high / 8)
    coarse = np.arange(-MOST, MOST + 0.1, 1)
    best = max(coarse, key=lambda angle: _sharpness(rows, columns, angle, band))
    fine = best + np.arange(-0.75, 0.8, 0.25)
    best = float(max(fine, key=lambda angle: _sharpness(rows, columns, angle, band)))
    return best if _sharpness(rows, columns, best, band) > ENOUGH * _sharpness(rows, columns, 0, band) else 0.0


def _sharpness(rows: Array, columns: Array, angle: float, band: float) -> float:
    slope = np.tan(np.radians(angle))
    lines = ((rows + slope * columns) / band).astype(int)
    return float((np.bincount(lines - lines.min()).astype(float) ** 2).sum())


def turned(ink: Array, degrees: float) -> Array:
    """Return ink turned clockwise by so many degrees about its middle, the picture as large as before."""
    return np.asarray(Image.fromarray(ink).rotate(-degrees, Image.Resampling.BILINEAR))
