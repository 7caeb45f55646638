"""NetworkRegressor: a network that finds numbers, as scikit-learn's users know it."""

from __future__ import annotations

from typing import Any

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, SquaredError
from inkgrad.errors import DataError
from inkgrad.interop.sklearn.network_estimator import NetworkEstimator
from inkgrad.layers import Layer


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A regressor: a network trained with half the squared error, for one target or several.

    >>> import numpy as np
    >>> x = np.linspace(0, 1, 50)
    >>> regressor = NetworkRegressor((20,), activation="tanh", solver="lbfgs", random_state=0)
    >>> bool(regressor.fit(x[:, None], np.sin(6 * x)).score(x[:, None], np.sin(6 * x)) > 0.99)
    True

    The targets should be of a size near 1: see sklearn.compose.TransformedTargetRegressor.

    The arguments are those of NetworkClassifier, named as in scikit-learn's MLPRegressor and with its defaults.  With
    early_stopping the score is R²; a network of your own ends in Dense, with an output for each target.

    What is learned has the same names as there, but that there are no classes_.
    """

    def predict(self, X: Any) -> NDArray:
        """Return the numbers found for each example, (n_examples,), or (n_examples, n_outputs) where y had columns."""
        y = self._outputs(X)
        return y.ravel() if self.n_outputs_ == 1 else y

    def _targets(self, y: NDArray, goes_on: bool, classes: Any) -> NDArray:
        rows = y.reshape(len(y), -1)
        if goes_on and rows.shape[1] != self.n_outputs_:
            raise DataError(f"the network was made for {self.n_outputs_} targets an example, y has {rows.shape[1]}")
        self.n_outputs_ = rows.shape[1]
        return rows

    def _cost_for(self, network: Layer) -> Cost:
        return SquaredError()

    def _score_of(self, outputs: NDArray, t: NDArray, weights: NDArray | None) -> float:
        return float(r2_score(t, outputs, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
