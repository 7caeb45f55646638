"""The page: rules and enclosed paper become tables and cells, and pieces of ink come in the order they are read."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from support.rules_on_paper import HIGH, rules_of, written

from inkgrad.pictures import Piece
from inkgrad.reader.page import scan
from inkgrad.reader.page.scan import in_rows
from inkgrad.reader.page.table import Table, extended, find_tables
from lab.synthetic import Look, write_lines

# Tables.


ROWS, COLUMNS, WIDE = 3, 4, 60  # of a table, and pixels of a cell's side


def table(digits, seed=0, wall=None):
    """A table with a digit in every cell but one; `wall` is where one is missing, right of a cell."""
    sheet = Image.new("L", (COLUMNS * WIDE + 60, ROWS * WIDE + 60), 255)
    pen, rng = ImageDraw.Draw(sheet), np.random.default_rng(seed)
    for i in range(ROWS):
        for j in range(COLUMNS):
            x, y = 30 + j * WIDE, 30 + i * WIDE
            pen.rectangle((x, y, x + WIDE, y + WIDE), outline=0, width=2)
    if wall is not None:
        x, y = 30 + (wall[1] + 1) * WIDE, 30 + wall[0] * WIDE
        pen.rectangle((x - 2, y + 5, x + 2, y + WIDE - 5), fill=255)
    for i in range(ROWS):
        for j in range(COLUMNS):
            if (i, j) != (1, 2):
                digit = Image.fromarray(digits.train.x[rng.integers(1000), :, :, 0]).resize((40, 40))
                sheet.paste(0, (40 + j * WIDE, 40 + i * WIDE), digit)
    return np.asarray(sheet)[..., np.newaxis]


def assert_has_all_cells(tables, moved=lambda down, right: (down, right), within=6):
    """One table, whose cells have the places and middles that table() gave them, where `moved` puts these."""
    (found,) = tables
    assert (found.n_rows, found.n_columns) == (ROWS, COLUMNS)
    for i in range(ROWS):
        for j in range(COLUMNS):
            top, left, bottom, right = found.cells[i, j]
            middle = moved(30 + (i + 0.5) * WIDE, 30 + (j + 0.5) * WIDE)
            np.testing.assert_allclose(((top + bottom) / 2, (left + right) / 2), middle, atol=within)


@pytest.mark.parametrize("seed", range(5))
def test_a_table_is_found_with_its_rows_and_columns(digits, seed):
    assert_has_all_cells(find_tables(rules_of(table(digits, seed))[1], 40), within=2)


@pytest.mark.parametrize("wall", [(0, 0), (1, 1), (2, 2)])
def test_a_missing_wall_is_put_in(digits, wall):
    assert_has_all_cells(find_tables(rules_of(table(digits, wall=wall))[1], 40), within=3)


@pytest.mark.parametrize("degrees", [-3, -1, 1, 3])
def test_a_turned_table_is_found(digits, degrees):
    colours = table(digits)
    sheet = Image.fromarray(colours[..., 0]).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    middle = np.array(colours.shape[:2]) / 2
    a = np.radians(degrees)

    def moved(down, right):
        y, x = np.array([down, right]) - middle
        return middle + np.array([y * np.cos(a) - x * np.sin(a), x * np.cos(a) + y * np.sin(a)])

    assert_has_all_cells(find_tables(rules_of(np.asarray(sheet)[..., np.newaxis])[1], 40), moved)


def test_a_bent_table_is_found(digits):
    colours = table(digits)[..., 0]
    bend = np.rint(5 * np.sin(np.arange(colours.shape[1]) / 50)).astype(int)
    bent = np.stack([np.roll(column, by) for column, by in zip(colours.T, bend, strict=True)], axis=1)

    def moved(down, right):
        return down + bend[int(right)], right

    assert_has_all_cells(find_tables(rules_of(bent[..., np.newaxis])[1], 40), moved)


def test_writing_without_rules_is_no_table(digits):
    assert find_tables(rules_of(written(digits))[1], HIGH) == []


def test_a_table_whose_boxes_lie_on_each_other_is_not_extended_for_ever():
    twice = Table({(0, 0): (0, 0, 10, 10), (1, 0): (0, 0, 10, 10)})
    assert extended(twice, np.array([[5.0, 5.0]])).n_rows == 2


# Rows.


@pytest.mark.parametrize("seed", range(5))
def test_pieces_come_in_the_order_they_are_read(digits, seed):
    page = write_lines([5, 7, 3], Look(unsteady=1), np.random.default_rng(seed), digits.train, apart=1.6)
    pieces = [Piece(d.box[1], d.box[0], np.ones((d.box[3] - d.box[1], d.box[2] - d.box[0]), bool)) for d in page.digits]
    shuffled = [pieces[k] for k in np.random.default_rng(seed).permutation(len(pieces))]
    rows = in_rows(shuffled, HIGH)
    number = {id(piece): k for k, piece in enumerate(pieces)}
    assert [number[id(piece)] for row in rows for piece in row] == list(range(15))
    assert [len(row) for row in rows] == [5, 7, 3]


def test_a_low_piece_goes_to_the_row_that_it_lies_in():
    def piece(top, left, height):
        return Piece(top, left, np.ones((height, 20), bool))

    first, second, bar = piece(0, 0, 40), piece(60, 0, 40), piece(62, 25, 5)
    rows = in_rows([bar, second, first], 40)
    assert [[each.top for each in row] for row in rows] == [[0], [60, 62]]
    comma = piece(30, 25, 22)  # a tall one, as of Liberation Mono
    assert in_rows([comma, second, first], 40) == [[first, comma], [second]]
    assert in_rows([], 40) == []
    assert in_rows([bar], 40) == [[bar]]


def test_dirt_does_not_make_digits_at_the_edge_too_large():
    """With dirt counted as much as digits, those that touch the edge were taken for a desk or a hand."""
    paper = Image.new("L", (640, 200), 255)
    pencil = ImageDraw.Draw(paper)
    for k in range(6):  # of which three are cut by the lower edge
        pencil.rectangle((40 + 100 * k, 60, 80 + 100 * k, 140 if k % 2 else 200), outline=0, width=9)
    for k in range(14):
        pencil.rectangle((20 + 42 * k, 10 + 5 * (k % 4), 34 + 42 * k, 20 + 5 * (k % 4)), fill=0)
    [found] = scan(np.asarray(paper)[..., np.newaxis])
    assert sum(piece.height > 60 for row in found.rows for piece in row) == 6
