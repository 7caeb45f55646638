"""Rows: what the log of a training says, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad.data import Examples
from inkgrad.optimizers import SGD, Adam, Averaged, Optimizer
from inkgrad.optimizers.base import rate
from inkgrad.training import Run, evaluate

EVERY = 100  # steps between rows
N_QUICK = 1000  # test digits for the quick accuracy

Score = Callable[[Run, Examples], tuple[float, float]]


def score(run: Run, examples: Examples) -> tuple[float, float]:
    """Return the cost and the accuracy of a run as it stands; raise Diverged when the cost is not a number."""
    found = evaluate(run.objective, run.answer, examples, engine=run.engine)
    return found.cost, found.accuracy


def is_due(run: Run, steps_in_epoch: int) -> bool:
    """Whether a row is due after the step that was just done: every EVERY steps, and at the end of an epoch."""
    return run.step % EVERY == 0 or run.step == steps_in_epoch


def row_of(
    run: Run, steps_in_epoch: int, costs: Sequence[float], test: Examples, score: Score = score
) -> dict[str, Any]:
    """Return how the training goes: `costs` are those of the steps since the last row.

    At the end of an epoch the whole test set is looked at, else its first N_QUICK examples.
    """
    done = run.epoch * steps_in_epoch + run.step
    row: dict[str, Any] = {
        "epoch": round(run.epoch + run.step / steps_in_epoch, 6),
        "step": done,
        "lr": _learning_rate(run.optimizer, done - 1),
        "cost": float(np.mean(costs)),
        "quick_accuracy": score(run, Examples(test.x[:N_QUICK], test.t[:N_QUICK]))[1],
    }
    if run.step == steps_in_epoch:
        row["test_cost"], row["test_accuracy"] = score(run, test)
    return row


def _learning_rate(optimizer: Optimizer, step: int) -> float:
    """Return that of a step, counted from 0."""
    inner = optimizer.optimizer if isinstance(optimizer, Averaged) else optimizer
    assert isinstance(inner, SGD | Adam)
    return rate(inner.lr, step)
