"""Table: cells in rows and columns, from rules that cross or paper that is enclosed, and from what is written there."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import grown, spread
from inkgrad.pictures.rules import Rules
from inkgrad.reader.page.grids import GridSettings, boxes_between, find_grids

TOP, LEFT, BOTTOM, RIGHT = range(4)
CellPlace = tuple[int, int]  # row and column, from 0


@dataclass(frozen=True)
class TableSettings:
    """What is a cell, and which cells make a table.

    reach       share of the height of the writing by which walls are made longer, as they have gaps
    filled      share of its rectangle that a cell fills, though the paper may be bent
    alike       a cell is at most this many times as wide or high as its neighbour
    shared      share of the longer side that two neighbours have in common at least
    wall        share of a cell; two neighbours are at most this far apart
    overlap     share of a cell by which two neighbours may lie on each other
    smallest    share of the height of the writing; the shorter side of a cell is at least this
    most_cells  with more it is a pattern, not a table
    fitting     a cell this many times as large as others of its column or row lost a wall
    seen        share of the cells of an outer row or column that must be seen
    step_px     pixels that are looked at as one, for speed
    written     if a larger share of the places beside a table has writing, they are cells whose rules were not seen
    edge_px     what is nearer to the picture's edge is at the edge
    """

    grids: GridSettings = GridSettings()
    reach: float = 0.35
    filled: float = 0.7
    alike: float = 2.5
    shared: float = 0.5
    wall: float = 0.5
    overlap: float = 0.3
    smallest: float = 0.6
    most_cells: int = 2000
    fitting: float = 1.5
    seen: float = 0.5
    step_px: int = 2
    written: float = 0.75
    edge_px: int = 4


@dataclass(frozen=True, eq=False)
class Table:
    """Boxes (top, left, bottom, right) in pixels, by their row and column, both from 0 without a gap."""

    cells: dict[CellPlace, tuple[int, ...]]

    @property
    def n_rows(self) -> int:
        """How many rows it has."""
        return 1 + max((row for row, _ in self.cells), default=-1)

    @property
    def n_columns(self) -> int:
        """How many columns it has."""
        return 1 + max((column for _, column in self.cells), default=-1)


def find_tables(rules: Rules, high: float, settings: TableSettings = TableSettings()) -> list[Table]:
    """Return the tables of a picture, the largest first; `high` is the height of the writing in pixels.

    Rules that cross make a grid, and what lies between two of them each way is a cell.  Elsewhere,
    paper that is enclosed is a cell.
    """
    if not (rules.across.any() and rules.down.any()):
        return []
    grids = [Table(boxes_between(*lines)) for lines in find_grids(rules, high, settings.grids)]
    boxes = _enclosed(rules, high, settings)
    covered = [any(_inside(box, grid) for grid in grids) for box in boxes]
    others = _tables_of(boxes[~np.array(covered, bool)], rules.across.shape[1], settings)
    return sorted(grids + others, key=lambda table: len(table.cells), reverse=True)


def _inside(box: NDArray, grid: Table) -> bool:
    """Return whether the middle of a box lies in a grid."""
    cells = np.array(list(grid.cells.values()))
    down, right = (box[TOP] + box[BOTTOM]) / 2, (box[LEFT] + box[RIGHT]) / 2
    return bool(
        cells[:, TOP].min() <= down <= cells[:, BOTTOM].max() and cells[:, LEFT].min() <= right <= cells[:, RIGHT].max()
    )


def _enclosed(rules: Rules, high: float, settings: TableSettings) -> NDArray:
    """Return the rectangles (n, 4) of paper within walls: top, left, bottom, right, in pixels.

    They have rules, or the picture's edge, on all sides; `high` is the height of the writing.
    """
    from scipy import ndimage

    step, reach = settings.step_px, max(6, round(settings.reach * high))
    walls = spread(rules.across, reach, 1) | spread(rules.down, reach, 0)
    walls = grown(walls, 1)[::step, ::step]
    labels, n = ndimage.label(~walls)
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    found = []
    for k, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        is_whole = areas[k] >= settings.filled * height * width
        if is_whole and min(height, width) * step >= settings.smallest * high > 0:
            found.append((rows.start * step, columns.start * step, rows.stop * step, columns.stop * step))
    return np.array(found, int).reshape(-1, 4)


def _tables_of(boxes: NDArray, width: int, settings: TableSettings) -> list[Table]:
    """Return the tables that boxes (n, 4) make in a picture of some width.

    One box lies beside another where they share a side; so each comes to its row and its column.
    """
    if not 2 <= len(boxes) <= settings.most_cells:
        return []
    links = [*_links(boxes, True, settings), *_links(boxes, False, settings)]
    groups = [
        places
        for places in _placed(len(boxes), links)
        if not _is_ruled_paper(boxes[list(places.values())], width, 2 * settings.step_px)
    ]
    return [_completed(places, boxes, settings) for places in groups]


def _is_ruled_paper(boxes: NDArray, width: int, near: int) -> bool:
    """Return whether all boxes reach the left or the right edge of the picture, as the paper between its lines does."""
    return bool(((boxes[:, LEFT] <= near) | (boxes[:, RIGHT] >= width - near)).all())


def _links(boxes: NDArray, across: bool, settings: TableSettings) -> list[tuple[float, int, int, CellPlace]]:
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
    fits = (shared > settings.shared * np.maximum(side[:, None], side)) & (ratio < settings.alike)
    fits &= (gap < settings.wall * size) & (gap > -settings.overlap * size)
    distance = np.where(fits, np.abs(gap), 10**9)
    nearest = distance.argmin(axis=1)
    unlike = ratio * np.maximum(side[:, None] / side, side / side[:, None])
    step = (0, 1) if across else (1, 0)
    return [(float(unlike[k, j]), k, int(j), step) for k, j in enumerate(nearest) if fits[k, j]]


def _placed(n: int, links: list[tuple[float, int, int, CellPlace]]) -> list[dict[CellPlace, int]]:
    """Return for each group of linked boxes which box is at (row, column); the likest neighbours are placed first."""
    beside: list[list[tuple[float, int, int, int]]] = [[] for _ in range(n)]
    for unlike, a, b, (down, right) in links:
        beside[a].append((unlike, b, down, right))
        beside[b].append((unlike, a, -down, -right))
    groups, done = [], [False] * n
    for first in range(n):
        if done[first]:
            continue
        places: dict[CellPlace, int] = {}
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


def _completed(places: dict[CellPlace, int], boxes: NDArray, settings: TableSettings) -> Table:
    """Return a table with a box at every place; those missing or too large are put in from row and column."""
    places = _without_sparse_edges(places, settings.seen)
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
            if box is None or _too_large(box, across, down, settings.fitting):
                if across is None or down is None:
                    continue
                box = across[0], down[0], across[1], down[1]
            whole[row, column] = tuple(int(edge) for edge in box)
    return Table(whole)


def _without_sparse_edges(places: dict[CellPlace, int], seen: float) -> dict[CellPlace, int]:
    """Return places without outer rows and columns where too few of the boxes were seen."""
    while True:
        for axis, end in (0, min), (0, max), (1, min), (1, max):
            number = end(place[axis] for place in places)
            outer = {place for place in places if place[axis] == number}
            if len(outer) < seen * len({place[1 - axis] for place in places}):
                places = {place: k for place, k in places.items() if place not in outer}
                break
        else:
            return places


def _too_large(box: NDArray, across: NDArray | None, down: NDArray | None, fitting: float) -> bool:
    """Return whether a box is much higher than its row, or much wider than its column, elsewhere."""
    if across is None or down is None:
        return False
    height, width = box[BOTTOM] - box[TOP], box[RIGHT] - box[LEFT]
    return bool(height > fitting * (across[1] - across[0]) or width > fitting * (down[1] - down[0]))


def _between(
    line: list[CellPlace], at: int, axis: int, known: dict[CellPlace, NDArray], edges: CellPlace, but: CellPlace
) -> NDArray | None:
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


def extended(table: Table, middles: NDArray, settings: TableSettings = TableSettings()) -> Table:
    """Return a table with the rows and columns beside it whose rules were not seen, for the middles (n, 2) of writing.

    There is such a row or column where most of its places have writing.
    """
    cells = dict(table.cells)
    for down, right in (1, 0), (-1, 0), (0, 1), (0, -1):
        while beside := _beside(cells, down, right):
            boxes = np.array(list(beside.values()))
            rows, columns = middles[:, :1], middles[:, 1:]
            hit = (boxes[:, TOP] <= rows) & (rows < boxes[:, BOTTOM])
            hit &= (boxes[:, LEFT] <= columns) & (columns < boxes[:, RIGHT])
            if hit.any(axis=0).sum() < settings.written * len(boxes):
                break
            cells |= beside
    return _renumbered(cells)


def trimmed(
    table: Table, filled: Collection[CellPlace], shape: tuple[int, ...], settings: TableSettings = TableSettings()
) -> Table:
    """Return a table without empty outer rows and columns at the picture's edge; `filled` are the places with writing.

    They are the paper around the table.
    """
    cells = dict(table.cells)
    while cells:
        for axis, end in (0, min), (0, max), (1, min), (1, max):
            number = end(place[axis] for place in cells)
            outer = [place for place in cells if place[axis] == number]
            at_edge = all(_at_edge(cells[place], shape, settings.edge_px) for place in outer)
            if at_edge and not any(place in filled for place in outer):
                cells = {place: box for place, box in cells.items() if place not in outer}
                break
        else:
            break
    return _renumbered(cells)


def _at_edge(box: tuple[int, ...], shape: tuple[int, ...], near: int) -> bool:
    return min(box[TOP], box[LEFT]) <= near or box[BOTTOM] >= shape[0] - near or box[RIGHT] >= shape[1] - near


def _renumbered(cells: dict[CellPlace, tuple[int, ...]]) -> Table:
    top, left = min((row for row, _ in cells), default=0), min((column for _, column in cells), default=0)
    return Table({(row - top, column - left): box for (row, column), box in cells.items()})


def _beside(cells: dict[CellPlace, tuple[int, ...]], down: int, right: int) -> dict[CellPlace, tuple[int, ...]]:
    """Return where the next row or column would lie, going on as the last two do."""
    ends: dict[int, int] = {}
    axis, sign = (0, down) if down else (1, right)
    for place in cells:
        along, across = place[axis], place[1 - axis]
        ends[across] = max(ends.get(across, along * sign), along * sign)
    last = max(ends.values())
    found = {}
    for across, end in ends.items():
        if end < last:
            continue
        at = end * sign
        place, before = ((at, across), (at - sign, across)) if axis == 0 else ((across, at), (across, at - sign))
        box = np.array(cells[place])
        if before in cells:
            step = box - cells[before]
        else:
            height, width = box[BOTTOM] - box[TOP], box[RIGHT] - box[LEFT]
            step = np.array([down * height, right * width] * 2)
        if down * step[TOP] + right * step[LEFT] <= 0:  # two boxes that lie on each other lead nowhere
            continue
        found[place[0] + down, place[1] + right] = tuple(int(edge) for edge in box + step)
    return found
