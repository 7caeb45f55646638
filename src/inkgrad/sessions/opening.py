"""start() and resume(): a training with its files, new or from its checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from inkgrad.data import Dataset, load_data
from inkgrad.errors import ModelFileError, SettingError, ShapeError
from inkgrad.fast import Fast
from inkgrad.files import refuse_unwritable
from inkgrad.models.recipes import MODELS, Recipe
from inkgrad.optimizers import Optimizer
from inkgrad.saving import build
from inkgrad.sessions.notes import are_sound
from inkgrad.sessions.paths import Paths
from inkgrad.sessions.session import Session
from inkgrad.sessions.training_settings import DEFAULT_MODEL, Settings
from inkgrad.training import Checkpoint, Engine, Objective, Run, read_checkpoint


def start(
    paths: Paths, given: dict[str, Any], folder: Path | None, anew: bool = False, engine: Engine | None = None
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
    run.engine = engine or Fast()
    return Session(paths, settings, dataset, str(folder.resolve()) if folder else None, run, rows=[])


def resume(paths: Paths, given: dict[str, Any], folder: Path | None, engine: Engine | None = None) -> Session:
    """Return the training in the checkpoint, at the step where it stopped.

    Only the number of epochs may be `given` anew, and only where the learning rate does not depend on it:
    with anything else it were another training.
    One that is done only writes its model once more.
    """
    refuse_unwritable(paths.model)
    path = paths.checkpoint
    if not path.exists():
        raise SettingError(
            f"there is no {path} to go on from: leave out `resume` to start a training", setting="resume"
        )
    checkpoint = read_checkpoint(path)
    saved, notes = _settings_in(checkpoint), checkpoint.notes
    for name, value in given.items():
        before = getattr(saved, name)
        if name != "epochs" and value != before:
            raise SettingError(f"{path} is of a training with {name}={before}, got {value}: leave it out", setting=name)
    settings, recipe = replace(saved, epochs=given.get("epochs", saved.epochs)), _recipe(saved.model)
    if settings.epochs != saved.epochs and recipe.schedule:
        raise SettingError(
            f"{path} is of a training of {saved.epochs} epochs, and its learning rate falls towards their end, "
            f"got epochs={settings.epochs}: leave it out, or begin with anew=True",
            setting="epochs",
        )
    source = str(folder.resolve()) if folder else notes["folder"]
    dataset = load_data(Path(source) if source else None, settings.classes)
    if dataset.train.fingerprint() != notes["data"]:
        raise ModelFileError(f"{path} is of a training on other data: give the same `folder` as then", setting="folder")
    run = checkpoint.run(*_what_and_how(settings, dataset), recipe.augmentation)
    run.engine = engine or Fast()
    if run.epoch > settings.epochs:
        raise SettingError(
            f"{path} is of a training of {run.epoch} epochs so far, got epochs={settings.epochs}", setting="epochs"
        )
    session = Session(paths, settings, dataset, source, run, notes["rows"])
    session.costs, session.seconds = notes["costs"], notes["seconds"]
    return session


def _settings_in(checkpoint: Checkpoint) -> Settings:
    notes = checkpoint.notes
    try:
        settings: Settings = build({"class": "Settings", **notes["settings"]}, {"Settings": Settings}, "settings alone")
        _recipe(settings.model)
        if not are_sound(notes):
            raise KeyError
    except (KeyError, TypeError, ModelFileError, SettingError):
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
            "go on with `resume`, or begin with anew=True, which drops it",
            setting="anew",
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


def _refuse_other_size(dataset: Dataset, recipe: Recipe, name: str) -> None:
    if dataset.train.input_shape != recipe.input_shape:
        raise ShapeError(
            f"the {name} network takes images of shape {recipe.input_shape}, got {dataset.train.input_shape}: "
            "scale them first"
        )
