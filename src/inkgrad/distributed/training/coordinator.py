"""Coordinator: it starts the workers of a training, keeps their last checkpoint, and starts them again from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from typing import Any

import ray
from ray.exceptions import RayError

from inkgrad.distributed.training.worker import Job, Position, Worker
from inkgrad.errors import InkgradError
from inkgrad.training import Row

LOOK_SECONDS = 0.5
"""Between two looks at whether to stop, where the workers say nothing."""
LATE_SECONDS = 10.0
"""That workers wait for others, before they begin without them."""
MOST_DEATHS = 5
"""How often the workers may die one after the other without a checkpoint between."""


class WorkersLost(InkgradError, RuntimeError):
    """Workers that die again and again, so that nothing goes on."""


@dataclass(frozen=True)
class News:
    """What the caller has not heard yet: rows of the log, and what a worker died of, "" where all live.

    `position` is that of the last checkpoint.
    """

    rows: list[Row]
    position: Position
    loss: str = ""


class Coordinator:
    """Keeps track of the workers of a training, in the program that began it; the workers are actors of Ray.

    The workers of one start are an attempt.  Where one of them dies the others are ended, and the next attempt goes on
    from the last checkpoint.  A row of the log comes in one message with the checkpoint of its step, and an attempt
    that has ended is heard no more, so no row is ever taken back, and no step is counted twice.

    Where there are cores for some workers only, these begin; as soon as another finds its cores, all begin anew with
    it.  Once stop() is true, they stop after the step they are in.
    """

    def __init__(self, job: Job, position: Position, n_workers: int, stop: Callable[[], bool]) -> None:
        self.job, self.cores_each = ray.put(job), job.run.engine.n_threads
        self.position, self.n_workers, self.stop = position, n_workers, stop
        self.rows: list[Row] = []
        self.errors: list[RayError] = []
        self.deaths, self.loss = 0, ""

    def train(self) -> Generator[News, None, None]:
        """Have the workers do all steps; yield what is new twice a second or more often, and at the end.

        Raises an InkgradError that a worker raised, as all would meet it again; WorkersLost where they die again and
        again.
        """
        is_over = False
        while not is_over:
            self.errors = []
            try:
                is_over = yield from self._attempt()
            except RayError as error:
                self.errors.append(error)
            if self.errors and not is_over:
                self._count_loss()
        yield self._news()

    def _attempt(self) -> Generator[News, None, bool]:
        """Yield news of workers that do the steps; return whether they did all, or all that they shall."""
        hire = ray.remote(num_cpus=self.cores_each, max_concurrency=2)(Worker)  # it works, and can be asked to stop
        workers: list[Any] = [hire.remote() for _ in range(self.n_workers)]
        coming = {worker.address.remote(): worker for worker in workers}
        try:
            there: list[Any] = []
            late, latest = list(coming), inf
            while len(there) < self._n_possible() and time.monotonic() < latest:
                yield self._news()
                if self.stop():
                    return True
                there, late = ray.wait(list(coming), num_returns=len(coming), timeout=LOOK_SECONDS)
                if there:
                    latest = min(latest, time.monotonic() + LATE_SECONDS)
            addresses, position = ray.get(there), ray.put(self.position)
            working = [coming[each] for each in there]
            talks = [worker.work.remote(self.job, position, rank, addresses) for rank, worker in enumerate(working)]
            asked = grown = False
            while talks and not self.errors:
                self._hear(talks)
                asked, grown = asked or self.stop(), bool(ray.wait(late, timeout=0)[0])
                if asked or grown:
                    working[0].stop.remote()
                if not asked:  # else there is nothing to be said until they have stopped
                    yield self._news()
            while self.errors and talks and self._hear(talks):
                pass  # who died first may be heard last
            return asked or not (grown or self.errors)
        finally:
            for worker in workers if ray.is_initialized() else ():  # or Ray would start to end them
                ray.kill(worker)

    def _n_possible(self) -> int:
        """Return how many workers there can be now, as nodes come and go."""
        return min(self.n_workers, max(1, int(ray.cluster_resources().get("CPU", 0)) // self.cores_each))

    def _hear(self, talks: list[Any]) -> bool:
        """Hear what workers say next, if they do before long, and take out those that are done; return if one did."""
        ready, _ = ray.wait(talks, timeout=LOOK_SECONDS)
        for talk in ready:
            try:
                row, self.position = ray.get(next(talk))
            except StopIteration:
                talks.remove(talk)
            except RayError as error:
                self.errors.append(error)
            else:
                self.rows += [row] if row else []
                self.deaths = 0
        return bool(ready)

    def _count_loss(self) -> None:
        causes = [getattr(error, "cause", None) for error in self.errors]
        said = [cause for cause in causes if cause and not isinstance(cause, ConnectionError)]  # of a neighbour
        for cause in said:
            if isinstance(cause, InkgradError):
                raise cause from None
        what = f"{type(said[0]).__name__}: {said[0]}" if said else "killed, or its machine is gone"
        self.loss = what.partition("\n")[0]
        self.deaths += 1
        if self.deaths == MOST_DEATHS:
            last = f"; the last error was {self.loss}" if said else ""
            raise WorkersLost(f"the workers died {MOST_DEATHS} times in a row before a checkpoint{last}")

    def _news(self) -> News:
        rows, loss, self.rows, self.loss = self.rows, self.loss, [], ""
        return News(rows, self.position, loss)
