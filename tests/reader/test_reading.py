"""What is said of what was read: characters, gaps, lines and texts, without any picture."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from inkgrad.reader import Character, Reading, Skipped, draw_boxes, number_of
from inkgrad.reader.reading import digits_alone

IMAGE = np.zeros((28, 28), np.uint8)


def character(label, line=0, column=0, gap="", best=None, probability=0.9):
    box = (10 * column, 20 * line, 10 * column + 8, 20 * line + 15)
    return Character(label, best or label, probability, (("8", 0.06), ("3", 0.01)), box, line, column, IMAGE, gap)


def reading_of(*lines, **settings):
    """Return a reading of lines, their spaces and tabs as gaps."""
    characters = []
    for number, line in enumerate(lines):
        gap, column = "", 0
        for sign in line:
            if sign in " \t":
                gap = sign
            else:
                characters.append(character(sign, number, column, gap))
                gap, column = "", column + 1
    return Reading(tuple(characters), None, (100, 50), **settings)


@pytest.mark.parametrize("lines", [["12.50"], ["-3", "2024-05-17"], ["1 234", "4\t16"], []])
def test_the_text_has_the_characters_with_their_gaps(lines):
    reading = reading_of(*lines)
    assert reading.text == "\n".join(lines)
    assert [line.text for line in reading.lines] == lines
    assert [len(line) for line in reading.lines] == [len(line.replace(" ", "").replace("\t", "")) for line in lines]
    assert [each for line in reading.lines for each in line] == list(reading.characters)


def test_digits_are_the_characters_that_are_no_marks():
    reading = reading_of("-12.50", "3/4")
    assert "".join(each.label for each in reading.digits) == "125034"
    assert [[each.label for each in line.digits] for line in reading.lines] == [list("1250"), list("34")]


def test_an_unsure_character_is_what_it_most_probably_is():
    digit, mark = character("?", best="7", probability=0.4), character("?", column=1, best="-", probability=0.3)
    reading = Reading((digit, mark), None, (9, 9))
    assert (digit.is_digit, mark.is_digit) == (True, False)
    assert reading.digits == (digit,)
    assert reading.text == "??"
    assert reading.probability == reading.lines[0].probability == 0.3


def test_a_reading_says_what_was_left_out_and_how_it_was_turned():
    plain = reading_of("1")
    assert (plain.skipped, plain.turned, plain.error) == (Skipped(0, 0), 0, None)
    other = reading_of("1", skipped=Skipped(words=12, blots=3), turned=90)
    assert str(other.skipped) == "12 words and 3 blots"
    assert (str(Skipped(1, 0)), str(Skipped(0, 1)), str(Skipped())) == ("1 word", "1 blot", "nothing")
    assert (other.skipped.words, other.skipped.blots, other.skipped.total, other.turned) == (12, 3, 15, 90)


def test_digits_alone_have_no_gaps_and_no_holes():
    reading = reading_of("- 1,2\t5", "-:-", "4 0", "?")
    found = Reading(digits_alone(reading.characters), None, (100, 50))
    assert found.text == "125\n40"
    assert [(each.line, each.column, each.gap) for each in found.characters] == [
        (0, 0, ""), (0, 1, ""), (0, 2, ""), (1, 0, ""), (1, 1, ""),
    ]  # fmt: skip
    assert [each.box for each in found.characters] == [each.box for each in reading.digits]


# Drawn.


def test_a_small_mark_has_a_label_as_large_as_those_of_its_line():
    digits = tuple(replace(character("0", 0, k), box=(40 * k + 10, 100, 40 * k + 40, 160)) for k in range(4))
    mark = replace(character("#", 0, 4), box=(180, 128, 200, 132))
    white = np.full((200, 400, 3), 255, np.uint8)
    drawn = np.asarray(draw_boxes(white, Reading((*digits, mark), None, (400, 200))))
    label = (drawn[90:125, 175:] != 255).any(axis=2)
    assert label.any(axis=1).sum() >= 12  # pixels that the label above its box is high
    assert (drawn[120:136, 175:205] != 255).any()


# Numbers.


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        ("-3", "-3"),
        ("- 3", "-3"),
        ("+5", "5"),
        ("0", "0"),
        (".5", "0.5"),
        (",50", "0.50"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("12,345", "12345"),
        ("123,456", "123456"),
        ("1234,567", "1234.567"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("1,2345", "1.2345"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234,567.89", "1234567.89"),
        ("1.234,56", "1234.56"),
        ("-1,234.567", "-1234.567"),
        ("1.234,567", "1234.567"),
        ("3 015.06", "3015.06"),
        ("1 003 015,06", "1003015.06"),
        ("1 234,567", "1234.567"),
        ("007", "7"),
        ("00.50", "0.50"),
        ("**450,00**", "450.00"),
        ("* 450 *", "450"),
        ("=450.00=", "450.00"),
        ("#1,450.00#", "1450.00"),
        ("$12.50", "12.50"),
        ("-$ 3", "-3"),
        ("12,50 €", "12.50"),
        ("450.--", "450"),
        ("450,-", "450"),
        ("1,450/-", "1450"),
        ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
    ],
)
def test_a_number_is_told_from_how_it_is_written(text, number):
    assert str(number_of(text)) == number
    assert reading_of(text).number == reading_of(text).lines[0].number == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "", "-", ".", "5.", "--3", "3-", "-450.-", "3*4", "2+3=5", "(12.00)", "(3)", "1.2.3",
        "2024-05-17", "12/03/2004", "17.05.2024", "12:30", "1/2",
        "1?5", "12.?0", "?", "12\t50", "12 50", "12 345", "123 456 789", "1 2.50", "12 3456.00", "12. 50", "12 .50",
        "12€50", "$",
        "1,23,456", "1,234,56", "1,234,5678", "12,34.5", "1234,567.89", "1,234.567.890", "1,234.5,6", "1,234 567.00",
        "01,234", "001,234", ",234", "0,123,456", "1'234", "4٣", "1e5", "NaN", "Infinity", "1_000",
    ],
)  # fmt: skip
def test_what_may_be_another_thing_is_no_number(text):
    assert number_of(text) is None


def test_several_lines_are_no_number_and_each_may_be_one():
    reading = reading_of("12.50", "3")
    assert reading.number is None
    assert [line.number for line in reading.lines] == [Decimal("12.50"), Decimal(3)]
    assert reading_of().number is None


def test_an_unsure_character_makes_no_number():
    unsure = character("?", best="1", probability=0.5)
    assert Reading((unsure,), None, (9, 9)).number is None
