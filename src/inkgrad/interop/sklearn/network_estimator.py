"""What both estimators share: fit, partial_fit, and the outputs of the fitted network."""

from __future__ import annotations

from typing import Any, Self

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from inkgrad.arrays import Array
from inkgrad.errors import SettingError
from inkgrad.interop.sklearn.fit import Learner
from inkgrad.layout import Layout


def goes_by_epochs(estimator: Any) -> bool:
    """Raise AttributeError for the solver that cannot do partial_fit, so that there is none."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit goes once through the examples, which the solver 'lbfgs' cannot do")
    return True


class NetworkEstimator(Learner):
    """A network of inkgrad with fit and partial_fit; a subclass says what targets and outputs mean."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from X (n_examples, n_features) and y, each example counting `sample_weight` times.

        X is an array, a DataFrame or a sparse matrix; y is as the class says.  With warm_start a network that
        was fitted before goes on from where it is, with the settings as they are now.

        Raises SettingError for an argument that makes no sense, ShapeError for X of more than two axes, ValueError
        for data that do not fit together or hold NaN, Diverged when the cost becomes infinite or NaN.  Warns
        (ConvergenceWarning) when it is still getting better after max_iter epochs; Ctrl-C ends the training, with a
        warning, and keeps what was learned.
        """
        goes_on = bool(self.warm_start) and hasattr(self, "theta_")
        rows = self._rows(X, y, sample_weight, goes_on)
        self._prepare(rows, goes_on)
        self._state, self._lr = None, float(self.learning_rate_init)
        if self.solver == "lbfgs":
            self._descend(rows)
        else:
            self._walk(rows, self.max_iter)
        return self

    def _learn_once(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        if self.early_stopping:
            raise SettingError("partial_fit goes through the examples once, so there is no early_stopping in it")
        goes_on = hasattr(self, "theta_")
        rows = self._rows(X, y, sample_weight, goes_on, classes)
        self._prepare(rows, goes_on)
        if not goes_on or self._solver != self.solver:  # one cannot go on with the other's memory
            self._state, self._lr = None, float(self.learning_rate_init)
        self._walk(rows, None)
        return self

    @available_if(goes_by_epochs)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once through the examples, from where the network is; the optimizer's memory goes on too.

        Raises what fit raises.
        """
        return self._learn_once(X, y, sample_weight)

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the fitted network for X, which is checked."""
        check_is_fitted(self, "theta_")
        return self._outputs_at(self._inputs(X))

    @property
    def best_loss_(self) -> float | None:
        """The smallest cost in loss_curve_, or None with early_stopping, where the score counts."""
        check_is_fitted(self, "theta_")
        return None if self.validation_scores_ else min(self.loss_curve_, default=self.loss_)

    @property
    def best_validation_score_(self) -> float | None:
        """The largest of validation_scores_, or None without early_stopping."""
        check_is_fitted(self, "theta_")
        return max(self.validation_scores_) if self.validation_scores_ else None

    @property
    def coefs_(self) -> list[Array]:
        """The weights W of each layer that has some, views of theta_."""
        return self._parts("W")

    @property
    def intercepts_(self) -> list[Array]:
        """The biases b of each layer that has some, views of theta_."""
        return self._parts("b")

    def _parts(self, name: str) -> list[Array]:
        check_is_fitted(self, "theta_")
        parts = Layout(self.network_.shapes()).parts(self.theta_)
        return [part for path, part in parts.items() if path.rpartition(".")[2] == name]
