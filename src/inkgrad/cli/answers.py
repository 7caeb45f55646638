"""Answers: readings as text, JSON or CSV on standard output."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from typing import Any

from inkgrad.reader import Digit, Reading


@dataclass(frozen=True)
class NamedReading:
    """What was read in one file."""

    name: str
    reading: Reading

    def problem(self, table: bool) -> str | None:
        """Return what is to be said of it besides the answer."""
        name = "standard input" if self.name == "-" else self.name
        if self.reading.error:
            return self.reading.error.replace("the picture", name, 1)
        if table and self.reading.table is None:
            return f"{name}: no table found"
        return None if self.reading.digits else f"{name}: no digits found"


def write_text(pages: list[NamedReading], table: bool) -> None:
    """Write a line of text for each line of writing; of several files, each line after the file's name."""
    for page in pages:
        if table:
            lines = ["\t".join(row) for row in page.reading.table or ()]
        else:
            lines = [line.text for line in page.reading.lines]
        for line in lines:
            print(line if len(pages) == 1 else f"{page.name}: {line}")


def write_csv(pages: list[NamedReading], table: bool) -> None:
    """Write one row for each digit, or those of the table."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if table:
        for page in pages:
            for row in page.reading.table or ():
                writer.writerow(row if len(pages) == 1 else (page.name, *row))
        return
    writer.writerow(["file", "line", "column", "label", "best", "probability", "left", "top", "right", "bottom"])
    for page in pages:
        for digit in page.reading.digits:
            place = page.name, digit.line, digit.column
            writer.writerow([*place, digit.label, digit.best, f"{digit.probability:.4f}", *digit.box])


def write_json(pages: list[NamedReading], table: bool) -> None:
    """Write a list with an object for each file."""
    print(json.dumps([_as_json(page, table) for page in pages], indent=2))


def _as_json(page: NamedReading, table: bool) -> dict[str, Any]:
    reading = page.reading
    if table:
        return {"file": page.name, "table": reading.table}
    return {
        "file": page.name,
        "error": reading.error,
        "text": reading.text,
        "probability": round(reading.probability, 4),
        "lines": [{"text": line.text, "probability": round(line.probability, 4)} for line in reading.lines],
        "table": reading.table,
        "digits": [_digit_as_json(digit) for digit in reading.digits],
    }


def _digit_as_json(digit: Digit) -> dict[str, Any]:
    return {
        "label": digit.label,
        "best": digit.best,
        "probability": round(digit.probability, 4),
        "others": {label: round(probability, 4) for label, probability in digit.others},
        "box": digit.box,
        "line": digit.line,
        "column": digit.column,
    }
