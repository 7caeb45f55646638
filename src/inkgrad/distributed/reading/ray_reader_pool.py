"""RayReaderPool: a pool of readers that are workers of Ray.

The workers are plain actors.  Ray Data has such pools too, and they too outlive a killed worker, but it tries
again without end: a picture that kills who reads it would keep millions waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray

from inkgrad.bulk.parts import Load
from inkgrad.bulk.picture_reader import PictureReader
from inkgrad.bulk.reader_pool import Death, PoolLimits, PoolWorker, ReaderPool
from inkgrad.bulk.rows import Answer, RowKind
from inkgrad.errors import SettingError
from inkgrad.reader import Reader


@dataclass(frozen=True)
class RayWorker:
    """An actor, and what it will say: first whether it sees the pictures, then its answers."""

    actor: Any
    said: deque[Any]


class RayReaderPool(ReaderPool):
    """`n_workers` workers of Ray; `sample` is a path that all of them must see."""

    def __init__(
        self, reader: Reader, kind: RowKind, n_workers: int, sample: str | None, limits: PoolLimits = PoolLimits()
    ) -> None:
        self.reader, self.rows, self.sample = ray.put(reader), kind, sample
        self.kind = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(PictureReader)
        super().__init__(n_workers, limits)

    def start(self) -> PoolWorker:
        actor = self.kind.remote(self.reader, self.rows)
        return PoolWorker(RayWorker(actor, deque([actor.ready.remote(self.sample)])))

    def give(self, worker: PoolWorker, load: Load) -> None:
        worker.handle.said.append(worker.handle.actor.read.remote(load.first, load.names, load.pictures))

    def heard(self, seconds: float) -> Iterator[tuple[PoolWorker, list[Answer] | Death]]:
        coming = {worker.handle.said[0]: worker for worker in self.workers if worker.handle.said}
        for done in ray.wait(list(coming), timeout=seconds)[0]:
            worker = coming[done]
            worker.handle.said.popleft()
            try:
                said = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError as error:
                yield worker, Death(str(error).strip().splitlines()[-1].strip())
                continue
            if said is False:
                raise SettingError(
                    f"a worker on another machine does not see {self.sample}: put the pictures where all machines see "
                    "them under the same name, a shared disk or a store such as s3://"
                )
            yield worker, [] if said is True else said

    def stop(self, worker: PoolWorker) -> None:
        with suppress(ray.exceptions.RayError):
            ray.kill(worker.handle.actor)  # it may be lost, and live
