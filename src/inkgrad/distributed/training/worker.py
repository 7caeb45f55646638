"""Worker: what it is told, and what it does: its shard of every step, in step with the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ray

from inkgrad.data import Examples
from inkgrad.distributed.training.allreduce import Averaging, Ring
from inkgrad.distributed.training.coordinator import Position
from inkgrad.errors import InkgradError
from inkgrad.fast import limit_threads
from inkgrad.sessions.log_row import is_row_due, log_row
from inkgrad.training import ExampleSource, Row, Run, Shard, Step, TrainingLoop


@dataclass(frozen=True)
class PoolTiming:
    """How often the processes of a training on workers talk, in seconds.

    look_s          between two looks of the driver at whether to stop, and at the coordinator's news; with 0.1 the
                    coordinator and the driver took 4 % of a core (benchmarks/distributed/RESULTS.md)
    report_s        between two words of the workers to the coordinator on how far they are
    checkpoint_s    between two checkpoints with the coordinator, where rows of the log are further apart
    goodbye_s       that workers may take to stop
    """

    look_s: float = 0.5
    report_s: float = 0.5
    checkpoint_s: float = 5.0
    goodbye_s: float = 30.0


@dataclass(frozen=True)
class Job:
    """A training, without where it stands: the `run` has no parameters and no memory of the optimizer.

    The four arrays of the examples are in Ray's object store, once a machine, and all its workers read them
    there.
    """

    name: str
    run: Run
    epochs: int
    sync_every: int
    examples: tuple[Any, Any, Any, Any]  # references to x and t for training, x and t for testing
    timing: PoolTiming = PoolTiming()

    def data(self) -> tuple[Examples, Examples]:
        """Return the examples to train and to test on."""
        x, t, test_x, test_t = ray.get(list(self.examples))
        return Examples(x, t), Examples(test_x, test_t)

    def run_at(self, position: Position, shard: Shard) -> Run:
        """Return the run of one worker."""
        theta, state, epoch, step = position.theta, position.state, position.epoch, position.step
        return replace(self.run, theta=theta, state=state, epoch=epoch, step=step, shard=shard)


def work(told: dict[str, Any]) -> None:
    """Work as one of the workers of an attempt, from the last checkpoint to the end."""
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero

    coordinator, context = told["coordinator"], get_context()
    rank, n = context.get_world_rank(), context.get_world_size()
    attempt = broadcast_from_rank_zero(ray.get(coordinator.begin.remote()) if rank == 0 else None)
    if attempt is None:
        return
    error = None
    try:
        job: Job = ray.get(told["job"])  # here, so that a layer which this machine lacks is complained of
        with limit_threads(job.run.engine.n_threads), closing(_join(coordinator, attempt, rank, n)) as ring:
            Worker(job, coordinator, attempt, Shard(rank, n), ring).work()
    except InkgradError as found:  # all workers meet it at the same step, and would again
        error = found
    except ConnectionError:  # the neighbour that has gone knows why
        raise
    except Exception as found:
        ray.get(coordinator.complain.remote(attempt, f"{type(found).__name__}: {found}".partition("\n")[0]))
        raise
    if rank == 0:
        ray.get(coordinator.end.remote(attempt, error))


def _join(coordinator: Any, attempt: int, rank: int, n: int) -> Ring:
    ring = Ring(ray.util.get_node_ip_address())
    ring.join(rank, ray.get(coordinator.meet.remote(attempt, n, rank, ring.address)))
    return ring


@dataclass
class LocalRun(Run):
    """A run of one worker that takes `sync_every` steps of its own between two averages over all workers.

    They also meet where a row is due, and at the end of an epoch.
    """

    averaging: Averaging | None = None
    sync_every: int = 1

    def steps(self, examples: Examples | ExampleSource) -> Iterator[Step]:
        assert self.averaging is not None
        n = self.steps_in_epoch(examples)
        for step in super().steps(examples):
            if self.step % self.sync_every == 0 or is_row_due(self) or self.step == n:
                step = replace(step, cost=self.averaging.parameters(self, step.cost))
            yield step


class Worker:
    """One of the workers of an attempt.  That of rank 0 also tells the coordinator how far they are."""

    def __init__(self, job: Job, coordinator: Any, attempt: int, shard: Shard, ring: Ring) -> None:
        self.job, self.coordinator, self.attempt = job, coordinator, attempt
        self.writes = shard.index == 0
        train, test = job.data()
        position: Position = ray.get(coordinator.last.remote(attempt))
        size, dtype = position.theta.size, position.theta.dtype
        self.averaging = Averaging(ring, shard, size, dtype)
        average = self.averaging.gradient if job.sync_every == 1 else None
        run = self.run = job.run_at(position, Shard(shard.index, shard.count, average))
        if job.sync_every > 1:
            run = self.run = LocalRun(**vars(run), averaging=self.averaging, sync_every=job.sync_every)
        measure = partial(log_row, run=run, test=test, score=self.averaging.score)
        self.loop = TrainingLoop(
            run, train, measure, is_row_due, position.costs, position.seconds, job.timing.checkpoint_s
        )
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
            if row or averaging.stop or loop.is_checkpoint_due():
                self._commit(row)
            self._listen()
            if averaging.stop:
                return

    def _listen(self) -> None:
        """Tell the coordinator now and then how far it is; its answer, whether to stop, is there at a later step."""
        if not self.writes:
            return
        if self.answer is not None:
            done, _ = ray.wait([self.answer], timeout=0)
            if done:
                self.averaging.asked = ray.get(self.answer)
                self.answer = None
        elif time.monotonic() - self.noted > self.job.timing.report_s:
            self.noted = time.monotonic()
            self.answer = self.coordinator.note.remote(self.attempt, self.loop.steps_done)

    def _commit(self, row: Row | None) -> None:
        """Send a checkpoint, once the one before has arrived."""
        self.loop.note_checkpoint()
        if not self.writes:
            return
        self._await_commit()
        position = Position.of(self.run, self.loop)
        self.sent = self.coordinator.commit.remote(self.attempt, position, row)

    def _await_commit(self) -> None:
        if self.sent is not None:
            ray.get(self.sent)
