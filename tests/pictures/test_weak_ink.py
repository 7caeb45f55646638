"""Weak ink: a stroke that is pale in parts stays whole, and nothing else is joined to it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from support.cutting import read_in_pieces

from inkgrad.pictures import find_pieces, ink_on_paper, thresholds
from inkgrad.pictures.weak_ink import WeakInkSettings, with_weak_ink
from inkgrad.reader import ReaderSettings
from inkgrad.reader.page import PageSettings
from lab.synthetic import Look, write_line

WIDE = 8  # pixels of a stroke
NONE = WeakInkSettings(least=1)


def strokes_of(ink, settings=WeakInkSettings(), apart=None):
    """The strokes before weak ink is joined to them, and after."""
    least = thresholds(ink)
    return ink > least, with_weak_ink(ink, least, ink > least, WIDE, apart, settings)


def ring(weak, blur=1.0, others=()):
    """The ink of a ring, its flanks `weak` times as dark as the rest, and of others (box, dark)."""
    sheet = Image.new("L", (200, 160))
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((60, 40, 130, 120), outline=255, width=WIDE)
    pen.rectangle((30, 40, 30 + WIDE, 120), fill=255)
    ink = np.array(sheet, np.float32) / 255 * 0.7
    ink[70:95, 50:] *= weak
    for (left, top, right, bottom), dark in others:
        ink[top:bottom, left:right] = np.maximum(ink[top:bottom, left:right], dark)
    return ndimage.gaussian_filter(ink, blur)


@pytest.mark.parametrize("weak", [0.42, 0.45])
@pytest.mark.parametrize("blur", [0.7, 2])
def test_a_ring_with_pale_flanks_stays_whole(weak, blur):
    ink = ring(weak, blur)
    before, after = strokes_of(ink)
    (circle,) = [piece for piece in find_pieces(after, WIDE) if piece.left > 50]
    assert circle.height == pytest.approx(81, abs=4)
    assert ndimage.label(~circle.mask)[1] == 5  # its hole, and a corner of paper at each side
    cut = find_pieces(before, WIDE)
    assert max(piece.height for piece in cut if piece.left > 50) < 60
    np.testing.assert_array_equal(strokes_of(ink, NONE)[1], before)


@pytest.mark.parametrize("blur", [1, 2])
def test_soft_edges_make_no_stroke_thicker(blur):
    before, after = strokes_of(ring(1.0, blur))
    np.testing.assert_array_equal(after, before)


def test_strokes_with_soft_edges_alone_are_given_back_as_they_came():
    ink = ring(1.0)
    least = thresholds(ink)
    strokes = ink > least
    assert with_weak_ink(ink, least, strokes, WIDE) is strokes


def test_weak_ink_that_touches_no_stroke_is_left_out():
    speck = (150, 20, 156, 26), 0.25
    before, after = strokes_of(ring(0.4, others=[speck]))
    assert after.sum() > before.sum()
    assert not after[:30, 140:].any()


def test_nothing_is_joined_where_much_weak_ink_lies_away_from_strokes():
    net = [((x, y, x + 4, y + 4), 0.25) for x in range(140, 200, 8) for y in range(0, 160, 8)]
    before, after = strokes_of(ring(0.4, others=net))
    np.testing.assert_array_equal(after, before)
    assert strokes_of(ring(0.4, others=net), WeakInkSettings(away=1))[1].sum() > before.sum()


def test_rules_are_not_joined_to_strokes():
    pale = (0, 119, 200, 124), 0.32
    ink = ring(1.0, others=[pale])
    rule = np.zeros(ink.shape, bool)
    rule[114:127] = True
    assert strokes_of(ink, WeakInkSettings(away=1))[1][:, :20].any()
    assert not strokes_of(ink, WeakInkSettings(away=1), rule)[1][:, :20].any()


# As it is read.


def in_pencil(seed, digits):
    """A line whose ink is from 0.4 to 1 times as dark as at its darkest, changing within each digit."""
    rng = np.random.default_rng(seed)
    page = write_line(7, Look(pen=0.1, height=50), rng, digits)
    ink = 1 - page.picture[:, :, 0] / 255
    coarse = Image.fromarray(rng.random((ink.shape[0] // 20 + 3, ink.shape[1] // 20 + 3)).astype(np.float32))
    flow = np.clip(np.asarray(coarse.resize(ink.shape[::-1], Image.Resampling.BICUBIC)) * 2.2 - 0.6, 0, 1)
    return np.uint8(230 * (1 - 0.6 * ink * (0.4 + 0.6 * flow))), page.text


def test_uneven_pencil_is_read(reader, some):
    right = {"with": 0, "without": 0}
    for seed in range(12):
        picture, text = in_pencil(seed, some)
        for name, settings in ("with", ReaderSettings()), ("without", ReaderSettings(PageSettings(weak_ink=NONE))):
            right[name] += read_in_pieces(picture, reader.eye, settings) == text
    assert right["with"] >= 11  # of 12; measured: 12
    assert right["without"] < 6  # 2


def test_the_ink_of_a_grey_picture_is_read_as_before(some):
    page = write_line(7, Look(), np.random.default_rng(0), some)
    ink = ink_on_paper(page.picture)
    before, after = strokes_of(ink)
    assert (after & ~before).sum() < 0.05 * before.sum()
