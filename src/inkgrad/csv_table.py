"""CSV tables: rows of texts in named columns, as spreadsheets read and write them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inkgrad.errors import DataError
from inkgrad.files import replacing

Row = dict[str, str]


@dataclass(frozen=True)
class CsvTable:
    """The names of the columns, and the rows; one that ends early lacks the columns that follow."""

    columns: tuple[str, ...]
    rows: list[Row]

    def missing(self, needed: Iterable[str]) -> str | None:
        """Return the first of the columns that are needed and not there, or not in each row; None where all are."""
        return next((name for name in needed for row in (self.columns, *self.rows) if name not in row), None)


def read_csv(path: str | os.PathLike[str]) -> CsvTable:
    """Return the table in a file; raises as csv_table, and OSError where there is no such file."""
    with open(path, "rb") as file:
        return csv_table(file.read(), os.fspath(path))


def csv_table(raw: bytes, name: str) -> CsvTable:
    """Return the table in the bytes of a file, which errors call by this name.

    Raises DataError for what is no CSV in UTF-8.
    """
    try:
        reader = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))  # with the mark that Excel writes
        columns = tuple(reader.fieldnames or ())
        rows = [{name: row[name] for name in columns if row[name] is not None} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{name} is no CSV in UTF-8: {error}") from None
    return CsvTable(columns, rows)


def as_csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows as the bytes of a file; what a row lacks is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write_csv(path: str | os.PathLike[str], columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows to a file, in one move; what a row lacks is left empty."""
    with replacing(path) as file:
        file.write(as_csv(columns, rows))
