"""Model: a trained network that answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad import costs as all_costs
from inkgrad import layers as all_layers
from inkgrad.arrays import NDArray
from inkgrad.costs import CTC, Cost
from inkgrad.data import Examples, refuse_bad_inputs
from inkgrad.errors import InkgradError, ModelFileError, SettingError, ShapeError
from inkgrad.fast import Fast
from inkgrad.html import Html, facts
from inkgrad.layers import Layer
from inkgrad.layers.chain import network_table
from inkgrad.layout import Layout, Named
from inkgrad.models.card import Card
from inkgrad.models.header import MODEL, PREPROCESSING, read_parts, refuse_bad_labels
from inkgrad.models.prepared_model import PreparedModel
from inkgrad.saving import Header, TensorFile, concrete, describe, one_line, open_tensors, quoted, write_tensors
from inkgrad.training import (
    Engine,
    Evaluation,
    LineEvaluation,
    Objective,
    evaluate,
    evaluate_lines,
    labellings_of,
    outputs_at,
)

TRAINED_FOLDER = Path(__file__).parent / "trained"  # its README.md says how they were made


@dataclass(frozen=True, eq=False)
class Model:
    """A network, the cost it was trained with, its parameters, and the names of its classes.

    `input_shape` is the shape of one input: (28, 28, 1) for MNIST's images; lines may have any width.
    theta is copied, so a model stays what it is while a training goes on.  The `engine` answers, fast layers on
    all cores unless another is given, and is not saved.  The `card` says how it was made, and makes no difference to
    what it does.

    Raises ShapeError when the parts do not fit together, SettingError for labels that are not strings to be
    shown on one line, or parameters that are not finite floating-point numbers.
    """

    network: Layer
    cost: Cost
    theta: NDArray
    labels: tuple[str, ...]
    input_shape: tuple[int, ...]
    engine: Engine = field(default_factory=Fast)
    card: Card = field(default=Card(), repr=False)

    def __post_init__(self) -> None:
        outputs = self.network.output_shape(self.input_shape)
        if outputs[-1:] != (len(self.labels),) or len(outputs) != 1 + self.reads_lines:
            raise ShapeError(f"the network has outputs of shape {outputs}, but there are {len(self.labels)} labels")
        refuse_bad_labels(self.labels)
        object.__setattr__(self, "theta", np.array(self.theta))
        object.__setattr__(self, "input_shape", tuple(int(n) for n in self.input_shape))
        self.objective.layout.parts(self.theta)  # refuses a theta of another size
        if self.theta.dtype.kind != "f" or not np.isfinite(self.theta).all():
            raise SettingError("the parameters of a model are finite floating-point numbers, not NaN or infinity")

    @property
    def reads_lines(self) -> bool:
        """Whether an input is a line, of any width, in which labels stand one after another: with CTC for its cost."""
        return isinstance(self.cost, CTC)

    @cached_property
    def objective(self) -> Objective:
        """The mean cost as a function of theta."""
        return Objective(self.network, self.cost)

    @cached_property
    def working(self) -> tuple[Named, Layer]:
        """The network that answers, and its parameters by name."""
        network = self.engine.fuse(self.network)
        return Layout(network.shapes()).views(self.theta), network

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is looked up once and for all: it would double what is sent or stored."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def probabilities(self, x: NDArray) -> NDArray:
        """Return the probability of each class, (N, K), for inputs (N, ...) or a single one; of each frame, (N, T, K).

        Images are uint8 in 0..255 or floats in [0, 1], 0 for paper, with or without an axis for
        their one channel.

        Raises ShapeError for inputs of another shape, DataError for numbers out of range.
        """
        y = outputs_at(*self.working, self.as_batch(np.asarray(x)), self.theta)
        return np.asarray(self.cost.probabilities(y))

    def predict(self, x: NDArray) -> NDArray:
        """Return the most probable class number of each input, (N,); `labels` has their names.

        Of a model that reads lines, return what each line says, texts (N,), by its most probable path.
        """
        q = self.probabilities(x)
        if isinstance(self.cost, CTC):
            said = labellings_of(q, [q.shape[1]] * len(q), self.cost.blank)
            return np.array([self.text_of(labelling) for labelling in said], dtype=object)
        return np.argmax(q, axis=1)

    def prepared(self) -> PreparedModel:
        """Return the model made ready to answer for one input at a time: the same bits, several times as fast.

        Raises SettingError where the model reads lines.
        """
        return PreparedModel(self)

    def text_of(self, labelling: Sequence[int]) -> str:
        """Return the labels of the classes that a line says, one after another."""
        return "".join(self.labels[k] for k in labelling)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Return the cost and the predictions on examples with known class numbers.

        Raises SettingError where the model reads lines.
        """
        if self.reads_lines:
            raise SettingError("this model reads lines, which are of different widths: evaluate_lines takes them")
        self.as_batch(examples.x[:1])
        return evaluate(self.objective, self.theta, examples, engine=self.engine)

    def evaluate_lines(self, batches: Iterable[tuple[NDArray, NDArray]]) -> LineEvaluation:
        """Return the cost and the predictions on lines, batches (x, t) with targets as line_targets makes them.

        Raises SettingError where the model does not read lines.
        """
        if not self.reads_lines:
            raise SettingError("this model tells classes apart: evaluate takes examples")
        return evaluate_lines(self.objective, self.theta, batches, engine=self.engine)

    def _shape_for(self, x: NDArray) -> tuple[int, ...]:
        """Return the shape that one input has to have: for lines, with the width of these."""
        if not self.reads_lines or x.ndim not in (2, 3, 4):
            return self.input_shape
        height, _, channels = self.input_shape
        with_channel = x.ndim == 4 or (x.ndim == 3 and (x.shape[0], x.shape[2]) == (height, channels))
        shape = height, x.shape[-2 if with_channel else -1], channels
        self.network.output_shape(shape)  # refuses what is too narrow
        return shape

    def as_batch(self, x: NDArray) -> NDArray:
        """Return inputs (N, *input_shape), for inputs or a single one as `probabilities` takes them.

        Raises ShapeError for inputs of another shape, DataError for numbers out of range.
        """
        whole = self._shape_for(x)
        bare = whole[:-1]
        one_channel = len(whole) == 3 and whole[-1] == 1
        if x.shape == whole or (one_channel and x.shape == bare):
            x = x[np.newaxis]
        if one_channel and x.shape[1:] == bare:
            x = x[..., np.newaxis]
        if x.shape[1:] != whole or x.ndim == 0:
            raise ShapeError(f"this model takes inputs of shape {whole}, got {x.shape[1:] or x.shape}")
        refuse_bad_inputs(x)
        return x

    def _repr_html_(self) -> str:
        """Return a table of the network, the cost, the labels and the card, for notebooks."""
        labels = ", ".join(self.labels[:30]) + (", ..." if len(self.labels) > 30 else "")
        told = {"cost": self.cost, f"{len(self.labels)} labels": labels, "numbers": self.theta.dtype}
        return Html(network_table(self.network, self.input_shape) + facts(told | self.card.lines()))

    def header(self) -> Header:
        """Return what a file says of the model besides its numbers, in words that JSON has; all but its "format".

        Raises ModelFileError when a layer or the cost is not a dataclass of plain settings.
        """
        return {
            "network": describe(self.network, concrete(all_layers)),
            "cost": describe(self.cost, concrete(all_costs)),
            "preprocessing": PREPROCESSING,
            "labels": list(self.labels),
            "input_shape": list(self.input_shape),
            "card": self.card.facts(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a safetensors file, each parameter under its path ("1.W").

        Raises ModelFileError when a layer or the cost is not a dataclass of plain settings; OSError when the
        file cannot be written; what stood there is then untouched.
        """
        write_tensors(path, self.objective.layout.parts(self.theta), self.header(), MODEL)


def shipped() -> tuple[str, ...]:
    """Return the names of the trained models that come with inkgrad."""
    return tuple(sorted(path.stem for path in TRAINED_FOLDER.glob("*.safetensors")))


def load(path: str | os.PathLike[str], layers: Iterable[type[Layer]] = (), costs: Iterable[type[Cost]] = ()) -> Model:
    """Return the model in a file that Model.save wrote, or one that comes with inkgrad by its name, "cnn".

    Where there is a file of that name, it is the file.
    `layers` and `costs` are your own classes that it may be made of; nothing is imported because
    the file says so.

    Raises ModelFileError, naming the file, when it is not a model or is made of unknown parts, or has more
    numbers than the memory holds; OSError when it cannot be read.
    """
    if str(path) in shipped() and not os.path.isfile(path):
        path = TRAINED_FOLDER / f"{path}.safetensors"
    with open_tensors(path, MODEL) as file:
        with _blaming(path):
            parts = read_parts(file.header, layers, costs)
            layout = Layout(parts.network.shapes())
            dtype = _dtype_of(file, layout)  # before memory is taken for what the file perhaps only speaks of
        theta = np.empty(layout.size, dtype)
        for name, part in layout.parts(theta).items():
            file.read_into(name, part)
        with _blaming(path):
            return Model(parts.network, parts.cost, theta, parts.labels, parts.input_shape, card=parts.card)


@contextmanager
def _blaming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what goes wrong with the parts of a model into ModelFileError, naming the file."""
    try:
        yield
    except (InkgradError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        raise ModelFileError(f"{path} is not a model this library can use: {one_line(error)}") from error


def _dtype_of(file: TensorFile, layout: Layout) -> np.dtype[Any]:
    """Return the type of a file's parameters.

    Raises ModelFileError unless they are those of the layout, and floats of the same type.
    """
    found = {name: place.shape for name, place in file.places.items()}
    wanted = {name: shape for name, (_, shape) in layout.places.items()}
    if found != wanted:
        raise ModelFileError(f"its network has parameters {quoted(wanted)}, but the file holds {quoted(found)}")
    dtypes = {place.dtype for place in file.places.values()} or {np.dtype(np.float32)}
    if len(dtypes) > 1:
        raise ModelFileError("its parameters are of several types; they should be all alike")
    (dtype,) = dtypes
    if dtype.kind != "f":
        raise ModelFileError(f"its parameters should be floats, got {dtype}")
    return dtype
