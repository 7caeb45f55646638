"""The line form: a line of writing as the recogniser of lines takes it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.errors import PictureError

LINE_HEIGHT_PX = 32
PAPER_SHARE = 0.3  # of a line's pixels at least are paper, whatever else is on it
ROUNDING = 1e-3  # by which ink may be more than 1
LEAST_LEVEL = 0.08  # of the paper's light; what takes away less is no ink, and is not brought up to 1


def line_form(ink: NDArray) -> NDArray:
    """Return a line as float32 (32, width) in [0, 1], 0 for paper and about 1 for its ink.

    `ink` (height, width) in [0, 1] is what `ink_on_paper` finds in a row of writing, cut out with some paper above and
    below.  It is scaled to 32 pixels of height, its aspect kept.  What the lightest three tenths of the pixels have is
    taken off, for paper has grain and print; the rest is divided by sum(x⁴) / sum(x³), the level of the ink whatever
    share of the line it takes.  So pale pencils, and thin pens, which fade when they are scaled, are as dark as others.

    Raises PictureError where there are no pixels, or channels, or something else than numbers from 0 to 1.
    """
    if ink.ndim != 2 or not ink.size:
        raise PictureError(f"a line is (height, width) and has pixels, got a picture of shape {ink.shape}")
    if not (ink.min() >= 0 and ink.max() <= 1 + ROUNDING):  # written so that NaN fails
        raise PictureError(f"a line has ink from 0 to 1, got {ink.min():.4g} to {ink.max():.4g}: see ink_on_paper")
    height, width = ink.shape
    size = max(1, round(width * LINE_HEIGHT_PX / height)), LINE_HEIGHT_PX
    filter_ = Image.Resampling.BOX if height > LINE_HEIGHT_PX else Image.Resampling.BICUBIC
    x = np.asarray(Image.fromarray(ink.astype(np.float32, copy=False)).resize(size, filter_))
    paper = np.partition(x, int(PAPER_SHARE * x.size), axis=None)[int(PAPER_SHARE * x.size)]
    x = np.maximum(x - paper, 0)
    return np.minimum(x / np.float32(max(ink_level(x), LEAST_LEVEL)), 1)


def ink_level(ink: NDArray) -> float:
    """Return how dark ink is, sum(x⁴) / sum(x³), however much paper is with it; 0 where there is none."""
    cubes = ink * ink * ink
    return float(np.vdot(cubes, ink)) / max(float(cubes.sum()), 1e-12)
