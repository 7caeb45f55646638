"""What a worker does: its shard of every step, in step with the others."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import ray

from inkgrad.distributed.training.averaging import Averaging
from inkgrad.distributed.training.groups import Alone, Gloo, Group, Tree
from inkgrad.distributed.training.job import Job, Place
from inkgrad.distributed.training.sums import tree
from inkgrad.errors import InkgradError
from inkgrad.fast import limit_threads
from inkgrad.sessions.log_row import is_due, row_of
from inkgrad.training import Shard

NOTE = 0.5  # seconds between words to the driver
COMMIT = 5.0  # seconds between checkpoints, where rows are further apart


def work(told: dict[str, Any]) -> None:
    """Work as one of the workers of an attempt, from the last checkpoint to the end."""
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero

    ledger, context = told["ledger"], get_context()
    rank, n = context.get_world_rank(), context.get_world_size()
    attempt = broadcast_from_rank_zero(ray.get(ledger.begin.remote()) if rank == 0 else None)
    if attempt is None:
        return
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")  # Diverged says it better
    error = None
    try:
        job: Job = ray.get(told["job"])  # here, so that a layer which this machine lacks is complained of
        with quiet, limit_threads(job.engine.n_threads):
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


class Worker:
    """One of the workers of an attempt.  That of rank 0 also writes the ledger."""

    def __init__(self, job: Job, ledger: Any, attempt: int, shard: Shard, group: Group) -> None:
        self.job, self.ledger, self.attempt = job, ledger, attempt
        self.writes = shard.index == 0
        self.train, self.test = job.data()
        place: Place = ray.get(ledger.last.remote(attempt))
        size, dtype = place.theta.size, place.theta.dtype
        self.averaging = Averaging(group, shard, size, dtype)
        each_step = job.sync_every == 1 and shard.count > 1
        shard = Shard(shard.index, shard.count, self.averaging.gradient if each_step else None)
        self.run = job.run(place, shard)
        self.costs = list(place.costs)
        self.n = self.run.steps_in_epoch(self.train)
        self.local = shard.count > 1 and not each_step
        self.noted = self.committed = time.monotonic()
        self.answer: Any = None
        self.sent: Any = None

    def work(self) -> None:
        """Do all steps that are left, or those until all are asked to stop."""
        try:
            self._steps()
        finally:
            self._await_commit()  # what is said after it could overtake it

    def _steps(self) -> None:
        run = self.run
        while run.epoch < self.job.epochs:
            for step in run.steps(self.train):
                self.costs.append(step.cost)
                if self._ends_here():
                    return

    def _ends_here(self) -> bool:
        """Do what is to be done after a step; return whether it was the last for now."""
        run, averaging = self.run, self.averaging
        due = is_due(run, self.n)
        if self.local and not (due or run.step % self.job.sync_every == 0):
            return False
        if self.local:
            self.costs[-1] = averaging.place(run, self.costs[-1])
        elif run.shard is None or run.shard.count == 1:
            averaging.stop = averaging.asked
        if due:
            row = row_of(run, self.n, self.costs, self.test, averaging.score)
            self.costs.clear()
            self._commit(row)
        elif averaging.stop or time.monotonic() - self.committed > COMMIT:
            self._commit(None)
        self._listen()
        return averaging.stop

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
            self.answer = self.ledger.note.remote(self.attempt, self.run.epoch * self.n + self.run.step)

    def _commit(self, row: dict[str, Any] | None) -> None:
        """Send a checkpoint, once the one before has arrived."""
        self.committed = time.monotonic()
        if not self.writes:
            return
        self._await_commit()
        place = Place.of(self.run, self.n, tuple(self.costs))
        self.sent = self.ledger.commit.remote(self.attempt, place, row)

    def _await_commit(self) -> None:
        if self.sent is not None:
            ray.get(self.sent)
