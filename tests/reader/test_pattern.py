"""Patterns: what is expected of a line, held to Python's own regular expressions."""

import re
from itertools import product

import numpy as np
import pytest

from inkgrad.errors import SettingError
from inkgrad.reader import Reader
from inkgrad.reader.expectation import parse_expectation
from inkgrad.reader.pattern import parse_pattern

DIGITS = "0123456789"
SOME = ("", *"0129.,- ")  # labels: the blank, and few enough that all lines of them can be tried


def all_lines(labels, longest):
    for n in range(longest + 1):
        yield from map("".join, product(labels, repeat=n))


def accepted(pattern, labels, longest):
    """Return the lines of labels, "" being the blank, that the automaton of a pattern accepts."""
    automaton = parse_pattern(pattern).automaton(labels)
    characters = [label for label in labels if label]
    return {line for line in all_lines(characters, longest) if automaton.accepts([labels.index(each) for each in line])}


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d",
        r"\d{3}",
        r"\d{1,3}",
        r"\d\d?",
        r"[12]?\d",
        r"[0-2]{2}",
        r"[129]{2,3}",
        r"[\d.]{2}",
        r"[.,]?\d[.,]\d",
        r"[-.]\d",
        r"\d{2}\.\d{2}",
        r"\d{0,2}-{0,2}\d",
        r"-?\d(,\d)?",
        r"\d(,\d){0,2}",
        r"(\d-)?(\d,?){1,2}",
        r"((\d\.)?-){1,2}\d",
        r"(\d?\.?){2}",
        r"\d \d",
        r"1\d?2?9",
    ],
)
def test_an_automaton_accepts_what_the_regular_expression_does(pattern):
    assert accepted(pattern, SOME, 5) == {line for line in all_lines(SOME[1:], 5) if re.fullmatch(pattern, line)}


@pytest.mark.parametrize(
    ("pattern", "unseen", "same"),
    [
        (r"\d€", "€", r"\d"),
        (r"\$ ?\d{1,2}", "$", r" ?\d{1,2}"),
        (r"\d{2}/\d{2}", "/", r"\d{4}"),
        (r"\d[.:]\d", ":", r"\d\.?\d"),
        (r"(\d/){0,2}\d", "/", r"\d{1,3}"),
    ],
)
def test_a_sign_that_cannot_be_seen_takes_no_ink(pattern, unseen, same):
    assert unseen not in SOME
    assert accepted(pattern, SOME, 4) == {line for line in all_lines(SOME[1:], 4) if re.fullmatch(same, line)}


@pytest.mark.parametrize(
    ("pattern", "n_digits"),
    [
        (r"\d{5}", (5, 5)),
        (r"\d{3,5}", (3, 5)),
        (r"20[12]\d", (4, 4)),
        (r"\d{2}-\d{2}/\d", (5, 5)),
        (r"-?\d{1,3}(,\d{3}){0,3}\.\d{2}", (3, 14)),
        (r"[\d.]{4}\d", (1, 5)),
        (r"\d?", (0, 1)),
    ],
)
def test_digits_are_counted(pattern, n_digits):
    assert parse_pattern(pattern).n_digits == n_digits


@pytest.mark.parametrize(
    ("pattern", "seen", "parts"),
    [
        (r"\d{2}\.\d{2}", "1250", "1 2 . 5 0"),
        (r"\d{2}\.\d{2}", "12.50", "1 2 . 5 0"),
        (r"\d{4}-\d{2}", "202405", "2 0 2 4 - 0 5"),
        (r"€\d{1,3}", "12", "€ 1 2"),
        (r"-?\d{2}", "12", "1 2"),
        (r"-?\d{2}", "-12", "- 1 2"),
        (r"\d{1,3}(,\d{3}){0,2}\.\d{2}", "123456750", "1 , 2 3 4 , 5 6 7 . 5 0"),
        (r"\d{1,3}(,\d{3}){0,2}\.\d{2}", "1234,567.50", "1 , 2 3 4 , 5 6 7 . 5 0"),
        (r"\d[.,]\d", "12", "1 ., 2"),
        (r"\d[.,]\d", "1,2", "1 , 2"),
        (r"\d{2}\.\d{2}", "125", None),
        (r"\d{2}\.\d{2}", "12.5", None),
        (r"\d{2}\.\d{2}", "12,50", None),
        (r"[1-4]{2}", "15", None),
        (r"\d{2}\.\d{2}", "", None),
    ],
)
def test_what_was_not_seen_is_written_where_it_is_expected(pattern, seen, parts):
    found = parse_pattern(pattern).written(seen)
    assert (None if found is None else " ".join(signs for signs, _ in found)) == parts
    if found is not None:
        assert [number for _, number in found if number is not None] == list(range(len(seen)))
        assert all(signs == seen[number] for signs, number in found if number is not None)


