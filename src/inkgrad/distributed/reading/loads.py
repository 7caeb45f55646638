"""Loads: pictures that travel to a worker together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from inkgrad.distributed.reading.parts import Part
from inkgrad.distributed.reading.stores import is_address
from inkgrad.distributed.reading.tables import Columns, read_rows
from inkgrad.distributed.reading.worker import Picture
from inkgrad.errors import DataError


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

    def singly(self) -> list[Load]:
        """Return a load for each picture."""
        each = enumerate(zip(self.names, self.pictures, strict=True), self.first)
        return [Load(self.part, first, (name,), (picture,)) for first, (name, picture) in each]


def load_parts(parts: Iterable[Part], columns: Columns) -> Iterator[Load]:
    """Yield the load of each part; of a table the rows are read here, once, however many workers there are."""
    rows: Iterator[tuple[str, bytes | None]] = iter(())
    at: tuple[str | None, int] = (None, 0)  # the table and the row where the rows stand
    for part in parts:
        if part.table is None:
            yield Load(part.number, part.first, part.files, tuple(map(as_seen_by_workers, part.files)))
            continue
        if at != (part.table, part.row):
            rows = read_rows(part.table, columns, part.row)
        taken = list(islice(rows, part.n))
        if len(taken) < part.n:
            raise DataError(f"{part.table} has become shorter while it was read: put it back, or begin anew")
        at = part.table, part.row + part.n
        names, pictures = zip(*taken, strict=True)
        yield Load(part.number, part.first, names, pictures)


def as_seen_by_workers(name: str) -> str:
    """Return an address, or a path from the root: workers stand in other folders."""
    return name if is_address(name) else os.path.abspath(name)
