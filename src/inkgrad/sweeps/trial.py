"""Trial: one training of a sweep, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from optuna.trial import FrozenTrial

from inkgrad.sessions import TrainingSettings

STATUSES = {"COMPLETE": "done", "RUNNING": "running", "PRUNED": "stopped", "": "diverged"}  # by Optuna's; best first


@dataclass(frozen=True)
class TrialResult:
    """How a trial went so far.

    status      "done" after all epochs, "running", "stopped" before, as others were better, or "diverged"
    accuracies  the part of the validation examples that is right, after each epoch
    seconds     that it took; 0 before it ends
    """

    number: int
    status: str
    settings: TrainingSettings
    accuracies: tuple[float, ...] = ()
    seconds: float = 0.0

    @classmethod
    def of(cls, trial: FrozenTrial, settings: TrainingSettings) -> TrialResult:
        """Return what Optuna knows of a trial; its own numbers begin with 0."""
        status = "diverged" if "diverged" in trial.user_attrs else STATUSES[trial.state.name]
        seconds = trial.user_attrs.get("seconds", 0.0)
        return cls(trial.number + 1, status, settings, tuple(trial.intermediate_values.values()), seconds)

    @property
    def accuracy(self) -> float | None:
        """The accuracy after the last epoch; None before the first."""
        return self.accuracies[-1] if self.accuracies else None

    @property
    def rank(self) -> tuple[float, ...]:
        """What is less for the better: its status, the epochs where not all were done, the accuracy, who came first."""
        epochs = 0 if self.status == "done" else len(self.accuracies)
        return list(STATUSES.values()).index(self.status), -epochs, -(self.accuracy or 0.0), self.number
