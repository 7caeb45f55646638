"""Pieces: connected ink, as it is found in a picture, cut out of it, joined and cut apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray


@dataclass(frozen=True)
class PieceSettings:
    """What is a piece of writing, and how high and thick writing is.

    smallest        share of the height of the writing; what is smaller both ways is a speck (of 100 amounts of
                    development two more are read than with 0.16: a dot alone in its box is no smaller)
    most_pieces     with more it is a pattern, and the largest will do
    lowest_px       height of the writing; nobody can read what is lower
    inside_box      share of the height of a box; what is written in it is at least as high
    largest         share of the picture's side; what is larger is not writing, if there is other writing
    least_share     share of the weight that this other writing must have
    across_strokes  share of the ink that is in runs which go straight across strokes
    longest_stroke  strokes of a digit are at most this many times longer than thick
    """

    smallest: float = 0.12
    most_pieces: int = 1500
    lowest_px: float = 6
    inside_box: float = 0.3
    largest: float = 0.8
    least_share: float = 0.04
    across_strokes: float = 0.3
    longest_stroke: float = 24


@dataclass(frozen=True)
class CutSettings:
    """How a piece is cut apart.

    apart      share of the height of the writing; two cuts are at least this far apart
    most_cuts  of one piece
    hole       share of the usual ink; so much costs a pixel of enclosed paper, for cuts that go around holes (of 40
               made-up lines with linked zeros 13 are read without such cuts; with 0.5: 20, with 1: 28, with 1.5: 29)
    """

    apart: float = 0.2
    most_cuts: int = 9
    hole: float = 1.0


@dataclass(frozen=True, eq=False)
class Piece:
    """Some ink: which pixels of a rectangle of the picture are its own.

    top, left  the rectangle's first row and column in the picture
    mask       its own pixels in the rectangle, bool (height, width)
    """

    top: int
    left: int
    mask: NDArray

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


def find_pieces(strokes: NDArray, stroke: float, settings: PieceSettings = PieceSettings()) -> list[Piece]:
    """Return the connected pieces of strokes (height, width), larger than specks, in no order.

    `stroke` is how thick strokes are, in pixels.  Boxes around other pieces are left out.
    """
    from scipy import ndimage

    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    if n == 0:
        return []
    boxes = ndimage.find_objects(labels)
    sizes = np.array([(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes])
    high = writing_height(sizes, stroke, strokes.shape, settings)
    if high < settings.lowest_px:
        return []
    kept = np.flatnonzero(sizes.max(axis=1) >= max(settings.smallest * high, 2))
    if len(kept) > 1:
        kept = kept[np.argsort(-sizes[kept].max(axis=1), kind="stable")[: settings.most_pieces]]
        places = np.array([[(side.start, side.stop) for side in boxes[k]] for k in kept])
        kept = kept[~_are_boxes(places, settings.inside_box)]
    return [Piece(boxes[k][0].start, boxes[k][1].start, labels[boxes[k]] == k + 1) for k in kept]


def _are_boxes(places: NDArray, inside_box: float) -> NDArray:
    """Return which pieces are boxes around others: a digit has no other piece of some size inside it.

    places  (n, 2, 2)  where each starts and stops, down and across
    """
    start, stop = places[:, :, 0], places[:, :, 1]
    inside = ((start[:, None] < start) & (stop < stop[:, None])).all(axis=2)
    sizes = stop - start
    large = sizes[:, 0] >= inside_box * sizes[:, None, 0]
    return np.asarray((inside & large).any(axis=1))


def writing_height(
    sizes: NDArray, stroke: float, shape: tuple[int, ...], settings: PieceSettings = PieceSettings()
) -> float:
    """Return how high most of what is written is, in pixels.

    sizes   (n, 2)  height and width of pieces
    stroke          how thick a stroke usually is, in pixels
    shape           of the picture

    It is the median of the heights, each weighted by the square of its shorter side, so that specks and
    rests of rules count little; but no piece by more than strokes can be long, so that a shadow
    does not count more than the writing.
    """
    if len(sizes) == 1:
        return float(sizes[0, 0])
    weights = np.minimum(sizes.min(axis=1), settings.longest_stroke * stroke) ** 2
    writing = ((sizes < settings.largest * np.array(shape)).all(axis=1)) & (sizes[:, 0] > 4)
    if weights[writing].sum() > settings.least_share * weights.sum():
        sizes, weights = sizes[writing], weights[writing]
    order = np.argsort(sizes[:, 0])
    middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(sizes[order[middle], 0])


def stroke_width(strokes: NDArray, settings: PieceSettings = PieceSettings()) -> float:
    """Return how wide strokes are across, in pixels; 1 without ink.

    It is such that a share of the ink is in shorter runs along rows: those that go straight across strokes.
    """
    height, width = strokes.shape
    framed = np.zeros((height, width + 2), bool)
    framed[:, 1:-1] = strokes
    flat = framed.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    if len(edges) == 0:
        return 1.0
    runs = np.sort(edges[1::2] - edges[::2])
    below = np.cumsum(runs)
    return float(runs[np.searchsorted(below, settings.across_strokes * below[-1])])


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


def cut_out(piece: Piece, ink: NDArray) -> tuple[NDArray, float]:
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


def cut_apart(piece: Piece, ink: NDArray, high: float, settings: CutSettings = CutSettings()) -> list[Piece]:
    """Return the parts of a piece between the best cuts from its top to its bottom, from left to right.

    A cut goes down one row at a time, straight or one column aside, and costs the ink that it
    crosses; among all cuts those are taken that cost less than others nearby.  These go through the holes of zeros
    rather than along the stroke between two; so others are taken too, for which a hole costs as ink does.
    `high` is the height of the writing in pixels.
    """
    values = ink[piece.top : piece.bottom, piece.left : piece.right]
    values = values / max(float(values[piece.mask].mean()), 1e-6)
    costs = np.where(piece.mask, values, 0.0) + 0.01  # and a little for each step
    apart = max(2, round(settings.apart * high))
    paths = _best_cuts(costs, apart, settings.most_cuts)
    holes = _holes(piece.mask)
    if holes.any():
        paths += _best_cuts(costs + settings.hole * holes, apart, settings.most_cuts)
    if not paths:
        return [piece]
    paths.sort(key=lambda path: path.sum())
    return _parts_between(piece, np.maximum.accumulate(np.stack(paths), axis=0))


def _best_cuts(costs: NDArray, apart: int, most: int) -> list[NDArray]:
    """Return the cuts that cost least nearby: of each the column that it goes through, in each row."""
    down, up = _cheapest(costs), _cheapest(costs[::-1])[::-1]
    through = (down + up - costs)[len(costs) // 2]
    return [_cut_through(down, up, place) for place in _minima(through, apart)[:most]]


def _holes(mask: NDArray) -> NDArray:
    """Return where paper is enclosed by ink."""
    from scipy import ndimage

    labels, _ = ndimage.label(np.pad(~mask, 1, constant_values=True))
    return np.asarray((labels != labels[0, 0]) & (labels > 0))[1:-1, 1:-1]


def _cheapest(costs: NDArray) -> NDArray:
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


def _minima(through: NDArray, apart: int) -> list[int]:
    """Return the columns that cost least within `apart` pixels, the cheapest first; none so near to the sides."""
    n = len(through)
    middle = np.arange(n)
    order = np.lexsort((np.abs(middle - n / 2), through))
    taken: list[int] = []
    for place in order:
        if apart <= place < n - apart and all(abs(place - other) >= apart for other in taken):
            taken.append(int(place))
    return taken


def _cut_through(down: NDArray, up: NDArray, place: int) -> NDArray:
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


def _parts_between(piece: Piece, paths: NDArray) -> list[Piece]:
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
