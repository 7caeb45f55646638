"""XOR: the smallest problem that a straight line cannot solve."""

from __future__ import annotations

import numpy as np

from inkgrad.data.examples import Dataset, Examples


def xor() -> Dataset:
    """Return the four corners of the unit square, labelled "same" or "different".

    There are no other points, so they are both the training and the test set.
    """
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    points = Examples(corners, np.array([0, 1, 1, 0]))
    return Dataset(points, points, ("same", "different"))
