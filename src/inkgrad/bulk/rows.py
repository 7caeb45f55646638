"""Rows: what a table says of a picture, in a row for each picture, line, digit or row of a table in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np

from inkgrad.reader import Reading, number_of
from inkgrad.table_files import Value

CODE = re.compile(r"\D*0\d")  # 007 and 0123: the zeros say something, and a number would lose them
PROBABILITY_DIGITS = 4  # further ones depend on which pictures the network looks at together


class RowKind(StrEnum):
    """What has a row: a picture, a line of writing, a digit or mark, or a row of the table in a picture."""

    pictures = "pictures"
    lines = "lines"
    digits = "digits"
    table = "table"


COLUMNS: dict[RowKind, dict[str, type]] = {
    RowKind.pictures: {
        "path": str,
        "text": str,
        "number": Decimal,
        "probability": float,
        "mean_probability": float,
        "n_digits": int,
        "flagged": bool,
    },
    RowKind.lines: {"path": str, "line": int, "text": str, "number": Decimal, "probability": float, "flagged": bool},
    RowKind.digits: {
        "path": str,
        "line": int,
        "column": int,
        "label": str,
        "best": str,
        "probability": float,
        "left": int,
        "top": int,
        "right": int,
        "bottom": int,
        "gap": str,
    },
    RowKind.table: {"path": str, "row": int},
}
"""The columns of each kind of rows, and what they hold; a table's own columns follow."""


@dataclass(frozen=True)
class Answer:
    """What was read in one picture: rows of one kind, or the reason why there are none.

    index  place of the picture among all, from 0
    path   the name that the user knows it by
    """

    index: int
    path: str
    reason: str | None
    rows: tuple[tuple[Value, ...], ...] = ()

    def as_line(self) -> bytes:
        """Return it as a line of JSON."""
        return json.dumps(asdict(self), default=lambda number: {"number": str(number)}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: str | bytes) -> Answer:
        """Return what was written as a line; ValueError, KeyError or TypeError where it is none."""
        fields = json.loads(line, object_hook=lambda found: Decimal(found["number"]) if len(found) == 1 else found)
        return cls(**fields | {"rows": tuple(map(tuple, fields["rows"]))})


def answers_of(first: int, names: Sequence[str], readings: Sequence[Reading | str], kind: RowKind) -> list[Answer]:
    """Return an answer for each picture, the first of which has the number `first`: a reading, or a reason for none."""
    return [
        Answer(index, name, reason, () if reason or isinstance(reading, str) else tuple(rows_of(name, reading, kind)))
        for index, (name, reading) in enumerate(zip(names, readings, strict=True), first)
        for reason in [_reason(reading, kind)]
    ]


def _reason(reading: Reading | str, kind: RowKind) -> str | None:
    """Return why a picture has no rows; None where it has."""
    if isinstance(reading, str) or reading.error is not None:
        return reading if isinstance(reading, str) else reading.error
    if kind is RowKind.table:
        return None if reading.table else "no table found"
    return None if reading.digits else "no digits found"


def rows_of(name: str, reading: Reading, kind: RowKind) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of a picture, with the columns of their kind."""
    if kind is RowKind.table:
        for number, row in enumerate(reading.table or ()):
            yield name, number, *map(as_value, row)
    elif kind is RowKind.lines:
        for number, line in enumerate(reading.lines):
            yield name, number, line.text, line.number, _rounded([line.probability]), "?" in line.text
    elif kind is RowKind.digits:
        for each in reading.characters:
            place = name, each.line, each.column
            yield *place, each.label, each.best, _rounded([each.probability]), *each.box, each.gap
    else:
        p = [character.probability for character in reading.characters]
        weakest, mean = (_rounded([min(p)]), _rounded(p)) if p else (None, None)
        yield name, reading.text, reading.number, weakest, mean, len(reading.digits), "?" in reading.text


def _rounded(p: list[float]) -> float:
    return round(float(np.mean(p)), PROBABILITY_DIGITS)


def as_value(cell: str) -> Value:
    """Return the number in a cell of a table, or its text, where it is none, or a code such as 007.

    >>> as_value("1,234.50"), as_value("007"), as_value("2024-05-17")
    (Decimal('1234.50'), '007', '2024-05-17')
    """
    number = number_of(cell)
    return cell if number is None or CODE.match(cell) else number


def table_columns(answers: Iterable[Answer]) -> dict[str, type]:
    """Return the columns of all tables together: of numbers where each cell that is not empty has one, else of text."""
    kinds: dict[int, Any] = {}
    for answer in answers:
        for _, _, *cells in answer.rows:
            for k, cell in enumerate(cells):
                kinds[k] = kinds.get(k, Decimal) if cell == "" or isinstance(cell, Decimal) else str
    return {f"column_{k + 1}": kinds[k] for k in sorted(kinds)}
