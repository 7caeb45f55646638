"""Table files: typed rows written to a file as CSV, Parquet or for Excel, by the ending of its name."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from inkgrad.errors import SettingError
from inkgrad.extras import extra

Value = str | int | float | bool | Decimal | None
"""What a cell of a table holds."""

Row = Sequence[Value]
MOST_SHEET_ROWS = 1_048_576  # of a sheet of Excel


class TableFile(ABC):
    """A file of rows with these columns, and what they hold."""

    def __init__(self, file: BinaryIO, columns: dict[str, type]) -> None:
        self.file, self.columns = file, columns
        self.begin()

    @staticmethod
    def need() -> None:
        """Raise MissingExtra where what writes such a file is not installed."""

    @abstractmethod
    def begin(self) -> None:
        """Write what stands above the rows."""

    @abstractmethod
    def add(self, row: Row) -> None:
        """Add a row; cells that lack at its end are empty."""

    @abstractmethod
    def close(self) -> None:
        """Write what waits; the file itself stays open."""


class CsvFile(TableFile):
    """CSV in UTF-8, with true and false, and numbers in plain digits."""

    def begin(self) -> None:
        self.text = io.TextIOWrapper(self.file, "utf-8", errors="surrogateescape", newline="")
        self.writer = csv.writer(self.text, lineterminator="\n")
        self.writer.writerow(self.columns)

    def add(self, row: Row) -> None:
        self.writer.writerow(map(in_csv, (*row, *[None] * (len(self.columns) - len(row)))))

    def close(self) -> None:
        self.text.detach()


class ParquetFile(TableFile):
    """Parquet; a number is a float there.  So many rows, `rows_together`, are written together."""

    rows_together = 50_000

    @staticmethod
    def need() -> None:
        with extra("parquet", "Parquet files need"):
            import pyarrow.parquet  # noqa: F401

    def begin(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self.schema = pa.schema([(name, arrow_type(kind)) for name, kind in self.columns.items()])
        self.writer = parquet.ParquetWriter(self.file, self.schema)
        self.waiting: list[Row] = []

    def add(self, row: Row) -> None:
        self.waiting.append(row)
        if len(self.waiting) >= self.rows_together:
            self._write()

    def close(self) -> None:
        self._write()
        self.writer.close()

    def _write(self) -> None:
        if self.waiting:
            self.writer.write_table(as_arrow(self.waiting, self.columns, self.schema))
        self.waiting = []


class ExcelFile(TableFile):
    """A workbook for Excel: numbers are numbers there, and a sheet that is full is followed by another one."""

    most_rows = MOST_SHEET_ROWS

    @staticmethod
    def need() -> None:
        with extra("xlsx", "Excel files need"):
            import openpyxl  # noqa: F401

    def begin(self) -> None:
        from openpyxl import Workbook

        self.book, self.n = Workbook(write_only=True), 0

    def add(self, row: Row) -> None:
        if self.n % self.most_rows == 0:
            self._sheet()
        self._write(row)

    def close(self) -> None:
        if not self.n:
            self._sheet()
        self.book.save(self.file)

    def _sheet(self) -> None:
        """Begin a sheet, with the names of the columns, which stay in sight."""
        self.sheet = self.book.create_sheet()
        self.sheet.freeze_panes = "A2"
        self._write(list(self.columns))

    def _write(self, row: Row) -> None:
        from openpyxl.cell import WriteOnlyCell

        self.n += 1
        cells = [WriteOnlyCell(self.sheet, clean(value) if isinstance(value, str) else value) for value in row]
        for cell, value in zip(cells, row, strict=True):
            if isinstance(value, str):
                cell.data_type = "s"  # no formula, though it begin with =
        self.sheet.append(cells)


WRITERS: dict[str, type[TableFile]] = {".csv": CsvFile, ".parquet": ParquetFile, ".xlsx": ExcelFile}
"""What writes a file of rows, by the ending of its name."""


def in_csv(value: Value) -> str | int | float:
    """Return a value as CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else value


def clean(text: str) -> str:
    """Return a text without what neither Excel nor Parquet can hold: most control characters, and halves of others."""
    kept = (character if character >= " " or character in "\n\t" else "\ufffd" for character in text)
    return "".join(kept).encode("utf-8", "replace").decode()


def arrow_type(kind: type) -> Any:
    """Return the type that a column has in Parquet."""
    import pyarrow as pa

    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), Decimal: pa.float64()}[kind]


def as_arrow(rows: Sequence[Row], columns: dict[str, type], schema: Any) -> Any:
    """Return rows as a table of Arrow."""
    import pyarrow as pa

    def column(k: int, kind: type) -> list[Any]:
        values = (row[k] if k < len(row) else None for row in rows)
        if kind is Decimal:
            return [float(value) if isinstance(value, Decimal) else None for value in values]
        return [clean(str(in_csv(value))) if kind is str and value is not None else value for value in values]

    arrays = [
        pa.array(column(k, kind), field.type)
        for k, (kind, field) in enumerate(zip(columns.values(), schema, strict=True))
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def refuse_other_ending(path: Path, setting: str = "out") -> None:
    """Raise SettingError, about a setting, unless a name ends as a table's does; MissingExtra where that needs one."""
    if path.suffix.lower() not in WRITERS:
        *others, last = WRITERS
        endings = f"{', '.join(others)} or {last}"
        raise SettingError(f"`{setting}` takes a name that ends in {endings}, got {path}", setting=setting)
    WRITERS[path.suffix.lower()].need()
