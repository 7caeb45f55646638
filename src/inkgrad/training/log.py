"""The log of a training: one JSON object a line, kept in memory too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError
from inkgrad.files import replacing
from inkgrad.saving import one_line, quoted, strict_json
from inkgrad.whole_numbers import is_number


class Log:
    """Rows of numbers, written to a file as they come.

    A log that goes on starts from the rows of the checkpoint, so lines from after it, of a
    training that was killed, go away.
    """

    def __init__(self, path: Path, rows: Iterable[dict[str, Any]] = ()) -> None:
        self.path = path
        self.rows = list(rows)
        with replacing(path) as file:
            file.writelines(_line(row) for row in self.rows)

    def append(self, row: dict[str, Any]) -> None:
        """Keep a row and write it as a line."""
        self.rows.append(row)
        with self.path.open("ab") as file:
            file.write(_line(row))


def read_log(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the rows of a log, from its first line to its last.

    A last line without an end is left out: it is being written, or the training was killed in the middle of it.

    Raises DataError, naming the line, where one is not a JSON object with the number of its "epoch" and finite
    numbers, or when there is no row; OSError when the file cannot be read.
    """
    lines = Path(path).read_bytes().split(b"\n")[:-1]
    rows = [_row(path, number, line) for number, line in enumerate(lines, start=1)]
    if not rows:
        raise DataError(f"{path} has no rows: it is not the log of a training, or nothing was trained yet")
    return rows


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _row(path: str | os.PathLike[str], number: int, line: bytes) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        row = strict_json(line)
    except ValueError as error:
        raise DataError(f"{where} is not JSON that inkgrad train wrote: {one_line(error)}") from None
    if not isinstance(row, dict) or "epoch" not in row:
        raise DataError(f'{where} is not a row of a log: it should be an object with an "epoch"')
    for name, value in row.items():
        if name == "training":
            continue  # what is trained, in the first row
        if not is_number(value):
            raise DataError(f"{where} should hold finite numbers, got {one_line(name, 40)} {quoted(value)}")
    return row
