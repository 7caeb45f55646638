"""Pieces: connected ink, as it is cut out of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array

SMALLEST = 0.16  # of the height of the writing; what is smaller both ways is a speck
MOST = 1500  # pieces: with more it is a pattern, of which the largest will do
LOWEST = 6  # pixels; what is written lower, nobody can read
INSIDE = 0.3  # of the height of a box has what is written in it at least
LARGEST = 0.8  # of the picture's side; what is larger is no writing, if there is other
LEAST_SHARE = 0.04  # of the weight has such other writing
ACROSS = 0.3  # of the ink is in runs that go straight across strokes
LONGEST = 24  # times as long as thick are the strokes of a digit


@dataclass(frozen=True, eq=False)
class Piece:
    """Some ink: which pixels of a rectangle of the picture are its own.

    top, left  the rectangle's first row and column in the picture
    mask       its own pixels in the rectangle, bool (height, width)
    """

    top: int
    left: int
    mask: Array

    @property
    def height(self) -> int:
        """Rows of its rectangle."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Columns of its rectangle."""
        return int(self.mask.shape[1])

    @property
    def bottom(self) -> int:
        """The row below its last one."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """The column after its last one."""
        return self.left + self.width

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column of the middle of its rectangle."""
        return self.top + self.height / 2, self.left + self.width / 2


def thickness(piece: Piece) -> float:
    """Return how thick the strokes of a piece are, in pixels: twice the area over the outline, as of a long bar."""
    mask = piece.mask
    edges = (mask[1:] ^ mask[:-1]).sum() + (mask[:, 1:] ^ mask[:, :-1]).sum()
    edges += mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum()
    return 2 * float(mask.sum()) / float(edges)


def find_pieces(strokes: Array, stroke: float) -> list[Piece]:
    """Return the connected pieces of strokes (height, width), larger than specks, in no order.

    `stroke` is how thick strokes are, in pixels.  Boxes around other pieces are left out.
    """
    from scipy import ndimage

    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    if n == 0:
        return []
    boxes = ndimage.find_objects(labels)
    sizes = np.array([(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes])
    high = writing_height(sizes, stroke, strokes.shape)
    if high < LOWEST:
        return []
    kept = np.flatnonzero(sizes.max(axis=1) >= max(SMALLEST * high, 2))
    kept = kept[np.argsort(-sizes[kept].max(axis=1), kind="stable")[:MOST]]
    kept = kept[~_boxes(np.array([[(side.start, side.stop) for side in boxes[k]] for k in kept]))]
    return [Piece(boxes[k][0].start, boxes[k][1].start, labels[boxes[k]] == k + 1) for k in kept]


def _boxes(places: Array) -> Array:
    """Return which pieces are boxes around others: a digit has no other piece of some size inside it.

    places  (n, 2, 2)  where each starts and stops, down and across
    """
    start, stop = places[:, :, 0], places[:, :, 1]
    inside = ((start[:, None] < start) & (stop < stop[:, None])).all(axis=2)
    sizes = stop - start
    large = sizes[:, 0] >= INSIDE * sizes[:, None, 0]
    return np.asarray((inside & large).any(axis=1))


def writing_height(sizes: Array, stroke: float, shape: tuple[int, ...]) -> float:
    """Return how high most of what is written is, in pixels.

    sizes   (n, 2)  height and width of pieces
    stroke          how thick a stroke usually is, in pixels
    shape           of the picture

    It is the median of the heights, each weighted by the square of its shorter side, so that specks and
    rests of rules count little; but no piece by more than strokes can be long, so that a shadow
    does not count more than the writing.
    """
    weights = np.minimum(sizes.min(axis=1), LONGEST * stroke) ** 2
    writing = ((sizes < LARGEST * np.array(shape)).all(axis=1)) & (sizes[:, 0] > 4)
    if weights[writing].sum() > LEAST_SHARE * weights.sum():
        sizes, weights = sizes[writing], weights[writing]
    order = np.argsort(sizes[:, 0])
    middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(sizes[order[middle], 0])


def stroke_width(strokes: Array) -> float:
    """Return how wide strokes are across, in pixels; 1 without ink.

    It is such that 0.3 of the ink is in shorter runs along rows: those that go straight across strokes.
    """
    edges = np.flatnonzero(np.diff(np.pad(strokes, ((0, 0), (1, 1))).view(np.int8).ravel()))
    if len(edges) == 0:
        return 1.0
    runs = np.sort(edges[1::2] - edges[::2])
    below = np.cumsum(runs)
    return float(runs[np.searchsorted(below, ACROSS * below[-1])])


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return several pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    top, left = min(piece.top for piece in pieces), min(piece.left for piece in pieces)
    bottom, right = max(piece.bottom for piece in pieces), max(piece.right for piece in pieces)
    mask = np.zeros((bottom - top, right - left), bool)
    for piece in pieces:
        mask[piece.top - top : piece.bottom - top, piece.left - left : piece.right - left] |= piece.mask
    return Piece(top, left, mask)


def cut_out(piece: Piece, ink: Array) -> tuple[Array, float]:
    """Return the ink of a piece with its soft edge, float32 in [0, 1], and how dark it was.

    1 is as dark as half of it was: its median, in [0, 1], which is the second number.
    """
    rows = slice(max(piece.top - 1, 0), piece.bottom + 1)
    columns = slice(max(piece.left - 1, 0), piece.right + 1)
    values = ink[rows, columns]
    near = np.zeros(values.shape, bool)
    top, left = piece.top - rows.start, piece.left - columns.start
    mask = piece.mask
    for down in -1, 0, 1:  # grown by one pixel each way
        for right in -1, 0, 1:
            a, b = max(top + down, 0), max(left + right, 0)
            part = mask[a - top - down :, b - left - right :]
            place = near[a : a + part.shape[0], b : b + part.shape[1]]
            place |= part[: place.shape[0], : place.shape[1]]
    own = values[top : top + piece.height, left : left + piece.width][mask]
    middle = float(np.partition(own, len(own) // 2)[len(own) // 2])
    return np.minimum(np.where(near, values, 0) / max(middle, 1e-6), 1), middle
