"""Result files: the two files of rows that are there in the end, as CSV, Parquet or for Excel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from inkgrad.bulk.rows import COLUMNS, Answer, RowKind, table_columns
from inkgrad.files import replacing
from inkgrad.table_files import WRITERS

UNREAD: dict[str, type] = {"index": int, "path": str, "reason": str}
"""The columns of the file of pictures without an answer."""


def errors_beside(out: Path) -> Path:
    """Return the file of the pictures without an answer: results.errors.csv beside results.csv."""
    return out.with_name(f"{out.stem}.errors{out.suffix}")


def join(answers: Callable[[], Iterator[Answer]], out: Path, kind: RowKind) -> tuple[int, int]:
    """Write answers to `out`, and the pictures without one beside it; return how many pictures each has.

    Where all have an answer there is no file beside it, and an old one is removed.
    """
    beside, write = errors_beside(out), WRITERS[out.suffix.lower()]
    columns = {"index": int, **COLUMNS[kind], **(table_columns(answers()) if kind is RowKind.table else {})}
    n_read = n_unread = 0
    with ExitStack() as files:
        read = write(files.enter_context(replacing(out)), columns)
        unread = write(files.enter_context(replacing(beside)), UNREAD)
        for answer in answers():
            if answer.reason is None:
                n_read += 1
                for row in answer.rows:
                    read.add((answer.index, *row))
            else:
                n_unread += 1
                unread.add((answer.index, answer.path, answer.reason))
        read.close()
        unread.close()
    if not n_unread:
        beside.unlink()
    return n_read, n_unread