def test_nothing_is_written_of_what_need_not_be_there():
    assert parse_pattern(r"(\d,)?\d?-?").written("") == []


def test_what_is_accepted_where_no_sign_is_seen_can_be_written_and_nothing_else():
    expression = r"(\d{1,2}/)?\d,?\d{0,2}-?"
    pattern = parse_pattern(expression)
    automaton = pattern.automaton(DIGITS)
    for digits in all_lines("012", 5):
        found = pattern.written(digits)
        assert (found is not None) == automaton.accepts([int(each) for each in digits])
        if found is not None:
            assert re.fullmatch(expression, "".join(signs for signs, _ in found))


@pytest.mark.parametrize(
    ("text", "n_lines", "n_digits"),
    [
        ("4 lines", 4, None),
        ("1 line", 1, None),
        ("lines", None, None),
        ("4 lines of 9", 4, (9, 9)),
        (r"lines of \d{5}", None, (5, 5)),
        (r"2 lines of [12]\d?", 2, (1, 2)),
        (r"\d{2}", 1, (2, 2)),
    ],
)
def test_several_lines_are_expected(text, n_lines, n_digits):
    expected = parse_expectation(text)
    assert expected.n_lines == n_lines
    assert (expected.pattern and expected.pattern.n_digits) == n_digits


def test_a_hundred_digits_take_a_hundred_and_one_states():
    np.testing.assert_array_equal(parse_pattern(r"\d{100}").digits.ends, np.arange(101) == 100)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "expect takes a pattern of 1 to 100 digits, and at most 100 signs"),
        ("five", "1 to 100 digits, .*such as .* got 'five'"),
        (r"\d+", r"got '\\\\d\+'"),
        (r"\d*", r"got '\\\\d\*'"),
        (r"\d{1,}", "1 to 100 digits"),
        (r"\D", "1 to 100 digits"),
        ("[1-9", "1 to 100 digits"),
        ("---", "1 to 100 digits"),
        (r"\d{0}", "1 to 100 digits"),
        (r"\d{60}\d{60}", "1 to 100 digits"),
        (r"(\d{11}){10}", "1 to 100 digits"),
        (r"\d(-{11}){10}", "at most 100 signs"),
        (r"(\d", "1 to 100 digits"),
        (r"\d)", "1 to 100 digits"),
        (r"\d()", "1 to 100 digits"),
        (r"\d(-{0}){100}", "1 to 100 digits"),
        (r"(?:\d)", "1 to 100 digits"),
        (r"\d|-", "1 to 100 digits"),
        ("(" * 9 + r"\d" + ")" * 9, "1 to 100 digits"),
        (r"\d$", "1 to 100 digits"),
        ("\\d\n", r"expect takes digits 0 to 9 and signs, .*got '\\n' in "),
        ("٣", "expect takes digits 0 to 9 and signs, .*got '٣' in "),
        (r"\dé", "digits 0 to 9 and signs"),
        (r"\d{101}", r"at most 100 of a kind, the lesser number first, got '\{101\}'"),
        (r"\d{5,3}", r"the lesser number first, got '\{5,3\}'"),
        ("[a-z]", r"digits or signs in brackets, such as \[1-9\] or \[.,\], got '\[a-z\]'"),
        ("[59-1]", r"digits in brackets from the lesser on, got '9-1'"),
        ("[]", "digits or signs in brackets"),
        ("[^1]", "digits or signs in brackets"),
        (r"\d{0,20}1\d{12}", "expect takes a pattern with at most 400 states"),
        ("0 lines", "a picture has 1 to 1000 lines, got '0 lines'"),
        ("1001 lines", "a picture has 1 to 1000 lines"),
        ("4 lines of", "1 to 100 digits"),
        ("4 lines of x", "1 to 100 digits"),
        ("4 lines of 0", "1 to 100 digits"),
    ],
)
def test_silly_patterns_are_refused_before_anything_is_read(pattern, message):
    with pytest.raises(SettingError, match=message):
        Reader(expect=pattern)
