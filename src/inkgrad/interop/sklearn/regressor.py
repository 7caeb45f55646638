"""NetworkRegressor: a network that finds numbers, as scikit-learn's users know it."""

from __future__ import annotations

from typing import Any

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from inkgrad.arrays import Array
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

    Arguments, named as in scikit-learn's MLPRegressor and with its defaults:

    hidden_layer_sizes   sizes of the layers between input and output; () for none
    activation           "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus",
                         or an Activation, such as ELU(0.5)
    solver               "adam", "sgd", or "lbfgs", which takes all examples at once
    alpha                penalty: alpha / 2 times the sum of all squared weights, divided by the batch's size,
                         is added to the cost
    batch_size           examples in a step; "auto" is 200, or all where there are fewer
    learning_rate        of "sgd": "constant", "invscaling" (learning_rate_init / (examples seen + 1)^power_t), or
                         "adaptive" (a fifth whenever it gets no better, down to 1e-6)
    learning_rate_init   the first learning rate, above 0
    max_iter             most epochs; of "lbfgs" iterations, with at most max_fun evaluations
    shuffle              whether each epoch has another order
    random_state         seed of the first parameters and of the order: a number, a RandomState, or None
    tol, n_iter_no_change    it ends when the cost was not better by tol for more epochs than that;
                         for "lbfgs" tol is the gradient's largest entry at which it ends
    verbose              whether each epoch prints its cost
    warm_start           whether fit goes on from where the last one ended
    momentum, nesterovs_momentum    of "sgd"
    beta_1, beta_2, epsilon    of "adam"
    early_stopping       whether validation_fraction of the examples is held out, and the epoch kept that has the
                         best R² on them; not for "lbfgs"

    Two are ours.  With a network of your own the first two arguments do not count:

    network              a Layer, such as a Chain, or a function of n_inputs and n_outputs that returns one.
                         It ends in Dense.  The penalty is on its parameters named W
    input_shape          the shape of one input as that network sees it, (28, 28, 1) for rows of 784 pixels, which
                         are uint8 or floats in [0, 1]

    What is learned:

    theta_, network_, cost_    the parameters as one vector, and the function they are parameters of
    coefs_, intercepts_  views of theta_: the W and the b of each layer
    loss_, loss_curve_   the cost on the way through the last epoch, and through each
    n_iter_, t_          epochs, and examples seen, since the network was new
    validation_scores_   R² after each epoch with early_stopping, else None
    best_loss_, best_validation_score_    the smallest cost without, the best score with early_stopping, else None
    n_outputs_, n_features_in_, feature_names_in_

    It reckons in the type of X, float32 or float64 (float32 for uint8 pixels), and is faster in float32.
    Sparse X is made dense a batch at a time; for "lbfgs" all of it.
    """

    def predict(self, X: Any) -> Array:
        """Return the numbers found for each example, (n_examples,), or (n_examples, n_outputs) where y had columns."""
        y = self._outputs(X)
        return y.ravel() if self.n_outputs_ == 1 else y

    def _targets(self, y: Array, goes_on: bool, classes: Any) -> Array:
        rows = y.reshape(len(y), -1)
        if goes_on and rows.shape[1] != self.n_outputs_:
            raise DataError(f"the network was made for {self.n_outputs_} targets an example, y has {rows.shape[1]}")
        self.n_outputs_ = rows.shape[1]
        return rows

    def _cost_for(self, network: Layer) -> Cost:
        return SquaredError()

    def _score_of(self, outputs: Array, t: Array, weights: Array | None) -> float:
        return float(r2_score(t, outputs, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
