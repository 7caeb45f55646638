"""NetworkEstimator: what both estimators share, scikit-learn's side of a Fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost
from inkgrad.errors import SettingError, ShapeError
from inkgrad.interop.sklearn.argument_rules import refuse_bad_settings
from inkgrad.interop.sklearn.example_rows import (
    Rows,
    refuse_bad_pixels,
    refuse_holes,
    refuse_more_axes,
    types_of,
    weights_of,
)
from inkgrad.interop.sklearn.fit import Fit
from inkgrad.interop.sklearn.networks import Network, fully_connected, own_network
from inkgrad.layers import Activation, Layer
from inkgrad.layout import Layout


def goes_by_epochs(estimator: Any) -> bool:
    """Raise AttributeError for the solver that cannot do partial_fit, so that there is none."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit goes once through the examples, which the solver 'lbfgs' cannot do")
    return True


class NetworkEstimator(BaseEstimator, ABC):  # type: ignore[misc]
    """A network of inkgrad with fit and partial_fit; a subclass says what targets and outputs mean.

    The arguments are named, and have the defaults, of scikit-learn's MLPClassifier; they are looked at when the
    estimator is fitted.
    """

    n_features_in_: int
    n_outputs_: int
    _fit: Fit

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Activation = "relu",
        *,
        network: Network | None = None,
        input_shape: tuple[int, ...] | None = None,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.network = network
        self.input_shape = input_shape
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    # What a subclass says.

    @abstractmethod
    def _targets(self, y: NDArray, goes_on: bool, classes: Any) -> NDArray:
        """Return class numbers (N,) or rows of targets (N, K); unless it goes on, learn from y what they mean.

        `classes` are all there will be, where that is known, else None.
        """

    @abstractmethod
    def _cost_for(self, network: Layer) -> Cost:
        """Return the cost that suits the network's outputs."""

    @abstractmethod
    def _score_of(self, outputs: NDArray, t: NDArray, weights: NDArray | None) -> float:
        """Return how good outputs are, more being better."""

    # Learning.

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from X (n_examples, n_features) and y, each example counting `sample_weight` times.

        X is an array, a DataFrame or a sparse matrix; y is as the class says.  With warm_start a network that
        was fitted before goes on from where it is, with the settings as they are now.

        Raises SettingError for an argument that makes no sense, ShapeError for X of more than two axes, ValueError
        for data that do not fit together or hold NaN, Diverged when the cost becomes infinite or NaN.  Warns
        (ConvergenceWarning) when it is still getting better after max_iter epochs; Ctrl-C ends the training, with a
        warning, and keeps what was learned.
        """
        goes_on = bool(self.warm_start) and hasattr(self, "_fit")
        rows = self._rows(X, y, sample_weight, goes_on)
        self._prepare(rows, goes_on)
        self._fit.forget_steps()
        if self.solver == "lbfgs":
            self._fit.descend(rows)
        else:
            self._fit.learn(rows, self._score_of, self.max_iter)
        return self

    @available_if(goes_by_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once through the examples, from where the network is; the optimizer's memory goes on too.

        Raises what fit raises.
        """
        return self._learn_once(X, y, sample_weight)

    def _learn_once(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        if self.early_stopping:
            raise SettingError("partial_fit goes through the examples once, so there is no early_stopping in it")
        goes_on = hasattr(self, "_fit")
        rows = self._rows(X, y, sample_weight, goes_on, classes)
        self._prepare(rows, goes_on)
        if not goes_on or self._fit.solver != self.solver:  # one cannot go on with the other's memory
            self._fit.forget_steps()
        self._fit.learn(rows, self._score_of, None)
        return self

    def _prepare(self, rows: Rows, goes_on: bool) -> None:
        """Make the network, and its first parameters unless it goes on with those that it has.

        Raises SettingError when it goes on, but the settings have changed so that the parameters fit no more.
        """
        network = self._new_network()
        if goes_on and network.shapes() != self._fit.network.shapes():
            raise SettingError(
                f"{type(self).__name__} goes on with the parameters it has, but hidden_layer_sizes or network are "
                "others now and want parameters of other shapes: fit a clone of it, or fit with warm_start=False"
            )
        cost, settings = self._cost_for(network), self.get_params(deep=False)
        if goes_on:
            self._fit.network, self._fit.cost, self._fit.settings = network, cost, settings
        else:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            dtype = np.float64 if rows.x.dtype == np.float64 else np.float32
            self._fit = Fit.new(type(self).__name__, settings, network, cost, seed, dtype)
        if not self.early_stopping:
            self._fit.scores = None

    def _new_network(self) -> Layer:
        name, shape, n_inputs = type(self).__name__, self._shape(), self.n_features_in_
        if self.network is not None:
            return own_network(self.network, n_inputs, self.n_outputs_, shape, name)
        if len(shape) != 1:
            raise SettingError(f"{name} takes an input_shape with a network of your own, network=...")
        sizes = self.hidden_layer_sizes
        hidden = sizes if hasattr(sizes, "__iter__") else [sizes]
        return fully_connected(n_inputs, hidden, self.n_outputs_, self.activation)

    # Examples.

    def _rows(self, X: Any, y: Any, sample_weight: Any, goes_on: bool, classes: Any = None) -> Rows:
        """Return checked examples."""
        refuse_bad_settings(type(self).__name__, self.get_params(deep=False))
        refuse_more_axes(type(self).__name__, X)
        refuse_holes(y)
        x, y = validate_data(
            self, X, y, reset=not goes_on, accept_sparse="csr", dtype=types_of(self.input_shape), multi_output=True,
            y_numeric=is_regressor(self),
        )  # fmt: skip
        if issparse(y):
            y = y.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        refuse_bad_pixels(self._shape(), x)
        t = self._targets(y, goes_on, classes)
        weights = None
        if sample_weight is not None:
            weights = weights_of(sample_weight, len(t))
        return Rows(x, t, weights, self._shape()).counted()

    def _outputs(self, X: Any) -> NDArray:
        """Return the outputs of the fitted network for X, which is checked."""
        check_is_fitted(self, "_fit")
        refuse_more_axes(type(self).__name__, X)
        x = validate_data(self, X, reset=False, accept_sparse="csr", dtype=types_of(self.input_shape))
        refuse_bad_pixels(self._shape(), x)
        return self._fit.outputs(x, self._shape())

    def _shape(self) -> tuple[int, ...]:
        """Return the shape of one input as the network sees it."""
        if self.input_shape is None:
            return (self.n_features_in_,)
        shape = tuple(int(n) for n in self.input_shape)
        if np.prod(shape) != self.n_features_in_:
            raise ShapeError(
                f"{type(self).__name__} has input_shape={shape}, {np.prod(shape)} numbers, "
                f"but X has {self.n_features_in_} features"
            )
        return shape

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What was learned.

    def _learned(self) -> Fit:
        """Return what was learned; raise NotFittedError, which is an AttributeError, before fit."""
        check_is_fitted(self, "_fit")
        return self._fit

    @property
    def theta_(self) -> NDArray:
        """The parameters as one vector."""
        return self._learned().theta

    @theta_.setter
    def theta_(self, theta: NDArray) -> None:
        self._learned().theta = theta

    @property
    def network_(self) -> Layer:
        """The network whose parameters theta_ are."""
        return self._learned().network

    @property
    def cost_(self) -> Cost:
        """The cost that the network was trained with."""
        return self._learned().cost

    @property
    def loss_(self) -> float:
        """The cost on the way through the last epoch."""
        return self._learned().loss

    @property
    def loss_curve_(self) -> list[float]:
        """The cost on the way through each epoch."""
        return self._learned().loss_curve

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score after each epoch with early_stopping, else None."""
        return self._learned().scores

    @property
    def n_iter_(self) -> int:
        """Epochs since the network was new."""
        return self._learned().n_iter

    @property
    def t_(self) -> int:
        """Examples seen since the network was new."""
        return self._learned().seen

    @property
    def best_loss_(self) -> float | None:
        """The smallest cost in loss_curve_, or None with early_stopping, where the score counts."""
        return None if self.validation_scores_ else min(self.loss_curve_, default=self.loss_)

    @property
    def best_validation_score_(self) -> float | None:
        """The largest of validation_scores_, or None without early_stopping."""
        return max(self.validation_scores_) if self.validation_scores_ else None

    @property
    def coefs_(self) -> list[NDArray]:
        """The weights W of each layer that has some, views of theta_."""
        return self._parts("W")

    @property
    def intercepts_(self) -> list[NDArray]:
        """The biases b of each layer that has some, views of theta_."""
        return self._parts("b")

    def _parts(self, name: str) -> list[NDArray]:
        parts = Layout(self.network_.shapes()).parts(self.theta_)
        return [part for path, part in parts.items() if path.rpartition(".")[2] == name]
