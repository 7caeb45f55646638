"""Two readings of a row become one: sure where they agree, and less so where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.pictures import Piece
from inkgrad.reader.arbitration import arbitrated, is_clear
from inkgrad.reader.line_eye import Said
from inkgrad.reader.seen import Seen

DIGITS, MARKS = "0123456789", ".,-/:=+()*#"


def seen(label, p, place, labels=DIGITS, gap="", width=8, second=""):
    """A character that stands at one of the places 0, 1, 2, ... of a row, with the rest of its probability on one."""
    others = [each for each in labels if each != label]
    rest = {second: 1 - p} if second else dict.fromkeys(others, (1 - p) / len(others))
    piece = Piece(10, round(12 * place), np.ones((20, width), bool))
    return Seen(piece, label, {each: rest.get(each, 0.0) for each in labels} | {label: p}, np.zeros((28, 28)), gap)


def by_pieces(text, p=0.99, **doubts):
    return [seen(label, doubts.get(f"at_{i}", p), i) for i, label in enumerate(text)]


def by_line(text, p=0.99, whole=0.95, **doubts):
    places = np.arange(len(text)) * 1.0
    found = [seen(label, doubts.get(f"at_{i}", p), places[i], DIGITS + MARKS) for i, label in enumerate(text)]
    return Said(found, whole)


def text_of(row):
    return "".join(each.gap + each.label for each in row)


def test_where_both_agree_it_is_surer_than_either():
    row = arbitrated(by_pieces("123", 0.9), by_line("123", 0.9))
    assert text_of(row) == "123"
    assert all(each.probability > 0.95 for each in row)


def test_the_surer_one_decides_a_digit_that_differs_and_it_is_doubtful():
    cut = [*by_pieces("12"), seen("3", 0.6, 2, second="8")]
    row = arbitrated(cut, by_line("128"))
    assert text_of(row) == "128"
    assert row[2].probability > 0.75
    line = Said([*by_line("12").characters, seen("8", 0.97, 2, DIGITS + MARKS, second="3")], 0.9)
    torn = arbitrated([*by_pieces("12"), seen("3", 0.97, 2, second="8")], line)
    assert torn[2].probability < 0.75


@pytest.mark.parametrize("label", MARKS)
def test_marks_are_those_of_the_line(label):
    line = [seen(each, 0.99, place, DIGITS + MARKS) for each, place in (("1", 0), (label, 0.7), ("2", 2))]
    row = arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], Said(line, 0.95))
    assert text_of(row) == f"1{label}2"


def test_faint_marks_that_the_pieces_have_nothing_for_are_left_out():
    line = [
        seen(each, p, place, DIGITS + MARKS) for each, p, place in (("1", 0.99, 0), (".", 0.3, 0.7), ("2", 0.99, 2))
    ]
    assert text_of(arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], Said(line, 0.4))) == "12"


def test_a_mark_is_kept_though_it_is_not_clear_which():
    comma = seen(",", 0.5, 0.7, DIGITS + MARKS, second=".")
    line = [seen("1", 0.99, 0, DIGITS + MARKS), comma, seen("2", 0.99, 2, DIGITS + MARKS)]
    row = arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], Said(line, 0.5))
    assert text_of(row) == "1,2"
    assert row[1].probability == pytest.approx(0.5)


def test_a_mark_that_looks_like_a_digit_to_the_pieces_is_one_where_the_line_is_sure():
    row = arbitrated(by_pieces("4256", 0.98), by_line("-256", 0.999))
    assert text_of(row) == "-256"
    assert text_of(arbitrated(by_pieces("4256", 0.98), by_line("-256", 0.999, at_0=0.5))) == "4256"


def test_a_slash_that_the_pieces_take_for_a_1_is_one_where_the_line_is_quite_sure():
    cut = by_pieces("21", 0.997)
    line = [seen("2", 0.99, 0, DIGITS + MARKS), seen("/", 0.985, 1, DIGITS + MARKS, second="1")]
    (_, slash) = arbitrated(cut, Said(line, 0.95))
    assert slash.label == "/"
    assert slash.probability > 0.75
    line[1] = seen("/", 0.6, 1, DIGITS + MARKS, second="1")
    assert text_of(arbitrated(cut, Said(line, 0.6))) == "21"


@pytest.mark.parametrize(
    ("label", "second", "high", "right"), [(",", ".", 8, ","), (".", ",", 3, "."), (".", ",", 8, ",")]
)
def test_a_mark_with_a_tail_is_rather_a_comma_than_a_dot(label, second, high, right):
    mark = seen(label, 0.6, 1, DIGITS + MARKS, second=second)
    mark = replace(mark, piece=Piece(28, 12, np.ones((high, 4), bool)))
    line = [seen("1", 0.99, 0, DIGITS + MARKS), mark, seen("2", 0.99, 2, DIGITS + MARKS)]
    row = arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], Said(line, 0.95))
    assert text_of(row) == f"1{right}2"
    assert row[1].probability > 0.75
    assert sum(row[1].p.values()) == pytest.approx(1)


def test_a_line_that_is_sure_of_a_dot_is_right_though_it_is_high():
    mark = replace(seen(".", 0.99, 1, DIGITS + MARKS, second=","), piece=Piece(28, 12, np.ones((8, 4), bool)))
    line = [seen("1", 0.99, 0, DIGITS + MARKS), mark, seen("2", 0.99, 2, DIGITS + MARKS)]
    assert text_of(arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], Said(line, 0.95))) == "1.2"


def test_a_colon_before_all_else_is_the_end_of_a_word():
    assert (
        text_of(
            arbitrated(by_pieces("12"), Said([seen(":", 0.99, -1, DIGITS + MARKS), *by_line("12").characters], 0.9))
        )
        == "12"
    )
    line = Said(
        [seen("1", 0.99, 0, DIGITS + MARKS), seen(":", 0.99, 1, DIGITS + MARKS), seen("2", 0.99, 2, DIGITS + MARKS)],
        0.9,
    )
    assert text_of(arbitrated([seen("1", 0.99, 0), seen("2", 0.99, 2)], line)) == "1:2"
    line = Said([seen(":", 0.99, -1, DIGITS + MARKS), *by_line("12").characters], 0.9)
    assert text_of(arbitrated(by_pieces("12"), line, accepts=lambda row: text_of(row) == ":12")) == ":12"


def test_where_the_numbers_of_digits_differ_the_surer_reading_is_taken_and_what_it_has_alone_is_less_sure():
    row = arbitrated(by_pieces("1246", at_1=0.6), by_line("12346"))
    assert text_of(row) == "12346"
    assert row[2].probability < 0.9
    row = arbitrated(by_pieces("1246"), by_line("126", 0.9, 0.4))
    assert text_of(row) == "1246"
    assert row[2].probability < 0.9


def test_what_only_the_line_has_is_left_out_where_it_looks_like_no_digit():
    cut, line = by_pieces("12"), by_line("120")
    assert text_of(arbitrated(cut, line, look=lambda piece: {"0": 0.1})) == "12"
    assert text_of(arbitrated(cut, line, look=lambda piece: {"0": 0.9})) == "120"


def test_a_digit_that_was_torn_is_whole_where_all_its_ink_looks_so():
    cut = [seen("6", 0.98, 0, width=5), seen("7", 0.98, 0.5, width=5), seen("1", 0.99, 2)]
    line = Said([seen("0", 0.99, 0, DIGITS + MARKS, width=11), seen("1", 0.99, 2, DIGITS + MARKS)], 0.95)
    looked = []

    def look(piece, digit="0"):
        looked.append((piece.left, piece.right))
        return dict.fromkeys(DIGITS, 0.005) | {digit: 0.95}

    row = arbitrated(cut, line, look=look)
    assert text_of(row) == "01"
    assert row[0].probability > 0.99
    assert looked == [(0, 11)]
    doubtful = arbitrated(cut, line)[0].probability
    assert doubtful < 0.9
    assert arbitrated(cut, line, look=lambda piece: look(piece, "6"))[0].probability == doubtful
    assert arbitrated(cut, line, look=lambda piece: {})[0].probability == doubtful


def test_a_row_that_only_the_line_has_is_kept_where_it_is_sure():
    assert arbitrated([], by_line("12", 0.6)) == []
    assert text_of(arbitrated([], by_line("12", 0.999, 0.99))) == "12"


def test_strokes_that_only_the_line_takes_for_ones_are_rests_of_rules():
    assert text_of(arbitrated([], by_line("1", 0.999, whole=0.999))) == ""
    assert text_of(arbitrated([], by_line("1-", 0.999, whole=0.999))) == ""


def test_a_mark_alone_is_kept_in_its_box_and_dirt_elsewhere():
    comma = by_line(",", 0.97)
    assert text_of(arbitrated([], comma, is_box=True)) == ","
    assert arbitrated([], comma) == []
    assert arbitrated([], Said([seen(",", 0.6, 0, DIGITS + MARKS, second="1")], 0.6), is_box=True) == []


def test_words_that_the_line_says_nothing_of_are_left_out_or_doubtful():
    assert arbitrated(by_pieces("1101", 0.8), Said([], 0.99)) == []


def test_what_is_expected_gives_way_to_no_mixture():
    row = arbitrated(by_pieces("7"), by_line("1"), accepts=lambda characters: text_of(characters) == "1")
    assert text_of(row) == "1"
    row = arbitrated(by_pieces("7", 0.7), by_line("1"), accepts=lambda characters: text_of(characters) == "7")
    assert text_of(row) == "7"


def at(middles, heights=20, width=8, spaces=()):
    """Ones to nines as both readings have them, their middles at these columns, a space said before some."""
    heights = np.broadcast_to(heights, len(middles)).tolist()
    row = []
    for i, (middle, height) in enumerate(zip(middles, heights, strict=True)):
        labelled = seen(str(i + 2), 0.99, 0, DIGITS + MARKS, gap=" " if i in spaces else "")
        row.append(replace(labelled, piece=Piece(10, round(middle - width / 2), np.ones((height, width), bool))))
    return text_of(arbitrated(row, Said(row, 0.95)))


def test_a_space_is_much_wider_than_the_other_gaps():
    heights = [20, 24, 18, 22]
    assert at([10, 22, 39, 51], heights, spaces=(2,)) == "2345"
    assert at([10, 22, 58, 70], heights, spaces=(2,)) == "23 45"


def test_a_narrow_space_is_seen_between_the_even_steps_of_print():
    assert at([10, 22, 34, 52, 64, 76]) == "234 567"  # 222 334 of STIX was read 222334
    assert at([10, 22, 34, 46, 58, 70]) == "234567"
    assert at([10, 28, 40, 52]) == "2 345"  # 5 632 of DejaVu Serif was read 5632
    assert at([10, 28, 40]) == "234"  # too few to tell


@pytest.mark.parametrize(
    ("before", "after"), [((259, 312), (322, 357)), ((259, 295), (305, 357))], ids=["with the digit before", "after"]
)
def test_a_space_is_seen_though_a_piece_of_print_is_a_digit_and_its_comma(before, after):
    row = [seen(label, 0.99, 0, DIGITS + MARKS) for label in "83794,59"]
    sides = [(75, 110), (116, 151), (179, 212), (219, 254), before, (305, 312), after, (363, 398)]
    heights = [53, 53, 51, 53, 60, 17, 52, 53]  # of Liberation Sans: was read 83794,59
    row = [
        replace(each, piece=Piece(10, left, np.ones((height, right - left), bool)))
        for each, (left, right), height in zip(row, sides, heights, strict=True)
    ]
    assert text_of(arbitrated(row, Said(row, 0.95))) == "83 794,59"


def test_a_narrow_space_that_parts_no_thousands_is_none_of_print():
    assert at([10, 22, 34, 52, 64, 76, 88, 100]) == "23456789"  # a row of handwriting was read 858 34713
    assert at([10, 22, 40, 52, 64, 82, 94, 106]) == "23 456 789"


def test_uneven_steps_or_heights_are_handwriting_in_which_so_narrow_a_space_is_none():
    assert at([10, 24, 34, 52, 66, 76]) == "234567"
    assert at([10, 22, 34, 52, 64, 76], heights=[20, 24, 20, 18, 20, 20]) == "234567"


def test_wide_gaps_between_digits_that_else_touch_are_no_spaces():
    heights = [20, 22, 19, 23, 20, 20]  # 00 70 3 94 was read for 0070394
    middles = [10, 18, 43, 50, 80, 87]
    assert at(middles, heights, spaces=(2, 4)) == "234567"
    assert at([*middles[:4], 100, 107], heights, spaces=(2, 4)) == "2345 67"


def test_a_row_of_one_piece_that_is_surely_a_digit_needs_no_second_reading():
    assert is_clear(1, by_pieces("7", 0.99))
    assert not is_clear(1, by_pieces("7", 0.9))
    assert not is_clear(2, by_pieces("7", 0.99))
    assert not is_clear(1, [])


def silent_line(text, silence):
    """A line that says a text at the last of ten places, and nothing before with some probability."""
    frames = np.array([(place * 12 + 4, silence if place < 10 - len(text) else 0.0) for place in range(10)])
    places = np.arange(10 - len(text), 10)
    return Said(
        [seen(label, 0.99, place, DIGITS + MARKS) for label, place in zip(text, places, strict=True)], 0.3, frames
    )


def test_several_digits_of_the_pieces_where_the_line_has_nothing_are_a_word():
    assert text_of(arbitrated(by_pieces("1170119480"), silent_line("480", 0.95))) == "480"
    assert text_of(arbitrated(by_pieces("1170119480"), silent_line("480", 0.3))) == "1170119480"
    assert text_of(arbitrated(by_pieces("1170119480"), silent_line("", 0.95))) == ""


def test_one_digit_is_left_out_only_where_the_line_is_surer_that_there_is_none():
    assert text_of(arbitrated(by_pieces("1234567890")[6:], silent_line("890", 0.99))) == "890"
    assert text_of(arbitrated(by_pieces("1234567890")[6:], silent_line("890", 0.95))) == "7890"


def test_what_is_expected_is_no_word():
    row = arbitrated(by_pieces("1170119480"), silent_line("480", 0.95), accepts=lambda said: len(said) == 10)
    assert text_of(row) == "1170119480"
