"""Rows of writing: pieces in reading order."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.pieces import Piece

TALL = 0.5  # of the height of the writing: what is lower begins no row
OVERLAP = 0.4  # of a piece's height that it shares with the row that it belongs to
NEAR = 0.5  # of the height of the writing: so far a bar or a dot may be from the rest of its digit
NEIGHBOURS = 3  # pieces of a row, the last, that say where it goes on


def in_rows(pieces: list[Piece], high: float) -> list[list[Piece]]:
    """Return the pieces row by row from top to bottom, each from left to right.

    High pieces make the rows: from left to right, each goes to the row whose last pieces it
    overlaps most.  Low ones (bars, dots) go where they overlap or lie nearest.
    """
    tall = sorted((piece for piece in pieces if piece.height >= TALL * high), key=lambda piece: piece.middle[1])
    rows: list[list[Piece]] = []
    ends = np.zeros((len(tall), 2))  # top and bottom of the end of each row
    for piece in tall:
        tops, bottoms = ends[: len(rows)].T
        shared = np.minimum(piece.bottom, bottoms) - np.maximum(piece.top, tops)
        shares = shared / np.minimum(piece.height, np.maximum(bottoms - tops, 1))
        best = int(shares.argmax()) if rows else 0
        if rows and shares[best] >= OVERLAP:
            rows[best].append(piece)
        else:
            best = len(rows)
            rows.append([piece])
        end = rows[best][-NEIGHBOURS:]
        ends[best] = np.mean([other.top for other in end]), np.mean([other.bottom for other in end])
    if not rows:
        return [sorted(pieces, key=lambda piece: piece.middle[1])] if pieces else []
    number = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    boxes = np.array([(each.top, each.bottom, each.left, each.right) for row in rows for each in row], float)
    for piece in pieces:
        if piece.height < TALL * high:
            distances = _distances(piece, boxes)
            nearest = int(distances.argmin())
            if distances[nearest] < NEAR * high:
                rows[number[nearest]].append(piece)
    rows.sort(key=lambda row: np.mean([piece.middle[0] for piece in row]))
    return [sorted(row, key=lambda piece: piece.middle[1]) for row in rows]


def _distances(piece: Piece, boxes: Array) -> Array:
    """Return how far a piece is outside each of boxes (n, 4): top, bottom, left, right; sideways counts half."""
    top, bottom, left, right = boxes.T
    down = np.maximum(np.maximum(top - piece.middle[0], piece.middle[0] - bottom), 0)
    return np.asarray(down + np.maximum(np.maximum(left - piece.right, piece.left - right), 0) / 2)
