"""Session: a training of a named model, with its files and with what is done when."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inkgrad.data import Dataset, as_inputs
from inkgrad.files import refuse_unwritable
from inkgrad.models.card import Card
from inkgrad.models.model import Model
from inkgrad.plots import curves, save_png
from inkgrad.saving import one_line
from inkgrad.sessions.log_row import is_due, row_of
from inkgrad.sessions.paths import Paths
from inkgrad.sessions.training_settings import Settings
from inkgrad.training import Evaluation, Events, Log, Run, evaluate, save_checkpoint


class Session:
    """A training with its data and its files.

    Nothing is written before the first step.  With a folder for `tensorboard` it writes events there too.
    """

    tensorboard: Path | None = None

    def __init__(
        self, paths: Paths, settings: Settings, dataset: Dataset, folder: str | None, run: Run, rows: list[Any]
    ) -> None:
        for path in paths.all:
            refuse_unwritable(path)
        self.paths, self.settings, self.dataset, self.folder, self.run = paths, settings, dataset, folder, run
        self.rows = rows
        self.fingerprint = dataset.train.fingerprint()
        self.costs: list[float] = []  # of the steps since the last row
        self.seconds = rows[-1]["seconds"] if rows else 0.0
        self.model()  # refuses what does not fit together

    @property
    def steps_in_epoch(self) -> int:
        """Steps an epoch takes."""
        return self.run.steps_in_epoch(self.dataset.train)

    @property
    def steps_done(self) -> int:
        """Steps since the very start."""
        return self.run.epoch * self.steps_in_epoch + self.run.step

    def steps(self, walk: Walk | None = None) -> Generator[dict[str, Any] | None, None, None]:
        """Train to the end, yielding again and again: a new row of the log, or None.

        The steps are done by `walk`, without one by this process, which then yields after each of them.
        A checkpoint is saved at the start, so that resume() never takes up an older training, and
        after each epoch.
        """
        log = Log(self.paths.log, self.rows)
        self.rows = log.rows
        self.save_checkpoint()
        with self._events() as events, closing((walk or alone)(self)) as walking:
            for rows in walking:
                for row in rows:
                    if not self.rows:
                        row["training"] = self._what()
                    log.append(row)
                    if events:
                        events.append(row)
                if not rows:
                    yield None
                yield from rows  # all are in the log by now, should it end here
                if events and any("test_cost" in row for row in rows):
                    self._write_histograms(events)

    def _events(self) -> AbstractContextManager[Events | None]:
        if self.tensorboard is None:
            return nullcontext()
        return Events(self.tensorboard, self.rows, self.steps_done, self.seconds)

    def _write_histograms(self, events: Events) -> None:
        """Write the parameters, and their gradient on the first training examples."""
        run, examples = self.run, self.dataset.train
        x, t = examples.x[: run.batch_size], examples.t[: run.batch_size]
        _, gradient = run.objective.on(run.engine)(run.theta, as_inputs(x, run.theta.dtype.type), t)
        parts = run.objective.layout.parts
        events.histograms(self.steps_done, "parameters", parts(run.theta))
        events.histograms(self.steps_done, "gradients", parts(gradient))

    def _what(self) -> dict[str, Any]:
        data = Path(self.folder).name if self.folder else "MNIST"
        return {"made_by": _made_by(), "data": data, **asdict(self.settings)}

    def evaluate(self) -> Evaluation:
        """Return how the network does on the test set as it stands."""
        run, test = self.run, self.dataset.test
        return evaluate(run.objective, run.answer, test, engine=run.engine)

    def save_checkpoint(self) -> None:
        """Save where the training stands, to go on from."""
        notes = {
            "settings": asdict(self.settings),
            "folder": self.folder,
            "data": self.fingerprint,
            "rows": self.rows,
            "costs": self.costs,
            "seconds": self.seconds,
        }
        save_checkpoint(self.paths.checkpoint, self.run, notes)

    def model(self) -> Model:
        """Return the model as it stands."""
        objective, dataset = self.run.objective, self.dataset
        return Model(objective.network, objective.cost, self.run.answer, dataset.labels, dataset.train.input_shape)

    def card(self) -> Card:
        """Return what is to be said of the model as it stands; it is tested for that."""
        run, settings, dataset = self.run, self.settings, self.dataset
        return Card(
            data=one_line(Path(self.folder).name) if self.folder else "MNIST",
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


Walk = Callable[[Session], Generator[list[dict[str, Any]], None, None]]
"""Does the steps of a session that are left, keeps it up to date and yields the rows that are new, often none."""


def alone(session: Session) -> Generator[list[dict[str, Any]], None, None]:
    """Do the steps that are left in this process; yield after each."""
    run, start = session.run, time.perf_counter() - session.seconds
    while run.epoch < session.settings.epochs:
        for step in run.steps(session.dataset.train):
            session.costs.append(step.cost)
            session.seconds = time.perf_counter() - start
            rows = []
            if is_due(run, session.steps_in_epoch):
                row = row_of(run, session.steps_in_epoch, session.costs, session.dataset.test)
                row["seconds"] = round(session.seconds, 3)
                session.costs.clear()
                rows.append(row)
            yield rows
        session.save_checkpoint()


def _made_by() -> str:
    """Return the program and its version, without the front ends that `import inkgrad` offers."""
    return f"inkgrad {version('inkgrad')}"
