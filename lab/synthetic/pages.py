"""Pages: pictures of handwritten digits that know what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic.hand import Placed, as_labels, write_row
from lab.synthetic.look import Look
from lab.synthetic.papers import Lines, Rule
from lab.synthetic.sheets import Box, Sheet, picture_of

Table = tuple[tuple[str, ...], ...]
RED_MARGIN = 0.3  # of the sheets of ruled paper have a line down at the left


@dataclass(frozen=True)
class WrittenDigit:
    """A digit in a picture.

    box     left, top, right and bottom of its ink, in pixels of the picture; right and bottom are outside
    line    the number of its line, or of its row in a table, from 0
    column  its number in the line, or that of its cell in the row, from 0
    """

    label: str
    box: Box
    line: int
    column: int


@dataclass(frozen=True, eq=False)
class Page:
    r"""A picture, uint8 (height, width, 3), and its truth.

    text    the lines, joined by "\n", with their marks and spaces; of a table, the cells of each row that has any,
            joined by nothing
    table   the cells of each row, "" where one is empty; None when it is no table
    digits  in the order they are read
    """

    picture: NDArray
    text: str
    table: Table | None
    digits: tuple[WrittenDigit, ...]
    kind: str


def page_of(
    sheet: Sheet, kind: str, look: Look, rng: np.random.Generator,
    table: Table | None = None, text: str | None = None,
) -> Page:  # fmt: skip
    """Return the picture of a sheet with its truth, which is that of the digits written on it, or `text`."""
    picture, boxes = picture_of(sheet, look, rng)
    digits = tuple(
        WrittenDigit(placed.glyph.label, box, placed.line, placed.column)
        for placed, box in zip(sheet.written, boxes, strict=True)
        if placed.glyph.label.isdigit()
    )
    lines: dict[int, str] = {}
    for digit in digits:
        lines[digit.line] = lines.get(digit.line, "") + digit.label
    return Page(picture, "\n".join(lines.values()) if text is None else text, table, digits, kind)


def write_single(look: Look, rng: np.random.Generator, digits: Examples, label: str | None = None) -> Page:
    """Return a picture of one digit, any unless told which.

    Raises SettingError for a label that is not one digit, DataError for examples that are no digits.
    """
    labels = as_labels(1 if label is None else label, rng)
    if len(labels) != 1:
        raise SettingError(f"a single digit is one of 0 to 9, got {labels!r}: write_line takes more")
    return _free([labels], "single", look, rng, digits)


def write_line(labels: str | int, look: Look, rng: np.random.Generator, digits: Examples) -> Page:
    """Return a picture of one line of digits: those given, or so many at random.

    Raises SettingError for labels that are no digits, DataError for examples that are no digits.
    """
    return _free([as_labels(labels, rng)], "line", look, rng, digits)


def write_lines(
    lines: Sequence[str | int], look: Look, rng: np.random.Generator, digits: Examples, apart: float | None = None
) -> Page:
    """Return a picture of lines of digits, `apart` heights of a digit; each is given, or so many at random.

    Raises SettingError for no lines, labels that are no digits, or lines less than 1.2 heights apart;
    DataError for examples that are no digits.
    """
    if not lines:
        raise SettingError("a page has at least 1 line, got none")
    return _free([as_labels(labels, rng) for labels in lines], "page", look, rng, digits, apart)


def write_ruled(
    lines: Sequence[str | int], look: Look, rng: np.random.Generator, digits: Examples, apart: float | None = None
) -> Page:
    """Return a picture of lines written on ruled paper, or on squared paper where the look says so.

    The rules are `apart` heights of a digit, at random 0.75 to 1.6, or on squared paper 0.4 to 1.4; the writing is on
    every rule, or every second or third where they are too near.  Strokes cross them a little.

    Raises SettingError for no lines, labels that are no digits, or rules not 0.3 to 10 heights apart;
    DataError for examples that are no digits.
    """
    if not lines:
        raise SettingError("a page has at least 1 line, got none")
    look = replace(look, lines="squared" if look.lines == "squared" else "ruled")
    squared = look.lines == "squared"
    apart = float(rng.uniform(0.4, 1.4) if squared else rng.uniform(0.75, 1.6)) if apart is None else apart
    if not 0.3 <= apart <= 10:
        raise SettingError(f"rules are 0.3 to 10 heights of a digit apart, got {apart}")
    every = next(n for n in range(1, 6) if n * apart >= 1.3)
    texts = [as_labels(labels, rng) for labels in lines]
    return _free(texts, look.lines, look, rng, digits, every * apart, apart)


def _free(
    lines: list[str], kind: str, look: Look, rng: np.random.Generator, digits: Examples,
    apart: float | None = None, rules: float | None = None,
) -> Page:  # fmt: skip
    """Return a picture of lines one below the other, on paper that has nothing on it or rules."""
    h = look.height
    apart = rng.uniform(1.6, 2.4) if apart is None else apart
    if rules is None and look.lines != "plain":
        rules = apart / 2 if look.lines == "squared" else apart
    if not apart >= 1.2:  # written so that NaN fails
        raise SettingError(f"lines are at least 1.2 heights of a digit apart, got {apart}")
    margins = h * rng.uniform(0.3, 1.2, 4)
    sink = h * rng.uniform(-0.12, 0.08) if rules else 0.0
    written: list[Placed] = []
    for i, labels in enumerate(lines):
        row = write_row(labels, look, rng, digits, line=i)
        indent = h * look.unsteady * rng.uniform(0, 0.6)
        written += [digit.moved(margins[0] + indent, margins[1] + h + i * apart * h + sink) for digit in row]
    overhang = min(0.0, min(digit.box[1] for digit in written) - 0.15 * h)  # of what reaches above the sheet
    written = [digit.moved(0, -overhang) for digit in written]
    width = max(digit.box[2] for digit in written) + margins[2]
    height = max(digit.box[3] for digit in written) + margins[3]
    ruled = rules and Lines(rules * h, margins[1] + h - overhang, rng.uniform(0, h), look.lines == "squared")
    sheet = Sheet(width, height, tuple(written), _red_line(look, margins[0], height, rng), ruled or None)
    return page_of(sheet, kind, look, rng)


def _red_line(look: Look, left: float, height: float, rng: np.random.Generator) -> tuple[Rule, ...]:
    """Return the margin of ruled paper, where it has one."""
    if look.lines != "ruled" or rng.random() >= RED_MARGIN:
        return ()
    return (Rule(0.5 * left, -height, 0.5 * left, 2 * height, max(0.8, look.rule_width * look.height)),)
