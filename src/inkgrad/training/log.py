"""The log of a training: one JSON object a line, kept in memory too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inkgrad.files import replacing


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


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"
