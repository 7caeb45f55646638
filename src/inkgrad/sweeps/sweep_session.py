"""Sweep: a plan with its trials, its data and its files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from inkgrad.csv_table import write_csv
from inkgrad.data import DataSource
from inkgrad.data.data_source import Progress, silent
from inkgrad.errors import DataError, Diverged, Interrupted, SettingError
from inkgrad.fast import Fast, limit_threads
from inkgrad.file_lock import FileLock
from inkgrad.plots import save_png, search_picture
from inkgrad.sessions import Session, SweepPaths, as_source, refuse_losing_work, resume_or_start
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.trial import TrialResult
from inkgrad.training import Engine, TrainingLoop, evaluate
from inkgrad.worker_processes import WorkerProcesses
from inkgrad.writer_lock import WriterLock

OR_DROP = "choose another `out`, or begin with anew=True, which drops it"
Show = Callable[[list[TrialResult]], None]  # takes the results so far, the best first
Stop = Callable[[], bool]


class Sweep:
    """The trials of a plan, in a `study` of Optuna that several processes may work at.

    Who holds the `lock` of its files begins and finishes it; who has none joins it.  `resume` goes on with what the
    journal has: of the plan only the number of trials may be another.  `anew` drops it.

    Raises SettingError where an unfinished sweep or training would be lost, there is none to go on from or to join,
    or it is one of another plan or other data; DataError where the journal cannot be used.
    """

    def __init__(
        self,
        paths: SweepPaths,
        plan: Plan,
        data: DataSource | Path | None,
        lock: WriterLock | None = None,
        *,
        resume: bool = False,
        anew: bool = False,
        progress: Progress = silent,
    ) -> None:
        self.paths, self.plan, self.lock = paths, plan, lock
        self.source = as_source(data, plan.fixed.get("classes"))
        paths.prepare(self.source.files())
        if resume and not paths.journal.exists():
            raise SettingError(f"there is no {paths.journal} to go on from: leave out `resume`", setting="resume")
        self.study: Any = None
        if not anew:
            self._take_up()
        notes: dict[str, Any] = self.study.user_attrs if self.study else {}
        is_under_way = not notes.get("finished", True)
        if not lock and not is_under_way:
            raise SettingError(f"there is no sweep under way in {paths.journal}: leave out `join`", setting="join")
        if lock and not resume and not anew:
            if self.trials and is_under_way:
                was = f"holds an unfinished sweep, trials begun so far: {len(self.trials)}; go on with `resume`"
                raise SettingError(f"{paths.journal} {was}, or {OR_DROP}", setting="anew")
            refuse_losing_work(paths, OR_DROP, OR_DROP)
            self.study, notes = None, {}
        self.dataset = self.source.load(progress)
        self.plan = plan.fitted(self.dataset)
        self.train, self.validation = self.dataset.train.split(plan.validation_fraction, plan.seed)
        about = {"plan": str(replace(self.plan, trials=None)), "data": self.dataset.train.fingerprint()}
        for name, value in about.items():
            if notes.get(name, value) != value:
                was = f"is of a sweep with another {name}: give the same as then, or begin with anew=True"
                raise SettingError(f"{paths.journal} {was}", setting="anew")
        if lock:
            self._begin(about | {"n_trials": self.plan.n_trials, "finished": False})
        self.n_trials = int(self.study.user_attrs["n_trials"])

    def _take_up(self) -> None:
        """Load the study, if there is one: a process may have been killed before it wrote anything."""
        path = self.paths.journal
        raw = path.read_bytes() if path.exists() else b""
        try:
            if raw:
                list(map(json.loads, raw.split(b"\n")[:-1]))  # the last line, too, which Optuna lets pass
                self.study = optuna.load_study(**self._where())
            self.results()
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):  # all are Optuna's
            is_old = raw.startswith(b'{"sweep":')
            was = "of an older inkgrad, whose sweeps cannot be gone on with" if is_old else "damaged, or no sweep's"
            raise DataError(f"{path} is {was}: move it away, or begin with anew=True", setting="anew") from None

    def _begin(self, notes: dict[str, Any]) -> None:
        """Write down what is to be done, and drop what an older sweep left."""
        path = self.paths.journal
        self.paths.folder.mkdir(exist_ok=True)
        if not self.study:
            path.unlink(missing_ok=True)
            self.paths.checkpoint.unlink(missing_ok=True)
        with FileLock(path):
            os.truncate(path, path.read_bytes().rfind(b"\n") + 1)  # without what a killed process left of a line
        self.study = self.study or optuna.create_study(**self._where(), direction="maximize")
        for name, value in notes.items():
            self.study.set_user_attr(name, value)

    def _where(self) -> dict[str, Any]:
        """Return the journal for Optuna; with its own lock, which would outlive a killed process by half a minute."""
        path = self.paths.journal
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path), FileLock(path)))
        return {"study_name": "sweep", "storage": storage, "pruner": self.plan.new_pruner()}  # Hyperband uses the name

    @property
    def trials(self) -> list[Any]:
        """What Optuna knows of each trial, in the order in which they were begun."""
        return self.study.get_trials(deepcopy=False) if self.study else []

    def run(
        self,
        show: Show = lambda results: None,
        stop: Stop = lambda: False,
        engine: Engine | None = None,
        n_workers: int = 0,
        note: Callable[[str], None] = print,
    ) -> None:
        """Run trials until all have ended, by fast layers on one thread or another engine.

        They run one after another, or in so many processes on one core each; `note` is told of those that are killed.
        It waits for trials of others, and begins those anew whose process died.

        Raises Interrupted once `stop()` is true, or when processes are killed again and again.
        """
        engine = engine or Fast(1)
        workers = WorkerProcesses(n_workers, _join, self.paths, self.plan, self.source, note=note)
        with limit_threads(engine.n_threads), workers:
            while sum(each.state.is_finished() for each in self.trials) < self.n_trials:
                if claimed := None if n_workers else self._claim():
                    with claimed[1]:
                        _train(self, claimed[0], show, stop, engine)
                else:
                    workers.are_at_work(seconds=0.2)
                show(self.results())
                if stop():
                    raise Interrupted("the sweep was interrupted")

    def _claim(self) -> tuple[optuna.Trial, FileLock] | None:
        """Return a trial, locked for this process: one whose process died, or a new one; None where there is none."""
        for k, trial in enumerate([*self.trials, None][: self.n_trials]):
            lock = FileLock(self.paths.trial_lock(k + 1))
            if (trial and trial.state.is_finished()) or not lock.try_acquire():
                continue
            if k == len(self.trials):  # still: nobody else has begun it meanwhile
                self.study.add_trial(self.plan.new_trial(self.study, k))
            if not (found := self.trials[k]).state.is_finished():
                return optuna.Trial(self.study, found._trial_id), lock  # its name for Optuna, and it has no other
            lock.release()
        return None

    def results(self) -> list[TrialResult]:
        """Return what came of the trials that have begun, the best first."""
        found = [TrialResult.of(each, self.plan.settings(each.params)) for each in self.trials]
        return sorted(found, key=lambda each: each.rank)

    def write_results(self) -> None:
        """Write the table and the picture of the trials that have ended."""
        ended = [each for each in self.results() if each.status != "running"]
        rows = [
            {"trial": each.number, "status": each.status, "validation_accuracy": each.accuracy}
            | {"epochs_done": len(each.accuracies), "seconds": each.seconds, **vars(each.settings)}
            for each in ended
        ]
        if ended:
            write_csv(self.paths.table, rows[0], rows)
            save_png(search_picture(ended, self.plan.space), self.paths.picture)

    def session(self, engine: Engine) -> Session:
        """Return the training of the best settings on all training examples, which goes on where one of them stopped.

        Raises Diverged where all trials did, SettingError where a training that is none of this sweep, or cannot be
        gone on with, would be lost.
        """
        best, *others = self.results()
        if best.status == "diverged":
            raise Diverged(f"all {1 + len(others)} trials diverged: search smaller learning rates")
        tried = [each.settings for each in others]
        advice = "move it away and go on with `resume`, which keeps the trials"
        return resume_or_start(self.paths, best.settings, self.source, self.lock, engine, others=tried, advice=advice)

    def finish(self) -> None:
        """Note that the best model was saved, and drop the locks."""
        self.study.set_user_attr("finished", True)
        for path in self.paths.folder.glob("trial-*.lock"):
            path.unlink()
        with suppress(OSError):  # other things are in it
            self.paths.folder.rmdir()


def _join(paths: SweepPaths, plan: Plan, source: DataSource, stop: Stop) -> None:
    Sweep(paths, plan, source).run(stop=stop)


def _train(sweep: Sweep, trial: optuna.Trial, show: Show, stop: Stop, engine: Engine) -> None:
    """Train a trial, and tell Optuna how it ends."""
    settings, held = sweep.plan.settings(trial.params), sweep.validation
    run = settings.new_run(sweep.train)
    run.engine = engine
    accuracies = dict(sweep.trials[trial.number].intermediate_values)  # some, where a process died with it
    loop = TrainingLoop(run, sweep.train, lambda _: {"found": evaluate(run.objective, run.answer, held, engine=engine)})
    state, value = TrialState.PRUNED, None
    try:
        for row in loop.steps(settings.epochs):
            if row and run.epoch not in accuracies:
                accuracies[run.epoch] = row["found"].accuracy
                trial.report(accuracies[run.epoch], run.epoch)
            if run.epoch == settings.epochs:
                state, value = TrialState.COMPLETE, accuracies[run.epoch]
            elif row and trial.should_prune():
                break
            elif stop():
                raise Interrupted(f"trial {trial.number + 1} was interrupted in epoch {loop.last_step[0]}")
            elif row:
                show(sweep.results())
    except Diverged:
        trial.set_user_attr("diverged", True)
    trial.set_user_attr("seconds", loop.seconds)
    sweep.study.tell(trial, value, state)
