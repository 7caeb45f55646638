"""Session: a training of a named model, with its files and with what is done when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.data import Dataset, Examples, load_data
from inkgrad.errors import ModelFileError, SettingError, ShapeError
from inkgrad.fast import available_threads, refuse_bad_threads
from inkgrad.files import refuse_unwritable
from inkgrad.models.model import Model
from inkgrad.models.recipes import MODELS, Recipe
from inkgrad.optimizers import Optimizer
from inkgrad.plots import curves, save_png
from inkgrad.training import (
    Checkpoint,
    Evaluation,
    Log,
    Objective,
    Run,
    evaluate,
    read_checkpoint,
    save_checkpoint,
)

EVERY = 100  # steps between rows of the log
DEFAULT_MODEL = "cnn"
N_QUICK = 1000  # test digits for the quick accuracy


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a training, besides the data."""

    model: str
    classes: int
    batch_size: int
    lr: float
    momentum: float
    seed: int
    epochs: int

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise SettingError(f"a training takes at least 1 epoch, got --epochs {self.epochs}")
        if self.classes < 2:
            raise SettingError(f"there must be at least 2 classes to tell apart, got --classes {self.classes}")


@dataclass(frozen=True)
class Paths:
    """The files of a training, all beside the model."""

    model: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """All that is written."""
        return self.model, self.checkpoint, self.log, self.curves

    @property
    def checkpoint(self) -> Path:
        """Where the training stands."""
        return self._beside(".checkpoint.safetensors")

    @property
    def log(self) -> Path:
        """One JSON object a line."""
        return self._beside(".log.jsonl")

    @property
    def curves(self) -> Path:
        """The picture of the log."""
        return self._beside(".curves.png")

    def _beside(self, ending: str) -> Path:
        return self.model.with_name(self.model.name.removesuffix(".safetensors") + ending)


class Session:
    """A training with its data and its files.

    Nothing is written before the first step.
    """

    def __init__(
        self, paths: Paths, settings: Settings, dataset: Dataset, folder: str | None, run: Run, rows: list[Any]
    ) -> None:
        for path in paths.all:
            refuse_unwritable(path)
        self.paths, self.settings, self.dataset, self.folder, self.run = paths, settings, dataset, folder, run
        self.rows = rows
        self.quick = Examples(dataset.test.x[:N_QUICK], dataset.test.t[:N_QUICK])
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

    def steps(self) -> Iterator[dict[str, Any] | None]:
        """Train to the end, yielding after every step: a new row of the log, or None.

        A checkpoint is saved at the start, so that resume() never takes up an older training, and
        after each epoch.
        """
        log, start = Log(self.paths.log, self.rows), time.perf_counter() - self.seconds
        self.rows = log.rows
        self.save_checkpoint()
        while self.run.epoch < self.settings.epochs:
            for step in self.run.steps(self.dataset.train):
                self.costs.append(step.cost)
                self.seconds = time.perf_counter() - start
                row = None if self.run.step % EVERY and self.run.step < self.steps_in_epoch else self._row()
                if row:
                    log.append(row)
                yield row
            self.save_checkpoint()

    def _row(self) -> dict[str, Any]:
        """Return how the training goes; at the end of an epoch, on the whole test set."""
        run = self.run
        row = {
            "epoch": round(run.epoch + run.step / self.steps_in_epoch, 6),
            "step": self.steps_done,
            "cost": float(np.mean(self.costs)),
            "quick_accuracy": self._evaluate(self.quick).accuracy,
        }
        self.costs.clear()
        if run.step == self.steps_in_epoch:
            found = self.evaluate()
            row |= {"test_cost": found.cost, "test_accuracy": found.accuracy}
        return row | {"seconds": round(self.seconds, 3)}

    def evaluate(self) -> Evaluation:
        """Return how the network does on the test set as it stands."""
        return self._evaluate(self.dataset.test)

    def _evaluate(self, examples: Examples) -> Evaluation:
        run = self.run
        return evaluate(run.objective, run.answer, examples, plain=run.plain, n_threads=run.n_threads)

    def save_checkpoint(self) -> None:
        """Save where the training stands, for --resume."""
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

    def save_model(self) -> None:
        """Save the model and the curves."""
        self.model().save(self.paths.model)
        save_png(curves(self.rows), self.paths.curves)


@dataclass(frozen=True)
class Speed:
    """How the work is done, which is no part of what is trained: fast layers on some threads, or plain ones."""

    n_threads: int = field(default_factory=available_threads)
    plain: bool = False

    def __post_init__(self) -> None:
        refuse_bad_threads(self.n_threads)


