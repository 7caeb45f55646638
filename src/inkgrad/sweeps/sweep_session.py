"""Sweep: a plan with its trials, its data and its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from inkgrad.data import Dataset, DataSource
from inkgrad.data.data_source import Progress, silent
from inkgrad.errors import DataError, Diverged, ModelFileError, SettingError
from inkgrad.files import refuse_same, refuse_unwritable, sweep_parts
from inkgrad.plots import save_png
from inkgrad.sessions import (
    DEFAULT_MODEL,
    Session,
    epochs_left,
    resume,
    saved_or_refused,
    start,
    usual_settings,
)
from inkgrad.sessions.saved_session import without_advice
from inkgrad.sessions.session import as_source, refuse_lines
from inkgrad.sweeps.journal import Journal, read_journal
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.sweep_files import SweepPaths, TrialFolder
from inkgrad.sweeps.sweep_results import picture, write_table
from inkgrad.sweeps.trial import TrialResult, TrialStatus, ranked
from inkgrad.sweeps.validation_split import ValidationSplit
from inkgrad.training import Engine, read_checkpoint
from inkgrad.writer_lock import WriterLock

Show = Callable[[TrialResult], None]
"""Takes a result whenever it has grown by an epoch, and once more when the trial ends."""


KEEP_TRIALS = "move it away and go on with `resume`, which keeps the trials"


class Sweep:
    """The trials of a plan, and the results of those that have ended, by their numbers.

    Its files are kept from others by `lock`, or while locked() lasts.
    """

    def __init__(
        self,
        paths: SweepPaths,
        plan: Plan,
        dataset: Dataset,
        source: DataSource,
        lock: WriterLock | None,
        journal: Journal | None = None,
    ) -> None:
        for path in (*paths.all, paths.journal, paths.table, paths.picture):
            refuse_unwritable(path)
            refuse_same(path, source.files())
            sweep_parts(path)
        if os.path.lexists(paths.folder) and not paths.folder.is_dir():
            raise NotADirectoryError(20, "not a folder, choose another name", str(paths.folder))
        self.paths, self.plan, self.dataset, self.source, self.lock = paths, plan, dataset, source, lock
        self.trials, self.fingerprint = plan.trials(), dataset.train.fingerprint()
        for settings in {trial.settings.model: trial.settings for trial in self.trials}.values():
            refuse_lines(settings.model)
            settings.objective(dataset.train.input_shape)  # refuses images that are too small for it
        search = plan.search
        self.split = ValidationSplit.out_of(dataset, search.validation_fraction, search.seed)
        self.store = TrialFolder(paths.folder)
        self.is_new = journal is None
        self.journal = journal or Journal(paths.journal, identity_of(plan, dataset))
        self.results = self.journal.results({trial.number: trial for trial in self.trials})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from the files inside a with block, unless they are kept already."""
        if self.lock is not None:
            yield
            return
        try:
            with self.paths.take() as self.lock:
                yield
        finally:
            self.lock = None

    def begin(self) -> None:
        """Write the first lines of the journal, and drop what an older sweep left: only once the work can start."""
        if self.is_new:
            self.store.clear()
            self.paths.checkpoint.unlink(missing_ok=True)
            self.is_new = False
        self.journal.write()

    def record(self, result: TrialResult) -> None:
        """Write down how a trial ended; it is not run again."""
        self.journal.append(result)
        self.results[result.trial.number] = result
        self.store.drop(result.trial.number)

    def going(self) -> dict[int, TrialResult]:
        """Return all trials by their numbers, as far as they are known to be."""
        return {trial.number: self.results.get(trial.number, TrialResult(trial)) for trial in self.trials}

    def write_results(self) -> None:
        """Write the table and the picture of what has ended."""
        found = ranked(self.results.values())
        write_table(found, self.paths.table)
        save_png(picture(found, self.plan.space), self.paths.picture)

    def best(self) -> TrialResult:
        """Return the result of the best trial; Diverged when all diverged."""
        first = ranked(self.results.values())[0]
        if first.status == TrialStatus.DIVERGED:
            raise Diverged(f"all {len(self.results)} trials diverged: search smaller learning rates")
        return first

    def session(self, engine: Engine) -> Session:
        """Return the training of the best settings on all training examples, whose model is kept.

        It goes on where an earlier one with the same settings stopped.

        Raises SettingError where a training that is none of this sweep, or cannot be gone on with, would be lost.
        """
        settings, lock = self.best().trial.settings, self.lock
        saved = saved_or_refused(self.paths, KEEP_TRIALS, "resume")
        is_of_these_data = saved and saved.data == self.fingerprint
        if saved and is_of_these_data and saved.settings == settings:
            try:
                return resume(self.paths, {}, self.source, engine, lock)
            except ModelFileError as error:
                raise SettingError(f"{without_advice(error)}; {KEEP_TRIALS}", setting="resume") from None
        is_ours = saved and is_of_these_data and saved.settings in [trial.settings for trial in self.trials]
        if saved and saved.is_unfinished and not is_ours:
            raise SettingError(
                f"{self.paths.checkpoint} holds an unfinished training that is none of this sweep: {KEEP_TRIALS}",
                setting="resume",
            )
        return start(self.paths, vars(settings).copy(), self.source, bool(is_ours), engine, lock)

    def finish(self, n_right: int, n_test: int) -> None:
        """Note that the best model was saved, and drop what was kept to go on from."""
        self.journal.finish(self.best(), n_right, n_test)
        self.store.clear()


