"""Session: a training of a named model with its files; start() begins one, and resume() goes on with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inkgrad import training
from inkgrad.data import Dataset, DataSource, as_inputs
from inkgrad.data.data_source import Progress, silent
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.fast import Fast
from inkgrad.models import Card, Model
from inkgrad.plots import curves, save_png
from inkgrad.saving import one_line
from inkgrad.sessions.log_row import is_row_due, log_row
from inkgrad.sessions.paths import Paths
from inkgrad.sessions.saved_session import OR_DROP, notes_of, read_session, saved_or_refused, without_advice
from inkgrad.sessions.training_settings import DEFAULT_MODEL, TrainingSettings, usual_settings
from inkgrad.training import CHECKPOINT_SECONDS, Engine, Evaluation, Events, Log, Row, Run, TrainingLoop, silent_numpy
from inkgrad.whole_numbers import shown_whole
from inkgrad.writer_lock import WriterLock


class Session:
    """A training with its data and its files.

    Nothing is written before the first step, but for the `lock`: it keeps others from these files until steps() has
    ended; it is None where the caller does so.  With a folder for `tensorboard` events are written there too.
    `loop` steps the run; `rows` are those of the log.  A training that goes on has rows, and maybe the
    costs of the steps since the last one.  Workers meet after `sync_every` steps, where there are several.
    """

    tensorboard: Path | None = None
    sync_every: int = 1

    def __init__(
        self,
        paths: Paths,
        settings: TrainingSettings,
        dataset: Dataset,
        source: DataSource,
        run: Run,
        rows: list[Row],
        costs: list[float],
        seconds: float,
        lock: WriterLock | None,
    ) -> None:
        paths.prepare(source.files())
        self.paths, self.settings, self.dataset, self.source, self.run = paths, settings, dataset, source, run
        self.rows, self.lock = rows, lock
        row = partial(log_row, run=run, test=dataset.test)
        self.loop = TrainingLoop(run, dataset.train, row, is_row_due, costs, seconds, CHECKPOINT_SECONDS)
        self.fingerprint = dataset.train.fingerprint()
        self.model()  # refuses what does not fit together

    @property
    def steps_done(self) -> int:
        """Steps since the very start."""
        return self.loop.steps_done

    def steps(self, stepper: Stepper | None = None) -> Generator[Row | None, None, None]:
        """Train to the end, yielding again and again: a new row of the log, or None.

        The steps are done by `stepper`, without one by this process, which then yields after each of them.
        A checkpoint is saved at the start, so that resume() never takes up an older training, and
        whenever the loop says so: after each epoch, and each minute.
        """
        with self._locked():
            yield from self._logged_steps(stepper)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, and let it go in the end, unless the caller cares for that."""
        if self.lock is None:
            yield
            return
        if not self.lock.is_held:
            self.lock = self.paths.take()
        with self.lock:
            yield

    def _logged_steps(self, stepper: Stepper | None) -> Generator[Row | None, None, None]:
        log = Log(self.paths.log, self.rows)
        self.rows = log.rows
        self.save_checkpoint()
        folder, done = self.tensorboard, (self.rows, self.steps_done, self.loop.seconds)
        with (
            nullcontext() if folder is None else Events(folder, *done) as events,
            closing((stepper or in_this_process)(self)) as new_rows,
        ):
            for rows in new_rows:
                for row in rows:
                    if not self.rows:
                        row["training"] = {"made_by": _made_by(), "data": self.source.name, **asdict(self.settings)}
                    log.append(row)
                    if events:
                        events.append(row)
                if not rows:
                    yield None
                yield from rows  # all are in the log by now, should it end here
                if events and any("test_cost" in row for row in rows):
                    self._write_histograms(events)
                if self.loop.is_checkpoint_due():
                    self.save_checkpoint()

    def _write_histograms(self, events: Events) -> None:
        """Write the parameters, and their gradient on the first training examples."""
        run, examples = self.run, self.dataset.train
        x, t = examples.x[: run.batch_size], examples.t[: run.batch_size]
        with silent_numpy():
            _, gradient = run.objective.on(run.engine)(run.theta, as_inputs(x, run.theta.dtype.type), t)
        parts = run.objective.layout.parts
        events.histograms(self.steps_done, "parameters", parts(run.theta))
        events.histograms(self.steps_done, "gradients", parts(gradient))

    def evaluate(self) -> Evaluation:
        """Return how the network does on the test set as it stands."""
        run, test = self.run, self.dataset.test
        return training.evaluate(run.objective, run.answer, test, engine=run.engine)

    def save_checkpoint(self) -> None:
        """Save where the training stands, to go on from."""
        notes = {
            "settings": asdict(self.settings),
            **notes_of(self.source),
            "data": self.fingerprint,
            "rows": self.rows,
            "costs": self.loop.costs,
            "seconds": self.loop.seconds,
            "sync_every": self.sync_every,
        }
        training.save_checkpoint(self.paths.checkpoint, self.run, notes)
        self.loop.note_checkpoint()

    def model(self) -> Model:
        """Return the model as it stands."""
        objective, dataset = self.run.objective, self.dataset
        return Model(objective.network, objective.cost, self.run.answer, dataset.labels, dataset.train.input_shape)

    def card(self) -> Card:
        """Return what is to be said of the model as it stands; it is tested for that."""
        run, settings, dataset = self.run, self.settings, self.dataset
        return Card(
            data=one_line(self.source.name),
            fingerprint=self.fingerprint,
            n_train=len(dataset.train),
            n_test=len(dataset.test),
            n_right=self.evaluate().n_right,
            recipe=settings.model,
            optimizer=str(run.optimizer),
            augmentation=str(run.augmentation or ""),
            epochs=run.epoch,
            batch_size=settings.batch_size,
            seed=settings.seed,
            made_by=_made_by(),
        )

    def save_model(self) -> None:
        """Save the model, with its card, and the curves."""
        replace(self.model(), card=self.card()).save(self.paths.model)
        save_png(curves(self.rows), self.paths.curves)


