"""NetworkClassifier: a network that tells classes apart, as scikit-learn's users know it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.errors import DataError, SettingError
from inkgrad.interop.sklearn.network_estimator import NetworkEstimator, goes_by_epochs
from inkgrad.interop.sklearn.networks import ends_in_softmax, last_layer
from inkgrad.interop.sklearn.penalised_objective import OneLogitCrossEntropy, two_logits, widened
from inkgrad.layers import Chain, Layer, Sigmoid
from inkgrad.models import Model


def refuse_mixed_labels(y: NDArray) -> None:
    """Raise DataError for labels that have no order, such as words beside numbers, or None."""
    if y.dtype != object:  # a single kind, and sorting it takes time
        return
    try:
        np.unique(y)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in y}))
        raise DataError(f"y should have labels of one kind, all words or all numbers, got {kinds}") from None


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A classifier: a network whose outputs are made probabilities by softmax, trained with cross-entropy.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = NetworkClassifier((10,), solver="lbfgs", alpha=1, max_iter=1000, random_state=0).fit(X, y)
    >>> classifier.predict(X[[0, 50, 100]])
    array([0, 1, 2])

    Arguments, named as in scikit-learn's MLPClassifier and with its defaults:

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
                         best accuracy on them; not for "lbfgs"

    Two are ours.  With a network of your own the first two arguments do not count:

    network              a Layer, such as a Chain, or a function of n_inputs and n_outputs that returns one.
                         It ends in Dense (logits) or in Softmax.  The penalty is on its parameters named W
    input_shape          the shape of one input as that network sees it, (28, 28, 1) for rows of 784 pixels, which
                         are uint8 or floats in [0, 1]

    What is learned:

    theta_, network_, cost_    the parameters as one vector, and the function they are parameters of
    coefs_, intercepts_  views of theta_: the W and the b of each layer
    classes_             the labels, sorted
    loss_, loss_curve_   the cost on the way through the last epoch, and through each
    n_iter_, t_          epochs, and examples seen, since the network was new
    validation_scores_   accuracy after each epoch with early_stopping, else None
    best_loss_, best_validation_score_    the smallest cost without, the best score with early_stopping, else None
    n_outputs_, n_features_in_, feature_names_in_

    It reckons in the type of X, float32 or float64 (float32 for uint8 pixels), and is faster in float32.
    Sparse X is made dense a batch at a time; for "lbfgs" all of it.
    """

    classes_: NDArray

    @available_if(goes_by_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go once through the examples, from where the network is; the optimizer's memory goes on too.

        The first call needs `classes`, the labels of all classes there will be, as y may lack some.

        Raises what fit raises, and DataError for a label that is not among the classes.
        """
        if classes is None and not hasattr(self, "classes_"):
            raise DataError("the first partial_fit needs all classes there will be: partial_fit(X, y, classes=...)")
        return self._learn_once(X, y, sample_weight, classes)

    def predict(self, X: Any) -> NDArray:
        """Return the most probable label of each example, (n_examples,), an entry of classes_."""
        y = self._outputs(X)
        return self.classes_.take(self._most_probable(y))

    def predict_proba(self, X: Any) -> NDArray:
        """Return the probability of each class, (n_examples, n_classes), in the order of classes_."""
        y = self._outputs(X)
        return self.cost_.probabilities(y)

    def predict_log_proba(self, X: Any) -> NDArray:
        """Return the logarithm of predict_proba, (n_examples, n_classes); -inf where a probability rounds to 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def to_model(self) -> Model:
        """Return what was learned as an inkgrad Model, which can be saved, exported and served.

        Its labels are the classes as text.  It takes inputs of `input_shape`, or (n_features,), as floats; the
        bytes of images may come as they are.  For two classes it has two logits, of which the first is 0.

        Raises NotFittedError before fit.
        """
        network, cost, theta = self.network_, self.cost_, self.theta_
        if isinstance(cost, OneLogitCrossEntropy):
            assert isinstance(network, Chain)
            (network, theta), cost = widened(network, theta), SoftmaxCrossEntropy()
        return Model(network, cost, theta, tuple(str(label) for label in self.classes_), self._shape())

    def _targets(self, y: NDArray, goes_on: bool, classes: Any) -> NDArray:
        if y.ndim == 2:
            raise DataError(
                f"{type(self).__name__} gives each example one label, but y has {y.shape[1]}: "
                "wrap it in sklearn.multioutput.MultiOutputClassifier"
            )
        refuse_mixed_labels(y)
        check_classification_targets(y)
        known = np.unique(y if classes is None else classes)
        if goes_on and classes is None:
            known = self.classes_
        if goes_on and not np.array_equal(known, self.classes_):
            raise DataError(f"the classes were {self.classes_} when the network was made, now they are {known}")
        strange = np.setdiff1d(y, known)
        if len(strange):
            raise DataError(f"y has labels that are none of the classes {known}: {strange}")
        self.classes_ = known
        self.n_outputs_ = 1 if self.network is None and len(known) == 2 else len(known)
        return np.searchsorted(known, y)

    def _cost_for(self, network: Layer) -> Cost:
        if self.n_outputs_ < len(self.classes_):
            return OneLogitCrossEntropy()
        if isinstance(last_layer(network), Sigmoid):
            raise SettingError(
                f"the network of {type(self).__name__} should end in Dense (for logits) or Softmax, as probabilities "
                f"of classes sum to 1; it ends in {last_layer(network)}"
            )
        return CrossEntropy() if ends_in_softmax(network) else SoftmaxCrossEntropy()

    def _most_probable(self, outputs: NDArray) -> NDArray:
        """Return class numbers (N,)."""
        one_logit = isinstance(self.cost_, OneLogitCrossEntropy)
        return np.argmax(two_logits(outputs) if one_logit else outputs, axis=1)

    def _score_of(self, outputs: NDArray, t: NDArray, weights: NDArray | None) -> float:
        return float(accuracy_score(t, self._most_probable(outputs), sample_weight=weights))
