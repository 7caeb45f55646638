"""Results: a row for each picture, and the two files that have the rows in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
from pyarrow import csv, parquet

from inkgrad.errors import SettingError
from inkgrad.files import replacing
from inkgrad.reader import Reading

ROW_SCHEMA = pa.schema(
    {
        "index": pa.int64(),
        "path": pa.string(),
        "text": pa.string(),
        "probability": pa.float64(),
        "mean_probability": pa.float64(),
        "n_digits": pa.int32(),
        "flagged": pa.bool_(),
        "reason": pa.string(),
    }
)
"""The columns that are known of each picture: what was read, or the reason why nothing was."""

WRITERS = {".parquet": parquet.ParquetWriter, ".csv": csv.CSVWriter}
"""What writes a file of results, by the ending of its name."""


def as_rows(first: int, names: Sequence[str], answers: Sequence[Reading | str]) -> Any:
    """Return a table with a row for each picture: what was read, or the reason why nothing was.

    Probabilities have four digits: further ones depend on which pictures the network looks at together.
    """
    rows = [
        {"index": index, "path": name} | _columns(answer)
        for index, (name, answer) in enumerate(zip(names, answers, strict=True), first)
    ]
    return pa.Table.from_pylist(rows, schema=ROW_SCHEMA)


def _columns(answer: Reading | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"reason": answer}
    if answer.error is not None or not answer.digits:
        return {"reason": answer.error or "no digits found"}
    p = [character.probability for character in answer.characters]
    return {
        "text": answer.text,
        "probability": round(min(p), 4),
        "mean_probability": round(float(np.mean(p)), 4),
        "n_digits": len(answer.digits),
        "flagged": any(character.label == "?" for character in answer.characters),
    }


def refuse_other_ending(out: Path) -> None:
    """Raise SettingError unless the name of a file says how it is to be written."""
    if out.suffix.lower() not in WRITERS:
        raise SettingError(f"`out` takes a name that ends in {' or '.join(WRITERS)}, got {out}", setting="out")


def errors_beside(out: Path) -> Path:
    """Return the file of the pictures without an answer: results.errors.csv beside results.csv."""
    return out.with_name(f"{out.stem}.errors{out.suffix}")


def join(parts: Iterable[Path], out: Path) -> tuple[int, int]:
    """Write the parts to `out`, and the pictures without an answer beside it; return how many each has.

    Where all have an answer there is no file beside it, and an old one is removed.
    """
    beside = errors_beside(out)
    with ExitStack() as files:
        read = ResultFile(
            files.enter_context(replacing(out)), out, [name for name in ROW_SCHEMA.names if name != "reason"]
        )
        unread = ResultFile(files.enter_context(replacing(beside)), beside, ["index", "path", "reason"])
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


class ResultFile:
    """A file with these columns of the rows, `rows_together` of which are written together, or more."""

    def __init__(self, file: BinaryIO, path: Path, columns: list[str], rows_together: int = 50_000) -> None:
        self.columns, self.rows_together, self.n = columns, rows_together, 0
        self.writer = WRITERS[path.suffix.lower()](file, pa.schema([ROW_SCHEMA.field(name) for name in columns]))
        self.waiting: list[Any] = []

    def add(self, rows: Any) -> None:
        """Add the columns of rows that the file has."""
        self.n += len(rows)
        self.waiting.append(rows.select(self.columns))
        if sum(map(len, self.waiting)) >= self.rows_together:
            self._write()

    def close(self) -> None:
        """Write what waits."""
        self._write()
        self.writer.close()

    def _write(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting).combine_chunks())
        self.waiting = []
