"""Starting: the network that the settings make, and its first parameters."""

from __future__ import annotations

from abc import abstractmethod
from math import nan

import numpy as np
from sklearn.utils import check_random_state

from inkgrad.arrays import Array
from inkgrad.costs import Cost
from inkgrad.errors import SettingError
from inkgrad.interop.sklearn.checked_examples import ExamplesTaker
from inkgrad.interop.sklearn.example_rows import Rows
from inkgrad.interop.sklearn.networks import fully_connected, own_network, start_evenly
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective
from inkgrad.layers import Layer
from inkgrad.training.random_streams import Purpose, random_stream


class Starter(ExamplesTaker):
    """Makes the network from the settings, and starts the record of what is learned."""

    theta_: Array
    network_: Layer
    cost_: Cost
    n_outputs_: int
    loss_: float
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    n_iter_: int
    t_: int

    @abstractmethod
    def _cost_for(self, network: Layer) -> Cost:
        """Return the cost that suits the network's outputs."""

    def _prepare(self, rows: Rows, goes_on: bool) -> None:
        """Make the network, and its first parameters unless it goes on with those that it has.

        Raises SettingError when it goes on, but the settings have changed so that the parameters fit no more.
        """
        network = self._new_network()
        if goes_on and network.shapes() != self.network_.shapes():
            raise SettingError(
                f"{type(self).__name__} goes on with the parameters it has, but hidden_layer_sizes or network are "
                "others now and want parameters of other shapes: fit a clone of it, or fit with warm_start=False"
            )
        self.network_, self.cost_ = network, self._cost_for(network)
        if not goes_on:
            self._start(rows)
        if not self.early_stopping:
            self.validation_scores_ = None

    def _start(self, rows: Rows) -> None:
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        dtype = np.float64 if rows.x.dtype == np.float64 else np.float32
        rng = random_stream(self._seed, Purpose.START)
        self.theta_ = PenalisedObjective(self.network_, self.cost_).init(rng, dtype)
        if self.network is None:
            start_evenly(self.network_, self.theta_, rng, self.activation)
        self.loss_, self.loss_curve_, self.n_iter_, self.t_ = nan, [], 0, 0
        self.validation_scores_ = None

    def _new_network(self) -> Layer:
        name, shape, n_inputs = type(self).__name__, self._shape(), self.n_features_in_
        if self.network is not None:
            return own_network(self.network, n_inputs, self.n_outputs_, shape, name)
        if len(shape) != 1:
            raise SettingError(f"{name} takes an input_shape with a network of your own, network=...")
        sizes = self.hidden_layer_sizes
        hidden = sizes if hasattr(sizes, "__iter__") else [sizes]
        return fully_connected(n_inputs, hidden, self.n_outputs_, self.activation)
