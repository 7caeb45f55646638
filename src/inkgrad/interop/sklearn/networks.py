"""The network that an estimator trains: layers of given sizes, or one of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

import numpy as np

from inkgrad import layers as ours
from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.layers import Activation, Layer, leaves
from inkgrad.layout import Layout

ACTIVATIONS: dict[str, Activation | None] = {
    "identity": None,
    "logistic": ours.Sigmoid(),
    "tanh": ours.Tanh(),
    "relu": ours.ReLU(),
    "leaky_relu": ours.LeakyReLU(),
    "elu": ours.ELU(),
    "gelu": ours.GELU(),
    "silu": ours.SiLU(),
    "softplus": ours.Softplus(),
}

Network = Layer | Callable[[int, int], Layer]


def fully_connected(n_inputs: int, hidden: Iterable[int], n_outputs: int, activation: str | Activation) -> ours.Chain:
    """Return dense layers of the `hidden` sizes, each with the activation, and a dense layer at the end."""
    act = ACTIVATIONS[activation] if isinstance(activation, str) else activation
    layers: list[Layer] = []
    n_in = n_inputs
    for n_out in map(int, hidden):
        layers += [ours.Dense(n_in, n_out, "glorot"), *([] if act is None else [act])]
        n_in = n_out
    return ours.Chain((*layers, ours.Dense(n_in, n_outputs, "glorot")))


def start_evenly(network: Layer, theta: NDArray, rng: np.random.Generator, activation: str | Activation) -> None:
    """Give W and b of fully_connected first values as in MLPClassifier: evenly from -r to r, r = √(6 / (n_in + n_out)).

    (Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html, equation 16, for W.)  After a logistic
    sigmoid it is √(2 / (n_in + n_out)).  Biases are not zero, or the kinks of all ReLUs would go through the
    origin, which is the corner of inputs in [0, 1].
    """
    parts = Layout(network.shapes()).parts(theta)
    for path, part in parts.items():
        n_in, n_out = parts[path.rpartition(".")[0] + ".W"].shape
        r = sqrt((2 if activation == "logistic" else 6) / (n_in + n_out))
        part[...] = rng.uniform(-r, r, part.shape)


def own_network(network: Network, n_inputs: int, n_outputs: int, input_shape: tuple[int, ...], owner: str) -> Layer:
    """Return the user's layer, or what the user's function makes.

    Raises SettingError when it is something else or has outputs of another shape than (n_outputs,), ShapeError when
    it does not take inputs of input_shape.
    """
    layer: Any = network if isinstance(network, Layer) else network(n_inputs, n_outputs)
    if not isinstance(layer, Layer):
        raise SettingError(f"the function given to {owner} as network should return a layer, got {layer!r}")
    found = layer.output_shape(input_shape)
    if found != (n_outputs,):
        raise SettingError(
            f"the network of {owner} should have outputs of shape ({n_outputs},), one for each class or target, "
            f"got {found}: a function of n_inputs and n_outputs fits itself to the data"
        )
    return layer


def last_layer(network: Layer) -> Layer:
    """Return the layer that gives the outputs."""
    found = leaves(network)
    return found[-1].layer if found else network


def ends_in_softmax(network: Layer) -> bool:
    """Return whether the outputs are probabilities already."""
    return isinstance(last_layer(network), ours.Softmax)
