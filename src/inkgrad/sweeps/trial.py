"""Trial: one training of a sweep, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from inkgrad.sessions import Settings

RUNNING, DONE, STOPPED, DIVERGED = "running", "done", "stopped", "diverged"
ENDS = (DONE, STOPPED, DIVERGED)

Row = dict[str, Any]
"""After an epoch: "epoch", the mean "cost" of its batches, "validation_cost", "validation_accuracy", "seconds"."""


@dataclass(frozen=True)
class Trial:
    """A training with these settings, the `number`-th of its sweep, counted from 1."""

    number: int
    settings: Settings


@dataclass(frozen=True)
class Outcome:
    """How a trial went: a row for each epoch, and how it ended.

    status   "done" after all epochs, "stopped" before because others were better, "diverged", or "running"
    """

    trial: Trial
    status: str = RUNNING
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

    def grown(self, row: Row) -> Outcome:
        """Return it with the row of one more epoch; a row that it has already is not taken twice."""
        return replace(self, rows=(*self.rows, row)) if row["epoch"] == self.epochs + 1 else self


def ranked(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return outcomes, the best first.

    Done ones come before running and stopped ones, as those were worse when they were compared, and diverged
    ones come last; then the accuracy decides, then the smaller cost, then who came first.
    """
    order = (DONE, RUNNING, STOPPED, DIVERGED)

    def key(outcome: Outcome) -> tuple[float, ...]:
        last = outcome.rows[-1] if outcome.rows else {"validation_accuracy": -1.0, "validation_cost": 0.0}
        kind, number = order.index(outcome.status), outcome.trial.number
        epochs = 0 if outcome.status == DONE else outcome.epochs  # more halvings survived are better
        return kind, -epochs, -last["validation_accuracy"], last["validation_cost"], number

    return sorted(outcomes, key=key)
