"""Coordinator: it keeps the last checkpoint of a training on workers, and tells the driver how far they are."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from ray.train import UserCallback

from inkgrad.arrays import NDArray
from inkgrad.distributed.training.allreduce import Address
from inkgrad.errors import InkgradError
from inkgrad.training import Run, TrainingLoop

MOST_DEATHS = 5
"""How often the workers may die one after the other without a checkpoint between."""


@dataclass(frozen=True)
class Position:
    """Where a training stands: the parameters, the optimizer's memory, and how far it is.

    `costs` are those of the steps since the last row of the log, `seconds` those that the training took.
    """

    theta: NDArray
    state: dict[str, NDArray]
    epoch: int
    step: int
    costs: tuple[float, ...] = ()
    seconds: float = 0.0

    @classmethod
    def of(cls, run: Run, loop: TrainingLoop) -> Position:
        """Return the position of a run that a loop steps, with arrays of its own."""
        theta, state = run.theta.copy(), {name: np.array(array) for name, array in run.state.items()}
        return cls(theta, state, run.epoch, run.step, tuple(loop.costs), loop.seconds)

    def put(self, run: Run) -> None:
        """Put a run to this position."""
        run.theta, run.state, run.epoch, run.step = self.theta, self.state, self.epoch, self.step


class WorkersLost(InkgradError, RuntimeError):
    """Workers that die again and again, so that nothing goes on."""


class Outdated(RuntimeError):
    """Something that a worker of an earlier attempt says: nobody listens to it any more."""


@dataclass(frozen=True)
class News:
    """What the driver has not heard yet.

    `position` is the last checkpoint, None where it is known; `rows` are those of the log since; `steps` is how
    many are done since the very start, maybe some after the checkpoint; `losses` says of each time that workers died
    of what; `over` says that no more will come, and `error` why, where it is not because all is done.
    """

    number: int
    position: Position | None
    rows: list[dict[str, Any]]
    steps: int
    losses: list[str]
    over: bool
    error: Exception | None


class Coordinator:
    """A process that keeps a training on several workers, and outlives them.

    The workers of one start are an attempt.  Each attempt goes on from the last checkpoint, and what
    comes from an earlier one is refused.  A row of the log comes in one call with the checkpoint of its step, so
    no row is ever taken back, and no step is counted twice.
    """

    def __init__(self, position: Position) -> None:
        self.position, self.number = position, 0
        self.attempt = 0
        self.deaths = 0
        self.steps = 0
        self.rows: list[tuple[int, dict[str, Any]]] = []  # with the number of their checkpoint
        self.stopping = self.over = False
        self.error: Exception | None = None
        self.complaint = ""
        self.losses: list[str] = []
        self.addresses: dict[int, Address] = {}
        self.met: asyncio.Event = asyncio.Event()
        self.changed = asyncio.Event()

    async def begin(self) -> int | None:
        """Begin an attempt and return its number, None where no more shall be done."""
        self.attempt += 1
        self.deaths += 1
        if self.deaths > MOST_DEATHS:
            last = f"; the last error was {self.complaint}" if self.complaint else ""
            self._end(WorkersLost(f"the workers died {MOST_DEATHS} times in a row before a checkpoint{last}"))
        elif self.stopping:
            self._end(None)
        self.met.set()  # those of the attempt before wait no longer
        self.addresses, self.met, self.complaint = {}, asyncio.Event(), ""
        return None if self.over else self.attempt

    async def meet(self, attempt: int, n: int, rank: int, address: Address) -> list[Address]:
        """Wait until all n workers of an attempt have said where they listen, and return that, by rank."""
        self._refuse_outdated(attempt)
        self.addresses[rank] = address
        if len(self.addresses) == n:
            self.met.set()
        await self.met.wait()
        self._refuse_outdated(attempt)
        return [self.addresses[rank] for rank in range(n)]

    async def complain(self, attempt: int, complaint: str) -> None:
        """Hear of an error in a worker; the first in an attempt is kept, others often only follow from it."""
        self._refuse_outdated(attempt)
        self.complaint = self.complaint or complaint

    async def lose(self) -> None:
        """Hear from Ray Train that workers died, and that it starts others."""
        self.losses.append(self.complaint or "killed, or its machine is gone")
        self.changed.set()

    async def last(self, attempt: int) -> Position:
        """Return where the attempt begins: the last checkpoint."""
        self._refuse_outdated(attempt)
        return self.position

    async def note(self, attempt: int, steps: int) -> bool:
        """Hear how many steps are done; return whether the workers shall stop."""
        self._refuse_outdated(attempt)
        self.steps = steps
        self.changed.set()
        return self.stopping

    async def commit(self, attempt: int, position: Position, row: dict[str, Any] | None = None) -> None:
        """Take a checkpoint, and the row of the log that belongs to it."""
        self._refuse_outdated(attempt)
        self.position, self.number, self.deaths = position, self.number + 1, 0
        if row:
            self.rows.append((self.number, row))
        self.changed.set()

    async def end(self, attempt: int, error: Exception | None = None) -> None:
        """Hear from a worker that no more will come, because all is done, or why not."""
        self._refuse_outdated(attempt)
        self._end(error)

    async def stop(self) -> None:
        """Ask the workers to save a checkpoint and stop."""
        self.stopping = True

    async def news(self, number: int, patience: float, last: bool = False) -> News:
        """Return what came after the checkpoint of this number; wait for something so many seconds at most.

        Where only the `last` news are wanted, what comes before the end stays here.
        """
        if (last or self.number == number) and not self.over:
            self.changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), patience)
        losses, self.losses = self.losses, []
        if self.number == number or (last and not self.over):
            return News(number, None, [], self.steps, losses, self.over, self.error)
        self.rows = [(made, row) for made, row in self.rows if made > number]
        rows = [row for _, row in self.rows]
        return News(self.number, self.position, rows, self.steps, losses, self.over, self.error)

    def _end(self, error: Exception | None) -> None:
        self.over = True
        self.error = self.error or error
        self.changed.set()

    def _refuse_outdated(self, attempt: int) -> None:
        if attempt != self.attempt:
            raise Outdated(f"attempt {attempt} is over, attempt {self.attempt} goes on")


@dataclass(frozen=True)
class Messenger(UserCallback):  # type: ignore[misc]
    """What Ray Train calls, where it keeps track of the workers, to tell the coordinator."""

    coordinator: Any

    def after_exception(self, run_context: Any, worker_exceptions: dict[int, Exception]) -> None:
        """Tell that workers died; of what, they have said themselves if they could."""
        self.coordinator.lose.remote()
