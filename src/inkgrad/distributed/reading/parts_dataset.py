"""read_dataset(): many pictures, in parts that a pool of Ray Data's workers reads, on one machine or many."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from math import inf
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import pyarrow as pa
import ray.data

from inkgrad.bulk import Outcome, read_to_file
from inkgrad.bulk.parts import Part, load_parts, read_list
from inkgrad.bulk.picture_reader import PictureReader
from inkgrad.bulk.picture_tables import Columns, read_rows
from inkgrad.bulk.rows import Answer, RowKind
from inkgrad.data.data_source import silent
from inkgrad.distributed.cluster import Note, connect
from inkgrad.errors import SettingError
from inkgrad.reader import Reader

PARTS_TOGETHER = 1000
"""Parts in one dataset, so that the list of all pictures is never in memory."""


class ReadParts:
    """Reads each part of a batch; there is a row with the answers of each, as lines, or with the error.

    Ray Data would pass over what raises an error, as it does where a worker dies.

    folder  where the paths of pictures start
    sample  a path that each worker must see
    """

    def __init__(self, reader: Reader, kind: RowKind, columns: Columns, folder: str, sample: str | None) -> None:
        with suppress(OSError):  # where it is missing, and needed, the sample is missing, too
            os.chdir(folder)
        self.worker, self.columns, self.sample = PictureReader(reader, kind), columns, sample

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the rows (first, lines, error) of an Arrow table of parts, lines of JSON."""
        answered = [(part.first, *self._answered(part)) for part in read_list(table["part"].to_pylist())]
        return pa.table(dict(zip(("first", "lines", "error"), map(list, zip(*answered, strict=True)), strict=True)))

    def _answered(self, part: Part) -> tuple[bytes, bytes]:
        try:
            if not self.worker.ready(self.sample):
                raise SettingError(
                    f"a worker on another machine does not see {self.sample}: put the pictures where all machines see "
                    "them under the same name, a shared disk or a store such as s3://"
                )
            loads = load_parts([part], self.columns, part.n)
            answers = [each for load in loads for each in self.worker.read(load.first, load.names, load.pictures)]
        except Exception as error:
            return b"", cloudpickle.dumps(error)
        return b"".join(answer.as_line() for answer in answers), b""


@dataclass(frozen=True)
class PartsDataset:
    """Reads parts with `n_workers` workers of Ray; `sample` is a path that all of them must see.

    Ray Data replaces a worker that dies, and passes over the part that it had.  What was passed over is read again,
    one picture after the other, so a picture that kills who reads it is found out and named.
    """

    reader: Reader
    kind: RowKind
    n_workers: int
    sample: str | None

    def read_parts(self, parts: Iterable[Part], columns: Columns, size: int) -> Iterator[tuple[int, int, list[Answer]]]:
        """Yield how many pictures each part has, its number and its answers, as they are done.

        Raises SettingError where a worker does not see the pictures, or all die at their start, and what reading a
        part raises.
        """
        source = iter(parts)
        while window := list(islice(source, PARTS_TOGETHER)):
            lacking = {part.first: part for part in window}
            for part, answers in self._read_repeatedly(lacking, columns):
                yield part.n, part.number, answers
            found = self._read_one_by_one(lacking.values(), columns)
            for part in lacking.values():
                yield part.n, part.number, [found[first] for first in range(part.first, part.first + part.n)]

    def _read_one_by_one(self, parts: Iterable[Part], columns: Columns) -> dict[int, Answer]:
        """Return the answers for the pictures of parts that killed a worker, by the pictures' numbers."""
        lacking = {single.first: single for part in parts for single in part.singles()}
        found = {single.first: answers[0] for single, answers in self._read_repeatedly(lacking, columns)}
        for first, single in lacking.items():  # alone, so that nothing else can be what kills
            answered = [answers[0] for _, answers in self._read({first: single}, columns)]
            found[first] = answered[0] if answered else self._killer(single, columns)
        return found

    def _killer(self, single: Part, columns: Columns) -> Answer:
        name = single.files[0] if single.table is None else next(read_rows(single.table, columns, single.row))[0]
        return Answer(single.first, name, f"{name} kills the process that reads it")

    def _read_repeatedly(self, lacking: dict[int, Part], columns: Columns) -> Iterator[tuple[Part, list[Answer]]]:
        """Yield as _read does, until no more is lacking than workers may have had when they were killed.

        With a machine that is lost goes more, as Ray Data still gives to its workers for a while.
        """
        n_before = inf
        while lacking and (n_before == inf or self.n_workers < len(lacking) < n_before):
            n_before = len(lacking)
            yield from self._read(lacking, columns)

    def _read(self, lacking: dict[int, Part], columns: Columns) -> Iterator[tuple[Part, list[Answer]]]:
        """Yield parts with their answers, and take them out of those that are lacking; what killed a worker stays.

        Raises SettingError where workers die at their start.
        """
        lines = [{"part": json.dumps(asdict(part))} for part in lacking.values()]
        with ray.data.DataContext.current(_quiet()), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of max_task_retries, which has no other name yet
            dataset = ray.data.from_items(lines, override_num_blocks=len(lines)).map_batches(
                ReadParts,
                fn_constructor_args=[self.reader, self.kind, columns, os.getcwd(), self.sample],
                batch_format="pyarrow",
                batch_size=None,  # the one row of a block
                compute=ray.data.ActorPoolStrategy(
                    size=min(self.n_workers, len(lines)), max_tasks_in_flight_per_actor=1
                ),
                num_cpus=1,
                max_task_retries=0,  # or a picture that kills a worker would kill the next one, too, without end
            )
        try:
            for batch in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                for row in batch.to_pylist():
                    if row["error"]:
                        raise cloudpickle.loads(row["error"])
                    yield lacking.pop(row["first"]), list(map(Answer.from_line, row["lines"].splitlines()))
        except ray.exceptions.ObjectLostError:  # with its machine: what is missing is read again
            return
        except ray.exceptions.RayError as error:
            last = str(error).strip().splitlines()[-1].strip()
            raise SettingError(f"the workers cannot begin to read: {last}") from None


def _quiet() -> Any:
    """Return settings of Ray Data with which it says nothing, and passes over the parts of workers that die."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.max_errored_blocks = -1
    return context


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
