"""The training of trials: one of them, epoch by epoch, or all one after another."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

from inkgrad.errors import Diverged, Interrupted, ModelFileError
from inkgrad.fast import Fast, limit_threads
from inkgrad.sweeps.journal import are_trial_rows
from inkgrad.sweeps.sweep_files import TrialFolder
from inkgrad.sweeps.sweep_session import Show, Sweep
from inkgrad.sweeps.trial import Trial, TrialResult, TrialStatus
from inkgrad.sweeps.validation_split import ValidationSplit
from inkgrad.training import CHECKPOINT_SECONDS, Checkpoint, Engine, Row, Run, TrainingLoop, evaluate
from inkgrad.whole_numbers import is_number


def train_trial(
    trial: Trial,
    split: ValidationSplit,
    store: TrialFolder,
    engine: Engine | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Row, None, None]:
    """Yield a row after each epoch of the trial, once its checkpoint is kept; it is kept each minute, too.

    It goes on from the checkpoint in the store, whose rows come first; one that cannot be used is put aside there, and
    the trial begins anew.  The rows are the same, but for
    "seconds", on any number of an engine's threads, and whether it was stopped on the way or not.

    Raises Diverged when the cost is no longer a number; Interrupted, after a step, once `stop()` is true
    and epochs are left.
    """
    run, rows, costs, seconds = _begin(trial, split, store)
    run.engine = engine or Fast(1)
    yield from rows

    def measure(loop: TrainingLoop) -> Row:
        found = evaluate(run.objective, run.answer, split.validation, engine=run.engine)
        cost = {"epoch": run.epoch, "cost": loop.mean_cost}
        return cost | {"validation_cost": found.cost, "validation_accuracy": found.accuracy}

    def save() -> None:
        notes = {"rows": rows, "costs": loop.costs, "seconds": loop.seconds}
        store.save(trial.number, run, {"trial": _identity(trial, split), **notes})
        loop.note_checkpoint()

    loop = TrainingLoop(run, split.train, measure, costs=costs, seconds=seconds, checkpoint_seconds=CHECKPOINT_SECONDS)
    for row in loop.steps(trial.settings.epochs):
        rows += [row] if row else []
        if loop.is_checkpoint_due():
            save()
        if row:
            yield row
        if run.epoch < trial.settings.epochs and stop():
            save()
            raise Interrupted(f"trial {trial.number} was interrupted in epoch {loop.last_step[0]}")


def _begin(trial: Trial, split: ValidationSplit, store: TrialFolder) -> tuple[Run, list[Row], list[float], float]:
    """Return the run, its rows so far, the costs of the steps since the last one, and the seconds that all took.

    They are those of the checkpoint, or new where there is none; one that cannot be used is put aside.
    """
    try:
        checkpoint = store.load(trial.number)
        if checkpoint is not None:
            return _where_it_stood(checkpoint, trial, split)
    except ModelFileError:
        store.put_aside(trial.number)
    return trial.settings.new_run(split.train), [], [], 0.0


def _where_it_stood(
    checkpoint: Checkpoint, trial: Trial, split: ValidationSplit
) -> tuple[Run, list[Row], list[float], float]:
    """Return what _begin does; ModelFileError where the checkpoint is not of just this trial, or lacks something."""
    usual: dict[str, Any] = {"rows": None, "costs": [], "seconds": 0.0}  # 0.1.0 kept rows alone, after whole epochs
    rows, costs, seconds = ((usual | checkpoint.notes)[name] for name in usual)
    is_ours = checkpoint.notes.get("trial") == _identity(trial, split)
    is_sound = are_trial_rows(rows) and len(rows) == checkpoint.place["epoch"]
    if is_ours and is_sound and isinstance(costs, list) and all(map(is_number, costs)) and is_number(seconds):
        return trial.settings.run_from(checkpoint, split.train), rows, costs, seconds
    raise ModelFileError(f"{checkpoint.path} is not of trial {trial.number}")


def _identity(trial: Trial, split: ValidationSplit) -> dict[str, Any]:
    return {"number": trial.number, "settings": asdict(trial.settings), "data": split.train.fingerprint()}


def one_after_another(
    sweep: Sweep,
    show: Show,
    stop: Callable[[], bool] = lambda: False,
    engine: Engine | None = None,
) -> None:
    """Run the trials of a sweep that have not ended, by fast layers on one thread unless another engine is given.

    With rungs (Plan.rungs) all trials go to the first one, the best of them to the second, and so on: as all are
    there to be compared, this is successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943,
    figure 1), whose rungs ASHA climbs without waiting.

    Raises Interrupted, after a step, once `stop()` is true.
    """
    engine = engine or Fast(1)
    with sweep.locked(), limit_threads(engine.n_threads):
        sweep.begin()
        going = sweep.going()
        for rung in (*sweep.plan.rungs, None):
            for number, result in going.items():
                if result.status == TrialStatus.RUNNING:
                    going[number] = _until(rung, result, sweep, show, stop, engine)
            if rung is not None:
                for result in worse(list(going.values()), rung, sweep.plan.search.factor):
                    going[result.trial.number] = _end(result, TrialStatus.STOPPED, sweep, show)


def worse(results: list[TrialResult], rung: int, factor: int) -> list[TrialResult]:
    """Return the running ones that are not among the best 1 / `factor` after `rung` epochs; one is always kept."""
    there = sorted((each for each in results if each.epochs >= rung), key=lambda each: -each.after(rung))
    return [each for each in there[max(1, len(there) // factor) :] if each.status == TrialStatus.RUNNING]


def _until(
    rung: int | None, result: TrialResult, sweep: Sweep, show: Show, stop: Callable[[], bool], engine: Engine
) -> TrialResult:
    try:
        with closing(train_trial(result.trial, sweep.split, sweep.store, engine, stop)) as rows:
            for row in rows:
                result = result.grown(row)
                show(result)
                if row["epoch"] == rung:
                    return result
    except Diverged:
        return _end(result, TrialStatus.DIVERGED, sweep, show)
    return _end(result, TrialStatus.DONE, sweep, show)


def _end(result: TrialResult, status: TrialStatus, sweep: Sweep, show: Show) -> TrialResult:
    ended = replace(result, status=status)
    sweep.record(ended)
    show(ended)
    return ended
