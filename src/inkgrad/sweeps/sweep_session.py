"""Sweep: a plan with its trials, its data and its files."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import get_all_study_names
from optuna.trial import Trial, TrialState

from inkgrad.data import DataSource
from inkgrad.data.data_source import Progress, silent
from inkgrad.errors import DataError, Diverged, SettingError
from inkgrad.file_lock import FileLock
from inkgrad.files import refuse_same, refuse_unwritable, replacing, sweep_parts
from inkgrad.plots import save_png, search_picture
from inkgrad.sessions import Session, SweepPaths, TrainingSettings, as_source, resume_or_start, saved_or_refused
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.trial import TrialResult, TrialStatus, ranked
from inkgrad.training import Engine
from inkgrad.writer_lock import WriterLock

NAME = "sweep"  # of the study; Hyperband draws its brackets from it
OWN_FILES = re.compile(r"(\w+|trial-\d{5,})\.lock|\.?trial-\d{5,}\.checkpoint\.safetensors(\.[0-9a-f]{8}\.part)?")


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
        self.paths, self.lock = paths, lock
        self.study: Any = None if anew else open_study(paths)
        self.source = as_source(data, plan.fixed.get("classes"))
        for path in paths.all:
            refuse_unwritable(path)
            refuse_same(path, self.source.files())
            sweep_parts(path)
        if os.path.lexists(paths.folder) and not paths.folder.is_dir():
            raise NotADirectoryError(20, "not a folder, choose another name", str(paths.folder))
        begun = self.study.user_attrs if self.study else {}
        if resume and not paths.journal.exists():
            raise SettingError(f"there is no {paths.journal} to go on from: leave out `resume`", setting="resume")
        if lock is None and begun.get("finished", True):
            raise SettingError(f"there is no sweep under way in {paths.journal}: leave out `join`", setting="join")
        if lock and not resume and not anew:
            self._refuse_losing_work()
            self.study, begun = None, {}
        self.dataset = self.source.load(progress)
        self.plan = plan.fitted(len(self.dataset.labels), self.dataset.train.input_shape)
        self.train, self.validation = self.dataset.train.split(plan.search.validation_fraction, plan.search.seed)
        self.identity = self.plan.described() | {"data": self.dataset.train.fingerprint()}
        with _trusting(paths):
            self.results()
            was = dict(begun.get("plan", self.identity))
        for name, value in self.identity.items():
            if value != was.get(name):
                hints = {"data": "give the same `data` as then", "fixed": "what stands before [search] differs"}
                hint = f"{hints.get(name, f'[{name}] differs')}; or begin with anew=True"
                raise SettingError(f"{paths.journal} is of another sweep, {hint}", setting="anew")
        if lock and len(self.trials) > (n := self.plan.n_trials):
            raise SettingError(f"{paths.journal} holds {len(self.trials)} trials, got trials = {n}: ask for more")

    def _refuse_losing_work(self) -> None:
        advice = "choose another `out`, or begin with anew=True, which drops it"
        saved = None if self.study else saved_or_refused(self.paths, advice)
        if saved and saved.is_unfinished:
            raise SettingError(f"{self.paths.checkpoint} holds an unfinished training: {advice}", setting="anew")
        if self.study and not self.study.user_attrs.get("finished"):
            n, advice = sum(each.state.is_finished() for each in self.trials), f"go on with `resume`, or {advice}"
            raise SettingError(
                f"{self.paths.journal} holds an unfinished sweep, trials ended so far: {n}; {advice}", setting="anew"
            )

    @property
    def trials(self) -> list[Any]:
        """What Optuna knows of each trial, in the order in which they were begun."""
        return self.study.get_trials(deepcopy=False) if self.study else []

    @property
    def n_trials(self) -> int:
        """How many trials there are to be."""
        return self.plan.n_trials if self.lock else int(self.study.user_attrs["n_trials"])

    @property
    def put_aside(self) -> list[str]:
        """Checkpoints of trials that began anew, as they could not be used."""
        return [each.user_attrs["put_aside"] for each in self.trials if "put_aside" in each.user_attrs]

    def begin(self) -> None:
        """Write down what is to be done, and drop what an older sweep left: only once the work can start."""
        if self.study is None:
            self.clear()
            self.paths.journal.unlink(missing_ok=True)
            self.paths.checkpoint.unlink(missing_ok=True)
        self.paths.folder.mkdir(exist_ok=True)
        with FileLock(self.paths.folder / "journal.lock"), self.paths.journal.open("ab+") as file:
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)  # what a killed process left of a line
        self.study = self.study or open_study(self.paths, make=True)
        for name, value in {"plan": self.identity, "n_trials": self.plan.n_trials, "finished": False}.items():
            self.study.set_user_attr(name, value)
        for drawn in self.plan.grid[len(self.trials) :]:
            self.study.enqueue_trial(drawn)

    def claim(self) -> tuple[Trial, FileLock] | None:
        """Return a trial, locked for this process: one whose process died, or a new one; None where none is left."""
        with FileLock(self.paths.folder / "asking.lock"):  # so that no two processes begin the same one
            self.study.pruner = self.plan.pruner
            for number in [each.number for each in self.trials if each.state == TrialState.RUNNING]:
                if (lock := FileLock(self.paths.trial(number + 1, "lock"))).try_acquire():
                    found = self.trials[number]
                    if found.state == TrialState.RUNNING:
                        self.study.sampler = self.plan.sampler(number)
                        trial = Trial(self.study, found._trial_id)  # Optuna's own name for it, and it has no other
                        self.plan.draw(trial)
                        return trial, lock
                    lock.release()
            begun = self.trials
            n_waiting = sum(each.state == TrialState.WAITING for each in begun)
            if not n_waiting and len(begun) >= self.n_trials:
                return None
            self.study.sampler = self.plan.sampler(len(begun) - n_waiting)
            trial = self.study.ask()
            lock = FileLock(self.paths.trial(trial.number + 1, "lock"))
            lock.acquire()
            self.plan.draw(trial)
            return trial, lock

    def results(self) -> list[TrialResult]:
        """Return what came of the trials that have begun, the best first."""
        drawn = [each for each in self.trials if each.params.keys() == self.plan.space.keys()]
        return ranked(TrialResult.of(each, self.plan.settings(each.params)) for each in drawn)

    def best(self) -> TrialResult:
        """Return the result of the best trial; Diverged when all diverged."""
        first, *others = self.results()
        if first.status == TrialStatus.DIVERGED:
            raise Diverged(f"all {1 + len(others)} trials diverged: search smaller learning rates")
        return first

    def write_results(self) -> None:
        """Write the table and the picture of the trials that have ended."""
        ended = [each for each in self.results() if each.status != TrialStatus.RUNNING]
        names = [field.name for field in fields(TrainingSettings)]
        text = StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["trial", "status", "validation_accuracy", "epochs_done", "seconds", *names])
        for each in ended:
            settings = (getattr(each.settings, name) for name in names)
            table.writerow([each.number, each.status, each.accuracy, len(each.accuracies), each.seconds, *settings])
        if ended:
            with replacing(self.paths.table) as file:
                file.write(text.getvalue().encode())
            save_png(search_picture(ended, self.plan.axes), self.paths.picture)

    def session(self, engine: Engine) -> Session:
        """Return the training of the best settings on all training examples, whose model is kept.

        It goes on where an earlier one with the same settings stopped.

        Raises SettingError where a training that is none of this sweep, or cannot be gone on with, would be lost.
        """
        tried = [each.settings for each in self.results()]
        advice = "move it away and go on with `resume`, which keeps the trials"
        return resume_or_start(
            self.paths, self.best().settings, self.source, self.lock, engine, others=tried, advice=advice
        )

    def finish(self) -> None:
        """Note that the best model was saved, and drop what was kept to go on from."""
        self.study.set_user_attr("finished", True)
        self.clear()

    def clear(self) -> None:
        """Drop checkpoints and locks; what was put aside stays, or is somebody's own, and the folder with it."""
        with suppress(OSError):  # there is no folder, or other things are in it
            for path in list(self.paths.folder.iterdir()):
                if OWN_FILES.fullmatch(path.name) and path.is_file():
                    path.unlink()
            self.paths.folder.rmdir()


