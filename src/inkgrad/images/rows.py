"""Rows of writing: pieces in reading order."""

from __future__ import annotations

import numpy as np

from inkgrad.images.pieces import Piece

TALL = 0.5  # of the height of the writing: what is lower begins no row
OVERLAP = 0.4  # of a piece's height that it shares with the row that it belongs to
NEIGHBOURS = 3  # pieces of a row, the last, that say where it goes on


def in_rows(pieces: list[Piece], high: float) -> list[list[Piece]]:
    """Return the pieces row by row from top to bottom, each from left to right.

    High pieces make the rows: from left to right, each goes to the row whose last pieces it
    overlaps most.  Low ones (bars, dots) go where they overlap or lie nearest.
    """
    rows: list[list[Piece]] = []
    tall = sorted((piece for piece in pieces if piece.height >= TALL * high), key=lambda piece: piece.middle[1])
    for piece in tall:
        shares = [_shared(piece, row[-NEIGHBOURS:]) for row in rows]
        best = int(np.argmax(shares)) if shares else -1
        if best >= 0 and shares[best] >= OVERLAP:
            rows[best].append(piece)
        else:
            rows.append([piece])
    if not rows:
        return [sorted(pieces, key=lambda piece: piece.middle[1])] if pieces else []
    ends = [list(row) for row in rows]
    for piece in pieces:
        if piece.height < TALL * high:
            distances = [_distance(piece, row, high) for row in ends]
            best = int(np.argmin(distances))
            if distances[best] < 0.5 * high:
                rows[best].append(piece)
    rows.sort(key=lambda row: np.mean([piece.middle[0] for piece in row]))
    return [sorted(row, key=lambda piece: piece.middle[1]) for row in rows]


def _shared(piece: Piece, row: list[Piece]) -> float:
    """Return how much of the lower of two heights a piece and the end of a row share."""
    top, bottom = (float(np.mean(edges)) for edges in zip(*((other.top, other.bottom) for other in row), strict=True))
    return float((min(piece.bottom, bottom) - max(piece.top, top)) / min(piece.height, bottom - top))


def _distance(piece: Piece, row: list[Piece], high: float) -> float:
    """Return how far a piece is outside the nearest piece of a row, in pixels; sideways counts half."""
    return min(
        max(other.top - piece.middle[0], piece.middle[0] - other.bottom, 0)
        + max(other.left - piece.right, piece.left - other.right, 0) / 2
        for other in row
    )
