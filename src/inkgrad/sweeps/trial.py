"""Trial: one training of a sweep, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from optuna.trial import FrozenTrial, TrialState

from inkgrad.sessions import TrainingSettings


class TrialStatus(StrEnum):
    """How a trial stands: done after all epochs, stopped before because others were better, diverged, or running."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class TrialResult:
    """How a trial went so far: the part of the validation examples that is right after each epoch, and the seconds."""

    number: int
    status: TrialStatus
    settings: TrainingSettings
    accuracies: tuple[float, ...] = ()
    seconds: float = 0.0

    @classmethod
    def of(cls, trial: FrozenTrial, settings: TrainingSettings) -> TrialResult:
        """Return what Optuna knows of a trial; its own numbers begin with 0."""
        status = {TrialState.COMPLETE: TrialStatus.DONE, TrialState.PRUNED: TrialStatus.STOPPED}
        found = TrialStatus.DIVERGED if "diverged" in trial.user_attrs else status.get(trial.state, TrialStatus.RUNNING)
        accuracies = tuple(accuracy for _, accuracy in sorted(trial.intermediate_values.items()))
        return cls(trial.number + 1, found, settings, accuracies, trial.user_attrs.get("seconds", 0.0))

    @property
    def accuracy(self) -> float | None:
        """The accuracy after the last epoch; None before the first."""
        return self.accuracies[-1] if self.accuracies else None


def ranked(results: Iterable[TrialResult]) -> list[TrialResult]:
    """Return results, the best first: done ones, running ones, stopped ones, diverged ones.

    Of stopped ones those come first that got further; then the accuracy decides, then who came first.
    """
    order = (TrialStatus.DONE, TrialStatus.RUNNING, TrialStatus.STOPPED, TrialStatus.DIVERGED)

    def key(result: TrialResult) -> tuple[float, ...]:
        epochs = 0 if result.status == TrialStatus.DONE else len(result.accuracies)
        return order.index(result.status), -epochs, -(result.accuracy or 0.0), result.number

    return sorted(results, key=key)
