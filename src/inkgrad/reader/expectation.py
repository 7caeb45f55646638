"""Expectation: what the user knows of the writing: how many digits, how many lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inkgrad.errors import SettingError

ALL = frozenset("0123456789")
MOST_DIGITS, MOST_LINES = 100, 1000
TOKEN = re.compile(r"(\\d|\[[^\]]*\]|\d|\\?[^\w\\{}\[\]?*+|()^$])(\{\d{1,4}(?:,\d{1,4})?\}|\?)?", re.ASCII)
LINES = re.compile(r"(?:(\d{1,5}) )?lines?(?: of (.+))?", re.ASCII)
HELP = r"such as \d{5}, [1-9]{9}, \d{2}\.\d{2}, 4 lines, or 4 lines of 9"


@dataclass(frozen=True)
class Expectation:
    """What is expected in a picture.

    n_lines   how many lines; None for any number
    allowed   the digits that may stand at each place of a line; None for any number of any digits
    least     how many digits a line has at least; at most as many as there are places
    """

    n_lines: int | None = None
    allowed: tuple[frozenset[str], ...] | None = None
    least: int = 0


def parse_expectation(pattern: str) -> Expectation:
    r"""Return what a pattern expects.

    It describes one line as a regular expression would: \d is a digit, [1-9] or [0158] one of some, {5} or {3,5}
    how many of them, ? none or one; other signs (a dot, a dash, a space) are there but not read.
    "4 lines", "4 lines of 9" and "lines of \d{5}" describe several.

    >>> parse_expectation(r"\d{5}").least
    5
    >>> parse_expectation("4 lines of 9").n_lines
    4

    Raises SettingError for a pattern that says something else.
    """
    if not pattern.isascii():
        raise SettingError(
            f"expect takes digits 0 to 9 and signs of a plain keyboard, {HELP}, got {pattern!r}", setting="expect"
        )
    found = LINES.fullmatch(pattern.strip())
    if not found:
        return _of_one_line(pattern, 1)
    n_lines = int(found[1]) if found[1] else None
    if n_lines is not None and not 1 <= n_lines <= MOST_LINES:
        raise SettingError(f"a picture has 1 to {MOST_LINES} lines, got {pattern!r}", setting="expect")
    if found[2] is None:
        return Expectation(n_lines)
    if found[2].isdecimal() and len(found[2]) < 4:
        return _of_one_line(rf"\d{{{found[2]}}}", n_lines)
    return _of_one_line(found[2], n_lines)


def _of_one_line(pattern: str, n_lines: int | None) -> Expectation:
    allowed: list[frozenset[str]] = []
    least, at = 0, 0
    for token in TOKEN.finditer(pattern):
        if token.start() != at:
            break
        at = token.end()
        low, high = _how_many(token[2])
        digits = _digits(token[1])
        if digits:
            least += low
            allowed += [digits] * high
    if at != len(pattern) or not allowed or len(allowed) > MOST_DIGITS:
        raise SettingError(
            f"expect takes a pattern of 1 to {MOST_DIGITS} digits, {HELP}, got {pattern!r}", setting="expect"
        )
    return Expectation(n_lines, tuple(allowed), least)


def _how_many(times: str | None) -> tuple[int, int]:
    """Return how often at least and at most something comes, for what stands after it in a pattern."""
    if times is None:
        return 1, 1
    if times == "?":
        return 0, 1
    low, _, high = times[1:-1].partition(",")
    if int(high or low) > MOST_DIGITS or int(high or low) < int(low):
        raise SettingError(
            f"expect takes at most {MOST_DIGITS} digits, the lesser number first, got {times!r}", setting="expect"
        )
    return int(low), int(high or low)


def _digits(token: str) -> frozenset[str]:
    """Return the digits that a token stands for; none for other signs."""
    if token == r"\d":
        return ALL
    if token.isdecimal():
        return frozenset(token)
    if token.startswith("["):
        ranges = re.sub(r"(\d)-(\d)", lambda m: "".join(map(str, range(int(m[1]), int(m[2]) + 1))), token[1:-1])
        if ranges and set(ranges) <= ALL:
            return frozenset(ranges)
        raise SettingError(f"expect takes digits in brackets, such as [1-9], got {token!r}", setting="expect")
    return frozenset()
