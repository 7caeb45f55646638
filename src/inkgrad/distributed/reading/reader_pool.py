"""ReaderPool: workers of Ray that read pictures; one that dies is replaced, and what it had is read again.

The workers are plain actors.  Ray Data has such pools too, and they too outlive a killed worker, but it tries
again without end: a picture that kills who reads it would keep millions waiting.  Here it is found out and named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import pyarrow as pa
import ray

from inkgrad.distributed.reading.parts import Load
from inkgrad.distributed.reading.picture_reader import PictureReader
from inkgrad.distributed.reading.result_files import as_rows
from inkgrad.errors import SettingError
from inkgrad.reader import Reader


@dataclass(frozen=True)
class PoolLimits:
    """What a pool of readers may do.

    loads_each    loads that a worker has: one that it reads, one that waits
    deaths        workers that may die of a load, and that may die at their start before one has lived
    look_s        seconds between two looks at Ctrl-C
    """

    loads_each: int = 2
    deaths: int = 3
    look_s: float = 0.5


@dataclass(eq=False)
class PoolWorker:
    """A worker, and the answers that it owes, with their loads, in the order in which they come."""

    actor: Any
    ready: Any
    owed: deque[tuple[Any, Load]] = field(default_factory=deque)


class ReaderPool:
    """`n_workers` workers with the same reader; `sample` is a path that all of them must see."""

    def __init__(self, reader: Reader, n_workers: int, sample: str | None, limits: PoolLimits = PoolLimits()) -> None:
        self.reader, self.sample, self.limits = ray.put(reader), sample, limits
        self.kind = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(PictureReader)
        self.n_failed = 0
        self.waiting: deque[Load] = deque()
        self.starting: list[PoolWorker] = []
        self.working: list[PoolWorker] = []
        for _ in range(n_workers):
            self._start()

    def read(self, loads: Iterable[Load]) -> Iterator[tuple[Load, Any]]:
        """Yield each load with its rows, as they are done; one that kills its readers comes back picture by picture."""
        source = iter(loads)
        while True:
            self._hand_out(source)
            busy = {worker.owed[0][0]: worker for worker in self.working if worker.owed}
            if not busy and not self.waiting:
                return
            coming = {worker.ready: worker for worker in self.starting}
            for done in ray.wait([*busy, *coming], timeout=self.limits.look_s)[0]:
                if done in coming:
                    self._admit(coming[done])
                else:
                    yield from self._taken(busy[done])

    def end(self) -> None:
        """End all workers."""
        for worker in self.starting + self.working:
            ray.kill(worker.actor)

    def _hand_out(self, source: Iterator[Load]) -> None:
        """Give each worker what it may have; that nothing waits then means that all is given away."""
        for worker in self.working:
            while len(worker.owed) < self.limits.loads_each and self._wait_for(source):
                load = self.waiting.popleft()
                worker.owed.append((worker.actor.read.remote(load.first, load.names, load.pictures), load))
        self._wait_for(source)

    def _wait_for(self, source: Iterator[Load]) -> bool:
        """Return whether there is a load to give away; no more than one is taken ahead."""
        if not self.waiting:
            self.waiting.extend(islice(source, 1))
        return bool(self.waiting)

    def _start(self) -> None:
        actor = self.kind.remote(self.reader)
        self.starting.append(PoolWorker(actor, actor.ready.remote(self.sample)))

    def _admit(self, worker: PoolWorker) -> None:
        self.starting.remove(worker)
        try:
            sees = ray.get(worker.ready)
        except ray.exceptions.RayError as error:
            self.n_failed += 1
            if self.n_failed >= self.limits.deaths:
                reason = str(error).strip().splitlines()[-1].strip()
                raise SettingError(
                    f"{self.limits.deaths} workers died one after the other at their start: {reason}"
                ) from None
            self._start()
            return
        if not sees:
            raise SettingError(
                f"a worker on another machine does not see {self.sample}: put the pictures where all machines see "
                "them under the same name, a shared disk or a store such as s3://"
            )
        self.n_failed = 0
        self.working.append(worker)

    def _taken(self, worker: PoolWorker) -> Iterator[tuple[Load, Any]]:
        answer, load = worker.owed[0]
        try:
            rows = ray.get(answer)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError:
            yield from self._replaced(worker)
        else:
            worker.owed.popleft()
            yield load, rows

    def _replaced(self, worker: PoolWorker) -> Iterator[tuple[Load, Any]]:
        """Replace a worker that died; what it was reading has a death more to answer for."""
        self.working.remove(worker)
        with suppress(ray.exceptions.RayError):
            ray.kill(worker.actor)  # it may be lost, and live
        self._start()
        _, load = worker.owed.popleft()
        self.waiting += [load for _, load in worker.owed]
        load = replace(load, n_deaths=load.n_deaths + 1)
        if load.n_deaths < self.limits.deaths:
            self.waiting.append(load)
        elif len(load.names) > 1:
            self.waiting += load.singly()
        else:
            yield load, as_rows(load.first, load.names, [f"{load.names[0]} kills the process that reads it"])


def gathered(answers: Iterable[tuple[Load, Any]], n_of: dict[int, int]) -> Iterator[tuple[int, Any]]:
    """Yield the number and the rows of each part that is whole; `n_of` has how many pictures those under way have."""
    pieces: dict[int, list[Any]] = {}
    for load, rows in answers:
        its = pieces.setdefault(load.part, [])
        its.append(rows)
        if sum(map(len, its)) == n_of[load.part]:
            del pieces[load.part], n_of[load.part]
            yield load.part, pa.concat_tables(its).sort_by("index")
