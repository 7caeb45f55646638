"""TrainingLoop: the one body of the loop, whoever trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, Protocol

import numpy as np

from inkgrad.errors import DataError
from inkgrad.training.steps import Step

CHECKPOINT_SECONDS = 60.0
"""Between two checkpoints of a training with files, besides those after each epoch: what a kill costs at most."""

Row = dict[str, Any]
"""What a log says of a training at one moment, by name."""


class Steppable(Protocol):
    """What steps through epochs and knows where it stands, as a Run does: whole epochs done, and steps in the next."""

    epoch: int
    step: int

    def steps(self, examples: Any, /) -> Iterator[Step]:
        """Yield a Step for each batch that is left of this epoch."""

    def steps_in_epoch(self, examples: Any, /) -> int:
        """Return how many steps an epoch takes."""


def after_each_epoch(run: Steppable) -> bool:
    """Whether a run that stands between two steps stands between two epochs."""
    return run.step == 0


class TrainingLoop:
    """Steps a run, counts the seconds, gathers the costs of the steps, and makes a row of the log when one is due.

    Command line, playground, sweeps, workers and estimators all step through it; they differ in what a row says, and
    in where it and the checkpoints go:

        loop = TrainingLoop(run, examples, lambda loop: {"epoch": run.epoch, "cost": loop.mean_cost})
        for row in loop.steps(epochs=5):
            if row:
                log.append(row)
            if loop.is_checkpoint_due():
                save_checkpoint(path, run, {})
                loop.note_checkpoint()

    run                 what steps; after the last step of an epoch it stands at the start of the next
    examples            what it trains on
    measure             returns what a row says; the loop adds its "seconds"
    is_row_due          whether a row is due where the run stands; after each epoch, unless told otherwise
    costs               those of the steps since the last row, where a training goes on
    seconds             that it took so far: in steps and rows, not in what the caller does between them
    checkpoint_seconds  between two checkpoints, besides those after each epoch

    Raises DataError where there are no examples.
    """

    def __init__(
        self,
        run: Steppable,
        examples: Any,
        measure: Callable[[TrainingLoop], Row],
        is_row_due: Callable[[Any], bool] = after_each_epoch,
        costs: Sequence[float] = (),
        seconds: float = 0.0,
        checkpoint_seconds: float = inf,
    ) -> None:
        self.run, self.examples, self.measure, self.is_row_due = run, examples, measure, is_row_due
        self.costs, self.seconds, self.checkpoint_seconds = list(costs), seconds, checkpoint_seconds
        self.steps_in_epoch = run.steps_in_epoch(examples)
        if self.steps_in_epoch == 0:
            raise DataError("there are no examples: at least one is needed")
        if run.step >= self.steps_in_epoch:  # it was saved before it was told that the epoch is over
            run.epoch, run.step = run.epoch + 1, 0
        self._steps: Iterator[Step] | None = None
        self.note_checkpoint()

    @property
    def steps_done(self) -> int:
        """Steps since the very start."""
        return self.run.epoch * self.steps_in_epoch + self.run.step

    @property
    def epochs_done(self) -> float:
        """Epochs since the very start, with the part of the one that is under way."""
        return self.run.epoch + self.run.step / self.steps_in_epoch

    @property
    def last_step(self) -> tuple[int, int]:
        """The last step that was done: its epoch, and its place there, counted from 1; (1, 0) before the first."""
        at_end = self.run.step == 0 < self.run.epoch
        return (self.run.epoch, self.steps_in_epoch) if at_end else (self.run.epoch + 1, self.run.step)

    @property
    def mean_cost(self) -> float:
        """The mean cost of the steps since the last row."""
        return float(np.mean(self.costs))

    def steps(self, epochs: int) -> Iterator[Row | None]:
        """Step until so many epochs are done; yield after each step, a row where one is due."""
        while self.run.epoch < epochs:
            yield self.step()

    def step(self) -> Row | None:
        """Take one step; return a row where one is due.

        Raises Diverged as the run does.
        """
        start = time.perf_counter() - self.seconds
        with silent_numpy():
            self._steps = self._steps or self.run.steps(self.examples)
            self.costs.append(next(self._steps).cost)
            if self.run.step == self.steps_in_epoch:
                next(self._steps, None)  # ends the epoch
                self._steps = None
        self.seconds = time.perf_counter() - start
        return self.row() if self.is_row_due(self.run) else None

    def row(self) -> Row:
        """Return a row of the steps since the last one."""
        start = time.perf_counter() - self.seconds
        with silent_numpy():
            row = self.measure(self)
        self.costs.clear()
        self.seconds = time.perf_counter() - start
        return row | {"seconds": round(self.seconds, 3)}

    def restart(self) -> None:
        """Go on from where the run stands now, after somebody put it elsewhere."""
        self._steps = None

    def is_checkpoint_due(self) -> bool:
        """Whether the run should be saved where it stands: an epoch has ended since the last, or that is long ago."""
        is_long_ago = time.monotonic() - self._saved > self.checkpoint_seconds
        return self.run.epoch > self._epoch_saved or (is_long_ago and self.steps_done != self._steps_saved)

    def note_checkpoint(self) -> None:
        """Hear that the run was saved where it stands."""
        self._epoch_saved, self._steps_saved, self._saved = self.run.epoch, self.steps_done, time.monotonic()


def silent_numpy() -> np.errstate:
    """Return what silences NumPy inside a with block, where we compute: of a cost that is not a number Diverged tells.

    There must be no yield in the block, or it would change how the caller's arithmetic warns.
    """
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
