"""The training of one trial, epoch by epoch, on examples of which some are held out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inkgrad.data import Dataset, Examples
from inkgrad.errors import DataError, Interrupted, ModelFileError
from inkgrad.fast import Fast
from inkgrad.models import MODELS
from inkgrad.sweeps.store import Keeps
from inkgrad.sweeps.trial import Row, Trial
from inkgrad.training import Objective, Run, evaluate

FEWEST = 2  # validation examples that an accuracy can be made of


@dataclass(frozen=True, eq=False)
class Held:
    """Training examples in two parts: those to train on, and those held out for validation."""

    train: Examples
    validation: Examples

    @classmethod
    def out_of(cls, dataset: Dataset, fraction: float, seed: int) -> Held:
        """Return the training examples in two parts, at random by `seed`; the test examples stay out of it.

        Raises DataError when there are too few for that.
        """
        n = len(dataset.train)
        n_held = round(fraction * n)
        if n_held < FEWEST or n_held >= n:
            raise DataError(
                f"validation_fraction = {fraction:g} of {n} training examples holds out {n_held}: "
                f"at least {FEWEST} are needed, and some to train on"
            )
        order = np.random.default_rng(seed).permutation(n)
        held, rest = np.sort(order[:n_held]), np.sort(order[n_held:])
        x, t = dataset.train.x, dataset.train.t
        return cls(Examples(x[rest], t[rest]), Examples(x[held], t[held]))


def walk(
    trial: Trial, data: Held, store: Keeps, n_threads: int = 1, stop: Callable[[], bool] = lambda: False
) -> Generator[Row]:
    """Yield a row after each epoch of the trial, once its checkpoint is kept.

    It goes on from the checkpoint in the store, whose rows come first.  The rows are the same, but for
    "seconds", on any number of threads, and whether it was stopped on the way or not.

    Raises Diverged when the cost is no longer a number; Interrupted, after a step, once `stop()` is true.
    """
    run, rows = _begin(trial, data, store)
    run.engine = Fast(n_threads)
    yield from rows
    start = time.perf_counter() - (rows[-1]["seconds"] if rows else 0.0)
    while run.epoch < trial.settings.epochs:
        costs = []
        for step in _quietly(run.steps(data.train)):
            costs.append(step.cost)
            if stop():
                raise Interrupted(f"trial {trial.number} was interrupted in epoch {run.epoch + 1}")
        with _quiet():
            found = evaluate(run.objective, run.answer, data.validation, engine=run.engine)
        rows.append(
            {
                "epoch": run.epoch,
                "cost": float(np.mean(costs)),
                "validation_cost": found.cost,
                "validation_accuracy": found.accuracy,
                "seconds": round(time.perf_counter() - start, 3),
            }
        )
        store.save(trial.number, run, {"trial": _identity(trial, data), "rows": rows})
        yield rows[-1]


def _quiet() -> Any:
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")  # Diverged says it better


def _quietly(steps: Iterator[Any]) -> Iterator[Any]:
    while True:
        with _quiet():  # only while it steps: what stands around a yield would change our caller's arithmetic
            step = next(steps, None)
        if step is None:
            return
        yield step


def _begin(trial: Trial, data: Held, store: Keeps) -> tuple[Run, list[Row]]:
    """Return the run and its rows so far: from the checkpoint, or anew where there is none of just this trial."""
    settings, recipe = trial.settings, MODELS[trial.settings.model]
    n_steps = settings.epochs * -(-len(data.train) // settings.batch_size)
    objective = Objective(recipe.network(settings.classes), recipe.cost)
    optimizer = recipe.optimizer_for(settings.lr, settings.momentum, n_steps)
    checkpoint = store.load(trial.number)
    if checkpoint and checkpoint.notes.get("trial") == _identity(trial, data):
        try:
            run = checkpoint.run(objective, optimizer, recipe.augmentation)
        except ModelFileError:  # of another version
            pass
        else:
            return run, list(checkpoint.notes["rows"])
    run = Run(objective, optimizer, settings.batch_size, settings.seed, augmentation=recipe.augmentation)
    return run, []


def _identity(trial: Trial, data: Held) -> dict[str, Any]:
    return {"number": trial.number, "settings": asdict(trial.settings), "data": data.train.fingerprint()}
