"""Expectation: what the user knows of the writing: how many lines, and how each is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inkgrad.errors import SettingError
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.pattern import Pattern, parse_pattern

MOST_LINES = 1000
LINES = re.compile(r"(?:(\d{1,5}) )?lines?(?: of (.+))?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected in a picture.

    n_lines  how many lines; None for any number
    pattern  how each is written; None for anything
    """

    n_lines: int | None = None
    pattern: Pattern | None = None

    @property
    def is_one_digit(self) -> bool:
        """Whether there is one line with one digit."""
        return self.n_lines in (None, 1) and self.pattern is not None and self.pattern.n_digits == (1, 1)


def parse_expectation(text: str) -> Expectation:
    r"""Return what is expected, for a pattern as parse_pattern takes it, which is of one line.

    "4 lines", "4 lines of 9" and "lines of \d{5}" describe several.

    >>> parse_expectation("4 lines of 9").n_lines
    4

    Raises SettingError for a text that says something else.
    """
    found = LINES.fullmatch(text.strip())
    if not found:
        return _of_lines(1, text)
    n_lines = int(found[1]) if found[1] else None
    if n_lines is not None and not 1 <= n_lines <= MOST_LINES:
        raise SettingError(f"a picture has 1 to {MOST_LINES} lines, got {text!r}", setting="expect")
    if found[2] is None:
        return Expectation(n_lines)
    if found[2].isdecimal() and len(found[2]) < 4:
        return _of_lines(n_lines, rf"\d{{{found[2]}}}")
    return _of_lines(n_lines, found[2])


def _of_lines(n_lines: int | None, text: str) -> Expectation:
    pattern = parse_pattern(text)
    pattern.automaton(DIGITS)  # refuses what takes too many states
    return Expectation(n_lines, pattern)
