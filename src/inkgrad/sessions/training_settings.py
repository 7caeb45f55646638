"""TrainingSettings: what is chosen for a training and decides its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.costs import CTC
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from inkgrad.models import MODELS, Recipe
from inkgrad.optimizers import Optimizer
from inkgrad.training import Checkpoint, Objective, Run
from inkgrad.whole_numbers import refuse_bad_batch_size, refuse_bad_seed, refuse_too_large, shown_whole

DEFAULT_MODEL = "cnn"
"""The recipe that is trained where none is named."""


@dataclass(frozen=True)
class TrainingSettings:
    """What decides the numbers of a training, besides the data.

    Raises SettingError for less than one epoch, less than two classes, an empty batch, a seed below 0, and for numbers
    that a checkpoint could not hold.
    """

    model: str
    classes: int
    batch_size: int
    lr: float
    momentum: float
    seed: int
    epochs: int

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise SettingError(
                f"a training takes at least 1 epoch, got epochs={shown_whole(self.epochs)}", setting="epochs"
            )
        if self.classes < 2:
            raise SettingError(
                f"there must be at least 2 classes to tell apart, got classes={shown_whole(self.classes)}",
                setting="classes",
            )
        refuse_bad_batch_size(self.batch_size)
        refuse_bad_seed(self.seed)
        for name in ("epochs", "classes"):
            refuse_too_large(getattr(self, name), name)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the model."""
        return MODELS[self.model]

    def objective(self, input_shape: tuple[int, ...]) -> Objective:
        """Return what is trained, on inputs of a shape.

        Raises SettingError for a model that learns from lines; ShapeError where its layers do not fit.
        """
        if isinstance(self.recipe.cost, CTC):
            raise SettingError(
                f"the {self.model} network learns from lines and what they say, not from images of one class each: "
                "python -m scripts.make_lines trains it",
                setting="model",
            )
        return Objective(self.recipe.network(self.classes, input_shape), self.recipe.cost)

    def optimizer(self, n_examples: int) -> Optimizer:
        """Return what trains it on so many examples; its rate may depend on how many steps there will be."""
        n_steps = self.epochs * -(-n_examples // self.batch_size)
        return self.recipe.optimizer_for(self.lr, self.momentum, n_steps)

    def new_run(self, examples: Examples) -> Run:
        """Return a run on these examples, at its start."""
        return Run(
            self.objective(examples.input_shape),
            self.optimizer(len(examples)),
            self.batch_size,
            self.seed,
            augmentation=self.recipe.augmentation_for(examples.input_shape),
        )

    def run_from(self, checkpoint: Checkpoint, examples: Examples) -> Run:
        """Return a run on these examples where a checkpoint says; ModelFileError where that is of another run."""
        augmentation = self.recipe.augmentation_for(examples.input_shape)
        return checkpoint.run(self.objective(examples.input_shape), self.optimizer(len(examples)), augmentation)


def usual_settings(model: str) -> TrainingSettings:
    """Return what a model is trained with where nothing else is named: what its recipe has, on ten classes.

    Raises SettingError for a model that there is not.
    """
    if model not in MODELS:
        raise SettingError(f"there is no model {model!r}, only {', '.join(MODELS)}")
    recipe = MODELS[model]
    return TrainingSettings(model, 10, recipe.batch_size, recipe.lr, recipe.momentum, seed=0, epochs=recipe.epochs)
