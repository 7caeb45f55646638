"""PictureReader: what a worker reads pictures with; ReadPictures: the same as a step of a Ray Dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from inkgrad.distributed.reading.result_files import as_rows
from inkgrad.distributed.reading.sources import fetched, is_address
from inkgrad.errors import InkgradError, SettingError
from inkgrad.reader import Reader, Reading

Picture = str | bytes | None
"""A path that every worker sees, an address, or the bytes of a file; None where a table has none."""


class PictureReader:
    """Reads with one thread: there are as many workers as cores.

    The network looks at up to `batch_size` pictures together; so many at most, `n_fetched`, are on their way from a
    store.
    """

    def __init__(self, reader: Reader, batch_size: int = 32, n_fetched: int = 8) -> None:
        from threadpoolctl import threadpool_limits

        self.limits = threadpool_limits(1)
        self.reader, self.batch_size, self.n_fetched = reader, batch_size, n_fetched

    def ready(self, sample: str | None) -> bool:
        """Return whether the worker can read, as soon as it is there: whether it sees a path."""
        return sample is None or os.path.exists(sample)

    def read(self, first: int, names: Sequence[str], pictures: Sequence[Picture]) -> Any:
        """Return the rows of pictures, the first of which has the number `first`."""
        answers: list[Reading | str] = []
        for start in range(0, len(pictures), self.batch_size):
            batch = slice(start, start + self.batch_size)
            answers += self._batch(names[batch], pictures[batch])
        return as_rows(first, names, answers)

    def _batch(self, names: Sequence[str], pictures: Sequence[Picture]) -> list[Reading | str]:
        with ThreadPoolExecutor(self.n_fetched) as threads:
            at_hand = list(threads.map(_at_hand, pictures))
        readings = iter(self._read([picture for picture, _ in at_hand if picture is not None]))
        answers = [reason if picture is None else next(readings) for picture, reason in at_hand]
        return [_named(*each) for each in zip(answers, pictures, names, strict=True)]

    def _read(self, pictures: list[Any]) -> Sequence[Reading | str]:
        try:
            return self.reader(pictures)
        except Exception as error:  # of one picture: the others shall not suffer, and its reason is written down
            if len(pictures) > 1:
                return [answer for picture in pictures for answer in self._read([picture])]
            return [f"the reader fails: {type(error).__name__}: {' '.join(str(error).split())}"]


def _at_hand(picture: Picture) -> tuple[str | bytes | None, str]:
    """Return a picture as the reader takes it, or None and the reason."""
    if picture is None:
        return None, "the table has no picture in this row"
    if isinstance(picture, bytes) or not is_address(picture):
        return picture, ""
    try:
        return fetched(picture), ""
    except InkgradError as error:
        return None, str(error)


def _named(answer: Reading | str, picture: Picture, name: str) -> Reading | str:
    """Return an answer; of a picture that could not be read the reason, with the name that the user gave it."""
    reason = answer if isinstance(answer, str) else answer.error
    if reason is None:
        return answer
    called = picture if isinstance(picture, str) and not is_address(picture) else "the picture"
    return reason.replace(called, name, 1)


class ReadPictures:
    """Adds to each row of a Ray Dataset what its picture says.

        answers = dataset.map_batches(ReadPictures, batch_format="pyarrow", concurrency=4)

    `column` has the bytes of pictures' files, or their paths or addresses; Ray's read_binary_files calls it
    "bytes".  New are the columns of read_dataset: text, probability, mean_probability, n_digits, flagged, and the
    reason where there is no answer.  Other `settings` are those of Reader.

    Which rows are done after a crash, and that each is there once, is Ray Data's to see to; read_dataset does it
    itself.

    Raises SettingError for a table without that column, and as Reader does.
    """

    def __init__(self, column: str = "bytes", **settings: Any) -> None:
        self.column = column
        self.worker = PictureReader(Reader(**settings))

    def __call__(self, table: Any) -> Any:
        """Return the rows of an Arrow table, (N, C), with 6 columns more."""
        if self.column not in table.column_names:
            raise SettingError(f"there is no column {self.column!r} of pictures, only {', '.join(table.column_names)}")
        pictures = table[self.column].to_pylist()
        rows = self.worker.read(0, ["the picture"] * len(pictures), pictures).drop_columns(["index", "path"])
        taken = set(rows.column_names) & set(table.column_names)
        if taken:
            raise SettingError(f"the columns {', '.join(sorted(taken))} are there already: rename them")
        return pa.Table.from_arrays([*table.columns, *rows.columns], names=[*table.column_names, *rows.column_names])
