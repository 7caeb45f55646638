"""Forms: digits written in boxes and in the cells of tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic.hand import Placed, as_labels, write_row
from lab.synthetic.look import Look
from lab.synthetic.pages import Page, page_of
from lab.synthetic.papers import Rule
from lab.synthetic.sheets import Sheet

MOST_CELLS = 2000


def write_boxes(labels: str | int, look: Look, rng: np.random.Generator, digits: Examples) -> Page:
    """Return a picture of a field of a form: a row of boxes, joined or apart, with one digit in each.

    A digit stays inside its box but for a share of them, look.touching, which cross its lines.

    Raises SettingError for labels that are no digits, DataError for examples that are no digits.
    """
    labels, h = as_labels(labels, rng), look.height
    width, height = h * rng.uniform(1.15, 1.6), h * rng.uniform(1.3, 1.8)
    between = 0.0 if rng.random() < 0.5 else h * rng.uniform(0.12, 0.5)
    left, top, right, bottom = h * rng.uniform(0.25, 1, 4)
    thick = _thick(look)
    written, rules = [], []
    for i, label in enumerate(labels):
        x = left + i * (width + between)
        (digit,) = _in_cell(label, (x, top, x + width, top + height), look, rng, digits)
        written.append(replace(digit, column=i))
        rules += _frame(x, top, x + width, top + height, thick)
    size = left + len(labels) * (width + between) - between + right, top + height + bottom
    return page_of(Sheet(*size, tuple(written), tuple(rules)), "boxes", look, rng)


def write_table(
    rows: int, columns: int, look: Look, rng: np.random.Generator, digits: Examples,
    empty: float = 0.2, digits_per_cell: tuple[int, int] = (1, 1),
) -> Page:  # fmt: skip
    """Return a picture of a table with lines around its cells; a share of them, `empty`, have nothing in them.

    Each of the others has from the first to the second of digits_per_cell.  The frame may be thicker,
    and so may each third line where rows and columns are multiples of three, as in a sudoku.  A number
    stays inside its cell but for a share of them, look.touching, which cross its lines.

    Raises SettingError for fewer than 1 or more than 2,000 cells, digits_per_cell not from 1 to 12, or
    an `empty` outside [0, 1); DataError for examples that are no digits.
    """
    low, high = digits_per_cell
    if not (1 <= low <= high <= 12):
        raise SettingError(f"write_table takes digits_per_cell (fewest, most) from 1 to 12, got {digits_per_cell}")
    if not (rows >= 1 and columns >= 1 and rows * columns <= MOST_CELLS):
        raise SettingError(f"a table has 1 to {MOST_CELLS} cells, got {rows} rows and {columns} columns")
    if not 0 <= empty < 1:
        raise SettingError(f"write_table takes as empty a share of the cells from 0 to below 1, got {empty}")
    h = look.height
    width, height = h * (rng.uniform(1.3, 1.8) + (high - 1) * (0.8 + look.gap)), h * rng.uniform(1.35, 1.9)
    left, top, right, bottom = h * rng.uniform(0.3, 1.2, 4)
    full = rng.random((rows, columns)) >= empty
    full[rng.integers(rows), rng.integers(columns)] = True  # a table says something
    table, written = [], []
    for i in range(rows):
        table.append(tuple(as_labels(int(rng.integers(low, high + 1)), rng) if here else "" for here in full[i]))
        for j, labels in enumerate(table[-1]):
            x, y = left + j * width, top + i * height
            if labels:
                number = _in_cell(labels, (x, y, x + width, y + height), look, rng, digits)
                written += [replace(digit, line=i, column=j) for digit in number]
    rules = _grid(rows, columns, (left, top, width, height), look, rng)
    size = left + columns * width + right, top + rows * height + bottom
    return page_of(Sheet(*size, tuple(written), rules), "table", look, rng, tuple(table))


def _thick(look: Look) -> float:
    return max(0.8, look.rule_width * look.height)


def _in_cell(
    labels: str, cell: tuple[float, float, float, float], look: Look, rng: np.random.Generator, digits: Examples
) -> list[Placed]:
    """Return a number somewhere in a cell, smaller if it is too wide; some cross one of its lines."""
    width, height = cell[2] - cell[0], cell[3] - cell[1]
    free = _thick(look) + 0.06 * look.height + look.blur
    number = write_row(labels, replace(look, touching=0), rng, digits)
    size = _size(number)
    fit = min(1.0, float(np.min((np.array([width, height]) - 2 * free) / size)))
    if fit < 1:
        number = [replace(d, matrix=fit * d.matrix, origin=fit * d.origin) for d in number]
        size = fit * size
    room = (np.array([width, height]) - size) / 2 - free
    at = np.clip(rng.normal(0, 0.35, 2), -1, 1) * room
    if rng.random() < look.touching:
        k, side = rng.integers(2), rng.choice([-1, 1])
        at[k] = side * (room[k] + free + look.height * rng.uniform(0.03, 0.15))
    left, top = (min(d.box[k] for d in number) for k in (0, 1))
    at += np.array(cell[:2]) + (np.array([width, height]) - size) / 2 - (left, top)
    return [d.moved(*at) for d in number]


def _size(number: list[Placed]) -> NDArray:
    """Return the width and height of the ink."""
    boxes = np.array([digit.box for digit in number])
    return np.asarray(boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0))


def _frame(x0: float, y0: float, x1: float, y1: float, thick: float) -> list[Rule]:
    across = [Rule(x0, y, x1, y, thick) for y in (y0, y1)]
    return across + [Rule(x, y0, x, y1, thick) for x in (x0, x1)]


def _grid(
    rows: int, columns: int, cells: tuple[float, float, float, float], look: Look, rng: np.random.Generator
) -> tuple[Rule, ...]:
    """Return the lines of a table whose cells start at (left, top) and have (width, height)."""
    left, top, width, height = cells
    thin, bold = _thick(look), _thick(look) * rng.uniform(1.5, 3)
    framed, sudoku = rng.random() < 0.5, rows % 3 == 0 and columns % 3 == 0 and rng.random() < 0.6

    def thick(i: int, n: int) -> float:
        return bold if (framed and i in (0, n)) or (sudoku and i % 3 == 0) else thin

    right, bottom = left + columns * width, top + rows * height
    across = [Rule(left, top + i * height, right, top + i * height, thick(i, rows)) for i in range(rows + 1)]
    down = [Rule(left + j * width, top, left + j * width, bottom, thick(j, columns)) for j in range(columns + 1)]
    return (*across, *down)