Stepper = Callable[[Session], Generator[list[Row], None, None]]
"""Does the steps of a session that are left, keeps its loop up to date and yields the rows that are new, often none."""


def in_this_process(session: Session) -> Generator[list[Row], None, None]:
    """Do the steps that are left in this process; yield after each."""
    for row in session.loop.steps(session.settings.epochs):
        yield [row] if row else []


@contextmanager
def _taken(paths: Paths, lock: WriterLock | None) -> Iterator[WriterLock | None]:
    """Yield a new lock, which is let go if the block fails; None where the caller holds one."""
    if lock is not None:
        yield None
        return
    taken = paths.take()
    try:
        yield taken
    except BaseException:
        taken.release()
        raise


def start(
    paths: Paths,
    given: dict[str, Any],
    data: DataSource | Path | None,
    anew: bool = False,
    engine: Engine | None = None,
    lock: WriterLock | None = None,
    progress: Progress = silent,
) -> Session:
    """Return a new training; `given` holds the settings that were named, the recipe has the others.

    How many classes there are, the data say.  `progress` is told how far the reading of the data is.
    A caller that holds the `lock` of these files, which Paths.take() returns, gives it, and lets it go.

    Raises SettingError where an unfinished training would be lost, unless it shall be begun `anew`, and where
    somebody else writes these files.
    """
    with _taken(paths, lock) as own:
        if not anew:
            refuse_losing_work(paths, "go on with `resume`, or begin with anew=True, which drops it")
        settings = replace(usual_settings(given.get("model", DEFAULT_MODEL)), **given)
        source = as_source(data, given.get("classes"))
        dataset = source.load(progress)
        settings = replace(settings, classes=len(dataset.labels))
        run = settings.new_run(dataset.train)
        run.engine = engine or Fast()
        return Session(paths, settings, dataset, source.resolved(), run, [], [], 0.0, own)


def resume(
    paths: Paths,
    given: dict[str, Any],
    data: DataSource | Path | None,
    engine: Engine | None = None,
    lock: WriterLock | None = None,
    progress: Progress = silent,
) -> Session:
    """Return the training in the checkpoint, at the step where it stopped.

    Without `data` they are read again from where they were, in the same way.  Only the number of epochs may be `given`
    anew, and only where the learning rate does not depend on it: with anything else it were another training.
    One that is done only writes its model once more.

    A caller that holds the `lock` of these files, which Paths.take() returns, gives it, and lets it go.

    Raises SettingError where there is none, another one is asked for, or somebody else writes these files;
    ModelFileError for a file that is not a checkpoint, or for other data.
    """
    with _taken(paths, lock) as own:
        return _resumed(paths, given, data, engine, own, progress)