def open_study(paths: SweepPaths, make: bool = False) -> Any:
    """Return the study in the journal; where it holds none a new one, or None.

    Raises SettingError for the journal of an older inkgrad, DataError for one that is damaged or something else.
    """
    if paths.journal.exists() and paths.journal.read_bytes().startswith(b'{"sweep":'):
        was = "is of an older inkgrad, whose sweeps cannot be gone on with"
        raise SettingError(f"{paths.journal} {was}: move it away, or begin with anew=True", setting="anew")
    if not make and not paths.journal.exists():
        return None
    with _trusting(paths):
        storage = JournalStorage(JournalFileBackend(str(paths.journal), FileLock(paths.folder / "journal.lock")))
        if NAME in get_all_study_names(storage):
            return optuna.load_study(study_name=NAME, storage=storage)
        if paths.journal.stat().st_size:
            raise LookupError(NAME)
    if not make:
        return None
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # as it says so
    study = optuna.create_study(study_name=NAME, storage=storage, direction="maximize")
    optuna.logging.set_verbosity(level)
    return study


@contextmanager
def _trusting(paths: SweepPaths) -> Iterator[None]:
    """Raise DataError where a line of the journal is not what Optuna and we take it for."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        was = "is damaged, or not what inkgrad sweep writes"
        raise DataError(f"{paths.journal} {was}: move it away, or begin with anew=True", setting="anew") from None
