"""Strips: the rows of a scan as grey ink, each cut out straight for the recogniser of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.line_form import ink_level
from inkgrad.pictures.morphology import grown
from inkgrad.pictures.pieces import Piece
from inkgrad.reader.page import Scan

Box = tuple[int, ...]  # top, left, bottom, right


@dataclass(frozen=True)
class StripSettings:
    """What is cut out of a scan for the recogniser of lines; lengths are shares of the height of a row's writing.

    low        lower pieces do not say where a row lies
    tall       higher pieces do not either
    room       paper above and below, as lines to train on have it
    mark_room  below the digits; what hangs there is inside, as commas do
    side       paper at either end, as lines to train on have it
    reach      weak ink is followed so far beyond either end
    gap        over so much paper
    weak       share of the level of a row's ink; what has more is weak ink, not grain
    apart      parts of a row with more paper between them are strips of their own
    rise       a row that rises, falls or bends by more is straightened
    fewest     pieces that show how a row rises; twice as many, how it bends
    soft_px    pixels beside a rule that have some of its ink
    """

    low: float = 0.5
    tall: float = 1.8
    room: float = 0.15
    mark_room: float = 0.25
    side: float = 0.35
    reach: float = 1.5
    gap: float = 0.75
    weak: float = 0.35
    apart: float = 3.5
    rise: float = 0.3
    fewest: int = 3
    soft_px: int = 2


@dataclass(frozen=True, eq=False)
class Strip:
    """A row of writing, or a part of one, cut out of a scan's ink.

    ink   float32 (height, width) in [0, 1]
    left  the column of the scan that is its first
    tops  (width,) whole numbers: the row of the scan that is its first, for each of its columns
    high  the height of the writing, in pixels
    page  height and width of the scan; what of the strip is beyond is paper
    """

    ink: NDArray
    left: int
    tops: NDArray
    high: float
    page: tuple[int, int]

    def piece(self, start: int, stop: int, least: float) -> Piece:
        """Return what is above `least` in columns from `start` to before `stop`, or all, as a piece of the scan."""
        above = self.ink[:, start:stop] > least
        rows, columns = np.nonzero(above if above.any() else np.ones_like(above))
        down = np.clip(rows + self.tops[start + columns], 0, self.page[0] - 1)
        right = np.clip(columns + self.left + start, 0, self.page[1] - 1)
        top, left = int(down.min()), int(right.min())
        mask = np.zeros((int(down.max()) - top + 1, int(right.max()) - left + 1), bool)
        mask[down - top, right - left] = True
        return Piece(top, left, mask)


def cut_strips(
    scan: Scan, asked: Sequence[bool] | None = None, settings: StripSettings = StripSettings()
) -> list[list[Strip]]:
    """Return the strips of each row of a scan, from left to right; most rows have one, rows not asked for have none.

    Rules are left out of them, ink of other rows that reaches into them, and what is beyond the sides of a cell.
    """
    asked = [True] * len(scan.rows) if asked is None else asked
    if not any(asked):
        return [[] for _ in scan.rows]
    paper = _Paper(scan, settings.soft_px)
    strips: list[list[Strip]] = []
    for number, (pieces, place) in enumerate(zip(scan.rows, scan.places, strict=True)):
        if not asked[number]:
            strips.append([])
            continue
        cell = None if place is None else scan.tables[place[0]].cells[place[1], place[2]]
        parts = _parts(pieces, settings.apart * scan.high) if cell is None else [pieces]
        strips.append([_cut(part, number, cell, paper, settings) for part in parts])
    return strips


class _Paper:
    """The ink of a scan, of which a row is cut out without rules and without other rows."""

    def __init__(self, scan: Scan, soft: int) -> None:
        near = grown(scan.ruled, soft) if scan.ruled.any() else None
        self.scan, self.written = scan, scan.ink if near is None else np.where(near, np.float32(0), scan.ink)
        self.pieces = list(chain.from_iterable(scan.rows))
        self.row_of = np.repeat(np.arange(len(scan.rows)), [len(row) for row in scan.rows])
        self.boxes = np.array([(p.top, p.left, p.bottom, p.right) for p in self.pieces], int).reshape(-1, 4)

    def crop(self, number: int, box: Box, cell: Box | None) -> NDArray:
        """Return the ink of row `number` in a box; outside its cell, if it has one, only what goes on from inside."""
        shape = self.written.shape
        top, left, bottom, right = np.clip(box, 0, (*shape, *shape)).tolist()
        part = self.written[top:bottom, left:right].copy()
        if cell is not None:
            rows, columns = np.arange(top, bottom), np.arange(left, right)
            part[(rows < cell[0]) | (rows >= cell[2])] = 0
            part[:, (columns < cell[1]) | (columns >= cell[3])] = 0
        tops, lefts, bottoms, rights = self.boxes.T
        near = np.flatnonzero((tops < bottom) & (top < bottoms) & (lefts < right) & (left < rights))
        own = self.row_of[near] == number
        for k in near[~own].tolist():
            _paint(part, top, left, self.pieces[k], None)
        for k in near[own].tolist():
            _paint(part, top, left, self.pieces[k], self.scan.ink)
        beyond = (top - box[0], box[2] - bottom), (left - box[1], box[3] - right)
        return np.pad(part, beyond)


def _paint(part: NDArray, top: int, left: int, piece: Piece, ink: NDArray | None) -> None:
    """Give a piece and the pixels beside it, in a part of the picture from (top, left), their ink, or else none."""
    around = grown(np.pad(piece.mask, 1), 1)
    rows = slice(max(piece.top - 1, top), min(piece.bottom + 1, top + part.shape[0]))
    columns = slice(max(piece.left - 1, left), min(piece.right + 1, left + part.shape[1]))
    near = around[rows.start - piece.top + 1 :, columns.start - piece.left + 1 :]
    near = near[: rows.stop - rows.start, : columns.stop - columns.start]
    here = part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    here[near] = 0 if ink is None else ink[rows, columns][near]


def _parts(pieces: list[Piece], apart: float) -> list[list[Piece]]:
    """Return the pieces of a row, parted where there is more paper than `apart` pixels between them."""
    parts: list[list[Piece]] = [[]]
    right = min(piece.left for piece in pieces)
    for piece in sorted(pieces, key=lambda each: each.left):
        if piece.left - right > apart:
            parts.append([])
        parts[-1].append(piece)
        right = max(right, piece.right)
    return parts


def _cut(pieces: list[Piece], number: int, cell: Box | None, paper: _Paper, settings: StripSettings) -> Strip:
    """Return the strip of pieces of row `number`, which stand in a cell or in none."""
    high = paper.scan.high
    usual = [piece for piece in pieces if settings.low * high <= piece.height <= settings.tall * high] or pieces
    if len(usual) >= settings.fewest:
        high = float(np.median([piece.height for piece in usual]))
    reach = round((settings.reach + settings.side) * high)
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    first, last = left - reach, right + reach
    top, bottom, rise = _band(usual, np.arange(first, last), high, settings)
    height = max(4, round(bottom - top))
    tops = np.rint(top + rise).astype(int)
    block = paper.crop(number, (int(tops.min()), first, int(tops.max()) + height, last), cell)
    if np.ptp(tops):
        block = np.take_along_axis(block, np.arange(height)[:, None] + tops - tops.min(), axis=0)
    start, stop = _ends(block, left - first, right - first, high, settings)
    return Strip(block[:, start:stop], first + start, tops[start:stop], high, paper.written.shape)


def _band(usual: list[Piece], columns: NDArray, high: float, settings: StripSettings) -> tuple[float, float, NDArray]:
    """Return the top and the bottom of a row with room, and how much lower it lies at each of some columns."""
    rise = _rise(usual, columns, high, settings)

    def straight(edge: float, piece: Piece) -> float:
        return edge - float(rise[int(piece.middle[1]) - columns[0]])

    tops = [straight(piece.top, piece) for piece in usual]
    bottoms = [straight(piece.bottom, piece) for piece in usual]
    comma = float(np.median(bottoms)) + settings.mark_room * high
    room = settings.room * high
    return min(tops) - room, max([*bottoms, comma]) + room, rise


def _rise(usual: list[Piece], columns: NDArray, high: float, settings: StripSettings) -> NDArray:
    """Return how many pixels lower a row lies at some columns than on the whole; 0 everywhere unless it is much."""
    flat: NDArray = np.zeros(len(columns))
    if len(usual) < settings.fewest:
        return flat
    down, right = np.array([piece.middle for piece in usual]).T
    n_places = len(np.unique(right))  # pieces may stand one above the other
    middle, width = float(right.mean()), max(float(np.ptp(right)), 1.0)
    u, v = (right - middle) / width, (np.clip(columns, right.min(), right.max()) - middle) / width
    for degree in (1, 2) if len(usual) >= 2 * settings.fewest else (1,):
        if n_places <= degree:  # any curve of this degree would do
            break
        fitted = np.polyfit(u, down, degree)
        curve = np.polyval(fitted, v)
        if np.ptp(curve) > settings.rise * high:
            flat = curve - float(np.median(np.polyval(fitted, u)))
    return flat


def _ends(block: NDArray, left: int, right: int, high: float, settings: StripSettings) -> tuple[int, int]:
    """Return where a strip starts and stops: at its weak ink, with some paper beside it.

    `left` and `right` are where its strong ink does.
    """
    inked: NDArray = np.any(block > settings.weak * ink_level(block[:, left:right]), axis=0)
    side, gap, reach = (round(share * high) for share in (settings.side, settings.gap, settings.reach))
    stop = _followed(inked, right, gap, reach)
    start = len(inked) - _followed(inked[::-1], len(inked) - left, gap, reach)
    return max(0, start - side), min(len(inked), stop + side)


def _followed(inked: NDArray, end: int, gap: int, reach: int) -> int:
    """Return where ink ends that goes on after column `end`, over gaps, and at most so far."""
    last = end
    for column in (end + np.flatnonzero(inked[end : end + reach])).tolist():
        if column - last > gap:
            break
        last = column + 1
    return last
