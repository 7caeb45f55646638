"""The training of trials: one after another in this process, or in several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import sleep
from typing import Any

from optuna.trial import Trial, TrialState

from inkgrad.data import DataSource
from inkgrad.errors import Diverged, Interrupted, ModelFileError
from inkgrad.fast import Fast, limit_threads
from inkgrad.sessions import SweepPaths
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.sweep_session import Sweep
from inkgrad.sweeps.trial import TrialResult
from inkgrad.training import (
    CHECKPOINT_SECONDS,
    Engine,
    Row,
    Run,
    TrainingLoop,
    evaluate,
    read_checkpoint,
    save_checkpoint,
)
from inkgrad.whole_numbers import is_number
from inkgrad.worker_processes import WorkerProcesses

Show = Callable[[list[TrialResult]], None]
"""Takes the results so far, the best first, when there may be something new."""
Stop = Callable[[], bool]
POLL_SECONDS = 0.2


def run_trials(
    sweep: Sweep, show: Show = lambda results: None, stop: Stop = lambda: False, engine: Engine | None = None
) -> None:
    """Run trials one after another until none is left, by fast layers on one thread or another engine.

    Who holds the lock of the sweep waits for the trials of others, and goes on with those whose process died.

    Raises Interrupted, after a step, once `stop()` is true.
    """
    engine = engine or Fast(1)
    if sweep.lock:
        sweep.begin()
    with limit_threads(engine.n_threads):
        while True:
            if claimed := sweep.claim():
                with claimed[1]:
                    _train(sweep, claimed[0], show, stop, engine)
            elif sweep.lock and any(each.state == TrialState.RUNNING for each in sweep.trials):
                sleep(POLL_SECONDS)
            else:
                return
            show(sweep.results())
            if stop():
                raise Interrupted("the sweep was interrupted")


def run_by_workers(
    sweep: Sweep, n_workers: int, show: Show, stop: Stop = lambda: False, note: Callable[[str], None] = print
) -> None:
    """Run trials in so many processes, each on one core; `note` is told in words of those that are killed.

    Raises Interrupted once `stop()` is true, or when they are killed again and again.
    """
    if sweep.lock:
        sweep.begin()
    with WorkerProcesses(n_workers, _join, sweep.paths, sweep.plan, sweep.source, note=note) as workers:
        while workers.are_at_work(POLL_SECONDS):
            show(sweep.results())
            if stop():
                raise Interrupted("the sweep was interrupted")
    run_trials(sweep, show, stop)  # what others, who joined it, have left


def _join(paths: SweepPaths, plan: Plan, source: DataSource, stop: Stop) -> None:
    run_trials(Sweep(paths, plan, source), stop=stop)


def _train(sweep: Sweep, trial: Trial, show: Show, stop: Stop, engine: Engine) -> None:
    """Train a trial from its checkpoint, or from the start, and tell Optuna how it ends."""
    settings = sweep.plan.settings(trial.params)
    path = sweep.paths.trial(trial.number + 1, "checkpoint.safetensors")
    identity = {"settings": asdict(settings), "data": sweep.identity["data"]}
    run, seconds = _begin(sweep, trial, path, identity)
    run.engine = engine
    reported = set(sweep.trials[trial.number].intermediate_values)

    def measure(loop: TrainingLoop) -> Row:
        found = evaluate(run.objective, run.answer, sweep.validation, engine=engine)
        return {"validation_accuracy": found.accuracy}

    def save() -> None:
        save_checkpoint(path, run, identity | {"seconds": loop.seconds})
        loop.note_checkpoint()

    loop = TrainingLoop(run, sweep.train, measure, seconds=seconds, checkpoint_seconds=CHECKPOINT_SECONDS)
    is_stopped = False
    try:
        for row in loop.steps(settings.epochs):
            if row and run.epoch not in reported:  # before the checkpoint, or a kill in between would lose it
                trial.report(row["validation_accuracy"], run.epoch)
            is_last = run.epoch == settings.epochs
            is_stopped = bool(row) and not is_last and trial.should_prune()
            if is_stopped:
                break
            if loop.is_checkpoint_due():
                save()
            if row and not is_last:
                show(sweep.results())
            if not is_last and stop():
                save()
                raise Interrupted(f"trial {trial.number + 1} was interrupted in epoch {loop.last_step[0]}")
    except Diverged:
        trial.set_user_attr("diverged", True)
        is_stopped = True
    trial.set_user_attr("seconds", round(loop.seconds, 3))
    if is_stopped:
        sweep.study.tell(trial, state=TrialState.PRUNED)
    else:
        accuracies = sweep.trials[trial.number].intermediate_values
        sweep.study.tell(trial, accuracies[settings.epochs])
    path.unlink(missing_ok=True)


def _begin(sweep: Sweep, trial: Trial, path: Path, identity: dict[str, Any]) -> tuple[Run, float]:
    """Return the run of a trial, and the seconds that it took; a checkpoint that cannot be used is put aside."""
    settings = sweep.plan.settings(trial.params)
    try:
        checkpoint = read_checkpoint(path)
        seconds: Any = checkpoint.notes.get("seconds")
        if identity.items() <= checkpoint.notes.items() and is_number(seconds):
            return settings.run_from(checkpoint, sweep.train), seconds
    except FileNotFoundError:
        return settings.new_run(sweep.train), 0.0
    except ModelFileError:
        pass
    aside = path.with_name(f"{path.name}.unusable")
    path.replace(aside)
    trial.set_user_attr("put_aside", str(aside))
    return settings.new_run(sweep.train), 0.0
