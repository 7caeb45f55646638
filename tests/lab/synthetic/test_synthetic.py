"""Synthetic pictures: they say what is in them, one thing goes wrong at a time, and a seed makes the same again."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from inkgrad.data import Examples
from inkgrad.errors import DataError, SettingError
from lab.synthetic import (
    KINDS,
    Look,
    compose,
    write_boxes,
    write_line,
    write_lines,
    write_ruled,
    write_single,
    write_table,
)
from lab.synthetic.pens import glyph
from lab.synthetic.view import projective

DISTORTED = Look(rotation=4, perspective=0.1, bend=0.05)
WRONG = {  # one thing each
    "texture": 1, "show_through": 1, "specks": 2, "gradient": 0.5, "shadow": 0.5, "fold": 0.3, "blur": 1, "noise": 8,
    "jpeg": 40, "faint": 1, "grain": 1, "rotation": 5, "perspective": 0.1, "bend": 0.1, "lines": "squared",
    "inverted": True, "desk": (90, 60, 40), "ink": (30, 50, 140), "paper": (245, 236, 208),
}  # fmt: skip


@pytest.fixture(scope="module")
def some(digits):
    """The first digits of MNIST."""
    return Examples(digits.train.x[:1000], digits.train.t[:1000])


def rng(seed=0):
    return np.random.default_rng(seed)


def ink_of(picture):
    return picture.mean(axis=2) < 128


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_says_what_the_digits_are(some, kind):
    for seed in range(4):
        page = compose(kind, rng(seed), some)
        assert page.kind == kind
        assert page.picture.dtype == np.uint8
        assert page.picture.shape[2] == 3
        lines = {digit.line: "" for digit in page.digits}
        for digit in page.digits:
            lines[digit.line] += digit.label
        assert re.sub(r"[^\d\n]", "", page.text) == "\n".join(lines.values())
        if page.table is not None:
            assert page.text == "\n".join("".join(row) for row in page.table if any(row))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_picture(some, kind):
    first, second, other = (compose(kind, rng(seed), some) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.picture, second.picture)
    assert first.digits == second.digits
    assert first.picture.shape != other.picture.shape or (first.picture != other.picture).any()


@pytest.mark.parametrize("look", [Look(), DISTORTED, replace(DISTORTED, height=120, pen=0.06)], ids=str)
def test_the_boxes_hold_the_ink(some, look):
    page = write_lines(["0123", "456789"], look, rng(), some)
    ink = ink_of(page.picture)
    for digit in page.digits:
        left, top, right, bottom = digit.box
        inside = ink[top:bottom, left:right]
        for edge in inside[0], inside[-1], inside[:, 0], inside[:, -1]:
            assert ndimage.binary_dilation(edge).any() or inside[1:-1, 1:-1].any()
        assert (bottom - top) == pytest.approx(look.height, rel=0.35)
        ink[top:bottom, left:right] = False
    assert not ink.any()


def test_digits_do_not_touch_unless_told_to(some):
    for seed in range(5):
        apart, joined = (write_line(6, Look(gap=0.1, touching=p), rng(seed), some) for p in (0, 1))
        boxes = [digit.box for digit in apart.digits]
        assert all(a[2] < b[0] for a, b in pairwise(boxes))
        n_apart, n_joined = (ndimage.label(ink_of(page.picture), np.ones((3, 3)))[1] for page in (apart, joined))
        assert n_apart >= 6
        assert n_joined < n_apart


@pytest.mark.parametrize("height", [12, 40, 400])
def test_a_digit_is_as_high_as_said(some, height):
    page = write_single(Look(height=height, unsteady=0), rng(), some, "7")
    ((_, top, _, bottom),) = (digit.box for digit in page.digits)
    assert bottom - top == pytest.approx(height, abs=2)
    assert page.text == "7"


def test_a_thicker_pen_makes_wider_strokes_of_the_same_shape(some):
    for i in range(20):
        image = some.x[i, :, :, 0]
        inks = [glyph(image, "0", pen).field > 0 for pen in (0.05, 0.1, 0.2)]
        assert inks[0].sum() < inks[1].sum() < 1.03 * inks[2].sum()  # a narrow hole may hold back the thickest
        assert len({ndimage.label(ink, np.ones((3, 3)))[1] for ink in inks}) == 1  # none breaks
        assert len({ndimage.label(~ink)[1] for ink in inks}) == 1  # and no hole is filled


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_one_thing_goes_wrong_at_a_time(some, name, value):
    plain, wrong = (write_line("314", look, rng(), some) for look in (Look(), replace(Look(), **{name: value})))
    assert wrong.text == plain.text
    assert wrong.picture.shape != plain.picture.shape or (wrong.picture != plain.picture).any()


def test_a_plain_picture_is_black_on_white(some):
    picture = write_line("314", Look(), rng(), some).picture
    assert picture[0].min() == 255
    assert picture.min() == 0
    inverted = write_line("314", Look(inverted=True), rng(), some).picture
    np.testing.assert_array_equal(255 - inverted, picture)


def test_a_table_has_the_cells_it_says(some):
    page = write_table(4, 5, Look(), rng(), some, empty=0.4, digits_per_cell=(1, 3))
    assert (len(page.table), {len(row) for row in page.table}) == (4, {5})
    cells = {}
    for digit in page.digits:
        cells[digit.line, digit.column] = cells.get((digit.line, digit.column), "") + digit.label
    assert cells == {(i, j): cell for i, row in enumerate(page.table) for j, cell in enumerate(row) if cell}
    assert {len(cell) for cell in cells.values()} <= {1, 2, 3}


def test_strokes_stay_in_their_boxes_unless_told_to_cross(some):
    look = Look(ink=(255, 0, 0), rule=(0, 0, 255))
    inside, crossing = (write_boxes("0123456789", replace(look, touching=p), rng(), some).picture for p in (0, 1))
    red, blue = ((inside[:, :, k] > 128) & (inside[:, :, 1] < 128) for k in (0, 2))
    assert not (ndimage.binary_dilation(red) & blue).any()
    red, blue = ((crossing[:, :, k] > 128) & (crossing[:, :, 1] < 128) for k in (0, 2))
    assert (ndimage.binary_dilation(red) & blue).any()


@pytest.mark.parametrize("lines", ["ruled", "squared"])
def test_writing_stands_on_the_rules(some, lines):
    look = Look(lines=lines, rule=(255, 0, 0), unsteady=0)
    page = write_ruled(["314", "159"], look, rng(), some, apart=1.4)
    full = (page.picture[:, :, 1] < 128).mean(axis=1) > 0.9
    rules = np.flatnonzero(full)
    for digit in page.digits:
        assert np.abs(rules - digit.box[3]).min() < 0.2 * look.height


def test_four_corners_go_where_they_are_sent():
    before, after = rng(1).uniform(0, 100, (2, 4, 2))
    x, y, w = projective(before, after) @ np.concatenate([before.T, np.ones((1, 4))])
    np.testing.assert_allclose(np.stack([x / w, y / w], axis=1), after, atol=1e-6)


@pytest.mark.parametrize("origin", ["photo", "scan", "screen", "board"])
def test_looks_differ(origin):
    assert len({Look.random(rng(seed), origin) for seed in range(10)}) == 10
    assert Look.random(rng(3), origin) == Look.random(rng(3), origin)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"height": 5}, "Look takes height from 12 to 400, got 5"),
        ({"blur": float("nan")}, "Look takes blur from 0 to 100, got nan"),
        ({"jpeg": 0}, "Look takes jpeg from 1 to 95, got 0"),
        ({"noise": None}, "Look takes noise from 0 to 100, got None"),
        ({"ink": (0, 0, 300)}, r"Look takes ink as \(red, green, blue\), each 0 to 255, got \(0, 0, 300\)"),
        ({"lines": "dotted"}, "Look takes lines plain, ruled, squared, got 'dotted'"),
    ],
)
def test_silly_looks_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        Look(**settings)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda some: compose("letter", rng(), some), "kinds are single, line, .* got 'letter'"),
        (lambda some: Look.random(rng(), "fax"), "pictures come from photo, scan, screen, board, got 'fax'"),
        (lambda some: write_line("12a", Look(), rng(), some), "digits 0 to 9, got '12a'"),
        (lambda some: write_line(0, Look(), rng(), some), "a line has at least 1 digit, got 0"),
        (lambda some: write_single(Look(), rng(), some, "12"), "a single digit is one of 0 to 9, got '12'"),
        (lambda some: write_lines([], Look(), rng(), some), "a page has at least 1 line, got none"),
        (lambda some: write_lines(["1"], Look(), rng(), some, apart=0.5), "at least 1.2 heights of a digit apart"),
        (lambda some: write_ruled(["1"], Look(), rng(), some, apart=0.1), "rules are 0.3 to 10 heights"),
        (lambda some: write_table(0, 3, Look(), rng(), some), "a table has 1 to 2000 cells, got 0 rows"),
        (lambda some: write_table(1, 3, Look(), rng(), some, empty=1), "from 0 to below 1, got 1"),
        (lambda some: write_table(1, 3, Look(), rng(), some, digits_per_cell=(2, 1)), r"got \(2, 1\)"),
        (lambda some: write_line(300, Look(height=400), rng(), some), "at most 20,000,000 pixels"),
    ],
)
def test_silly_settings_are_refused(some, write, message):
    with pytest.raises(SettingError, match=message):
        write(some)


def test_examples_must_be_digits(some):
    ones = some.t == 1
    with pytest.raises(DataError, match=r"none of the .* examples is a 7"):
        write_line("17", Look(), rng(), Examples(some.x[ones], some.t[ones]))
    with pytest.raises(DataError, match=r"digits are uint8 \(N, 28, 28, 1\), got float64"):
        write_line("17", Look(), rng(), Examples(some.x / 255, some.t))
