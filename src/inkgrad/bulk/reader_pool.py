"""ReaderPool: workers that read pictures; one that dies is replaced, and what it had is read again.

A picture that kills who reads it is found out and named, and does not keep millions waiting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from inkgrad.bulk.parts import Load, Part, load_parts
from inkgrad.bulk.picture_tables import Columns
from inkgrad.bulk.rows import Answer
from inkgrad.errors import SettingError


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


@dataclass(frozen=True)
class Death:
    """That a worker has died, and of what, as far as that is known."""

    reason: str


@dataclass(eq=False)
class PoolWorker:
    """A worker, the loads that it owes answers for, in the order in which they come, and whether it can read yet."""

    handle: Any
    owed: deque[Load] = field(default_factory=deque)
    is_ready: bool = False


class ReaderPool(ABC):
    """So many workers with the same reader; what a worker is, its kinds say."""

    def __init__(self, n_workers: int, limits: PoolLimits = PoolLimits()) -> None:
        self.limits = limits
        self.n_failed = 0
        self.waiting: deque[Load] = deque()
        self.workers: list[PoolWorker] = []
        for _ in range(n_workers):
            self.workers.append(self.start())

    @abstractmethod
    def start(self) -> PoolWorker:
        """Return a new worker, which says when it is ready."""

    @abstractmethod
    def give(self, worker: PoolWorker, load: Load) -> None:
        """Let a worker read a load after those that it has; that it is dead, it need not find out."""

    @abstractmethod
    def heard(self, seconds: float) -> Iterator[tuple[PoolWorker, list[Answer] | Death]]:
        """Wait, and yield at most one thing from each worker: that it is ready, its next answers, or its death."""

    @abstractmethod
    def stop(self, worker: PoolWorker) -> None:
        """End a worker, also one that is lost, or dead."""

    def read_parts(self, parts: Iterable[Part], columns: Columns, size: int) -> Iterator[tuple[int, int, list[Answer]]]:
        """Yield how many pictures were answered for, of which part, and all answers of it once it is whole, else none.

        A worker has at most `size` pictures at once.
        """
        n_of: dict[int, int] = {}  # pictures of the parts under way
        pieces: dict[int, list[Answer]] = {}

        def noted() -> Iterator[Part]:
            for part in parts:
                n_of[part.number] = part.n
                yield part

        for load, answers in self.read(load_parts(noted(), columns, size)):
            found = pieces.setdefault(load.part, [])
            found += answers
            is_whole = len(found) == n_of[load.part]
            yield len(answers), load.part, sorted(found, key=lambda answer: answer.index) if is_whole else []
            if is_whole:
                del pieces[load.part], n_of[load.part]

    def read(self, loads: Iterable[Load]) -> Iterator[tuple[Load, list[Answer]]]:
        """Yield each load with its answers, as they are done; one that kills its readers comes back by picture."""
        source = iter(loads)
        while True:
            self._hand_out(source)
            if not self.waiting and not any(worker.owed for worker in self.workers):
                return
            for worker, answers in self.heard(self.limits.look_s):
                if isinstance(answers, Death):
                    yield from self._replaced(worker, answers)
                elif worker.is_ready:
                    yield worker.owed.popleft(), answers
                else:
                    worker.is_ready, self.n_failed = True, 0

    def end(self) -> None:
        """End all workers."""
        for worker in self.workers:
            self.stop(worker)

    def _hand_out(self, source: Iterator[Load]) -> None:
        """Give each worker what it may have; that nothing waits then means that all is given away."""
        for worker in self.workers:
            while worker.is_ready and len(worker.owed) < self.limits.loads_each and self._wait_for(source):
                load = self.waiting.popleft()
                worker.owed.append(load)
                self.give(worker, load)
        self._wait_for(source)

    def _wait_for(self, source: Iterator[Load]) -> bool:
        """Return whether there is a load to give away; no more than one is taken ahead."""
        if not self.waiting:
            self.waiting.extend(islice(source, 1))
        return bool(self.waiting)

    def _replaced(self, worker: PoolWorker, death: Death) -> Iterator[tuple[Load, list[Answer]]]:
        """Replace a worker that died; what it was reading has a death more to answer for."""
        self.stop(worker)
        if not worker.is_ready:
            self.n_failed += 1
            if self.n_failed >= self.limits.deaths:
                raise SettingError(
                    f"{self.limits.deaths} workers died one after the other at their start: {death.reason}"
                )
        self.workers[self.workers.index(worker)] = self.start()
        if not worker.owed:
            return
        load = worker.owed.popleft()
        self.waiting += worker.owed
        load = replace(load, n_deaths=load.n_deaths + 1)
        if load.n_deaths < self.limits.deaths:
            self.waiting.append(load)
        elif len(load.names) > 1:
            self.waiting += load.cut(1)
        else:
            yield load, [Answer(load.first, load.names[0], f"{load.names[0]} kills the process that reads it")]
