"""Worker: what it is told, and what it does: its shard of every step, in step with the others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import ray

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.distributed.training.allreduce import Address, Averaging, Ring
from inkgrad.fast import limit_threads
from inkgrad.sessions.log_row import is_row_due, log_row
from inkgrad.training import ExampleSource, Row, Run, Step, TrainingLoop

SENT_CHECKPOINT_SECONDS = 5.0
"""Between two checkpoints that are sent to the coordinator, where rows of the log are further apart."""
ROWS_SECONDS = 0.5
"""Between two, where rows are not: each has all of theta and of the optimizer's memory."""


@dataclass(frozen=True)
class Position:
    """Where a training stands: the parameters, the optimizer's memory, and how far it is.

    `costs` are those of the steps since the last row of the log, `seconds` those that the training took.
    """

    theta: NDArray
    state: dict[str, NDArray]
    epoch: int
    step: int
    costs: tuple[float, ...]
    seconds: float

    @classmethod
    def of(cls, run: Run, costs: Sequence[float], seconds: float) -> Position:
        """Return the position of a run, with the run's own arrays."""
        return cls(run.theta, run.state, run.epoch, run.step, tuple(costs), seconds)

    def put(self, run: Run) -> None:
        """Put a run to this position."""
        run.theta, run.state, run.epoch, run.step = self.theta, self.state, self.epoch, self.step


@dataclass(frozen=True)
class Job:
    """A training, without where it stands: the `run` has no parameters and no memory of the optimizer.

    It is in Ray's object store, once a machine, and all workers of that machine read its examples there.
    """

    run: Run
    train: Examples
    test: Examples
    epochs: int
    sync_every: int

    def run_at(self, position: Position, averaging: Averaging) -> Run:
        """Return the run of one worker."""
        if self.sync_every == 1:
            run = replace(self.run, shard=replace(averaging.shard, average=averaging.gradient))
        else:
            alone = replace(self.run, shard=averaging.shard)
            run = LocalRun(**vars(alone), averaging=averaging, sync_every=self.sync_every)
        position.put(run)
        return run


@dataclass(kw_only=True)
class LocalRun(Run):
    """A run of one worker that takes `sync_every` steps of its own between two averages over all workers.

    They also meet where a row is due, and at the end of an epoch.
    """

    averaging: Averaging
    sync_every: int

    def steps(self, examples: Examples | ExampleSource) -> Iterator[Step]:
        n = self.steps_in_epoch(examples)
        for step in super().steps(examples):
            if self.step % self.sync_every == 0 or is_row_due(self) or self.step == n:
                step = replace(step, cost=self.averaging.parameters(self, step.cost))
            yield step


class Worker:
    """One of the workers of an attempt, as an actor of Ray; that of rank 0 also tells how far they are."""

    def __init__(self) -> None:
        self.ring, self.asked = Ring(ray.util.get_node_ip_address()), False

    def address(self) -> Address:
        """Return where it listens, as soon as it is there."""
        return self.ring.address

    def stop(self) -> None:
        """Ask all workers, through that of rank 0, to stop after the step they are in."""
        self.asked = True

    def work(
        self, job: Job, position: Position, rank: int, addresses: list[Address]
    ) -> Iterator[tuple[list[Row], Position]]:
        """Do all steps that are left, or those until all are asked to stop.

        That of rank 0 yields checkpoints, each with the rows of the log since the one before: soon after the first
        step, while it works, and at the end.
        """
        self.ring.join(rank, addresses)
        with limit_threads(job.run.engine.n_threads), closing(self.ring):
            averaging, rows, sent = Averaging(self.ring, position.theta), list[Row](), -inf
            run = job.run_at(position, averaging)
            measure = partial(log_row, run=run, test=job.test, score=averaging.score)
            loop = TrainingLoop(run, job.train, measure, is_row_due, position.costs, position.seconds)
            for row in loop.steps(job.epochs):
                averaging.asked = self.asked
                rows += [row] if row else []
                if averaging.stop:
                    break
                have_met = row or run.step % job.sync_every == 0
                wait = ROWS_SECONDS if rows else SENT_CHECKPOINT_SECONDS
                if rank == 0 and have_met and time.monotonic() >= sent + wait:
                    yield rows, Position.of(run, loop.costs, loop.seconds)  # Ray copies the arrays at once
                    rows, sent = [], time.monotonic()
            if rank == 0:
                yield rows, Position.of(run, loop.costs, loop.seconds)
