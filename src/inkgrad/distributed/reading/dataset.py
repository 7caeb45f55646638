"""read_dataset(): many pictures, read by workers of Ray on one machine or many, each once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from inkgrad.bulk import Outcome, RowKind, read_to_file
from inkgrad.distributed.cluster import Note, connect, silent
from inkgrad.distributed.reading.parts_dataset import PartsDataset
from inkgrad.reader import Reader


def read_dataset(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    n_workers: int,
    address: str | None = None,
    part_size: int = 200,
    note: Note = silent,
    **settings: Any,
) -> Outcome:
    """Read all pictures of a source with `n_workers` workers of Ray, and write what they say to `out`.

    The workers are on this machine, or on those of the Ray cluster at `address`; then they must see the same files.
    `note` is told where it waits for other work.  All else is as in inkgrad.bulk.read_to_file, whose other settings it
    takes.

    Raises SettingError where no cluster can be joined, or it has too few cores, and what read_to_file raises.
    """

    @contextmanager
    def pool(reader: Reader, kind: RowKind, n: int, sample: str | None) -> Iterator[PartsDataset]:
        with connect(address, n_workers, note=note):
            yield PartsDataset(reader, kind, n, sample)

    return read_to_file(source, out, n_workers=n_workers, part_size=part_size, pool=pool, **settings)
