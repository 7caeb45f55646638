"""Ink colour: two inks that cross are told apart by what each takes of the light, and alike ones are not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from inkgrad.pictures.ink_colour import of_writing, share_of_writing

GREEN, BLUE, GREY, DARK_BLUE = (0.35, 0.75, 0.45), (0.2, 0.3, 0.7), (0.4, 0.4, 0.4), (0.1, 0.15, 0.4)
SHAPE = 120, 260


def drawn(draw):
    """What some lines cover of a sheet, in [0, 1], with soft edges."""
    sheet = Image.new("L", SHAPE[::-1])
    draw(ImageDraw.Draw(sheet))
    return ndimage.gaussian_filter(np.array(sheet, np.float32) / 255, 0.7)


def rules(pen):
    for x in range(20, 260, 60):
        pen.line((x, 10, x, 110), 255, 3)
    pen.line((20, 10, 200, 10), 255, 3)
    pen.line((20, 110, 200, 110), 255, 3)


def writing(pen):
    for x in range(60, 260, 60):
        pen.ellipse((x, 30, x + 50, 90), outline=255, width=6)


def taken(ruled, written, rule_colour, pen_colour, noise=0.0, seed=0):
    """What ink takes of the light of each channel where each pixel has the two colours (light that is left)."""
    light = [(1 - ruled * (1 - r)) * (1 - written * (1 - p)) for r, p in zip(rule_colour, pen_colour, strict=True)]
    return np.clip(1 - np.stack(light) + np.random.default_rng(seed).normal(0, noise, (3, *SHAPE)), 0, 1)


@pytest.fixture
def inks():
    return drawn(rules), drawn(writing)


def share_of(inks, rule_colour, pen_colour, noise=0.0):
    ruled, written = inks
    return share_of_writing(
        taken(ruled, written, rule_colour, pen_colour, noise), ruled > 0.5, (ruled > 0.3) | (written > 0.3)
    )


@pytest.mark.parametrize("colours", [(GREEN, BLUE), (GREY, BLUE), (BLUE, GREY), (GREEN, GREY)])
@pytest.mark.parametrize("noise", [0, 0.02])
def test_where_two_inks_cross_the_writing_stays_and_the_rule_goes(inks, colours, noise):
    ruled, written = inks
    share = share_of(inks, *colours, noise)
    kept = of_writing(share)
    assert share.shape == SHAPE
    assert share.dtype == np.float32
    assert kept[(written > 0.9) & (ruled > 0.9)].mean() > 0.9
    assert kept[written > 0.9].min() > 0.5
    assert kept[(ruled > 0.9) & (ndimage.maximum_filter(written, 7) < 0.05)].mean() < 0.1
    assert 0 <= kept.min() <= kept.max() <= 1


@pytest.mark.parametrize("noise", [0.005, 0.02])
@pytest.mark.parametrize("colour", [GREEN, BLUE, GREY])
def test_inks_of_one_colour_are_not_told_apart(inks, colour, noise):
    assert share_of(inks, colour, colour, noise) is None


def test_a_paler_line_of_the_same_ink_has_its_colour(inks):
    ruled, written = inks
    assert share_of((0.5 * ruled, written), BLUE, BLUE, 0.01) is None


def test_sides_of_boxes_that_were_not_found_do_not_change_the_colour_of_the_writing(inks):
    ruled, written = inks
    found = ruled > 0.5
    found[:, 100:] = False
    share = share_of_writing(taken(ruled, written, GREEN, BLUE), found, (ruled > 0.3) | (written > 0.3))
    kept = of_writing(share)
    assert kept[(ruled > 0.9) & (ndimage.maximum_filter(written, 7) < 0.05)].mean() < 0.1
    assert kept[written > 0.9].min() > 0.5


def test_a_grey_picture_and_one_without_rules_or_writing_show_no_colours(inks):
    ruled, written = inks
    both, strokes, nothing = taken(ruled, written, GREEN, BLUE), (ruled > 0.3) | (written > 0.3), np.zeros(SHAPE, bool)
    assert share_of_writing(both[:1], ruled > 0.5, strokes) is None
    assert share_of_writing(both, nothing, strokes) is None
    assert share_of_writing(both, ruled > 0.5, ruled > 0.5) is None
