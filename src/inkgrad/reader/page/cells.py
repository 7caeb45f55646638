"""Cells: paper that rules enclose, each in its row and column."""

from __future__ import annotations

import heapq

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.morphology import spread
from inkgrad.pictures.rules import Rules
from inkgrad.reader.page.table import BOTTOM, LEFT, RIGHT, TOP, Place, Table

FILLED = 0.7  # of its rectangle a cell fills, though the paper may be bent
ALIKE = 2.5  # times as wide or high as its neighbour is a cell at most
WALL = 0.5  # of a cell: two neighbours are not farther apart
SMALLEST = 0.6  # of the height of the writing is the shorter side of a cell
MOST = 2000  # cells
FITTING = 1.5  # times the middle size of its column or row; larger cells lost a wall
SEEN = 0.5  # of the boxes of an outer row or column at least
STEP = 2  # pixels looked at as one, for speed


def enclosed(rules: Rules, high: float) -> Array:
    """Return the rectangles (n, 4) of paper within walls: top, left, bottom, right, in pixels.

    They have rules, or the picture's edge, on all sides; `high` is the height of the writing.
    """
    from scipy import ndimage

    reach = max(6, round(0.35 * high))
    walls = spread(rules.across, reach, 1) | spread(rules.down, reach, 0)
    walls = spread(spread(walls, 1, 0), 1, 1)[::STEP, ::STEP]
    labels, n = ndimage.label(~walls)
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    found = []
    for k, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if areas[k] >= FILLED * height * width and min(height, width) * STEP >= SMALLEST * high > 0:
            found.append((rows.start * STEP, columns.start * STEP, rows.stop * STEP, columns.stop * STEP))
    return np.array(found, int).reshape(-1, 4)


def tables_of(boxes: Array, width: int) -> list[Table]:
    """Return the tables that boxes (n, 4) make in a picture of some width.

    One box lies beside another where they share a side; so each comes to its row and its column.
    """
    if not 2 <= len(boxes) <= MOST:
        return []
    links = [*_links(boxes, across=True), *_links(boxes, across=False)]
    groups = [
        places for places in _placed(len(boxes), links) if not _is_ruled_paper(boxes[list(places.values())], width)
    ]
    return [_completed(places, boxes) for places in groups]


def _is_ruled_paper(boxes: Array, width: int) -> bool:
    """Return whether all boxes reach the left or the right edge of the picture, as the paper between its lines does."""
    return bool(((boxes[:, LEFT] <= 2 * STEP) | (boxes[:, RIGHT] >= width - 2 * STEP)).all())


def _links(boxes: Array, across: bool) -> list[tuple[float, int, int, Place]]:
    """Return for each box with a neighbour right of it, or below it: how unlike they are, both, and the step."""
    start, stop = (LEFT, RIGHT) if across else (TOP, BOTTOM)
    low, high = (TOP, BOTTOM) if across else (LEFT, RIGHT)
    along, side = boxes[:, stop] - boxes[:, start], boxes[:, high] - boxes[:, low]
    gap = boxes[None, :, start] - boxes[:, None, stop]
    shared = np.minimum(boxes[:, None, high], boxes[None, :, high]) - np.maximum(
        boxes[:, None, low], boxes[None, :, low]
    )
    ratio = np.maximum(along[:, None] / along, along / along[:, None])
    size = np.minimum(along[:, None], along)
    fits = (
        (shared > 0.5 * np.maximum(side[:, None], side)) & (ratio < ALIKE) & (gap < WALL * size) & (gap > -0.3 * size)
    )
    distance = np.where(fits, np.abs(gap), 10**9)
    nearest = distance.argmin(axis=1)
    unlike = ratio * np.maximum(side[:, None] / side, side / side[:, None])
    step = (0, 1) if across else (1, 0)
    return [(float(unlike[k, j]), k, int(j), step) for k, j in enumerate(nearest) if fits[k, j]]


def _placed(n: int, links: list[tuple[float, int, int, Place]]) -> list[dict[Place, int]]:
    """Return for each group of linked boxes which box is at (row, column); the likest neighbours are placed first."""
    beside: list[list[tuple[float, int, int, int]]] = [[] for _ in range(n)]
    for unlike, a, b, (down, right) in links:
        beside[a].append((unlike, b, down, right))
        beside[b].append((unlike, a, -down, -right))
    groups, done = [], [False] * n
    for first in range(n):
        if done[first]:
            continue
        places: dict[Place, int] = {}
        queue = [(0.0, first, 0, 0)]
        while queue:
            _, k, row, column = heapq.heappop(queue)
            if done[k]:
                continue
            done[k] = True
            places.setdefault((row, column), k)
            for unlike, other, down, right in beside[k]:
                heapq.heappush(queue, (unlike, other, row + down, column + right))
        if len(places) > 1:
            groups.append(places)
    return groups


def _completed(places: dict[Place, int], boxes: Array) -> Table:
    """Return a table with a box at every place; those missing or too large are put in from row and column."""
    places = _without_sparse_edges(places)
    top, left = min(row for row, _ in places), min(column for _, column in places)
    known = {(row - top, column - left): boxes[k] for (row, column), k in places.items()}
    n_rows, n_columns = 1 + max(row for row, _ in known), 1 + max(column for _, column in known)
    in_row = [[place for place in sorted(known) if place[0] == row] for row in range(n_rows)]
    in_column = [[place for place in sorted(known) if place[1] == column] for column in range(n_columns)]
    whole = {}
    for row in range(n_rows):
        for column in range(n_columns):
            box = known.get((row, column))
            across = _between(in_row[row], column, 1, known, (TOP, BOTTOM), but=(row, column))
            down = _between(in_column[column], row, 0, known, (LEFT, RIGHT), but=(row, column))
            if box is None or _too_large(box, across, down):
                if across is None or down is None:
                    continue
                box = across[0], down[0], across[1], down[1]
            whole[row, column] = tuple(int(edge) for edge in box)
    return Table(whole)


def _without_sparse_edges(places: dict[Place, int]) -> dict[Place, int]:
    """Return places without outer rows and columns where less than half of the boxes were seen."""
    while True:
        for axis, end in (0, min), (0, max), (1, min), (1, max):
            number = end(place[axis] for place in places)
            outer = {place for place in places if place[axis] == number}
            if len(outer) < SEEN * len({place[1 - axis] for place in places}):
                places = {place: k for place, k in places.items() if place not in outer}
                break
        else:
            return places


def _too_large(box: Array, across: Array | None, down: Array | None) -> bool:
    """Return whether a box is much higher than its row, or much wider than its column, elsewhere."""
    if across is None or down is None:
        return False
    height, width = box[BOTTOM] - box[TOP], box[RIGHT] - box[LEFT]
    return bool(height > FITTING * (across[1] - across[0]) or width > FITTING * (down[1] - down[0]))


def _between(
    line: list[Place], at: int, axis: int, known: dict[Place, Array], edges: Place, but: Place
) -> Array | None:
    """Return two edges of the boxes of a row or a column at one place in it, from the nearest on each side."""
    before = [place for place in line if place[axis] <= at and place != but][-1:]
    after = [place for place in line if place[axis] >= at and place != but][:1]
    near = before + after
    if not near:
        return None
    values = np.array([[known[place][edge] for edge in edges] for place in near], float)
    if len(near) == 1 or near[0][axis] == near[1][axis]:
        return values[0]
    share = (at - near[0][axis]) / (near[1][axis] - near[0][axis])
    return np.asarray((1 - share) * values[0] + share * values[1])
