"""Table: boxes in rows and columns, and how it is completed and trimmed by what is written in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array

OPEN = 0.75  # of the places beside a table that have writing: with more, they are cells whose rules were not seen
EDGE = 4  # pixels from the picture's edge

TOP, LEFT, BOTTOM, RIGHT = range(4)
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Table:
    """Boxes (top, left, bottom, right) in pixels, by their row and column, both from 0 without a gap."""

    cells: dict[Place, tuple[int, ...]]

    @property
    def n_rows(self) -> int:
        """How many rows it has."""
        return 1 + max((row for row, _ in self.cells), default=-1)

    @property
    def n_columns(self) -> int:
        """How many columns it has."""
        return 1 + max((column for _, column in self.cells), default=-1)


def extended(table: Table, middles: Array) -> Table:
    """Return a table with the rows and columns beside it whose rules were not seen, for the middles (n, 2) of writing.

    There is such a row or column where at least three of four of its places have writing.
    """
    cells = dict(table.cells)
    for down, right in (1, 0), (-1, 0), (0, 1), (0, -1):
        while beside := _beside(cells, down, right):
            boxes = np.array(list(beside.values()))
            rows, columns = middles[:, :1], middles[:, 1:]
            hit = (boxes[:, TOP] <= rows) & (rows < boxes[:, BOTTOM])
            hit &= (boxes[:, LEFT] <= columns) & (columns < boxes[:, RIGHT])
            if hit.any(axis=0).sum() < OPEN * len(boxes):
                break
            cells |= beside
    return _renumbered(cells)


def trimmed(table: Table, filled: Collection[Place], shape: tuple[int, ...]) -> Table:
    """Return a table without empty outer rows and columns at the picture's edge; `filled` are the places with writing.

    They are the paper around the table.
    """
    cells = dict(table.cells)
    while cells:
        for axis, end in (0, min), (0, max), (1, min), (1, max):
            number = end(place[axis] for place in cells)
            outer = [place for place in cells if place[axis] == number]
            if not any(place in filled for place in outer) and all(_at_edge(cells[place], shape) for place in outer):
                cells = {place: box for place, box in cells.items() if place not in outer}
                break
        else:
            break
    return _renumbered(cells)


def _at_edge(box: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return min(box[TOP], box[LEFT]) <= EDGE or box[BOTTOM] >= shape[0] - EDGE or box[RIGHT] >= shape[1] - EDGE


def _renumbered(cells: dict[Place, tuple[int, ...]]) -> Table:
    top, left = min((row for row, _ in cells), default=0), min((column for _, column in cells), default=0)
    return Table({(row - top, column - left): box for (row, column), box in cells.items()})


def _beside(cells: dict[Place, tuple[int, ...]], down: int, right: int) -> dict[Place, tuple[int, ...]]:
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
