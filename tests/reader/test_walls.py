"""Walls between boxes are no digits, also where they are as dark and thick as writing."""

import zlib

import numpy as np
from PIL import Image, ImageDraw
from support.cutting import read_in_pieces

from inkgrad.reader import ReaderSettings
from inkgrad.reader.page import PageSettings
from lab.synthetic import compose


def comb(some, seed):
    """A field of seven boxes with walls as thick as strokes, with the digits 2 to 8 in them."""
    rng, left, wide = np.random.default_rng(seed), 20, 44
    sheet = Image.new("L", (7 * wide + 40, 90), 255)
    pen = ImageDraw.Draw(sheet)
    for k in range(8):
        x = left + k * wide
        pen.line((x, 20, x, 61), fill=30, width=5)
    for y in 18, 60:
        pen.rectangle((left - 4, y, left + 7 * wide + 4, y + 3), fill=30)
    for k, label in enumerate(range(2, 9)):
        image = some.x[rng.choice(np.flatnonzero(some.t == label)), :, :, 0]
        digit = Image.fromarray(image).resize((32, 32), Image.Resampling.BICUBIC)
        sheet.paste(30, (left + k * wide + 6, 25), digit)
    return sheet


def test_thick_walls_between_boxes_are_not_read(reader, some):
    no_walls = ReaderSettings(PageSettings(fewest_walls=1000))
    ones = {"as usual": 0, "without": 0}
    for seed in range(4):
        for name, settings in ("as usual", ReaderSettings()), ("without", no_walls):
            ones[name] += read_in_pieces(comb(some, seed), reader.eye, settings).count("1")
    assert ones["as usual"] == 0
    assert ones["without"] >= 10  # measured: 24


def cut_box(middle):
    """The right end of a field of which the picture's upper edge cuts off the top, and a 3 and a line in it."""
    sheet = Image.new("L", (300, 120), 255)
    pen = ImageDraw.Draw(sheet)
    pen.line((0, 105, 280, 105), fill=30, width=6)
    pen.arc((40, 20, 80, 58), 180, 90, fill=30, width=7)
    pen.arc((40, 52, 80, 92), 270, 180, fill=30, width=7)
    pen.line((middle - 2, 6, middle, 98), fill=30, width=7)
    return sheet


def test_the_last_side_of_a_box_that_the_picture_cuts_is_no_1(reader):
    assert read_in_pieces(cut_box(276), reader.eye, ReaderSettings()) == "3"
    assert read_in_pieces(cut_box(150), reader.eye, ReaderSettings()) == "31"


def ruled(some, down=()):
    """A line between two pale rules, of digits and of strokes from one rule to the other; rules down where asked."""
    rng = np.random.default_rng(0)
    sheet = Image.new("L", (420, 150), 255)
    pen = ImageDraw.Draw(sheet)
    for y in 10, 50, 100, 140:
        pen.line((0, y, 420, y), fill=110, width=2)
    for x in down:
        pen.line((x, 0, x, 150), fill=110, width=2)
    for k, label in enumerate([2, 1, 3, 1, 4, 1, 5]):
        x = 35 + 50 * k
        if label == 1:
            pen.line((x + 20, 50, x + 22, 101), fill=30, width=4)
            continue
        image = some.x[rng.choice(np.flatnonzero(some.t == label)), :, :, 0]
        digit = Image.fromarray(image).resize((38, 38), Image.Resampling.BICUBIC)
        sheet.paste(30, (x + 5, 57), digit)
    return sheet


def test_strokes_of_a_pen_from_rule_to_rule_are_ones(reader, some):
    assert read_in_pieces(ruled(some), reader.eye, ReaderSettings()) == "2131415"


def test_strokes_between_rules_of_squared_paper_are_ones(reader, some):
    squared = ruled(some, range(30, 420, 50))
    assert read_in_pieces(squared, reader.eye, ReaderSettings()) == "2131415"


def test_digits_beside_the_boxes_that_were_found_go_on_with_them(reader, digits):
    page = compose("boxes", np.random.default_rng([129, zlib.crc32(b"boxes")]), digits.train)
    assert reader.read(page.picture).text == page.text
