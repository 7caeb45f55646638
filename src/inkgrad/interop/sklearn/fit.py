"""Training: the solvers at work on the network."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from inkgrad.arrays import Array
from inkgrad.errors import Diverged
from inkgrad.fast import fuse
from inkgrad.interop.sklearn.epochs import Epochs, Patience
from inkgrad.interop.sklearn.example_rows import Rows, outputs_of
from inkgrad.interop.sklearn.held_out import split
from inkgrad.interop.sklearn.lbfgs import minimise
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective
from inkgrad.interop.sklearn.starting import Starter
from inkgrad.layout import Layout
from inkgrad.training.random_streams import Purpose, random_stream


class Learner(Starter):
    """Trains a network, and notes the course of it."""

    _state: dict[str, Array] | None
    _lr: float

    @abstractmethod
    def _score_of(self, outputs: Array, t: Array, weights: Array | None) -> float:
        """Return how good outputs are, more being better."""

    def _objective(self, rows: Rows) -> PenalisedObjective:
        return PenalisedObjective(self.network_, self.cost_, float(self.alpha), rows.weights is not None)

    def _walk(self, rows: Rows, most: int | None) -> None:
        """Train by at most so many epochs, until it gets no better; by one, where `most` is None."""
        held = None
        if self.early_stopping:
            rows, held = split(rows, self.validation_fraction, self._seed)
            self.validation_scores_ = self.validation_scores_ or []
        epochs = Epochs(
            self._objective(rows), self.get_params(deep=False), rows, self.theta_, self._state, self._lr, self._seed,
            epoch=self.n_iter_, seen=self.t_, acts_at_random=self.network is not None,
        )  # fmt: skip
        patience, best = Patience(self.tol, self.n_iter_no_change), self.theta_
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # they end in a cost that is no number, which is seen
                for _ in range(most or 1):
                    loss = epochs.run_epoch()
                    self.theta_ = epochs.theta
                    self._note(loss)
                    score = -loss if held is None else self._note_score(held)
                    if patience.is_best(score) and held is not None:
                        best = epochs.theta.copy()
                    if patience.is_over:
                        if not epochs.slow_down():
                            self._say(f"No better by tol={self.tol:g} for {self.n_iter_no_change} epochs. Stopping.")
                            break
                        patience.waited = 0
                        self._say(f"No better by tol={self.tol:g}. Setting the learning rate to {epochs.lr:g}.")
                else:
                    if most is not None:
                        self._warn_of_the_end(f"{most} epochs (max_iter) are over")
        except KeyboardInterrupt:
            warnings.warn("Ctrl-C ended the training: what was learned so far is kept", stacklevel=3)
        except Diverged:
            self._diverged(f"in epoch {self.n_iter_ + 1}")
        self.theta_ = epochs.theta if held is None else best
        self._solver, self._state, self._lr, self.t_ = self.solver, epochs.state, epochs.lr, epochs.seen
        self._refuse_infinite()

    def _descend(self, rows: Rows) -> None:
        """Train with lbfgs."""
        acts_at_random = self.network is not None
        rng_of = (lambda: random_stream(self._seed, Purpose.LAYERS, 0)) if acts_at_random else None
        with np.errstate(over="ignore", invalid="ignore"):
            found = minimise(self._objective(rows), self.theta_, rows, rng_of, self.get_params(deep=False), self._note)
        self.theta_ = found.x.astype(self.theta_.dtype)
        self.loss_, self.n_iter_ = float(found.fun), max(self.n_iter_, 1)
        self.t_ += len(rows) * int(found.nfev)
        self._solver = self.solver
        if not np.isfinite(found.fun):
            self._diverged(f"after {found.nit} iterations")
        self._refuse_infinite()
        if not found.success:
            self._warn_of_the_end(f"lbfgs ended with {found.message!r}")

    def _note(self, loss: float) -> None:
        self.loss_ = loss
        self.loss_curve_.append(loss)
        self.n_iter_ += 1
        self._say(f"Iteration {self.n_iter_}, loss = {loss:.8f}")

    def _note_score(self, held: Rows) -> float:
        score = self._score_of(self._outputs_at(held.x), held.t, held.weights)
        assert self.validation_scores_ is not None
        self.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        return score

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text)

    def _warn_of_the_end(self, reason: str) -> None:
        warnings.warn(
            f"{type(self).__name__}: {reason}, and it is not sure that nothing better would come: "
            "give it a larger max_iter, or scale the inputs",
            ConvergenceWarning,
            stacklevel=4,
        )

    def _refuse_infinite(self) -> None:
        if not np.isfinite(self.theta_).all():
            self._diverged(f"after {self.n_iter_} epochs")

    def _diverged(self, when: str) -> None:
        smaller = "" if self.solver == "lbfgs" else ", or take a smaller learning_rate_init"
        raise Diverged(
            f"{type(self).__name__}: the cost or a parameter is no longer a number {when}: "
            f"scale the inputs and targets (StandardScaler){smaller}"
        ) from None

    def _outputs_at(self, x: Any) -> Array:
        network = fuse(self.network_)
        p = Layout(network.shapes()).views(self.theta_)
        return outputs_of(network, p, x, self._shape(), self.theta_.dtype.type)
