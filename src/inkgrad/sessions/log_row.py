"""log_row(): what the log of a session says of its training, and when."""

from __future__ import annotations

from collections.abc import Callable

from inkgrad.data import Examples
from inkgrad.optimizers import SGD, Adam, Averaged, Optimizer
from inkgrad.optimizers.base import rate
from inkgrad.training import Row, Run, Steppable, TrainingLoop, evaluate

Score = Callable[[Run, Examples], tuple[float, float]]


def score(run: Run, examples: Examples) -> tuple[float, float]:
    """Return the cost and the accuracy of a run as it stands; raise Diverged when the cost is not a number."""
    found = evaluate(run.objective, run.answer, examples, engine=run.engine)
    return found.cost, found.accuracy


def is_row_due(run: Steppable) -> bool:
    """Whether a row is due where a run stands: every 100 steps, and at the end of an epoch."""
    return run.step % 100 == 0


def log_row(loop: TrainingLoop, run: Run, test: Examples, score: Score = score) -> Row:
    """Return how a run goes that a loop steps, on test examples.

    At the end of an epoch the whole test set is looked at, else its first thousand examples.
    """
    row = {
        "epoch": round(loop.epochs_done, 6),
        "step": loop.steps_done,
        "lr": _learning_rate(run.optimizer, loop.steps_done - 1),
        "cost": loop.mean_cost,
        "quick_accuracy": score(run, Examples(test.x[:1000], test.t[:1000]))[1],
    }
    if run.step == 0:
        row["test_cost"], row["test_accuracy"] = score(run, test)
    return row


def _learning_rate(optimizer: Optimizer, step: int) -> float:
    """Return that of a step, counted from 0."""
    inner = optimizer.optimizer if isinstance(optimizer, Averaged) else optimizer
    assert isinstance(inner, SGD | Adam)
    return rate(inner.lr, step)
