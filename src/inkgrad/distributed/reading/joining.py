"""Joining: the parts, in their order, as one file of answers and one of the pictures without."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as compute
from pyarrow import csv, parquet

from inkgrad.distributed.reading.rows import READ, UNREAD
from inkgrad.errors import SettingError
from inkgrad.files import replacing

ENDINGS = {".parquet": parquet.ParquetWriter, ".csv": csv.CSVWriter}
GATHERED = 50_000  # rows that are written together


def refuse_other_ending(out: Path) -> None:
    """Raise SettingError unless the name of a file says how it is to be written."""
    if out.suffix.lower() not in ENDINGS:
        raise SettingError(f"--out takes a name that ends in {' or '.join(ENDINGS)}, got {out}")


def errors_beside(out: Path) -> Path:
    """Return the file of the pictures without an answer: results.errors.csv beside results.csv."""
    return out.with_name(f"{out.stem}.errors{out.suffix}")


def join(parts: Iterable[Path], out: Path) -> tuple[int, int]:
    """Write the parts to `out`, and the pictures without an answer beside it; return how many each has.

    Where all have an answer there is no file beside it, and an old one is removed.
    """
    beside = errors_beside(out)
    with ExitStack() as files:
        read = Sheet(files.enter_context(replacing(out)), out, READ)
        unread = Sheet(files.enter_context(replacing(beside)), beside, UNREAD)
        for path in parts:
            rows = parquet.read_table(path)
            is_read = compute.is_null(rows["reason"])
            read.add(rows.filter(is_read))
            unread.add(rows.filter(compute.invert(is_read)))
        read.close()
        unread.close()
    if not unread.n:
        beside.unlink()
    return read.n, unread.n


class Sheet:
    """A file of rows; they are written many at a time."""

    def __init__(self, file: BinaryIO, path: Path, schema: Any) -> None:
        self.schema, self.n = schema, 0
        self.writer = ENDINGS[path.suffix.lower()](file, schema)
        self.waiting: list[Any] = []

    def add(self, rows: Any) -> None:
        """Add the columns of rows that the file has."""
        self.n += len(rows)
        self.waiting.append(rows.select(self.schema.names))
        if sum(map(len, self.waiting)) >= GATHERED:
            self._write()

    def close(self) -> None:
        """Write what waits."""
        self._write()
        self.writer.close()

    def _write(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting).combine_chunks())
        self.waiting = []
