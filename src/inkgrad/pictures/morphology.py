"""Morphology: erosion and dilation of masks by straight lines, by shifting whole masks.

A line of n pixels takes about log2 n shifts, and a shift of a megapixel 0.1 ms, so this is many
times faster than filters that look at each pixel's surroundings.
"""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray

ACROSS, DOWN = 1, 0  # the axes of a mask (height, width)


def erode(mask: NDArray, n: int, axis: int) -> NDArray:
    """Return where a line of n pixels that starts here, along `axis`, is all ink."""
    out, done = mask.copy(), 1
    while done < n:
        step = min(done, n - done)
        out = out & _shifted(out, -step, axis)
        done += step
    return out


def dilate(mask: NDArray, n: int, axis: int) -> NDArray:
    """Return where a line of n pixels that ends here, along `axis`, has any ink; of grey ink, the darkest."""
    out, done = mask.copy(), 1
    while done < n:
        step = min(done, n - done)
        out = np.maximum(out, _shifted(out, step, axis))
        done += step
    return out


def opened(mask: NDArray, n: int, axis: int) -> NDArray:
    """Return the ink of mask that lies on a straight run of at least n pixels along `axis`."""
    return dilate(erode(mask, n, axis), n, axis)


def spread(mask: NDArray, n: int, axis: int) -> NDArray:
    """Return mask, or grey ink, grown by n pixels both ways along `axis`."""
    widths = [(0, 0), (0, 0)]
    widths[axis] = (0, 2 * n)
    grown = dilate(np.pad(mask, widths), 2 * n + 1, axis)
    return np.take(grown, np.arange(n, grown.shape[axis] - n), axis=axis)


def _shifted(mask: NDArray, n: int, axis: int) -> NDArray:
    """Return mask moved by n pixels along `axis`, down or right where n is above 0; what comes in is empty."""
    out = np.zeros_like(mask)
    here, there = [slice(None)] * 2, [slice(None)] * 2
    here[axis], there[axis] = (slice(n, None), slice(None, -n)) if n > 0 else (slice(None, n), slice(-n, None))
    if abs(n) < mask.shape[axis]:
        out[tuple(here)] = mask[tuple(there)]
    return out
