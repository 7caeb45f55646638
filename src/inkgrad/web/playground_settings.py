"""PlaygroundSettings: what a visitor chose, checked, and the network, cost and optimizer that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Any

import numpy as np

from inkgrad import costs as all_costs
from inkgrad import layers as all_layers
from inkgrad.check.lessons import LAYERS
from inkgrad.costs import Cost, SquaredError
from inkgrad.data import Augmentation, Dataset, Examples, animals, circles, spirals, surfaces, xor
from inkgrad.data.curve import LONGEST_LETTERS, curve
from inkgrad.data.features import COORDINATES, FEATURES, features, refuse_bad_features
from inkgrad.data.points import moved, parted
from inkgrad.errors import SettingError
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, Noise, Softmax, leaves
from inkgrad.layers.windows import pair
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam, Optimizer
from inkgrad.web.breaking import with_break
from inkgrad.web.limits import LIMITS
from inkgrad.web.wire import choice, number, shown, truth, whole

LINEAR = "Linear"  # no activation at all: y = x
ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Softplus", "Sigmoid", "Tanh", LINEAR)
COSTS = ("SoftmaxCrossEntropy", "CrossEntropy", "SquaredError")  # the last two take a softmax layer
COST_OF_NUMBERS = "½ (y − t)²"  # what SquaredError is of one output
OPTIMIZERS = ("SGD", "Adam")
PROBLEMS = {"animals": animals, "xor": xor, "circles": circles, "spirals": spirals}
SURFACES = {"plane": surfaces.plane, "gaussians": surfaces.gaussians}  # whose targets are numbers: regression
DATASETS = {"classes": [*PROBLEMS, "curve", "own"], "numbers": [*SURFACES]}  # of points, by what their targets are
AUGMENTATION = Augmentation(shift=1, rotation=8, scale=0.1, shear=0.1, elastic=1)
DIGIT_SIDE_PX = 28
POINT_CLASSES = ("blue", "orange", "green")  # of points of one's own
POINTS_SEED = 2017  # of the noise that moves points
OWN_SHARE = 0.75  # of them that is learned from, where nothing else is said
NOISY_CORNERS = 25  # points at each corner of XOR, where noise keeps them apart


@dataclass(frozen=True)
class Knob:
    """What a setting may be, from `low` to `high`, and what its slider offers, from `first` to `last`.

    A slider of factors has no `step`.
    """

    low: float
    high: float
    first: float
    last: float
    step: float | None


KNOBS = {
    "lr": Knob(1e-6, 100, 1e-4, 10, None),
    "momentum": Knob(0, 0.999, 0, 0.99, 0.01),
    "batch_size": Knob(1, 1000, 1, 500, 1),
    "weight_decay": Knob(0, 1, 0, 0.1, 0.001),
    "l1": Knob(0, 1, 0, 0.1, 0.001),
    "noise": Knob(0, 1, 0, 1, 0.01),
    "dropout": Knob(0, 0.9, 0, 0.9, 0.05),
    "data_noise": Knob(0, 0.5, 0, 0.3, 0.01),
    "share": Knob(0.1, 0.9, 0.1, 0.9, 0.05),
}
KNOBS_OF_POINTS = KNOBS | {"batch_size": replace(KNOBS["batch_size"], last=100)}  # of which there are few


@dataclass(frozen=True)
class Hidden:
    """A hidden layer: `kind` is "dense" with `size` units, or "conv" with so many channels."""

    kind: str
    size: int
    activation: str


@dataclass(frozen=True)
class PlaygroundSettings:
    """All that decides a training; see `parsed`."""

    data: str
    layers: tuple[Hidden, ...]
    cost: str  # of classes; that of numbers is the squared error
    classes: int  # where there are any
    optimizer: str
    lr: float
    momentum: float
    batch_size: int
    noise: float = 0.0
    dropout: float = 0.0
    augmentation: bool = False
    seed: int = 0
    broken: str | None = None
    points: tuple[tuple[float, float, int], ...] | None = None
    features: tuple[str, ...] = COORDINATES  # of points, that the network is given
    data_noise: float = 0.0  # of points, in sides of the square
    share: float | None = None  # of points that are learned from; None for what is usual with these
    weight_decay: float = 0.0
    l1: float = 0.0
    curve: str = "y = sin 3x"  # between the classes, where the data are "curve"

    @property
    def is_digits(self) -> bool:
        """Whether it is about images of digits, else about points."""
        return self.data == "mnist"

    @property
    def is_regression(self) -> bool:
        """Whether its targets are numbers, else they are classes."""
        return self.data in SURFACES

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (DIGIT_SIDE_PX, DIGIT_SIDE_PX, 1) if self.is_digits else (len(self.features),)

    def same_network(self, other: PlaygroundSettings) -> bool:
        """Return whether a training can go on with these settings: only its knobs were turned."""
        kept = ("data", "points", "features", "layers", "cost", "classes", "seed", "data_noise", "share", "curve")
        return all(getattr(self, name) == getattr(other, name) for name in kept)

    def network(self) -> Chain:
        """Return the layers, right ones."""
        layers: list[Layer] = [Noise(self.noise)] if self.noise else []
        drop: list[Layer] = [Dropout(self.dropout)] if self.dropout else []
        side, n_in, flat = DIGIT_SIDE_PX, self.input_shape[-1], not self.is_digits
        for hidden in self.layers:
            activation = activation_layers(hidden.activation)
            if hidden.kind == "conv":
                layers += [Conv2D(n_in, hidden.size), *activation, MaxPool2D(), *drop]
                side //= 2
            else:
                n_in, layers, flat = _flattened(n_in, side, layers, flat)
                layers += [Dense(n_in, hidden.size), *activation, *drop]
            n_in = hidden.size
        n_in, layers, flat = _flattened(n_in, side, layers, flat)
        if self.is_regression:
            return Chain((*layers, Dense(n_in, 1)))
        layers.append(Dense(n_in, self.classes))
        return Chain((*layers, *([] if self.cost == "SoftmaxCrossEntropy" else [Softmax()])))

    def network_and_cost(self) -> tuple[Chain, Cost]:
        """Return the network and its cost, one of them with the mistake that was chosen.

        Raises SettingError where they have nothing that it could be in.
        """
        cost: Cost = SquaredError() if self.is_regression else getattr(all_costs, self.cost)()
        network = self.network()
        if not self.broken:
            return network, cost
        if self.is_regression and LAYERS[self.broken].is_of_classes:
            raise SettingError(
                f"{self.broken} needs {LAYERS[self.broken].needs}, and "
                "regression has the squared error, without a softmax: take the mistake out first"
            )
        return with_break(network, cost, self.broken)

    def optimizer_(self) -> Optimizer:
        """Return the optimizer; Adam's beta1 is the momentum."""
        if self.optimizer == "Adam":
            return Adam(self.lr, beta1=self.momentum, weight_decay=self.weight_decay, l1=self.l1)
        return SGD(self.lr, self.momentum, self.weight_decay, self.l1)

    def augmentation_(self) -> Augmentation | None:
        """Return how images are changed in training."""
        return AUGMENTATION if self.augmentation else None

    def dataset(self, digits: Dataset) -> Dataset:
        """Return the examples as the network is given them; `digits` are those of MNIST."""
        if self.is_digits:
            return digits
        points = self.points_on_plane()
        train = Examples(features(points.train.x, self.features), points.train.t)
        if points.test is points.train:
            return Dataset(train, train, points.labels)
        return Dataset(train, Examples(features(points.test.x, self.features), points.test.t), points.labels)

    def points_on_plane(self) -> Dataset:
        """Return the points, inputs (N, 2) in the unit square; where none are left to test, its test is its train."""
        if self.points is not None:
            points = np.array(self.points, float)
            own = Examples(points[:, :2].astype(np.float32), points[:, 2].astype(int))
            return Dataset(*parted(own, self.share or OWN_SHARE), POINT_CLASSES[: self.classes])
        problem = curve(self.curve) if self.data == "curve" else (PROBLEMS | SURFACES)[self.data]()
        rng = np.random.default_rng(POINTS_SEED)
        train, test, share = problem.train, problem.test, self.share
        labels = problem.labels and (*problem.labels, "neither")[: self.classes]  # the third is never used
        if train is test:
            if not self.data_noise:
                return Dataset(train, test, labels)  # XOR has four points, and all are needed
            test, share = train, share or OWN_SHARE
            train = Examples(np.repeat(train.x, NOISY_CORNERS, axis=0), np.repeat(train.t, NOISY_CORNERS))
        elif share:
            train = Examples(np.concatenate([train.x, test.x]), np.concatenate([train.t, test.t]))
        if self.data_noise:
            train, test = moved(train, self.data_noise, rng), moved(test, self.data_noise, rng)
        return Dataset(*(parted(train, share) if share else (train, test)), labels)

    def as_message(self) -> dict[str, Any]:
        """Return them as the page has them."""
        return asdict(self)