def _resumed(
    paths: Paths,
    given: dict[str, Any],
    data: DataSource | Path | None,
    engine: Engine | None,
    lock: WriterLock | None,
    progress: Progress,
) -> Session:
    path = paths.checkpoint
    if not path.exists():
        raise SettingError(
            f"there is no {path} to go on from: leave out `resume` to start a training", setting="resume"
        )
    saved = read_session(path)
    for name, value in given.items():
        before = getattr(saved.settings, name)
        if name != "epochs" and value != before:
            raise SettingError(
                f"{path} is of a training with {name}={before}, got {shown_whole(value)}: leave it out", setting=name
            )
    settings = replace(saved.settings, epochs=given.get("epochs", saved.settings.epochs))
    if settings.epochs != saved.settings.epochs and settings.recipe.schedule:
        raise SettingError(
            f"{path} is of a training of {saved.settings.epochs} epochs, and its learning rate falls "
            f"towards their end, got epochs={settings.epochs}: leave it out, or begin with anew=True",
            setting="epochs",
        )
    source = saved.source if is_unsaid(data) else as_source(data, settings.classes)
    dataset = source.load(progress)
    if dataset.train.fingerprint() != saved.data or len(dataset.labels) != settings.classes:
        raise ModelFileError(f"{path} is of a training on other data: give the same `data` as then", setting="data")
    run = settings.run_from(saved.checkpoint, dataset.train)
    run.engine = engine or Fast()
    if run.epoch > settings.epochs:
        raise SettingError(
            f"{path} is of a training of {run.epoch} epochs so far, got epochs={settings.epochs}", setting="epochs"
        )
    session = Session(paths, settings, dataset, source.resolved(), run, saved.rows, saved.costs, saved.seconds, lock)
    session.sync_every = saved.sync_every
    return session


def resume_or_start(
    paths: Paths,
    settings: TrainingSettings,
    source: DataSource,
    lock: WriterLock | None,
    engine: Engine,
    *,
    others: Collection[TrainingSettings],
    advice: str,
) -> Session:
    """Return the training with just these settings: the one in the checkpoint, or a new one.

    A new one takes the place of a training on the same data with one of the `others`, of which it was chosen.

    Raises SettingError, with this advice, where another training, or one that cannot be gone on with, would be lost.
    """
    saved = saved_or_refused(paths, advice, "resume")
    is_of_these_data = saved and saved.data == source.load().train.fingerprint()
    if saved and is_of_these_data and saved.settings == settings:
        try:
            return resume(paths, {}, source, engine, lock)
        except ModelFileError as error:
            raise SettingError(f"{without_advice(error)}; {advice}", setting="resume") from None
    is_ours = bool(saved and is_of_these_data and saved.settings in others)
    if saved and saved.is_unfinished and not is_ours:
        raise SettingError(f"{paths.checkpoint} holds an unfinished training of others: {advice}", setting="resume")
    return start(paths, vars(settings).copy(), source, is_ours, engine, lock)


def refuse_losing_work(paths: Paths, advice: str, if_unreadable: str = OR_DROP) -> None:
    """Raise SettingError, with advice, where an unfinished training would be lost, or what may be one, unreadable."""
    saved = saved_or_refused(paths, if_unreadable)
    if saved and saved.is_unfinished:
        epochs = f"{saved.epochs_done} of {saved.settings.epochs} epochs"
        raise SettingError(f"{paths.checkpoint} holds an unfinished training, {epochs}: {advice}", setting="anew")


def as_source(data: DataSource | Path | None, classes: int | None) -> DataSource:
    """Return where data come from, and so many classes of them where nothing else is said."""
    return data if isinstance(data, DataSource) else DataSource(data, classes)


def is_unsaid(data: DataSource | Path | None) -> bool:
    """Whether it is not said where data come from."""
    return data is None or (isinstance(data, DataSource) and replace(data, classes=None) == DataSource())


def _made_by() -> str:
    """Return the program and its version, without the front ends that `import inkgrad` offers."""
    return f"inkgrad {version('inkgrad')}"
