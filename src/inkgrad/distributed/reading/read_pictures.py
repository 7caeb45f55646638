"""ReadPictures: reading as a step of a Ray Dataset."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from inkgrad.bulk.picture_reader import PictureReader
from inkgrad.bulk.rows import COLUMNS, RowKind
from inkgrad.errors import SettingError
from inkgrad.reader import Reader
from inkgrad.table_files import arrow_type, as_arrow

ADDED = {name: kind for name, kind in COLUMNS[RowKind.pictures].items() if name != "path"} | {"reason": str}
"""The columns that are new, and what they hold."""


class ReadPictures:
    """Adds to each row of a Ray Dataset what its picture says.

        answers = dataset.map_batches(ReadPictures, batch_format="pyarrow", concurrency=4)

    `column` has the bytes of pictures' files, or their paths or addresses; Ray's read_binary_files calls it
    "bytes".  New are the columns of read_dataset: text, number, probability, mean_probability, n_digits, flagged, and
    the reason where there is no answer.  Other `settings` are those of Reader.

    Which rows are done after a crash, and that each is there once, is Ray Data's to see to; read_dataset does it
    itself.

    Raises SettingError for a table without that column, and as Reader does.
    """

    def __init__(self, column: str = "bytes", **settings: Any) -> None:
        self.column = column
        self.worker = PictureReader(Reader(**settings))

    def __call__(self, table: Any) -> Any:
        """Return the rows of an Arrow table, (N, C), with 7 columns more."""
        if self.column not in table.column_names:
            raise SettingError(f"there is no column {self.column!r} of pictures, only {', '.join(table.column_names)}")
        pictures = table[self.column].to_pylist()
        taken = ADDED.keys() & set(table.column_names)
        if taken:
            raise SettingError(f"the columns {', '.join(sorted(taken))} are there already: rename them")
        answers = self.worker.read(0, ["the picture"] * len(pictures), pictures)
        empty = [None] * (len(ADDED) - 1)
        rows = [(*(answer.rows[0][1:] if answer.rows else empty), answer.reason) for answer in answers]
        schema = pa.schema([(name, arrow_type(kind)) for name, kind in ADDED.items()])
        added = as_arrow(rows, ADDED, schema)
        return pa.Table.from_arrays([*table.columns, *added.columns], names=[*table.column_names, *ADDED])
