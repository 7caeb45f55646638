"""TrainingSettings: what is chosen for a training and decides its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.errors import SettingError
from inkgrad.models import MODELS

DEFAULT_MODEL = "cnn"


@dataclass(frozen=True)
class TrainingSettings:
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
            raise SettingError(f"a training takes at least 1 epoch, got epochs={self.epochs}", setting="epochs")
        if self.classes < 2:
            raise SettingError(
                f"there must be at least 2 classes to tell apart, got classes={self.classes}", setting="classes"
            )


def usual_settings(model: str) -> TrainingSettings:
    """Return what a model is trained with where nothing else is named: what its recipe has, on ten classes.

    Raises SettingError for a model that there is not.
    """
    if model not in MODELS:
        raise SettingError(f"there is no model {model!r}, only {', '.join(MODELS)}")
    recipe = MODELS[model]
    return TrainingSettings(model, 10, recipe.batch_size, recipe.lr, recipe.momentum, seed=0, epochs=recipe.epochs)
