"""Scan: from a picture to rows of pieces, tables and all, before anything is recognised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array
from inkgrad.images.cells import Table, extended, find_tables, trimmed
from inkgrad.images.paper import ink_on_paper, thresholds
from inkgrad.images.pieces import Piece, find_pieces, stroke_width, writing_height
from inkgrad.images.rows import in_rows
from inkgrad.images.rules import Rules, find_rules, without_rules
from inkgrad.images.skew import find_skew, turned

FEWEST = 4  # pieces that say how a page is turned
GRID = 24  # times as high and wide as its strokes are thick is no digit
SIMPLE = 12  # and so many times surely is no grid
LEAST_TURN = 0.7  # degrees; less does no harm
FAINT = 0.6  # of a stroke's ink have faint rules
STRADDLING = 0.3  # of a table's pieces: where more lie across its lines, it is squared paper and no table


@dataclass(frozen=True, eq=False)
class Scan:
    """A picture as ink, with what lies in it.

    `ink` was turned clockwise by `degrees` about its middle, and `high` is the height of the writing in
    pixels.  `rows` are pieces of ink from left to right: those of one cell of a table, or of one line
    outside of tables.  `places` has for each of them the number of its table, and the row and
    column of its cell; None outside.  The first of the `tables` is the largest.
    """

    ink: Array
    degrees: float
    high: float
    rows: list[list[Piece]]
    places: list[tuple[int, int, int] | None]
    tables: list[Table]


def scan(colours: Array, light_on_dark: bool) -> Scan:
    """Return what lies in a picture, uint8 (height, width, channels), of dark ink on light paper or the other way."""
    ink, degrees = ink_on_paper(colours, light_on_dark), 0.0
    pieces, rules, mask = _found(ink)
    high = _height(pieces, mask)
    if len(pieces) >= FEWEST or _has_grid(pieces, mask, GRID):
        degrees = find_skew(mask, high)
        if abs(degrees) >= LEAST_TURN:
            ink = turned(ink, degrees)
            pieces, rules, mask = _found(ink)
            high = _height(pieces, mask)
        else:
            degrees = 0.0
    rows: list[list[Piece]] = []
    places: list[tuple[int, int, int] | None] = []
    tables: list[Table] = []
    for table in find_tables(rules, high):
        middles = np.array([piece.middle for piece in pieces if piece.height > 0.5 * high]).reshape(-1, 2)
        filled = {place for place, its in _by_cell(pieces, table).items() if its}
        if not filled:
            continue
        table = extended(trimmed(table, filled, ink.shape), middles)
        inside = _by_cell(pieces, table)
        if _is_squared_paper(inside, table):
            continue
        for (row, column), its in inside.items():
            if its:
                rows.append(sorted(its, key=lambda piece: piece.middle[1]))
                places.append((len(tables), row, column))
        taken = {id(piece) for its in inside.values() for piece in its}
        pieces = [piece for piece in pieces if id(piece) not in taken]
        tables.append(table)
    free = in_rows(pieces, high)
    return Scan(ink, degrees, high, rows + free, places + [None] * len(free), tables)


def _found(ink: Array) -> tuple[list[Piece], Rules, Array]:
    least = thresholds(ink)
    mask = ink > least
    pieces = find_pieces(mask)
    if len(pieces) == 1 and not _has_grid(pieces, mask, SIMPLE):
        return pieces, Rules(np.zeros_like(mask), np.zeros_like(mask)), mask
    rules = find_rules(ink, mask, ink > FAINT * least)
    return find_pieces(without_rules(mask, rules)) if rules else pieces, rules, mask


def _has_grid(pieces: list[Piece], mask: Array, times: float) -> bool:
    """Return whether a piece is so many times as high and wide as strokes are thick that it may be made of rules."""
    least = times * stroke_width(mask)
    return any(min(piece.height, piece.width) > least for piece in pieces)


def _height(pieces: list[Piece], mask: Array) -> float:
    """Return how high the writing of pieces is."""
    if not pieces:
        return 0.0
    sizes = np.array([(piece.height, piece.width) for piece in pieces])
    return writing_height(sizes, stroke_width(mask), mask.shape)


def _by_cell(pieces: list[Piece], table: Table) -> dict[tuple[int, int], list[Piece]]:
    """Return the pieces whose middle lies in each cell of a table."""
    inside: dict[tuple[int, int], list[Piece]] = {place: [] for place in table.cells}
    for piece in pieces:
        down, right = piece.middle
        for place, (top, left, bottom, right_edge) in table.cells.items():
            if top <= down < bottom and left <= right < right_edge:
                inside[place].append(piece)
                break
    return inside


def _is_squared_paper(inside: dict[tuple[int, int], list[Piece]], table: Table) -> bool:
    """Return whether many pieces lie across the lines."""
    n, across = 0, 0
    for place, pieces in inside.items():
        top, left, bottom, right = table.cells[place]
        for piece in pieces:
            n += 1
            over = max(left - piece.left, piece.right - right, top - piece.top, piece.bottom - bottom)
            across += over > 0.25 * max(piece.height, piece.width)
    return across > STRADDLING * max(n, 1)
