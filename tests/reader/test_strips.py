"""Strips have the whole of a row, straight, and nothing of what is beside it."""

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.pictures import line_form
from inkgrad.reader.page import scan
from inkgrad.reader.strips import StripSettings, cut_strips
from lab.synthetic import Look, write_line, write_lines, write_table

SHAPE = 200, 400


def page(*strokes, shape=SHAPE, ink=30):
    """A white picture with bars (top, left, bottom, right), each with its own darkness if it is told."""
    picture = np.full((*shape, 1), 255, np.uint8)
    for top, left, bottom, right, *dark in strokes:
        picture[top:bottom, left:right] = dark[0] if dark else ink
    return picture


def bars(top, n=6, left=60, step=40, high=40, bend=0):
    """Bars that stand in a row, or in one that bends by so many pixels, and more and more."""
    tops = [top - round(bend * (2 * i / (n - 1) - 1) ** 2) for i in range(n)]
    return [(tops[i], left + i * step, tops[i] + high, left + i * step + 7) for i in range(n)]


def only_strip(picture, settings=StripSettings()):
    (found,) = scan(picture)
    ((strip,),) = cut_strips(found, settings=settings)
    return found, strip


def test_a_strip_has_its_row_with_some_paper_around():
    found, strip = only_strip(page(*bars(80)))
    inked = strip.ink > 0.5
    assert inked.any(axis=1).sum() == 40
    assert inked.any(axis=0).sum() == 6 * 7
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    assert rows[0] == 6  # 0.15 of 40
    assert len(strip.ink) - rows[-1] - 1 >= 6
    assert columns[0] == 14  # 0.35 of 40
    assert (strip.left + columns[0], strip.tops[0] + rows[0]) == (60, 80)
    assert strip.ink.max() == pytest.approx(found.ink.max())


def test_weak_ink_beside_a_row_is_inside_and_far_ink_is_not():
    near, far = (80, 35, 120, 42, 170), (85, 365, 88, 367, 30)
    _, strip = only_strip(page(*bars(80), near, far))
    assert strip.left < 35
    assert strip.left + strip.ink.shape[1] < 365


def test_pieces_one_above_the_other_are_cut_out_as_they_stand():
    (found,) = scan(page(*[(top, 200, top + 30, 207) for top in (20, 80, 140)]))
    found = replace(found, rows=[[piece for row in found.rows for piece in row]], places=[None])
    ((strip,),) = cut_strips(found)
    assert len(found.rows[0]) == 3
    assert np.ptp(strip.tops) == 0
    assert (strip.ink > 0.5).sum() == 3 * 30 * 7


@pytest.mark.filterwarnings("error")
def test_pieces_in_two_columns_show_no_bend():
    (found,) = scan(page(*[(top, left, top + 30, left + 7) for left in (200, 260) for top in (20, 80, 140)]))
    found = replace(found, rows=[[piece for row in found.rows for piece in row]], places=[None])
    ((strip,),) = cut_strips(found)
    assert len(found.rows[0]) == 6
    assert np.ptp(strip.tops) == 0
    assert (strip.ink > 0.5).sum() == 6 * 30 * 7


def test_a_row_that_bends_is_cut_out_straight():
    _, strip = only_strip(page(*bars(120, n=8, bend=30)))
    assert len(strip.ink) < 40 * 1.6
    inked = strip.ink > 0.5
    assert np.ptp(inked[:, inked.any(axis=0)].argmax(axis=0)) <= 3
    assert np.ptp(strip.tops) > 25


def test_a_piece_of_a_strip_is_where_it_is_in_the_scan():
    written = bars(120, n=8, bend=30)
    _, strip = only_strip(page(*written))
    for top, left, bottom, right in written:
        piece = strip.piece(left - strip.left - 5, right - strip.left + 5, 0.5)
        assert (piece.top, piece.left, piece.bottom, piece.right) == (top, left, bottom, right)


def test_ink_of_the_row_above_is_left_out():
    above = [(top - 56, left, bottom - 43, right) for top, left, bottom, right in bars(80)]  # reach down to it
    (found,) = scan(page(*bars(80), *above))
    strips = cut_strips(found)
    assert [len(row) for row in strips] == [1, 1]
    inked = strips[1][0].ink > 0.3
    assert inked.any(axis=1).sum() == 40


def test_parts_of_a_row_far_apart_are_strips_of_their_own():
    (found,) = scan(page(*bars(80, n=3, step=20), *bars(80, n=3, step=20, left=300)))
    ((first, second),) = cut_strips(found)
    assert first.left + first.ink.shape[1] < second.left
    assert not (first.ink > 0.5).all(axis=0).any()


def test_rows_that_are_not_asked_for_have_no_strip():
    (found,) = scan(page(*bars(20), *bars(140)))
    assert [len(row) for row in cut_strips(found, [False, True])] == [0, 1]
    assert [len(row) for row in cut_strips(found, [False, False])] == [0, 0]


def test_the_strip_of_a_cell_is_without_its_sides(some):
    written = write_table(3, 3, Look(height=60), np.random.default_rng(3), some, digits_per_cell=(1, 1), empty=0)
    (found,) = scan(written.picture)
    assert found.places.count(None) == 0
    assert len(found.rows) == 9
    for (strip,) in cut_strips(found):
        form = line_form(strip.ink)
        assert (form[:, :2] < 0.3).all()
        assert (form[:, -2:] < 0.3).all()
        assert (form[:1] < 0.3).all()


def test_strips_are_as_high_as_lines_to_train_on_have_it(some):
    written = write_lines([6, 6, 6], Look(height=50), np.random.default_rng(0), some)
    (found,) = scan(written.picture)
    for (strip,) in cut_strips(found):
        assert 1.1 * strip.high < len(strip.ink) < 2.2 * strip.high


def test_a_strip_at_the_edge_of_a_picture_has_paper_beyond(some):
    digits = write_line(4, Look(height=50), np.random.default_rng(1), some).picture
    inked = np.argwhere(digits.mean(axis=2) < 120)
    cut = digits[inked[:, 0].min() : inked[:, 0].max() + 1, inked[:, 1].min() : inked[:, 1].max() + 1]
    (found,) = scan(cut)
    ((strip,),) = cut_strips(found)
    assert strip.left < 0
    assert strip.tops[0] < 0
    assert (strip.ink[:, : -strip.left] == 0).all()
    piece = strip.piece(0, 1, 2.0)  # nothing is as dark
    assert piece.left >= 0
    assert piece.top >= 0
