"""Segments: what remains of two touching digits when they are cut apart, rightly or wrongly."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.images import Piece, cut_apart
from inkgrad.synthetic.sources import beside, cut

WHOLE, REST = 0.88, 0.1  # of its ink: so much a digit has left at least, and its neighbour at most
RIGHT = 0.7  # of the segments are one of the digits, where there is a cut that parts them
LEAST_HEIGHT = 0.5  # of both: lower segments look like no digit anyway
LARGEST_OVERLAP = 0.12  # of the width of the narrower digit


def segment(first: Array, second: Array, rng: np.random.Generator) -> tuple[Array, int | None]:
    """Return some neighbouring parts of two digits that touch, and which of the two it is: 0, 1, or None for neither.

    They are written side by side, and cut as a reader cuts them.
    """
    first, second = cut(first), cut(second)
    overlap = int(rng.uniform(0, LARGEST_OVERLAP) * min(first.shape[1], second.shape[1]))
    down = int(rng.integers(-15, 16))
    nothing = np.zeros_like
    both = beside(first, second, -overlap, down) > 0.5
    own = beside(first, nothing(second), -overlap, down) > 0.5, beside(nothing(first), second, -overlap, down) > 0.5
    parts = cut_apart(Piece(0, 0, both), both.astype(np.float32), float(max(len(first), len(second))))
    spans = [(i, j) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)]
    wanted = rng.random() < RIGHT
    for k in rng.permutation(len(spans)):
        start, stop = spans[k]
        mask = np.zeros_like(both)
        for part in parts[start:stop]:
            mask[part.top : part.bottom, part.left : part.right] |= part.mask
        shares = [float((mask & digit).sum() / max(digit.sum(), 1)) for digit in own]
        which = next((k for k in (0, 1) if shares[k] >= WHOLE and shares[1 - k] <= REST), None)
        if (which is not None) == wanted and np.ptp(np.nonzero(mask)[0]) > LEAST_HEIGHT * len(both):
            return mask.astype(np.float32), which
    return both.astype(np.float32), None
