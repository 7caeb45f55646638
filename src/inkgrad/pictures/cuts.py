"""Cuts: ways to part touching digits, along the paths that cross least ink."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.pieces import Piece

APART = 0.2  # of the height of the writing: the least distance between two cuts
MOST = 9  # cuts of one piece


def cut_apart(piece: Piece, ink: Array, high: float) -> list[Piece]:
    """Return the parts of a piece between the best cuts from its top to its bottom, from left to right.

    A cut goes down one row at a time, straight or one column aside, and costs the ink that it
    crosses; among all cuts those are taken that cost less than others nearby.  `high` is the
    height of the writing in pixels.
    """
    costs = _costs(piece, ink)
    down, up = _least(costs), _least(costs[::-1])[::-1]
    through = (down + up - costs)[piece.height // 2]
    apart = max(2, round(APART * high))
    places = _minima(through, apart)[:MOST]
    if not places:
        return [piece]
    paths = [_path(down, up, place) for place in sorted(places)]
    return _between(piece, np.maximum.accumulate(np.stack(paths), axis=0))


def _costs(piece: Piece, ink: Array) -> Array:
    """Return what it costs to go through each pixel: its ink, and a little for each step."""
    values = ink[piece.top : piece.bottom, piece.left : piece.right]
    return np.where(piece.mask, values / max(float(values[piece.mask].mean()), 1e-6), 0.0) + 0.01


def _least(costs: Array) -> Array:
    """Return the cost of the cheapest way from the top to each pixel, its own included.

    A step aside is √2 times as long as one straight down.
    """
    least = np.empty_like(costs)
    least[0] = costs[0]
    wall = np.array([np.inf])
    for row in range(1, len(costs)):
        before, here = least[row - 1], costs[row]
        aside = np.minimum(np.concatenate([before[1:], wall]), np.concatenate([wall, before[:-1]]))
        least[row] = np.minimum(before + here, aside + 1.41 * here)
    return least


def _minima(through: Array, apart: int) -> list[int]:
    """Return the columns that cost least within `apart` pixels, the cheapest first; none so near to the sides."""
    n = len(through)
    middle = np.arange(n)
    order = np.lexsort((np.abs(middle - n / 2), through))
    taken: list[int] = []
    for place in order:
        if apart <= place < n - apart and all(abs(place - other) >= apart for other in taken):
            taken.append(int(place))
    return taken


def _path(down: Array, up: Array, place: int) -> Array:
    """Return the column of the cheapest cut through column `place` of the middle row, for each row."""
    height, width = down.shape
    path = np.empty(height, int)
    path[height // 2] = place
    for rows, least, back in (
        (range(height // 2 - 1, -1, -1), down, 1),
        (range(height // 2 + 1, height), up, -1),
    ):
        for row in rows:
            before = path[row + back]
            left = max(before - 1, 0)
            near = least[row, left : before + 2] + 1e-6 * np.abs(np.arange(left, min(before + 2, width)) - before)
            path[row] = left + int(near.argmin())
    return path


def _between(piece: Piece, paths: Array) -> list[Piece]:
    """Return the parts of a piece left of the first path, between the paths, and right of the last."""
    number = (np.arange(piece.width) >= paths[:, :, None]).sum(axis=0)
    parts = []
    for k in range(len(paths) + 1):
        mask = piece.mask & (number == k)
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        if len(rows):
            inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            parts.append(Piece(piece.top + int(rows[0]), piece.left + int(columns[0]), inside))
    return parts
