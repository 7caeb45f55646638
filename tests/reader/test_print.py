"""Print: digits as high as each other, with narrow spaces, small, and in the colour of rules or not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.reader import Reader
from lab.synthetic.sources import font_of

FONTS = "DejaVuSans", "DejaVuSerif", "STIXGeneral", "DejaVuSansMono"


@pytest.fixture(scope="module")
def reader():
    return Reader()


def printed(text, font, px):
    """Return text in black on white, `px` pixels to an em, with an em of paper around."""
    letters = font_of(font, px)
    left, top, right, bottom = (int(edge) for edge in letters.getbbox(text))
    sheet = Image.new("L", (right - left + 2 * px, bottom - top + 2 * px), 255)
    ImageDraw.Draw(sheet).text((px - left, px - top), text, 0, letters)
    return np.asarray(sheet)


def n_read(reader, texts, px):
    """Return how many of some texts are read in the four fonts, so many pixels to an em."""
    return sum(reader.read(printed(text, font, px)).text == text for text in texts for font in FONTS)


@pytest.mark.parametrize(("px", "least"), [(18, 15), (22, 15), (26, 16)])
def test_small_print_is_read(reader, px, least):
    """The edges of its rows were taken for rules, as the gaps between characters are no wider than those in rules.

    Then 14, 11 and 10 of the 16 were read.
    """
    assert n_read(reader, ["8519,30", "40,560", "+551,23", "7274.-"], px) >= least


def test_boxes_of_enlarged_print_are_those_of_the_picture(reader):
    picture = printed("8519", "DejaVuSans", 20)
    boxes = np.array([character.box for character in reader.read(picture).characters])
    rows, columns = np.nonzero(picture < 128)
    assert np.abs(boxes[:, 0].min() - columns.min()) <= 1
    assert np.abs(boxes[:, 2].max() - columns.max() - 1) <= 1
    assert np.abs(boxes[:, 1].min() - rows.min()) <= 1
    assert np.abs(boxes[:, 3].max() - rows.max() - 1) <= 1


def test_spaces_of_print_are_narrow(reader):
    """With spaces only where they are as wide as in handwriting, 3 of the 16 were read."""
    assert n_read(reader, ["5 632", "4 855", "20 536,31", "1 361"], 48) >= 13


def test_print_without_a_space_has_none(reader):
    assert n_read(reader, ["5632", "4111", "20536,31", "1.361.117"], 48) >= 15


def test_marks_that_stand_far_from_a_digit_are_read(reader):
    """In fonts whose characters are all as wide, the last mark was left out: 9 of the 12 were read."""
    assert n_read(reader, ["6.-", "300.-", "7014.-"], 40) == 12


def test_slashes_are_no_ones(reader):
    """The pieces' network takes them for ones: 10 of the 16 were read."""
    assert n_read(reader, ["826/-", "4/4/79", "31/12/2004", "46407/-"], 40) >= 13


def test_writing_in_the_colour_of_a_frame_is_not_taken_for_a_part_of_it(reader):
    """A word beside it has another colour; the dot is too small to be known for writing by its size."""
    sheet = Image.new("RGB", (560, 200), "white")
    pencil = ImageDraw.Draw(sheet)
    pencil.text((20, 75), "Sum", (90, 120, 220), font_of("DejaVuSans", 44))
    pencil.rectangle((160, 40, 540, 160), outline="black", width=2)
    pencil.text((200, 60), "20.30", "black", font_of("DejaVuSerif", 72))
    assert reader.read(np.asarray(sheet)).text == "20.30"