def activation_layers(name: str) -> list[Layer]:
    """Return the layers that an activation of that name is; "Linear" is none."""
    return [] if name == LINEAR else [getattr(all_layers, name)()]


def _flattened(n_in: int, side: int, layers: list[Layer], flat: bool) -> tuple[int, list[Layer], bool]:
    return (n_in, layers, True) if flat else (n_in * side * side, [*layers, Flatten()], True)


DEFAULTS = {
    "digits": PlaygroundSettings("mnist", (Hidden("dense", 100, "ELU"),), "CrossEntropy", 10, "SGD", 0.05, 0.9, 100),
    "points": PlaygroundSettings("animals", (Hidden("dense", 8, "Tanh"),), "CrossEntropy", 2, "SGD", 0.05, 0.9, 10),
}


def parsed(message: Mapping[str, Any], which: str) -> PlaygroundSettings:
    """Return the settings in a message, for "digits" or "points"; what is left out is the default.

    Raises SettingError, in one line, for settings that make no sense, or are too much for a
    shared machine.
    """
    usual = DEFAULTS[which]
    unknown = sorted(message.keys() - set(asdict(usual)))
    if unknown:
        raise SettingError(f"there is no setting {shown(unknown[0])}, only {', '.join(asdict(usual))}")
    of_points = [*DATASETS["classes"], *DATASETS["numbers"]]
    data = choice(message, "data", ["mnist"] if which == "digits" else of_points, usual.data)
    broken = message.get("broken")
    layers = message.get("layers")
    few, many = (10, 10) if which == "digits" else (2, 3)
    batch = KNOBS["batch_size"]

    def turned(name: str) -> float:
        return number(message, name, KNOBS[name].low, KNOBS[name].high, getattr(usual, name))

    found = replace(
        usual,
        data=data,
        layers=usual.layers if layers is None else _hidden(layers, which),
        cost=choice(message, "cost", COSTS, usual.cost),
        classes=whole(message, "classes", few, many, usual.classes),
        optimizer=choice(message, "optimizer", OPTIMIZERS, usual.optimizer),
        lr=turned("lr"),
        momentum=turned("momentum"),
        batch_size=whole(message, "batch_size", int(batch.low), int(batch.high), usual.batch_size),
        noise=turned("noise"),
        weight_decay=turned("weight_decay"),
        l1=turned("l1"),
        dropout=turned("dropout"),
        augmentation=truth(message, "augmentation") and which == "digits",
        seed=whole(message, "seed", 0, 10**9, 0),
        broken=None if broken is None else choice(message, "broken", list(LAYERS)),
    )
    if which == "points":
        names = message.get("features", usual.features)
        refuse_bad_features(names)
        share = None if message.get("share") is None else turned("share")
        noise = turned("data_noise")
        chosen = tuple(name for name in FEATURES if name in names)
        text = message.get("curve", usual.curve)
        if not isinstance(text, str):
            raise SettingError(f"curve is a text such as {usual.curve!r}, got {shown(text)}")
        if data == "curve":
            curve(text)  # refuses what is none
        noise = 0.0 if data == "own" else noise
        found = replace(found, features=chosen, share=share, data_noise=noise, curve=text[:LONGEST_LETTERS])
    if data == "own":
        found = replace(found, points=_points(message.get("points"), found.classes))
    _refuse_too_much(found)
    found.network_and_cost()  # refuses a break of what is not there
    return found


