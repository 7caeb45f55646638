"""Whole pages, tables and forms with one thing wrong: how much of them is read right, over many seeds.

What was measured, in November 2026 over 40 seeds, stands beside each; what is asked is 0.03 to 0.05 less, so that
another model of the same quality passes, and never less than 0.85.
"""

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from inkgrad.reader import Reader, draw_boxes
from lab.synthetic import Look, write_boxes, write_line, write_lines, write_ruled, write_table

N = 4  # seeds, 0 to 3; twice as many of single lines


def pages_of(write, n=N):
    return [write(np.random.default_rng(seed)) for seed in range(n)]


def errors(text, other):
    """How many signs have to be changed, put in or left out to make one text of the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for i, sign in enumerate(text, start=1):
        before, row = row, [i]
        for j, mark in enumerate(other, start=1):
            row.append(min(before[j - 1] + (sign != mark), before[j] + 1, row[-1] + 1))
    return row[-1]


def share_right(reader, pages):
    """The share of digits and line ends that are right; what is misread, missed or invented counts against it."""
    readings = reader([page.picture for page in pages])
    wrong = sum(errors(page.text, found.text) for page, found in zip(pages, readings, strict=True))
    return 1 - wrong / sum(len(page.text) for page in pages)


def test_errors_are_counted():
    assert [errors("314", other) for other in ("314", "34", "3?4", "", "31\n4", "413")] == [0, 1, 1, 3, 1, 2]


# One thing wrong with a page of four lines.


@pytest.mark.parametrize(
    ("look", "least"),
    [
        ({}, 0.95),  # 0.99
        ({"inverted": True}, 0.95),  # 0.99
        ({"shadow": 0.6}, 0.95),  # 0.99
        ({"shadow": 0.5, "hard_shadow": True}, 0.95),  # 0.99; of a hard shadow of 0.6 but 0.73
        ({"gradient": 0.7}, 0.95),  # 0.99
        ({"perspective": 0.2}, 0.95),  # 0.99
        ({"bend": 0.15}, 0.95),  # 0.99
        ({"show_through": 1}, 0.93),  # 0.98
        ({"desk": (90, 60, 40)}, 0.95),  # 0.99
        *(({"rotation": degrees}, 0.95) for degrees in (-15, -7, 7, 15)),  # 0.99
    ],
    ids=str,
)
def test_a_page_is_read_line_by_line(reader, some, look, least):
    pages = pages_of(lambda rng: write_lines([8, 7, 6, 5], Look(**look), rng, some))
    assert share_right(reader, pages) >= least


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((30, 50, 140), (222, 224, 226)),
        ((250, 235, 150), (30, 62, 48)),
        ((180, 30, 40), (245, 236, 208)),
        ((25, 110, 60), (255, 255, 255)),
        ((200, 60, 60), (40, 40, 45)),
        ((150, 150, 150), (255, 255, 255)),
        ((200, 200, 200), (255, 255, 255)),
    ],
    ids=["blue on grey", "chalk", "red on yellow", "green", "red on black", "pencil", "pale"],
)
def test_ink_of_any_colour_is_read(reader, some, ink, paper):
    pages = pages_of(lambda rng: write_line(8, Look(ink=ink, paper=paper), rng, some))
    assert share_right(reader, pages) >= 0.95  # measured: 0.99


@pytest.mark.parametrize(
    ("look", "least"),
    [
        ({"blur": 3}, 0.89),  # 0.94
        ({"faint": 1}, 0.87),  # 0.92
        ({"grain": 1}, 0.93),  # 0.98
        ({"pen": 0.05}, 0.93),  # 0.98
        ({"pen": 0.2}, 0.95),  # 0.99
        ({"slant": 20}, 0.93),  # 0.98
        ({"slant": -15}, 0.95),  # 0.99
    ],
    ids=str,
)
def test_a_line_of_bad_quality_is_read(reader, some, look, least):
    assert share_right(reader, pages_of(lambda rng: write_line(8, Look(**look), rng, some), 2 * N)) >= least


# Print around the writing.


@pytest.mark.parametrize("lines", ["ruled", "squared"])
@pytest.mark.parametrize("rotation", [0, 6])
def test_writing_on_lines_is_read(reader, some, lines, rotation):
    look = Look(lines=lines, rotation=rotation)
    assert share_right(reader, pages_of(lambda rng: write_ruled([6, 7, 8], look, rng, some), 6)) >= 0.89  # 0.95


@pytest.mark.parametrize(("look", "least"), [({}, 0.94), ({"rotation": 5}, 0.93), ({"touching": 0.3}, 0.88)], ids=str)
def test_forms_are_read(reader, some, look, least):
    pages = pages_of(lambda rng: write_boxes(8, Look(**look), rng, some), 2 * N)
    assert share_right(reader, pages) >= least  # measured: 0.98, 0.98, and where digits cross the boxes 0.93


def cells_right(reader, pages):
    """The share of cells whose row, column and text are right, the empty ones among them."""
    right = n = 0
    for page, found in zip(pages, reader([page.picture for page in pages]), strict=True):
        read = {(i, j): cell for i, row in enumerate(found.table or ()) for j, cell in enumerate(row)}
        true = {(i, j): cell for i, row in enumerate(page.table) for j, cell in enumerate(row)}
        right += sum(read.get(place) == cell for place, cell in true.items())
        n += len(read | true)
    return right / n


@pytest.mark.parametrize(
    ("look", "most", "empty", "least"),
    [
        ({}, 1, 0.4, 0.95),  # measured: 0.995
        ({"rotation": 5}, 1, 0.3, 0.95),  # 0.995
        ({"bend": 0.1, "perspective": 0.1}, 1, 0.3, 0.90),  # 0.95
        ({"touching": 0.2}, 1, 0.2, 0.93),  # 0.98
        ({}, 3, 0.2, 0.93),  # 0.98
    ],
    ids=str,
)
def test_the_cells_of_tables_are_read(reader, some, look, most, empty, least):
    def write(rng):
        return write_table(5, 4, Look(**look), rng, some, empty=empty, digits_per_cell=(1, most))

    assert cells_right(reader, pages_of(write)) >= least


# Touching digits.


def test_touching_pairs_are_read_right_where_two_are_expected(reader, some):
    pages = pages_of(lambda rng: write_line(2, Look(touching=1), rng, some), 40)
    knowing = Reader(reader.eye.model, expect=r"\d{2}")
    readings = knowing([page.picture for page in pages])
    assert [len(found.digits) for found in readings] == [2] * 40
    assert np.mean([page.text == found.text for page, found in zip(pages, readings, strict=True)]) >= 0.8  # 0.88
    assert share_right(knowing, pages) >= 0.88  # measured: 0.93


# What is no digit.

UNLIKE = "AEFHKMNRTUVWXY"  # capitals that no digit looks like


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif", "DejaVuSans-Bold"])
def test_letters_beside_a_line_are_left_out(reader, some, font):
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{font}.ttf", 40)
    line = write_line("4713", Look(), np.random.default_rng(0), some).picture
    pictures = []
    for letter in UNLIKE:
        sheet = Image.new("RGB", (line.shape[1] + 70, line.shape[0]), "white")
        sheet.paste(Image.fromarray(line), (70, 0))
        ImageDraw.Draw(sheet).text((15, line.shape[0] // 2), letter, "black", font, anchor="lm")
        pictures.append(sheet)
    left_out = [found.text == "4713" for found in reader(pictures)]
    assert np.mean(left_out) >= 0.85  # measured: 1.00


# Boxes.


def overlap(a, b):
    """Intersection over union of two boxes."""
    width, height = (min(a[k + 2], b[k + 2]) - max(a[k], b[k]) for k in (0, 1))
    both = max(width, 0) * max(height, 0)
    return both / (sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)) - both)


@pytest.mark.parametrize(("degrees", "least"), [(-12, 0.6), (-6, 0.75), (0, 0.9), (6, 0.75), (12, 0.6)])
def test_boxes_cover_the_ink_also_of_a_turned_page(reader, some, degrees, least):
    look = Look(rotation=degrees, unsteady=0.3)
    for page in pages_of(lambda rng: write_lines(["3141", "5926"], look, rng, some)):
        found = reader.read(page.picture)
        if [digit.best for digit in found.digits] != [digit.label for digit in page.digits]:
            continue
        overlaps = [overlap(a.box, b.box) for a, b in zip(found.digits, page.digits, strict=True)]
        # a box around a turned box: it holds more than the ink's own, most for a slim 1
        assert np.median(overlaps) >= least  # measured: 0.68, 0.83, 0.98, 0.83, 0.72
        assert min(overlaps) >= 0.3
        for left, top, right, bottom in (digit.box for digit in found.digits):
            assert 0 <= left < right <= page.picture.shape[1]
            assert 0 <= top < bottom <= page.picture.shape[0]


@pytest.mark.parametrize("grey", [False, True])
def test_a_picture_with_boxes_is_changed_only_near_them(reader, some, grey):
    picture = write_lines(["3141", "59"], Look(height=60), np.random.default_rng(3), some).picture
    picture = picture[:, :, 0] if grey else picture
    picture = np.pad(picture, ((60, 60), (60, 200))[: picture.ndim] + ((0, 0),) * (picture.ndim - 2), "edge")
    found = reader.read(picture)
    drawn = np.asarray(draw_boxes(picture, found))
    before = np.repeat(picture[..., np.newaxis], 3, axis=2) if grey else picture
    assert drawn.shape == before.shape
    near = np.zeros(before.shape[:2], bool)
    for left, top, right, bottom in (digit.box for digit in found.digits):
        near[top:bottom, left:right] = True
    near = ndimage.binary_dilation(near, np.ones((3, 3)), iterations=40)  # labels are up to 0.4 of 60 pixels high
    changed = (drawn != before).any(axis=2)
    assert not (changed & ~near).any()
    assert changed.sum() > 100 * len(found.digits) > 0
