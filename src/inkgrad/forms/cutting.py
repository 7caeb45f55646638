"""Cutting: a field as it stands in a page, upright, and the same without what is printed there."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.forms.homography import mapped
from inkgrad.forms.placing import Placement, Sample

Box = tuple[float, float, float, float]
PRINTED = 0.2  # of the paper's light; what takes more of it in the sample is print
MISPLACED = 0.0014  # of a page's longer side; print may lie so far from where the map takes it


def widened(box: Box, share: float) -> Box:
    """Return a box with a share of its height more on each side, or less."""
    left, top, right, bottom = box
    more = share * (bottom - top)
    return left - more, top - more, right + more, bottom + more


def cut_field(page: Image.Image, sample: Sample, placement: Placement, box: Box) -> tuple[NDArray, NDArray]:
    """Return a box of the sample as it is in the page, as large as there, and where print may be in it.

    The first is uint8 (height, width, channels), the second bool (height, width).
    """
    from scipy import ndimage

    left, top, right, bottom = box
    middle, reach = np.array([(left + right) / 2, (top + bottom) / 2]), 0.15 * max(sample.size)
    to_page = placement.near(middle, reach)
    corners = mapped(to_page, np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    width, height = (max(1, round(float(sides[k] + sides[k + 2]) / 2)) for k in (0, 1))
    to_box = np.array([[(right - left) / width, 0, left], [0, (bottom - top) / height, top], [0, 0, 1]])
    cut = _seen(page, to_page @ to_box, (width, height), Image.Resampling.BICUBIC)
    printed = _seen(Image.fromarray(sample.ink), sample.to_ink @ to_box, (width, height), Image.Resampling.BILINEAR)
    around = max(1, round(MISPLACED * max(page.size)))
    return cut, np.asarray(ndimage.binary_dilation(printed > PRINTED, iterations=around))


def _seen(picture: Image.Image, to_picture: NDArray, size: tuple[int, int], resample: Image.Resampling) -> NDArray:
    coefficients = (to_picture / to_picture[2, 2]).ravel()[:8].tolist()
    return np.asarray(picture.transform(size, Image.Transform.PERSPECTIVE, coefficients, resample))


def without_print(cut: NDArray, printed: NDArray) -> NDArray:
    """Return a cut with the nearest other pixel in the place of each where print may be."""
    from scipy import ndimage

    if printed.all():
        return cut
    nearest = ndimage.distance_transform_edt(printed, return_distances=False, return_indices=True)
    return np.asarray(cut[tuple(nearest)])
