"""What is said of what was read: characters, gaps, lines and texts, without any picture."""

import numpy as np
import pytest

from inkgrad.reader import Character, Reading, Skipped

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
    assert (other.skipped.words, other.skipped.blots, other.skipped.total, other.turned) == (12, 3, 15, 90)
