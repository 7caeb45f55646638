"""Stored table: rows of texts in named columns, in a file of CSV, Parquet or Excel, some of them as numbers there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from numbers import Real
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from inkgrad.csv_table import CsvTable, read_csv, write_csv
from inkgrad.errors import DataError
from inkgrad.files import replacing
from inkgrad.table_files import WRITERS, Value, in_csv, refuse_other_ending

CSV = ".csv"


@dataclass(frozen=True)
class StoredTable:
    """Rows of texts, as CSV has them, and what each column holds in a file that has types: str, float or Decimal."""

    texts: CsvTable
    kinds: dict[str, type]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write them in one move, as the name of the file ends; what says no number stays a text."""
        path = Path(path)
        if path.suffix.lower() == CSV:
            write_csv(path, self.texts.columns, self.texts.rows)
            return
        with replacing(path) as file:
            table = WRITERS[path.suffix.lower()](file, self.kinds)
            for row in self.texts.rows:
                table.add([_as_kind(row.get(name, ""), kind) for name, kind in self.kinds.items()])
            table.close()


def read_table(path: str | os.PathLike[str]) -> StoredTable:
    """Return the table in a file of CSV, Parquet or Excel; of a workbook with several sheets, all rows.

    Raises SettingError for a file of another ending, MissingExtra where it needs one, DataError for what is damaged or
    something else, and OSError where there is no such file.
    """
    path = Path(path)
    refuse_other_ending(path, "table")
    if path.suffix.lower() == CSV:
        table = read_csv(path)
        return StoredTable(table, dict.fromkeys(table.columns, str))
    columns, rows = READERS[path.suffix.lower()](path)
    has_numbers = [any(map(_is_number, cells)) for cells in zip_longest(columns, *rows)]
    kinds: dict[str, type] = {
        name: Decimal if numbers else str for name, numbers in zip(columns, has_numbers, strict=True)
    }
    texts = [dict(zip_longest(columns, map(_as_text, row), fillvalue="")) for row in rows]
    return StoredTable(CsvTable(tuple(columns), texts), kinds)


Read = tuple[Sequence[str], list[Sequence[Any]]]  # the names of the columns, and the cells of each row


def _of_parquet(path: Path) -> Read:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is no Parquet file: {error}") from None
    return table.column_names, list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _of_excel(path: Path) -> Read:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        (columns, *rows), *more = ([*sheet.iter_rows(values_only=True)] for sheet in book.worksheets)
    except (BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path} is no workbook of Excel with a table: {error}") from None
    rows += [row for sheet in more for row in sheet[1:]]
    return [_as_text(name) for name in columns], rows


READERS: dict[str, Callable[[Path], Read]] = {".parquet": _of_parquet, ".xlsx": _of_excel}


def _is_number(value: Value) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _as_text(value: Any) -> str:
    """Return a cell as CSV has it: a number in plain digits."""
    if isinstance(value, float):
        value = Decimal(repr(value)) if value % 1 else int(value)
    return str(in_csv(value))


def _as_kind(text: str, kind: type) -> Value:
    """Return a text as its column has it; itself where it says no number, None where it is empty."""
    if not text or kind is str:
        return text or None
    try:
        return float(text) if kind is float else Decimal(text)
    except (InvalidOperation, ValueError):
        return text
