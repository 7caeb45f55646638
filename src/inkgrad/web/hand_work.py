"""HandWork: weights that a visitor sets, and units taken out, each of which can be undone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.layers import Layer, leaves
from inkgrad.layout import Layout, join_path
from inkgrad.optimizers import Optimizer
from inkgrad.web.limits import LIMITS


def dense_paths(network: Layer) -> list[str]:
    """Return the paths of the layers with weights, which are the lines between two columns of the picture."""
    return [leaf.path for leaf in leaves(network) if "W" in leaf.parameters]


@dataclass(frozen=True)
class HeldAtZero:
    """Another optimizer's steps, but for some parameters, which stay 0."""

    optimizer: Optimizer
    indices: tuple[int, ...]

    def init(self, theta: NDArray) -> dict[str, NDArray]:
        """Return the memory before the first step: the optimizer's."""
        return self.optimizer.init(theta)

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        """Move theta one step, in place, and put what is held back to 0."""
        self.optimizer.step(theta, gradient, state)
        theta[list(self.indices)] = 0


Unit = tuple[int, int]  # the number of its hidden layer, from 0, and its own


@dataclass
class HandWork:
    """What was changed by hand in the theta of a network since its training began.

    A unit is taken out by its outgoing weights: they are 0, and stay so while it trains, until it is brought back with
    those that it had.  The last 20 changes can be undone.
    """

    network: Layer
    out: dict[Unit, NDArray] = field(default_factory=dict)  # units that are taken out, with their outgoing weights
    done: list[tuple[NDArray, NDArray, dict[Unit, NDArray]]] = field(default_factory=list)  # before each

    @property
    def held(self) -> tuple[int, ...]:
        """Indices of the parameters that stay 0."""
        return tuple(int(k) for layer, unit in self.out for k in self._outgoing(layer, unit))

    def set(self, theta: NDArray, layer: int, row: int | None, column: int, value: float) -> None:
        """Set a weight of the layer of that number, or, without a row, a bias; SettingError where there is none."""
        index = self.place(layer, row, column)
        self._remember(theta, np.array([index]))
        theta[index] = value

    def turn(self, theta: NDArray, layer: int, unit: int) -> None:
        """Take a unit out, or bring it back.  Raises SettingError where there is none."""
        indices = self._outgoing(layer, unit)
        self._remember(theta, indices)
        weights = self.out.pop((layer, unit), None)
        if weights is None:
            self.out[layer, unit] = theta[indices]
            theta[indices] = 0
        else:
            theta[indices] = weights

    def undo(self, theta: NDArray) -> None:
        """Take the last change back; what was learned in other parameters since then stays."""
        if self.done:
            indices, values, self.out = self.done.pop()
            theta[indices] = values

    def place(self, layer: int, row: int | None, column: int) -> int:
        """Return the index of a weight in theta, or, without a row, of a bias; SettingError where there is none."""
        indices = self._indices(layer, "b" if row is None else "W")
        at = (column,) if row is None else (row, column)
        if not all(0 <= k < n for k, n in zip(at, indices.shape, strict=True)):
            raise SettingError(f"layer {layer} has weights {indices.shape}, so there is none at {at}")
        return int(indices[at])

    def _outgoing(self, layer: int, unit: int) -> NDArray:
        weights = self._indices(layer + 1, "W")
        if not 0 <= unit < len(weights):
            raise SettingError(f"hidden layer {layer} has {len(weights)} units, counted from 0, got {unit}")
        return weights[unit]

    def _indices(self, layer: int, name: str) -> NDArray:
        paths, layout = dense_paths(self.network), Layout(self.network.shapes())
        if not 0 <= layer < len(paths):
            raise SettingError(f"there are {len(paths)} layers with weights, counted from 0, got {layer}")
        return layout.parts(np.arange(layout.size))[join_path(paths[layer], name)]

    def _remember(self, theta: NDArray, indices: NDArray) -> None:
        self.done = [*self.done, (indices, theta[indices].copy(), dict(self.out))][-LIMITS.n_changes_by_hand :]
