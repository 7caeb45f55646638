"""Finding ink: dark on light or light on dark, the digit becomes 1 and the paper 0."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import PictureError

LEAST_CONTRAST = 0.1  # of the range from black to white; less is an empty sheet
SPECK = 0.05  # a spot this much smaller than the largest piece of ink is dirt


def is_blank(lightness: Array) -> bool:
    """Return whether a picture is all one shade, to within a tenth of the range from black to white."""
    return float(np.ptp(lightness)) < LEAST_CONTRAST


def find_ink(lightness: Array) -> Array:
    """Return the ink of one digit, float (height, width) in [0, 1], 0 for paper, specks removed.

    The paper is what most of the picture's rim shows; ink is what differs most from it, darker
    or lighter.

    Raises PictureError when the picture is all one shade.
    """
    from scipy import ndimage

    rim = np.concatenate([lightness[0], lightness[-1], lightness[:, 0], lightness[:, -1]])
    paper = float(np.median(rim))
    darker, lighter = paper - float(lightness.min()), float(lightness.max()) - paper
    if max(darker, lighter) < LEAST_CONTRAST:
        raise PictureError(f"no digit found: the picture is all one shade, {paper:.0%} of white")
    ink = np.clip((paper - lightness) / darker if darker >= lighter else (lightness - paper) / lighter, 0, 1)
    threshold = otsu_threshold(ink)
    pieces, n = ndimage.label(ink > threshold, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=n + 1)
    sizes[0] = 0
    kept = (sizes >= SPECK * sizes.max())[pieces]
    kept &= pieces > 0
    soft_edge = ndimage.binary_dilation(kept, np.ones((3, 3)), iterations=1 + max(ink.shape) // 100)
    ink = np.where(soft_edge & (ink > threshold / 3), ink, 0)
    stroke = float(np.median(ink[kept]))  # half of the stroke is darker than this
    return np.clip(ink / stroke, 0, 1)


def otsu_threshold(values: Array) -> float:
    """Return the value in [0, 1] that best parts `values` in two groups.

    Best means the largest variance between the groups, w0 w1 (m1 - m0)², with w the part of the
    values in a group and m its mean (Otsu 1979, https://doi.org/10.1109/TSMC.1979.4310076).
    """
    counts, edges = np.histogram(values, 256, (0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    w0 = np.cumsum(counts)[:-1]
    w1 = counts.sum() - w0
    sum0 = np.cumsum(counts * middles)[:-1]
    sum1 = (counts * middles).sum() - sum0
    apart = w0 * w1 * (sum1 / np.maximum(w1, 1) - sum0 / np.maximum(w0, 1)) ** 2
    return float(edges[1 + int(np.argmax(apart))])
