"""Literals: what a pattern expects stands in the text, though nothing was seen of it."""

import numpy as np
import pytest

from inkgrad.data import mnist
from inkgrad.reader import Reader
from inkgrad.reader.expectation import parse_expectation
from inkgrad.reader.literals import with_literals
from inkgrad.reader.page import scan
from inkgrad.reader.parsing import expected_of_rows
from inkgrad.reader.pattern import parse_pattern
from inkgrad.reader.reading import Character, Reading
from lab.synthetic import Look, write_boxes, write_line


def character(best, line=0, column=0, gap="", cell=None, label=None):
    box = 10 * column, 20 * line + column, 10 * column + 6, 20 * line + 15
    return Character(label or best, best, 0.9, (), box, line, column, np.ones((28, 28), np.uint8), gap, cell)


def line_of(text, line=0, cell=None):
    """Return the characters of a text; a space or a tab is the gap of the next one."""
    found, gap = [], ""
    for each in text:
        if each in " \t":
            gap = each
        else:
            found.append(character(each, line, len(found), gap, cell))
            gap = ""
    return found


def text_of(characters):
    return Reading(tuple(characters), None, (100, 100)).text


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\d{2}\.\d{2}", "1250", "12.50"),
        (r"\d{2}\.\d{2}", "12.50", "12.50"),
        (r"\d{2}\.\d{2}", "12,50", "12,50"),
        (r"\d{2}\.\d{2}", "125", "125"),
        (r"\d{3} \d{3}", "123456", "123 456"),
        (r"\d{3} \d{3}", "123 456", "123 456"),
        (r"€ ?\d{2}", "12", "€12"),
        (r"€ \d{2}-", "12", "€ 12-"),
        (r"\d{2}[./]\d{2}", "1250", "12?50"),
        (r"\d{2}[./]\d{2}", "12/50", "12/50"),
        (r"\d{6}", "123 456", "123456"),
        (r"\d{7}", "123 456", "123 456"),
    ],
)
def test_signs_stand_where_they_are_expected(pattern, text, expected):
    assert text_of(with_literals(line_of(text), parse_pattern(pattern))) == expected


def test_a_digit_that_is_unsure_stays_so():
    line = [character("1", column=0), character("2", column=1, label="?")]
    assert text_of(with_literals(line, parse_pattern(r"\d\.\d"))) == "1.?"


def test_each_line_is_as_expected_by_itself():
    found = with_literals(line_of("1250") + line_of("99", 1) + line_of("0175", 2), parse_pattern(r"\d{2}\.\d{2}"))
    assert text_of(found) == "12.50\n99\n01.75"
    assert [each.column for each in found] == [0, 1, 2, 3, 4, 0, 1, 0, 1, 2, 3, 4]


def test_cells_are_as_expected_where_their_line_is_not():
    cells = line_of("1250", 0, (0, 0)) + line_of("\t0175", 0, (0, 1)) + line_of("\t3", 0, (0, 2))
    found = with_literals(cells, parse_pattern(r"\d{2}\.\d{2}"))
    assert text_of(found) == "12.50\t01.75\t3"
    assert [each.cell for each in found] == [(0, 0)] * 5 + [(0, 1)] * 5 + [(0, 2)]


def test_a_number_in_boxes_is_one_line():
    boxes = [character(digit, 0, k, cell=(0, k)) for k, digit in enumerate("75001")]
    assert text_of(with_literals(boxes, parse_pattern(r"\d{2}-\d{3}"))) == "75-001"


def test_the_gap_of_a_cell_stands_before_a_sign_that_was_not_seen():
    first, second, *_ = with_literals(line_of("\t12", cell=(0, 1)), parse_pattern(r"€\d\d"))
    assert (first.gap, first.label, second.gap, second.label) == ("\t", "€", "", "1")


def test_what_was_not_seen_has_no_ink_and_stands_between_its_neighbours():
    _, _, dot, five, _ = with_literals(line_of("1250"), parse_pattern(r"\d{2}[.,]\d{2}"))
    assert (dot.label, dot.best, dot.probability, dot.others) == ("?", ".", 0.5, ((",", 0.5),))
    assert dot.box == (16, 1, 20, 15)
    assert dot.image.shape == (28, 28)
    assert not dot.image.any()
    assert five.image.all()


@pytest.mark.parametrize(("pattern", "place", "x"), [(r"€\d\d", 0, 0), (r"\d\d€", -1, 16)])
def test_a_sign_at_an_end_is_narrow(pattern, place, x):
    left, _, right, _ = with_literals(line_of("12"), parse_pattern(pattern))[place].box
    assert left == right == x


def test_a_reader_writes_what_it_expects():
    picture = write_line("1250", Look(), np.random.default_rng(2), mnist().test).picture
    assert Reader(expect=r"\d{2}\.\d{2}").read(picture).text == "12.50"
    assert Reader(expect=r"\d{2}\.\d{2}", marks=False).read(picture).text == "1250"
    assert Reader(expect=r"(\d,)?\d{3}").read(picture).text == "1,250"


def boxes_scanned(text, pattern):
    page = write_boxes(text, Look(height=40), np.random.default_rng(3), mnist().test)
    (found,) = scan(page.picture)
    return page, expected_of_rows(found, parse_expectation(pattern))


def test_a_pattern_is_that_of_a_whole_row_of_boxes():
    page, expected = boxes_scanned("75012", r"\d{2}-\d{3}")
    assert expected == [None] * len(expected)
    free, knowing = (Reader(expect=expect).read(page.picture).text for expect in (None, r"\d{2}-\d{3}"))
    assert len(free) == 5
    assert knowing == f"{free[:2]}-{free[2:]}"


def test_a_pattern_of_one_digit_is_that_of_each_box():
    _, expected = boxes_scanned("75012", r"\d")
    assert [each.n_digits for each in expected] == [(1, 1)] * 5
