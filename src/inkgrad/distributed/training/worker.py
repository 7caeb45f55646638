"""What a worker does: its shard of every step, in step with the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ray

from inkgrad.data import Examples
from inkgrad.distributed.training.averaging import Averaging
from inkgrad.distributed.training.groups import Alone, Gloo, Group, Tree
from inkgrad.distributed.training.job import Job, Place
from inkgrad.distributed.training.sums import tree
from inkgrad.errors import InkgradError
from inkgrad.fast import limit_threads
from inkgrad.sessions.log_row import is_row_due, log_row
from inkgrad.training import Row, Run, Shard, Step, TrainingLoop

NOTE = 0.5  # seconds between words to the driver


def work(told: dict[str, Any]) -> None:
    """Work as one of the workers of an attempt, from the last checkpoint to the end."""
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero

    ledger, context = told["ledger"], get_context()
    rank, n = context.get_world_rank(), context.get_world_size()
    attempt = broadcast_from_rank_zero(ray.get(ledger.begin.remote()) if rank == 0 else None)
    if attempt is None:
        return
    error = None
    try:
        job: Job = ray.get(told["job"])  # here, so that a layer which this machine lacks is complained of
        with limit_threads(job.engine.n_threads):
            group = _join(job, ledger, attempt, rank, n)
            Worker(job, ledger, attempt, Shard(rank, n), group).work()
    except InkgradError as found:  # all workers meet it at the same step, and would again
        error = found
    except Exception as found:
        ray.get(ledger.complain.remote(attempt, f"{type(found).__name__}: {found}".partition("\n")[0]))
        raise
    if rank == 0:
        ray.get(ledger.end.remote(attempt, error))


def _join(job: Job, ledger: Any, attempt: int, rank: int, n: int) -> Group:
    from ray.train.collective import barrier

    if n == 1:
        return Alone()
    if job.gloo:
        return Gloo(f"{job.name}-{attempt}", rank, n)
    if rank == 0:
        ray.get(ledger.share.remote(attempt, tree(attempt, n)))
    barrier()
    return Tree(attempt, rank, ray.get(ledger.shared.remote(attempt)))


@dataclass
class LocalRun(Run):
    """A run of one worker that takes `sync_every` steps of its own between two averages over all workers.

    They also meet where a row is due, and at the end of an epoch.
    """

    averaging: Averaging | None = None
    sync_every: int = 1

    def steps(self, examples: Examples) -> Iterator[Step]:
        assert self.averaging is not None
        n = self.steps_in_epoch(examples)
        for step in super().steps(examples):
            if self.step % self.sync_every == 0 or is_row_due(self) or self.step == n:
                step = replace(step, cost=self.averaging.place(self, step.cost))
            yield step


class Worker:
    """One of the workers of an attempt.  That of rank 0 also writes the ledger."""

    def __init__(self, job: Job, ledger: Any, attempt: int, shard: Shard, group: Group) -> None:
        self.job, self.ledger, self.attempt = job, ledger, attempt
        self.writes = shard.index == 0
        train, test = job.data()
        place: Place = ray.get(ledger.last.remote(attempt))
        size, dtype = place.theta.size, place.theta.dtype
        self.averaging = Averaging(group, shard, size, dtype)
        each_step = job.sync_every == 1 and shard.count > 1
        run = self.run = job.run(place, Shard(shard.index, shard.count, self.averaging.gradient if each_step else None))
        if shard.count > 1 and not each_step:
            run = self.run = LocalRun(**vars(run), averaging=self.averaging, sync_every=job.sync_every)
        measure = partial(log_row, run=run, test=test, score=self.averaging.score)
        self.loop = TrainingLoop(run, train, measure, is_row_due, place.costs, place.seconds, checkpoint_seconds=5.0)
        self.noted = time.monotonic()
        self.answer: Any = None
        self.sent: Any = None

    def work(self) -> None:
        """Do all steps that are left, or those until all are asked to stop."""
        try:
            self._steps()
        finally:
            self._await_commit()  # what is said after it could overtake it

    def _steps(self) -> None:
        averaging, loop = self.averaging, self.loop
        for row in loop.steps(self.job.epochs):
            if self.run.step % self.job.sync_every and not row:
                continue  # the workers have not met since
            if averaging.shard.count == 1:
                averaging.stop = averaging.asked
            if row or averaging.stop or loop.is_checkpoint_due():
                self._commit(row)
            self._listen()
            if averaging.stop:
                return

    def _listen(self) -> None:
        """Tell the ledger now and then how far it is; its answer, whether to stop, is there at a later step."""
        if not self.writes:
            return
        if self.answer is not None:
            done, _ = ray.wait([self.answer], timeout=0)
            if done:
                self.averaging.asked = ray.get(self.answer)
                self.answer = None
        elif time.monotonic() - self.noted > NOTE:
            self.noted = time.monotonic()
            self.answer = self.ledger.note.remote(self.attempt, self.loop.steps_done)

    def _commit(self, row: Row | None) -> None:
        """Send a checkpoint, once the one before has arrived."""
        self.loop.note_checkpoint()
        if not self.writes:
            return
        self._await_commit()
        place = Place.of(self.run, self.loop)
        self.sent = self.ledger.commit.remote(self.attempt, place, row)

    def _await_commit(self) -> None:
        if self.sent is not None:
            ray.get(self.sent)
