"""Words beside numbers, and alone: they are left out as words and counted, and no digit is lost with them."""

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from inkgrad.pictures import Piece
from inkgrad.reader import Skipped
from inkgrad.reader.left_out import LeftOut, left_out, parted
from inkgrad.reader.seen import Seen
from lab.synthetic import Look, write_line, write_lines


def printed(text, height=40, font="DejaVuSans"):
    """Text in a font, black on white."""
    letters = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{font}.ttf", height)
    left, top, right, bottom = (int(edge) for edge in letters.getbbox(text))
    sheet = Image.new("RGB", (right - left + 60, bottom - top + 60), "white")
    ImageDraw.Draw(sheet).text((30 - left, 30 - top), text, "black", letters)
    return np.asarray(sheet)


def piece(left, width=10, height=20):
    return Piece(0, left, np.ones((height, width), bool))


def read(left, label="1", gap=""):
    return Seen(piece(left), label, {label: 0.9}, gap=gap)


# What is counted.


def test_several_pieces_close_together_are_one_word_and_one_alone_is_a_blot():
    pieces = [piece(left) for left in (0, 12, 24, 50, 80, 92)]
    assert left_out(pieces, [], 20) == [LeftOut(0, 34, 3), LeftOut(50, 60, 1), LeftOut(80, 102, 2)]
    assert [each.is_word for each in left_out(pieces, [], 20)] == [True, False, True]


def test_specks_count_as_nothing():
    assert left_out([piece(0, 3, 3), piece(6, 40, 4)], [], 20) == []


def test_what_was_read_was_not_left_out():
    assert left_out([piece(0), piece(12)], [read(0), read(12)], 20) == []
    assert left_out([piece(0, 30)], [read(0), read(15)], 20) == []  # a piece of several digits
    assert left_out([piece(0), piece(12)], [read(18)], 20) == [LeftOut(0, 22, 2)]  # a box that reaches over a letter


def test_a_character_parts_what_stands_before_and_behind_it():
    pieces = [piece(left) for left in (0, 12, 24)]
    assert left_out(pieces, [read(12)], 20) == [LeftOut(0, 10, 1), LeftOut(24, 34, 1)]


def test_a_space_stands_for_a_word_between_two_characters():
    row = [read(0, "4"), read(60, "7"), read(72, "1")]
    assert [each.gap for each in parted(row, [LeftOut(20, 40, 3)])] == ["", " ", ""]
    assert [each.gap for each in parted(row, [LeftOut(20, 40, 1)])] == ["", "", ""]  # a blot is no space
    assert [each.gap for each in parted(row, [LeftOut(-30, -2, 3), LeftOut(90, 120, 3)])] == ["", "", ""]


# What is read.


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif"])
@pytest.mark.parametrize(
    ("text", "words"),
    [("Hello World", 2), ("AMOUNT", 1), ("Date of birth", 3), ("Signature", 1), ("Please turn over", 3)],
)
def test_words_alone_say_nothing_and_are_counted(reader, font, text, words):
    reading = reader.read(printed(text, 48, font))
    assert (reading.text, reading.number) == ("", None)  # it was 11001, 611, 01011, ...
    assert words - 1 <= reading.skipped.words <= words + 1  # serifs of two letters may touch


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Total (199)", "(199)"),  # it was 91(199)
        ("Sum 1995-12-12", "1995-12-12"),  # it was 5?771995-12-12
        ("Amount 480", "480"),
        ("No. 7391", "7391"),
        ("45.50 EUR", "45.50"),
        ("Page 3", "3"),
    ],
)
@pytest.mark.parametrize("height", [36, 60])
def test_a_word_beside_a_number_is_left_out(reader, text, number, height):
    reading = reader.read(printed(text, height))
    assert reading.text == number
    assert reading.skipped == Skipped(words=1)


def test_numbers_between_words_are_parted_by_spaces(reader):
    reading = reader.read(printed("Invoice no. 4711 of 12/03/2004"))
    assert reading.text == "4711 12/03/2004"
    assert reading.skipped.words == 3


def test_pages_of_digits_lose_none_and_nothing_is_counted(reader, some):
    pages = [write_lines([8, 7, 6], Look(gap=0.3), np.random.default_rng(seed), some) for seed in range(4)]
    pages += [write_line(8, Look(pen=0.08), np.random.default_rng(seed), some) for seed in range(8)]
    readings = reader([page.picture for page in pages])
    assert sum(len(found.digits) for found in readings) >= 0.99 * sum(len(page.digits) for page in pages)
    assert sum(found.skipped.total for found in readings) <= 1
