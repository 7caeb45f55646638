"""Parts: the list of all pictures, cut into numbered parts, a line each in a file; and the loads for workers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from typing import BinaryIO

from inkgrad.bulk.picture_reader import Picture
from inkgrad.bulk.picture_tables import Columns, count_rows, read_rows
from inkgrad.bulk.sources import Found
from inkgrad.bulk.stores import is_address
from inkgrad.errors import DataError
from inkgrad.saving import strict_json


@dataclass(frozen=True)
class Part:
    """Some pictures that follow each other: files, or rows of one table from row `row` on.

    number    the number of the part, from 0
    first     the number of its first picture, from 0
    n         how many pictures it has
    """

    number: int
    first: int
    n: int
    files: tuple[str, ...] = ()
    table: str | None = None
    row: int = 0

    def singles(self) -> list[Part]:
        """Return parts of one picture each, with the number of this one."""
        return [
            Part(self.number, self.first + k, 1, self.files[k : k + 1], self.table, self.row + k) for k in range(self.n)
        ]


@dataclass(frozen=True)
class Listed:
    """How many parts and pictures a list has, and a fingerprint of it."""

    n_parts: int
    n: int
    fingerprint: str


def cut(found: Iterable[Found], columns: Columns, size: int) -> Iterator[Part]:
    """Yield the parts of at most `size` pictures; none has rows of two tables, or rows and files."""
    number = first = 0
    for files, table in _stretches(found, size):
        n_rows = len(files) if table is None else count_rows(table, columns)
        for row in range(0, n_rows, size):
            n = min(size, n_rows - row)
            yield Part(number, first, n, tuple(files), table, row)
            number, first = number + 1, first + n


def _stretches(found: Iterable[Found], size: int) -> Iterator[tuple[list[str], str | None]]:
    files: list[str] = []
    for each in found:
        if files and (each.is_table or len(files) == size):
            yield files, None
            files = []
        if each.is_table:
            yield [], each.name
        else:
            files.append(each.name)
    if files:
        yield files, None


def write_list(file: BinaryIO, found: Iterable[Found], columns: Columns, size: int) -> Listed:
    """Write a line for each part, and return what there is in all."""
    fingerprint, n_parts, n = sha256(), 0, 0

    def noted() -> Iterator[Found]:
        for each in found:
            fingerprint.update(json.dumps([each.name, each.size, each.stamp]).encode() + b"\n")
            yield each

    for part in cut(noted(), columns, size):
        file.write(json.dumps(asdict(part)).encode() + b"\n")
        n_parts, n = n_parts + 1, n + part.n
    return Listed(n_parts, n, fingerprint.hexdigest())


def read_list(lines: Iterable[str]) -> Iterator[Part]:
    """Yield the parts that were written."""
    for line in lines:
        fields = strict_json(line)
        yield Part(**fields | {"files": tuple(fields["files"])})


@dataclass(frozen=True, eq=False)
class Load:
    """Pictures of one part that follow each other, with the names that the user knows them by.

    part      the number of their part
    first     the number of the first of them
    n_deaths  how many workers died while they read it
    """

    part: int
    first: int
    names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    n_deaths: int = 0

    def cut(self, size: int) -> list[Load]:
        """Return loads of at most `size` of its pictures each, for which nobody has died."""
        starts = range(0, len(self.names), size)
        return [Load(self.part, self.first + k, self.names[k : k + size], self.pictures[k : k + size]) for k in starts]


def load_parts(parts: Iterable[Part], columns: Columns, size: int) -> Iterator[Load]:
    """Yield the loads of each part, of at most `size` pictures; the rows of a table are read here, and once."""
    rows: Iterator[tuple[str, bytes | None]] = iter(())
    at: tuple[str | None, int] = (None, 0)  # the table and the row where the rows stand
    for part in parts:
        if part.table is None:
            yield from Load(part.number, part.first, part.files, tuple(map(as_seen_by_workers, part.files))).cut(size)
            continue
        if at != (part.table, part.row):
            rows = read_rows(part.table, columns, part.row)
        taken = list(islice(rows, part.n))
        if len(taken) < part.n:
            raise DataError(f"{part.table} has become shorter while it was read: put it back, or begin anew")
        at = part.table, part.row + part.n
        names, pictures = zip(*taken, strict=True)
        yield from Load(part.number, part.first, names, pictures).cut(size)


def as_seen_by_workers(name: str) -> str:
    """Return an address, or a path from the root: workers stand in other folders."""
    return name if is_address(name) else os.path.abspath(name)
