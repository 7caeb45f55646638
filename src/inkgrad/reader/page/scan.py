"""Scan: from a picture to rows of pieces, tables and all, before anything is recognised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.paper import find_skew, ink_on_paper, thresholds, turned
from inkgrad.pictures.pieces import Piece, find_pieces, stroke_width, thickness, writing_height
from inkgrad.pictures.rules import Rules, Segment, find_rules, without_rules
from inkgrad.pictures.runs import ACROSS
from inkgrad.reader.page.rows import in_rows
from inkgrad.reader.page.table import Table, extended, trimmed
from inkgrad.reader.page.tables import find_tables

FEWEST = 4  # pieces that say how a page is turned
GRID = 24  # times as high and wide as its strokes are thick is no digit
SIMPLE = 12  # and so many times surely is no grid
SMALL = 100_000  # pixels of a picture that may be of a single digit
LEAST_TURN = 0.7  # degrees; less does no harm
FAINT = 0.6  # of a stroke's ink have faint rules
LEAST_WRITING = 0.02  # of the picture's shorter side is the height of writing, where there is more in it
LARGER = 3.0  # times as high or wide as the writing is what surrounds the paper
HALF = 0.5  # of the cells have writing in a table that fills the picture
SIDE = 7  # times as high as thick is the side of a box at least
NEAR = 7  # pixels from the corners that it joins
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
    sheet = _sheet(ink)
    if len(sheet.pieces) >= FEWEST or sheet.may_hold_grid(GRID):
        degrees = find_skew(sheet.mask, sheet.high)
        if abs(degrees) >= LEAST_TURN:
            ink = turned(ink, degrees)
            sheet = _sheet(ink)
        else:
            degrees = 0.0
    pieces, rules, high = sheet.pieces, sheet.rules, sheet.high
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
        if _is_squared_paper(inside, table, ink.shape):
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


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Where there are strokes, how thick they are in pixels, their pieces without rules, and the rules."""

    mask: Array
    stroke: float
    pieces: list[Piece]
    rules: Rules

    @cached_property
    def high(self) -> float:
        """How high the writing is, in pixels; 0 where there is none."""
        if not self.pieces:
            return 0.0
        sizes = np.array([(piece.height, piece.width) for piece in self.pieces])
        return writing_height(sizes, self.stroke, self.mask.shape)

    def may_hold_grid(self, times: float) -> bool:
        """Return whether a piece is so many times as high and wide as strokes are thick."""
        return any(min(piece.height, piece.width) > times * self.stroke for piece in self.pieces)


def _sheet(ink: Array) -> _Sheet:
    least = thresholds(ink)
    mask = ink > least
    stroke = stroke_width(mask)
    if mask.size <= SMALL:  # a single digit, often, and soon done
        nothing = np.zeros_like(mask)
        alone = _Sheet(mask, stroke, find_pieces(mask, stroke), Rules(nothing, nothing))
        if len(alone.pieces) == 1 and not alone.may_hold_grid(SIMPLE):
            return alone
    rules = find_rules(ink, mask, ink > FAINT * least)
    pieces = _on_the_paper(find_pieces(without_rules(mask, rules), stroke), mask.shape)
    pieces = [piece for piece in pieces if not _is_box_side(piece, rules)]
    return _Sheet(mask, stroke, pieces, rules)


def _is_box_side(piece: Piece, rules: Rules) -> bool:
    """Return whether a piece is a slender line between the ends of two rules, as the slanted side of a box is."""
    if piece.height < SIDE * thickness(piece):
        return False
    ends = [(np.flatnonzero(piece.mask[row]).mean() + piece.left, piece.top + row) for row in (0, piece.height - 1)]
    return all(any(_ends_at(rule, *end) for rule in rules.segments if rule.axis == ACROSS) for end in ends)


def _ends_at(rule: Segment, right: float, down: float) -> bool:
    """Return whether a rule across starts or stops near a point."""
    return min(abs(rule.start - right), abs(rule.stop - right)) <= NEAR and abs(rule.at(right) - down) <= NEAR


def _on_the_paper(pieces: list[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """Return pieces without those at the picture's edge that are much larger than the others: desks, hands, shadows."""
    at_edge = [
        piece.top == 0 or piece.left == 0 or piece.bottom == shape[0] or piece.right == shape[1] for piece in pieces
    ]
    least = LEAST_WRITING * min(shape)
    heights = [piece.height for piece, out in zip(pieces, at_edge, strict=True) if not out and piece.height > least]
    if len(heights) < FEWEST:
        return pieces
    most = LARGER * float(np.median(heights))
    return [
        piece for piece, out in zip(pieces, at_edge, strict=True) if not (out and max(piece.height, piece.width) > most)
    ]


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


def _is_squared_paper(inside: dict[tuple[int, int], list[Piece]], table: Table, shape: tuple[int, ...]) -> bool:
    """Return whether writing takes no notice of lines: many pieces lie across them, or they fill the picture."""
    n, across = 0, 0
    for place, pieces in inside.items():
        top, left, bottom, right = table.cells[place]
        for piece in pieces:
            n += 1
            over = max(left - piece.left, piece.right - right, top - piece.top, piece.bottom - bottom)
            across += over > 0.25 * max(piece.height, piece.width)
    boxes = np.array(list(table.cells.values()))
    height, width = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    n_edges = (boxes[:, 0].min() < height) + (boxes[:, 1].min() < width)
    n_edges += (boxes[:, 2].max() > shape[0] - height) + (boxes[:, 3].max() > shape[1] - width)
    fills = n_edges > 2 and table.n_rows > 2 and sum(map(bool, inside.values())) < HALF * len(inside)
    return fills or across > STRADDLING * max(n, 1)
