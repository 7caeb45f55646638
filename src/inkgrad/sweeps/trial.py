"""Trial: one training of a sweep, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from inkgrad.sessions import TrainingSettings
from inkgrad.training import Row


class TrialStatus(StrEnum):
    """How a trial stands: done after all epochs, stopped before because others were better, diverged, or running."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Trial:
    """A training with these settings, the `number`-th of its sweep, counted from 1."""

    number: int
    settings: TrainingSettings


@dataclass(frozen=True)
class TrialResult:
    """How a trial went so far, with a row for each epoch.

    A row has the "epoch", the mean "cost" of its batches, "validation_cost", "validation_accuracy", and "seconds".
    """

    trial: Trial
    status: TrialStatus = TrialStatus.RUNNING
    rows: tuple[Row, ...] = ()

    @property
    def epochs(self) -> int:
        """Epochs trained."""
        return len(self.rows)

    @property
    def accuracy(self) -> float | None:
        """The part of the validation examples that is right after the last epoch; None before the first."""
        return self.rows[-1]["validation_accuracy"] if self.rows else None

    @property
    def seconds(self) -> float:
        """How long it was trained."""
        return self.rows[-1]["seconds"] if self.rows else 0.0

    def after(self, epoch: int) -> float:
        """Return the accuracy after that epoch; -1, which is worse than any, where it did not get there."""
        return self.rows[epoch - 1]["validation_accuracy"] if epoch <= len(self.rows) else -1.0

    def grown(self, row: Row) -> TrialResult:
        """Return it with the row of one more epoch; a row that it has already is not taken twice."""
        return replace(self, rows=(*self.rows, row)) if row["epoch"] == self.epochs + 1 else self


def ranked(results: Iterable[TrialResult]) -> list[TrialResult]:
    """Return results, the best first.

    Done ones come before running and stopped ones, as those were worse when they were compared, and diverged
    ones come last; then the accuracy decides, then the smaller cost, then who came first.
    """
    order = (TrialStatus.DONE, TrialStatus.RUNNING, TrialStatus.STOPPED, TrialStatus.DIVERGED)

    def key(result: TrialResult) -> tuple[float, ...]:
        last = result.rows[-1] if result.rows else {"validation_accuracy": -1.0, "validation_cost": 0.0}
        kind, number = order.index(result.status), result.trial.number
        epochs = 0 if result.status == TrialStatus.DONE else result.epochs  # more halvings survived are better
        return kind, -epochs, -last["validation_accuracy"], last["validation_cost"], number

    return sorted(results, key=key)