def identity_of(plan: Plan, dataset: Dataset) -> dict[str, Any]:
    """Return what makes a sweep the same as another."""
    return plan.described() | {"data": dataset.train.fingerprint()}


def start_sweep(
    paths: SweepPaths,
    plan: Plan,
    data: DataSource | Path | None,
    anew: bool = False,
    lock: WriterLock | None = None,
    progress: Progress = silent,
) -> Sweep:
    """Return a new sweep; nothing is written before it begins.

    A caller that holds the `lock` of its files, which paths.take() returns, gives it.  `progress` is told how far the
    reading of the data is.

    Raises SettingError where an unfinished sweep or training would be lost, unless it shall be begun `anew`.
    """
    refuse_unwritable(paths.model)
    if not anew:
        _refuse_losing_work(paths)
    source = as_source(data, plan.fixed.get("classes"))
    dataset = source.load(progress)
    return Sweep(paths, _fitted(plan, dataset), dataset, source, lock)


def _fitted(plan: Plan, dataset: Dataset) -> Plan:
    """Return a plan with as many classes as the data have; SettingError where it says something else."""
    n = len(dataset.labels)
    if plan.fixed.get("classes", n) != n:
        raise SettingError(f"the plan has classes = {plan.fixed['classes']}, and the data have {n}: leave it out there")
    return plan if n == usual_settings(DEFAULT_MODEL).classes else replace(plan, fixed={**plan.fixed, "classes": n})


def resume_sweep(
    paths: SweepPaths,
    plan: Plan,
    data: DataSource | Path | None,
    lock: WriterLock | None = None,
    progress: Progress = silent,
) -> Sweep:
    """Return the sweep in the journal: trials that ended are not run again, the others go on from their checkpoints.

    Only the number of trials may be another than before, and not less than have ended.  A caller that holds the `lock`
    of its files, which paths.take() returns, gives it.

    Raises SettingError when there is none to go on from, or it is one of another plan or other data.
    """
    refuse_unwritable(paths.model)
    if not paths.journal.exists():
        raise SettingError(
            f"there is no {paths.journal} to go on from: leave out `resume` to start a sweep", setting="resume"
        )
    journal, source = read_journal(paths.journal), as_source(data, plan.fixed.get("classes"))
    dataset = source.load(progress)
    plan = _fitted(plan, dataset)
    for name, value in identity_of(plan, dataset).items():
        if not isinstance(journal.plan, dict) or journal.plan.get(name) != value:
            hint = "give the same `data` as then" if name == "data" else f"[{name}] differs"
            if name == "fixed":
                hint = "what stands before [search] differs"
            raise SettingError(f"{paths.journal} is of another sweep, {hint}; or begin with anew=True", setting="anew")
    last = max((line["trial"] for line in journal.lines if type(line["trial"]) is int), default=0)
    if last > plan.n_trials:
        raise SettingError(f"{paths.journal} holds trial {last} already, got trials = {plan.n_trials}: ask for more")
    return Sweep(paths, plan, dataset, source, lock, journal)


def _refuse_losing_work(paths: SweepPaths) -> None:
    try:
        journal = read_journal(paths.journal)
    except FileNotFoundError:
        _refuse_losing_a_training(paths)
        return
    except DataError as error:
        raise SettingError(f"{error}; beginning with anew=True drops all of it", setting="anew") from None
    if not journal.is_finished and (journal.lines or paths.folder.exists()):
        raise SettingError(
            f"{paths.journal} holds an unfinished sweep, trials ended so far: {len(journal.lines)}; "
            "go on with `resume`, or begin with anew=True, which drops it",
            setting="anew",
        )


def _refuse_losing_a_training(paths: SweepPaths) -> None:
    try:
        checkpoint = read_checkpoint(paths.checkpoint)
    except FileNotFoundError:
        return
    except (OSError, ModelFileError) as error:
        raise SettingError(
            f"{error}; it may hold an unfinished training: choose another `out`, "
            "or begin with anew=True, which drops it",
            setting="anew",
        ) from None
    if epochs_left(checkpoint):
        raise SettingError(
            f"{paths.checkpoint} holds an unfinished training: choose another `out`, "
            "or begin with anew=True, which drops it",
            setting="anew",
        )
