"""Tables: what is found of them in a picture, as rules that cross or as paper that is enclosed."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.rules import Rules
from inkgrad.reader.page.cells import enclosed, tables_of
from inkgrad.reader.page.grids import boxes_between, find_grids
from inkgrad.reader.page.table import BOTTOM, LEFT, RIGHT, TOP, Table


def find_tables(rules: Rules, high: float) -> list[Table]:
    """Return the tables of a picture, the largest first; `high` is the height of the writing in pixels.

    Rules that cross make a grid, and what lies between two of them each way is a cell.  Elsewhere,
    paper that is enclosed is a cell.
    """
    if not (rules.across.any() and rules.down.any()):
        return []
    grids = [Table(boxes_between(*lines)) for lines in find_grids(rules, high)]
    boxes = enclosed(rules, high)
    covered = [any(_inside(box, grid) for grid in grids) for box in boxes]
    others = tables_of(boxes[~np.array(covered, bool)], rules.across.shape[1])
    return sorted(grids + others, key=lambda table: len(table.cells), reverse=True)


def _inside(box: Array, grid: Table) -> bool:
    """Return whether the middle of a box lies in a grid."""
    cells = np.array(list(grid.cells.values()))
    down, right = (box[TOP] + box[BOTTOM]) / 2, (box[LEFT] + box[RIGHT]) / 2
    return bool(
        cells[:, TOP].min() <= down <= cells[:, BOTTOM].max() and cells[:, LEFT].min() <= right <= cells[:, RIGHT].max()
    )
