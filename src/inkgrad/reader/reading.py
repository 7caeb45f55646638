"""Reading: what was read in a picture, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from inkgrad.arrays import Array

UNSURE = "?"


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    label        "0" to "9", or "?" where its probability is below the reader's threshold
    best         the most probable label, also where it is unsure
    probability  of `best`, in [0, 1]
    others       the next best two labels with their probabilities
    box          left, top, right, bottom in pixels of the picture
    line, column its line and its place in the line, counted from 0
    image        what the network saw, uint8 (28, 28)
    """

    label: str
    best: str
    probability: float
    others: tuple[tuple[str, float], ...]
    box: tuple[int, int, int, int]
    line: int
    column: int
    image: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Line:
    """The digits of one line, from left to right."""

    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The labels one after the other."""
        return "".join(digit.label for digit in self.digits)

    @property
    def probability(self) -> float:
        """That of its weakest digit."""
        return min(digit.probability for digit in self.digits)

    def __len__(self) -> int:
        return len(self.digits)

    def __iter__(self) -> Iterator[Digit]:
        return iter(self.digits)


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a picture.

    digits  all of them, line by line from top to bottom, each line from left to right
    table   rows of cells as text, "" for an empty cell, where there is a grid or a row of boxes;
            the largest, where there are several; else None
    size    width and height of the picture in pixels
    error   why the picture could not be read, None where it could
    """

    digits: tuple[Digit, ...]
    table: tuple[tuple[str, ...], ...] | None
    size: tuple[int, int]
    error: str | None = None

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines, from top to bottom."""
        return tuple(Line(tuple(digits)) for _, digits in groupby(self.digits, lambda digit: digit.line))

    @property
    def text(self) -> str:
        """The lines, joined by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def probability(self) -> float:
        """That of the weakest digit; 1 where there is none."""
        return min((digit.probability for digit in self.digits), default=1.0)

    def _repr_html_(self) -> str:
        """Return the text, the table, and each digit as the network saw it, for notebooks."""
        from inkgrad.reader.notebook import reading_in_html

        return reading_in_html(self)
