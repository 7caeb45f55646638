"""Networks: those that look at a visitor's drawings, by their names, and what they learn from one on the spot."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Dataset, Examples, as_inputs, mnist
from inkgrad.errors import SettingError
from inkgrad.fast import Fast, warp
from inkgrad.models import Model, load
from inkgrad.optimizers import Adam
from inkgrad.reader import Reader
from inkgrad.training import Objective, train
from inkgrad.web.limits import LIMITS
from inkgrad.web.playground_settings import AUGMENTATION
from inkgrad.web.trainer import Trainer

NETWORKS = ("reader", "cnn", "trained", "loaded")  # the first is the one that Draw begins with


class Library:
    """What all visitors share and nobody changes: the digits, and the networks that come along."""

    @cached_property
    def digits(self) -> Dataset:
        """MNIST."""
        return mnist()

    @cached_property
    def cnn(self) -> Model:
        """A network for digits alone: it takes whatever is drawn for one."""
        return replace(load("cnn"), engine=Fast(1))

    @cached_property
    def reader_model(self) -> Model:
        """The network that reads single digits in pictures, and knows what is none."""
        return replace(load("reader"), engine=Fast(1))

    @cached_property
    def line_model(self) -> Model:
        """The network that reads whole lines in pictures."""
        return replace(load("lines"), engine=Fast(1))

    def reader(self, threshold: float, expect: str | None) -> Reader:
        """Return a reader."""
        return Reader(self.reader_model, self.line_model, threshold=threshold, expect=expect)


class Networks:
    """A visitor's networks: "reader" and "cnn", which come along, "trained", as it stands, and "loaded", from a file.

    Each can be corrected, and the corrections undone.
    """

    def __init__(self, library: Library, trainer: Trainer) -> None:
        self._library, self._trainer = library, trainer
        self._models: dict[str, Model] = {}  # corrected or loaded ones
        self._undo: dict[str, list[NDArray]] = {name: [] for name in NETWORKS}
        self._undo_of = 0  # the generation of the training that the corrections of "trained" are of
        self._learning = threading.Lock()

    def model(self, name: str) -> Model:
        """Return a network by its name; SettingError where none is loaded."""
        if name == "trained":
            return self._trainer.model()
        if name in ("reader", "cnn"):
            ready_made = self._library.reader_model if name == "reader" else self._library.cnn
            return self._models.get(name, ready_made)
        if name not in self._models:
            raise SettingError("no network is loaded: load a model file first")
        return self._models[name]

    def load(self, model: Model) -> None:
        """Take a network from a file."""
        self._models["loaded"], self._undo["loaded"] = model, []

    def n_undo(self, name: str) -> int:
        """Return how many corrections can be undone."""
        generation = self._trainer.generation
        if name == "trained" and self._undo_of != generation:  # another network by now
            self._undo[name], self._undo_of = [], generation
        return len(self._undo[name])

    def correct(self, name: str, image: NDArray, label: int) -> tuple[Model, Model, int]:
        """Let a network learn from an image; return what it was, what it is, and the number of steps."""
        with self._learning:
            before = self.model(name)
            if not 0 <= label < len(before.labels):
                raise SettingError(f"a label is a class from 0 to {len(before.labels) - 1}, got {label}")
            after, steps = corrected(before, image, label, self._library.digits.train, seed=self.n_undo(name))
            n_kept = min(LIMITS.n_corrections, max(1, LIMITS.bytes_of_corrections // before.theta.nbytes))
            self._undo[name] = [*self._undo[name], before.theta][-n_kept:]
            self._replace(name, after)
            return before, after, steps

    def undo(self, name: str) -> None:
        """Forget the last correction; SettingError where there is none."""
        with self._learning:
            model = self.model(name)
            if not self.n_undo(name):
                raise SettingError("there is no correction to undo")
            self._replace(name, replace(model, theta=self._undo[name].pop()))

    def _replace(self, name: str, model: Model) -> None:
        if name == "trained":
            self._trainer.put(model.theta)
        else:
            self._models[name] = model


@dataclass(frozen=True)
class Correction:
    """How a network learns from one drawing: in steps on batches of it and of digits of MNIST."""

    n_steps: int = 30  # at most
    probability: float = 0.9  # of the label: it learns until it gives the drawing so much
    n_copies: int = 16  # of the drawing in a batch, each a little changed but the first
    n_others: int = 48
    lr: float = 1e-3


def corrected(
    model: Model, image: NDArray, label: int, others: Examples, seed: int, how: Correction = Correction()
) -> tuple[Model, int]:
    """Return a model that takes an image, uint8 (28, 28), for what it is, and how many steps that took.

    Each batch has other digits too, so that the rest is not forgotten; their labels are the
    first classes of the model.
    """
    rng = np.random.default_rng(seed)
    objective, theta = Objective(model.network, model.cost).on(Fast(1)), model.theta.copy()

    def batches() -> list[tuple[NDArray, NDArray, np.random.Generator]]:
        found = []
        for _ in range(how.n_steps):
            some = rng.integers(len(others), size=how.n_others)
            copies = np.repeat(image.reshape(1, 28, 28, 1), how.n_copies, axis=0)
            copies[1:] = warp(copies[1:], AUGMENTATION.draw(how.n_copies - 1, (28, 28), rng), 1)
            x = np.concatenate([copies, others.x[some]])
            t = np.concatenate([np.full(how.n_copies, label), others.t[some]])
            found.append((as_inputs(x, theta.dtype.type), t, rng))
        return found

    steps, after = 0, model
    for step in train(objective, theta, batches(), Adam(how.lr)):
        steps, after = step.number, replace(model, theta=step.theta)
        if after.probabilities(image)[0, label] >= how.probability:
            break
    return after, steps
