"""The line form: of one height, and the same whatever the size and the darkness of the writing."""

import re

import numpy as np
import pytest

from inkgrad.errors import PictureError
from inkgrad.pictures import line_form


def strokes(height=64, width=200, ink=1.0):
    """Two bars, an eighth of the height wide, on paper without ink."""
    picture = np.zeros((height, width), np.float32)
    for x in 0.25, 0.6:
        picture[height // 8 : -height // 8, round(x * width) : round(x * width) + height // 8] = ink
    return picture


@pytest.mark.parametrize(
    ("shape", "width"), [((64, 200), 100), ((16, 40), 80), ((32, 7), 7), ((3, 1), 11), ((400, 1), 1)]
)
def test_a_line_is_32_pixels_high_and_keeps_its_aspect(shape, width):
    line = line_form(np.zeros(shape, np.float32))
    assert line.shape == (32, width)
    assert line.dtype == np.float32


@pytest.mark.parametrize("ink", [1.0, 0.4, 0.1])
def test_pale_ink_is_as_dark_as_other_ink(ink):
    np.testing.assert_allclose(line_form(strokes(ink=ink)), line_form(strokes()), atol=1e-5)
    assert line_form(strokes(ink=ink)).max() == pytest.approx(1)


def test_weak_parts_of_a_stroke_stay_weaker():
    picture = strokes()
    picture[:, 110:] *= 0.4
    assert line_form(picture)[:, 60:].max() == pytest.approx(0.4, abs=0.06)


def test_what_all_of_the_paper_has_is_no_ink():
    np.testing.assert_allclose(line_form(0.2 + 0.7 * strokes()), line_form(strokes()), atol=1e-5)


def test_a_large_picture_is_the_same_line_as_a_small_one():
    large = strokes(256, 800)
    small = large.reshape(64, 4, 200, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(line_form(large), line_form(small), atol=1e-5)


def test_margins_do_not_change_how_dark_a_line_is():
    wide = np.pad(strokes(), ((0, 0), (300, 300)))
    np.testing.assert_allclose(line_form(wide)[:, 150:-150], line_form(strokes()), atol=1e-5)


def test_the_grain_of_empty_paper_stays_pale():
    paper = np.random.default_rng(0).uniform(0, 0.02, (32, 100)).astype(np.float32)
    assert line_form(paper).max() < 0.3


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (4, 5, 1), (5,)])
def test_what_is_no_picture_of_a_line_is_refused(shape):
    said = rf"a line is \(height, width\) and has pixels, got a picture of shape {re.escape(str(shape))}"
    with pytest.raises(PictureError, match=said):
        line_form(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.nan, "got nan to nan"), (np.inf, "got 0 to inf"), (-0.1, "got -0.1 to 1"), (255, "got 0 to 255")],
)
def test_what_is_no_ink_is_refused(value, said):
    picture = strokes()
    picture[3, 4] = value
    with pytest.raises(PictureError, match=f"a line has ink from 0 to 1, {said}: see ink_on_paper"):
        line_form(picture)
