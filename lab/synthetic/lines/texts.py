"""Texts: what lines say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.synthetic.lines.kinds import MARKS, LineKinds

OFTEN = ".,-/:"  # are half of the marks among those at random
ENDS = ("-", "=", ".-", ",-", "/-", "/=")  # of amounts, so that nothing can be added
MOST_DIGITS = 12  # in a row
TRIES = 8  # for a pattern that is short enough


def text_of(kinds: LineKinds, rng: np.random.Generator, longest: int) -> str:
    """Return what a line says, at most so many characters; no space at an end."""
    nothing, random, marks, zeros, spaces = rng.random(5) < (
        kinds.nothing, kinds.random_marks, kinds.marks, kinds.zeros, kinds.spaces,
    )  # fmt: skip
    if nothing:
        return ""
    if random:
        return _at_random(rng, longest)
    text = _patterned(rng, longest) if marks else ""
    text = text or _digits(rng, int(rng.integers(1, min(longest, MOST_DIGITS) + 1)))
    if zeros:
        text = _with_zeros(text, rng)
    if spaces:
        text = _with_spaces(text, rng)
    return text[:longest].strip()


def _patterned(rng: np.random.Generator, longest: int) -> str:
    """Return a text of a pattern that is short enough; "" where none of some is."""
    patterns = tuple(PATTERNS)
    for _ in range(TRIES):
        text = PATTERNS[patterns[rng.integers(len(patterns))]](rng)
        if len(text) <= longest:
            return text
    return ""


def _digits(rng: np.random.Generator, n: int) -> str:
    return "".join(map(str, rng.integers(0, 10, n)))


def _number(rng: np.random.Generator, most: int = 6) -> str:
    """Return a number without leading zeros, as people write them: long ones are rarer."""
    n = min(int(rng.integers(1, most + 1)), int(rng.integers(1, most + 1)) + 1)
    return str(rng.integers(1, 10)) + _digits(rng, n - 1)


def _grouped(number: str, mark: str) -> str:
    """Return a number with a mark before each three digits."""
    first = len(number) % 3 or 3
    return mark.join([number[:first], *(number[i : i + 3] for i in range(first, len(number), 3))])


def _amount(rng: np.random.Generator) -> str:
    decimal, thousand = (".,", ",.", ". ", ", ")[rng.integers(4)]
    number = _number(rng, 7)
    number = _grouped(number, thousand) if rng.random() < 0.6 else number
    if rng.random() < 0.7:
        number += decimal + ("00", _digits(rng, 2))[rng.integers(2)]
    return number + (ENDS[rng.integers(len(ENDS))] if rng.random() < 0.15 else "")


def _signed(rng: np.random.Generator) -> str:
    number = _number(rng, 4) + ("." + _digits(rng, int(rng.integers(1, 4))) if rng.random() < 0.4 else "")
    return ("+-"[int(rng.random() < 0.75)] + number) if rng.random() < 0.85 else f"({number})"


def _decimal(rng: np.random.Generator) -> str:
    return _number(rng, 3) + ".,"[rng.integers(2)] + _digits(rng, int(rng.integers(1, 4)))


def _date(rng: np.random.Generator) -> str:
    year, month, day = str(rng.integers(1900, 2100)), int(rng.integers(1, 13)), int(rng.integers(1, 32))
    kind, mark = rng.integers(4), "/-."[rng.integers(3)]
    if kind == 0:
        return f"{year}-{month:02}-{day:02}"
    first, second = (f"{day:02}", f"{month:02}") if kind < 3 else (str(day), str(month))
    return mark.join((first, second, year if rng.random() < 0.5 else year[2:]))


def _time(rng: np.random.Generator) -> str:
    minutes, hour = f"{rng.integers(60):02}", int(rng.integers(24))
    seconds = f":{rng.integers(60):02}" if rng.random() < 0.2 else ""
    return (f"{hour:02}" if rng.random() < 0.6 else str(hour)) + ":" + minutes + seconds


def _code(rng: np.random.Generator) -> str:
    mark = "-/. "[rng.integers(4)]
    parts = [_digits(rng, int(n)) for n in rng.integers(2, 5, rng.integers(2, 4))]
    return ("#" if rng.random() < 0.15 else "") + mark.join(parts)


def _fenced(rng: np.random.Generator) -> str:
    fence = "#*="[rng.integers(3)] * int(rng.integers(1, 3))
    return fence + _amount(rng) + (fence if rng.random() < 0.8 else "")


def _telephone(rng: np.random.Generator) -> str:
    area = _digits(rng, int(rng.integers(2, 4)))
    start = f"({area}) " if rng.random() < 0.4 else f"+{area} "
    return start + _digits(rng, 3) + "- "[rng.integers(2)] + _digits(rng, int(rng.integers(2, 5)))


def _sum(rng: np.random.Generator) -> str:
    sign = "+-*/:"[rng.integers(5)]
    space = " " if rng.random() < 0.3 else ""
    end = "=" + (_number(rng, 3) if rng.random() < 0.5 else "") if rng.random() < 0.7 else ""
    return _number(rng, 3) + space + sign + space + _number(rng, 3) + end


PATTERNS: dict[str, Callable[[np.random.Generator], str]] = {
    "amount": _amount,
    "another amount": _amount,  # twice, as no pattern is more common
    "signed": _signed,
    "decimal": _decimal,
    "date": _date,
    "time": _time,
    "code": _code,
    "fenced": _fenced,
    "telephone": _telephone,
    "sum": _sum,
}


def _at_random(rng: np.random.Generator, longest: int) -> str:
    """Return marks and digits, one of each at least: alone, a mark may be anything."""
    marks = rng.random(int(rng.integers(2, min(longest, 8) + 1))) < 0.4
    first, second = rng.permutation(len(marks))[:2]
    marks[first], marks[second] = True, False
    return "".join(_mark(rng) if mark else str(rng.integers(10)) for mark in marks)


def _mark(rng: np.random.Generator) -> str:
    marks = OFTEN if rng.random() < 0.5 else MARKS
    return marks[rng.integers(len(marks))]


def _with_zeros(text: str, rng: np.random.Generator) -> str:
    """Return a text in which some digits that follow each other, most often the last, are zeros."""
    digits = [i for i, character in enumerate(text) if character.isdigit()]
    n = int(rng.integers(2, max(3, len(digits))))
    first = max(1, len(digits) - n) if rng.random() < 0.7 else int(rng.integers(0, max(1, len(digits) - n + 1)))
    changed = list(text)
    for i in digits[first : first + n]:
        changed[i] = "0"
    return "".join(changed) + ("" if len(digits) > 2 else "00")


def _with_spaces(text: str, rng: np.random.Generator) -> str:
    for _ in range(int(rng.integers(1, 3))):
        i = int(rng.integers(1, max(2, len(text))))
        if i < len(text) and " " not in text[i - 1 : i + 1]:
            text = text[:i] + " " + text[i:]
    return text if " " in text else text + " " + str(rng.integers(10))
