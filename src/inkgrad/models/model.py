"""Model: a trained network that answers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad import costs as all_costs
from inkgrad import layers as all_layers
from inkgrad.arrays import Array
from inkgrad.costs import Cost
from inkgrad.data import Examples, refuse_bad_inputs
from inkgrad.errors import ModelFileError, SettingError, ShapeError
from inkgrad.fast import available_threads, fuse, refuse_bad_threads
from inkgrad.layers import Layer
from inkgrad.layout import Layout, Named
from inkgrad.saving import build, concrete, describe, read_tensors, write_tensors
from inkgrad.training import Evaluation, Objective, evaluate, outputs_at

KIND = "inkgrad model 1"
TRAINED = Path(__file__).parent / "trained"  # its README.md says how they were made
PREPROCESSING = 1  # the version of what is done to pictures before a network sees them


@dataclass(frozen=True, eq=False)
class Model:
    """A network, the cost it was trained with, its parameters, and the names of its classes.

    `input_shape` is the shape of one input: (28, 28, 1) for MNIST's images.  theta is copied, so a
    model stays what it is while a training goes on.  Fast layers answer, on `n_threads` threads (as many
    as there are cores, at most 16), unless it shall be `plain`; neither is saved.

    Raises ShapeError when the parts do not fit together, SettingError for labels that are no
    strings or parameters that are no finite floating-point numbers.
    """

    network: Layer
    cost: Cost
    theta: Array
    labels: tuple[str, ...]
    input_shape: tuple[int, ...]
    plain: bool = False
    n_threads: int = field(default_factory=available_threads)

    def __post_init__(self) -> None:
        outputs = self.network.output_shape(self.input_shape)
        if outputs != (len(self.labels),):
            raise ShapeError(f"the network has outputs of shape {outputs}, but there are {len(self.labels)} labels")
        if not all(isinstance(label, str) for label in self.labels):
            raise SettingError(f"labels are the names of classes, strings, got {self.labels}")
        object.__setattr__(self, "theta", np.array(self.theta))
        object.__setattr__(self, "input_shape", tuple(int(n) for n in self.input_shape))
        refuse_bad_threads(self.n_threads)
        self.objective.layout.parts(self.theta)  # refuses a theta of another size
        if self.theta.dtype.kind != "f" or not np.isfinite(self.theta).all():
            raise SettingError("the parameters of a model are finite floating-point numbers, not NaN or infinity")

    @cached_property
    def objective(self) -> Objective:
        """The mean cost as a function of theta."""
        return Objective(self.network, self.cost)

    @cached_property
    def _working(self) -> tuple[Named, Layer]:
        """The network that answers, and its parameters by name."""
        network = self.network if self.plain else fuse(self.network, self.n_threads)
        return Layout(network.shapes()).views(self.theta), network

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is looked up once and for all: it would double what is sent or stored."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def probabilities(self, x: Array) -> Array:
        """Return the probability of each class, (N, K), for inputs (N, ...) or a single one.

        Images are uint8 in 0..255 or floats in [0, 1], 0 for paper, with or without an axis for
        their one channel.

        Raises ShapeError for inputs of another shape, DataError for numbers out of range.
        """
        y = outputs_at(*self._working, self._as_batch(np.asarray(x)), self.theta.dtype.type)
        return np.asarray(self.cost.probabilities(y))

    def predict(self, x: Array) -> Array:
        """Return the most probable class number of each input, (N,); `labels` has their names."""
        return np.argmax(self.probabilities(x), axis=1)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Return the cost and the predictions on examples with known class numbers."""
        self._as_batch(examples.x[:1])
        return evaluate(self.objective, self.theta, examples, plain=self.plain, n_threads=self.n_threads)

    def _as_batch(self, x: Array) -> Array:
        whole, bare = self.input_shape, self.input_shape[:-1]
        one_channel = len(whole) == 3 and whole[-1] == 1
        if x.shape == whole or (one_channel and x.shape == bare):
            x = x[np.newaxis]
        if one_channel and x.shape[1:] == bare:
            x = x[..., np.newaxis]
        if x.shape[1:] != whole or x.ndim == 0:
            raise ShapeError(f"this model takes inputs of shape {whole}, got {x.shape[1:] or x.shape}")
        refuse_bad_inputs(x)
        return x

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a safetensors file, each parameter under its path ("1.W").

        Raises ModelFileError when a layer or the cost is not a dataclass of plain settings,
        OSError when the file cannot be written; what stood there is then untouched.
        """
        header = {
            "network": describe(self.network, concrete(all_layers)),
            "cost": describe(self.cost, concrete(all_costs)),
            "preprocessing": PREPROCESSING,
            "labels": list(self.labels),
            "input_shape": list(self.input_shape),
        }
        write_tensors(path, self.objective.layout.parts(self.theta), header, KIND)


def shipped() -> tuple[str, ...]:
    """Return the names of the trained models that come with inkgrad."""
    return tuple(sorted(path.stem for path in TRAINED.glob("*.safetensors")))


def load(path: str | os.PathLike[str], layers: Iterable[type[Layer]] = (), costs: Iterable[type[Cost]] = ()) -> Model:
    """Return the model in a file that Model.save wrote, or one that comes with inkgrad by its name, "cnn".

    Where there is a file of that name, it is the file.
    `layers` and `costs` are your own classes that it may be made of; nothing is imported because
    the file says so.

    Raises ModelFileError, naming the file, when it is not a model or is made of unknown parts.
    """
    if str(path) in shipped() and not os.path.isfile(path):
        path = TRAINED / f"{path}.safetensors"
    tensors, header = read_tensors(path, KIND)
    try:
        return _assemble(tensors, header, concrete(all_layers, layers), concrete(all_costs, costs))
    except KeyError as error:
        raise ModelFileError(f"{path} lacks {error} in its header") from error
    except (ModelFileError, SettingError, ShapeError) as error:
        raise ModelFileError(f"{path} is not a model this library can use: {error}") from error


def _assemble(
    tensors: dict[str, Array], header: dict[str, Any], layers: dict[str, type], costs: dict[str, type]
) -> Model:
    if header["preprocessing"] != PREPROCESSING:
        raise ModelFileError(
            f"it wants pictures prepared in way {header['preprocessing']}, this inkgrad does {PREPROCESSING}"
        )
    network = build(header["network"], layers, "load it in Python with load(path, layers=[...])")
    cost = build(header["cost"], costs, "load it in Python with load(path, costs=[...])")
    if not isinstance(network, Layer) or not isinstance(cost, Cost):
        raise ModelFileError(f"it should describe a layer and a cost, got {network!r} and {cost!r}")
    places = Objective(network, cost).layout.places
    found = {name: array.shape for name, array in tensors.items()}
    wanted = {name: shape for name, (_, shape) in places.items()}
    if found != wanted:
        raise ModelFileError(f"its network has parameters {wanted}, but the file holds {found}")
    labels, input_shape = header["labels"], header["input_shape"]
    if not _is_list_of(str, labels) or not _is_list_of(int, input_shape):
        raise ModelFileError(f"its header should list labels and an input_shape, got {labels!r} and {input_shape!r}")
    if len({array.dtype for array in tensors.values()}) > 1:
        raise ModelFileError("its parameters are of several types; they should be all alike")
    theta = np.concatenate([tensors[name].ravel() for name in places] or [np.zeros(0, np.float32)])
    return Model(network, cost, theta, tuple(labels), tuple(input_shape))


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(type(each) is kind for each in value)