def _hidden(layers: Any, which: str) -> tuple[Hidden, ...]:
    if not isinstance(layers, list) or len(layers) > LIMITS.n_layers:
        raise SettingError(f"layers is a list of at most {LIMITS.n_layers} hidden layers, got {shown(layers)}")
    found: list[Hidden] = []
    for layer in layers:
        if not isinstance(layer, dict):
            raise SettingError(f"a layer is an object with kind, size and activation, got {shown(layer)}")
        kind = choice(layer, "kind", ["conv", "dense"] if which == "digits" else ["dense"])
        if kind == "conv" and found and found[-1].kind == "dense":
            raise SettingError("convolutions come before dense layers: move them up")
        size = whole(layer, "size", 1, LIMITS.n_channels if kind == "conv" else LIMITS.n_units)
        found.append(Hidden(kind, size, choice(layer, "activation", ACTIVATIONS)))
    if sum(layer.kind == "conv" for layer in found) > 4:
        raise SettingError("each convolution halves the image, so there are at most 4: take one away")
    return tuple(found)


def _points(points: Any, classes: int) -> tuple[tuple[float, float, int], ...]:
    if not isinstance(points, list) or not 1 <= len(points) <= LIMITS.n_points:
        n = len(points) if isinstance(points, list) else shown(points)
        raise SettingError(f"own data are 1 to {LIMITS.n_points} points, got {n}: paint some")
    found = []
    for point in points:
        if not isinstance(point, list) or len(point) != 3:
            raise SettingError(f"a point is [x, y, class], got {shown(point)}")
        named = dict(zip(("x", "y", "class"), point, strict=True))
        place = number(named, "x", 0, 1), number(named, "y", 0, 1)
        found.append((*place, whole(named, "class", 0, classes - 1)))
    return tuple(found)


def _refuse_too_much(settings: PlaygroundSettings) -> None:
    """Raise SettingError before anything large is made."""
    network = settings.network()
    n_parameters = Layout(network.shapes()).size
    if n_parameters > LIMITS.n_parameters:
        raise SettingError(
            f"this network has {n_parameters:,} parameters, more than {LIMITS.n_parameters:,}: take smaller layers"
        )
    numbers = numbers_between(network, settings.input_shape)
    if numbers * settings.batch_size > LIMITS.n_numbers_in_batch:
        most = max(1, LIMITS.n_numbers_in_batch // numbers)
        raise SettingError(
            f"a batch of {settings.batch_size} is too much for this network: take at most {most}, or smaller layers"
        )


def numbers_between(network: Layer, shape: tuple[int, ...]) -> int:
    """Return how many numbers lie between the layers for one input of that shape."""
    numbers = 0
    for leaf in leaves(network, shape):
        if isinstance(leaf.layer, Conv2D):  # it lays out each window as a row
            numbers += prod(pair(leaf.layer.kernel)) * prod(leaf.input_shape or ())
        numbers += prod(leaf.output_shape or ())
    return numbers
