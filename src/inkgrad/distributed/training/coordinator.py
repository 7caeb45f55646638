"""Coordinator: it starts the workers of a training, keeps their last checkpoint, and starts them again from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError

from inkgrad.distributed.cluster import n_places
from inkgrad.distributed.training.worker import Job, Position, Worker
from inkgrad.errors import InkgradError
from inkgrad.training import Row

LOOK_SECONDS = 0.5
"""Between two looks at whether to stop, where the workers say nothing."""
LATE_SECONDS = 10.0
"""That workers wait for others, before they begin without them."""
LONGEST_PATIENCE_SECONDS = 600.0
"""That an attempt works at most, before it ends for a worker that came late."""
MOST_DEATHS = 5
"""How often the workers may die one after the other without a checkpoint between."""


class WorkersLost(InkgradError, RuntimeError):
    """Workers that die again and again, so that nothing goes on."""


@dataclass(frozen=True)
class News:
    """What the caller has not heard yet: rows of the log, and what a worker died of, "" where all live.

    `position` is that of the last checkpoint; `n_workers` are at work or about to be, 0 where none finds a core.
    """

    rows: list[Row]
    position: Position
    n_workers: int
    death: str = ""


class Coordinator:
    """Keeps track of the workers of a training, in the program that began it; the workers are actors of Ray.

    The workers of one start are an attempt.  Where one of them dies the others are ended, and the next attempt goes on
    from the last checkpoint.  Rows of the log come in one message with the checkpoint after them, and an attempt that
    has ended is heard no more, so no row is ever taken back, and no step is counted twice.

    Where there are cores for some workers only, these begin; when another finds its cores, all begin anew with it, at
    once or, the next times, after twice as long.  Once stop() is true, they stop after the step they are in.
    """

    def __init__(self, job: Job, position: Position, n_workers: int, stop: Callable[[], bool]) -> None:
        self.job, self.cores_each = ray.put(job), job.run.engine.n_threads
        self.position, self.n_workers, self.stop = position, n_workers, stop
        self.rows: list[Row] = []
        self.errors: list[RayError] = []
        self.n_at_work, self.patience, self.deaths, self.death = n_workers, 0.0, 0, ""

    def train(self) -> Generator[News, None, None]:
        """Have the workers do all steps; yield what is new, and at the end.

        That is twice a second or more often, until it is asked to stop.

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
            if self.errors:
                yield self._news()  # the last rows, as this may end it
                self._count_death()
        yield self._news()

    def _attempt(self) -> Generator[News, None, bool]:
        """Yield news of workers that do the steps; return whether they did all, or all that they shall."""
        if self.stop():
            return True
        actor = ray.remote(num_cpus=self.cores_each, max_concurrency=2)(Worker)  # it works, and can be asked to stop
        workers: list[Any] = []
        try:
            workers.extend(actor.remote() for _ in range(self.n_workers))
            coming = {worker.address.remote(): worker for worker in workers}
            there, late, latest, begin = list[Any](), list(coming), inf, time.monotonic()
            while len(there) < min(self.n_workers, max(1, n_places(self.cores_each))) and time.monotonic() < latest:
                yield self._news()
                if self.stop():
                    return True
                there, late = ray.wait(list(coming), num_returns=len(coming), timeout=LOOK_SECONDS)
                if there:
                    latest = min(latest, time.monotonic() + LATE_SECONDS)
                elif time.monotonic() > begin + LATE_SECONDS:
                    self.n_at_work = 0
            addresses, position = ray.get(there), ray.put(self.position)
            working = [coming[each] for each in there]
            streams = [worker.work.remote(self.job, position, rank, addresses) for rank, worker in enumerate(working)]
            self.n_at_work, begin = len(there), time.monotonic()
            self.patience = self.patience if late else 0.0
            asked = grown = False
            while streams and not self.errors:
                self._hear(streams)
                asked = asked or self.stop()
                grown = grown or (time.monotonic() >= begin + self.patience and bool(ray.wait(late, timeout=0)[0]))
                if asked or grown:
                    working[0].stop.remote()
                if not asked:  # else there is nothing to be said until they have stopped
                    yield self._news()
            while self.errors and streams and self._hear(streams):
                pass  # who died first may be heard last
            if grown:
                self.patience = longer(self.patience)
            return not self.errors and (asked or not grown)
        finally:
            for worker in workers if ray.is_initialized() else ():  # or Ray would start to end them
                ray.kill(worker)

    def _hear(self, streams: list[Any]) -> bool:
        """Hear what workers say next, if they do before long, and take out those that ended; return if one spoke."""
        ready, _ = ray.wait(streams, timeout=LOOK_SECONDS)
        for stream in ready:
            try:
                rows, self.position = ray.get(next(stream))
            except (StopIteration, RayError) as end:
                streams.remove(stream)  # after an error, too: later rows would leave out those that are lost
                if isinstance(end, RayError):
                    self.errors.append(end)
            else:
                self.rows += rows
                self.deaths = 0
        return bool(ready)

    def _count_death(self) -> None:
        for error in self.errors:
            if isinstance(cause := getattr(error, "cause", None), InkgradError):
                raise cause from None
        self.death, self.deaths = cause_of_death(self.errors), self.deaths + 1
        if self.deaths == MOST_DEATHS:
            raise WorkersLost(
                f"the workers died {MOST_DEATHS} times in a row before a checkpoint; the last of them: {self.death}"
            )

    def _news(self) -> News:
        rows, death, self.rows, self.death = self.rows, self.death, [], ""
        return News(rows, self.position, self.n_at_work, death)


def cause_of_death(errors: Sequence[RayError]) -> str:
    """Return in one line what workers died of, by the errors that all of them met."""
    for error in errors:
        cause = getattr(error, "cause", None)
        if cause and not isinstance(cause, ConnectionError):  # of a neighbour
            return f"{type(cause).__name__}: {cause}".partition("\n")[0]
        if not cause and (not isinstance(error, ActorDiedError) or error.actor_init_failed):
            return str(error).strip().splitlines()[-1].strip()
    return "killed, or its machine is gone"


def longer(patience: float) -> float:
    """Return for how many seconds an attempt is to work before it ends for a worker that came late, the next time."""
    return min(max(2 * patience, LATE_SECONDS), LONGEST_PATIENCE_SECONDS)