def start(
    paths: Paths, given: dict[str, Any], folder: Path | None, anew: bool = False, speed: Speed | None = None
) -> Session:
    """Return a new training; `given` holds the settings that were named, the recipe has the others.

    Raises SettingError where an unfinished training would be lost, unless it shall be begun `anew`.
    """
    refuse_unwritable(paths.model)
    if not anew:
        _refuse_losing_work(paths)
    name = given.get("model", DEFAULT_MODEL)
    recipe = _recipe(name)
    usual = Settings(name, 10, recipe.batch_size, recipe.lr, recipe.momentum, seed=0, epochs=recipe.epochs)
    settings = replace(usual, **given)
    dataset = load_data(folder, settings.classes)
    _refuse_other_size(dataset, recipe, name)
    run = Run(*_what_and_how(settings, dataset), settings.batch_size, settings.seed, augmentation=recipe.augmentation)
    _set_speed(run, speed)
    return Session(paths, settings, dataset, str(folder.resolve()) if folder else None, run, rows=[])


def resume(paths: Paths, given: dict[str, Any], folder: Path | None, speed: Speed | None = None) -> Session:
    """Return the training in the checkpoint, at the step where it stopped.

    Only the number of epochs may be `given` anew, and only where the learning rate does not depend on it:
    with anything else it were another training.
    One that is done only writes its model once more.
    """
    refuse_unwritable(paths.model)
    path = paths.checkpoint
    if not path.exists():
        raise SettingError(f"there is no {path} to go on from: leave out --resume to start a training")
    checkpoint = read_checkpoint(path)
    saved, notes = _settings_in(checkpoint), checkpoint.notes
    for name, value in given.items():
        before = getattr(saved, name)
        if name != "epochs" and value != before:
            option = name.replace("_", "-")
            raise SettingError(f"{path} is of a training with --{option} {before}, got {value}: leave it out")
    settings, recipe = replace(saved, epochs=given.get("epochs", saved.epochs)), _recipe(saved.model)
    if settings.epochs != saved.epochs and recipe.schedule:
        raise SettingError(
            f"{path} is of a training of {saved.epochs} epochs, and its learning rate falls towards their end, "
            f"got --epochs {settings.epochs}: leave it out, or begin with --anew"
        )
    source = str(folder.resolve()) if folder else notes["folder"]
    dataset = load_data(Path(source) if source else None, settings.classes)
    if dataset.train.fingerprint() != notes["data"]:
        raise ModelFileError(f"{path} is of a training on other data: give the same --data as then")
    run = checkpoint.run(*_what_and_how(settings, dataset), recipe.augmentation)
    _set_speed(run, speed)
    if run.epoch > settings.epochs:
        raise SettingError(f"{path} is of a training of {run.epoch} epochs so far, got --epochs {settings.epochs}")
    session = Session(paths, settings, dataset, source, run, notes["rows"])
    session.costs, session.seconds = notes["costs"], notes["seconds"]
    return session


def _settings_in(checkpoint: Checkpoint) -> Settings:
    try:
        settings = Settings(**checkpoint.notes["settings"])
        _recipe(settings.model)
        if not {"folder", "data", "rows", "costs", "seconds"} <= checkpoint.notes.keys():
            raise KeyError
    except (KeyError, TypeError, SettingError):
        raise ModelFileError(f"{checkpoint.path} was not made by this version of inkgrad train: start anew") from None
    return settings


def _refuse_losing_work(paths: Paths) -> None:
    try:
        checkpoint = read_checkpoint(paths.checkpoint)
        settings, done = _settings_in(checkpoint), checkpoint.place["epoch"]
    except (OSError, ModelFileError):
        return  # there is none, or none that could go on
    if done < settings.epochs and (done, checkpoint.place["step"]) != (0, 0):
        raise SettingError(
            f"{paths.checkpoint} holds an unfinished training, {done} of {settings.epochs} epochs: "
            "go on with --resume, or begin with --anew, which drops it"
        )


def _recipe(name: str) -> Recipe:
    if name not in MODELS:
        raise SettingError(f"there is no model {name!r}, only {', '.join(MODELS)}")
    return MODELS[name]


def _what_and_how(settings: Settings, dataset: Dataset) -> tuple[Objective, Optimizer]:
    recipe = _recipe(settings.model)
    n_steps = settings.epochs * -(-len(dataset.train) // max(settings.batch_size, 1))
    optimizer = recipe.optimizer_for(settings.lr, settings.momentum, n_steps)
    return Objective(recipe.network(settings.classes), recipe.cost), optimizer


def _set_speed(run: Run, speed: Speed | None) -> None:
    speed = speed or Speed()
    run.plain, run.n_threads = speed.plain, speed.n_threads


def _refuse_other_size(dataset: Dataset, recipe: Recipe, name: str) -> None:
    if dataset.train.input_shape != recipe.input_shape:
        raise ShapeError(
            f"the {name} network takes images of shape {recipe.input_shape}, got {dataset.train.input_shape}: "
            "scale them first"
        )
