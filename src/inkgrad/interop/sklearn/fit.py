"""Fit: a network that an estimator teaches, and the course of that."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost
from inkgrad.errors import Diverged
from inkgrad.fast import fuse
from inkgrad.interop.sklearn.example_rows import Rows, outputs_of
from inkgrad.interop.sklearn.networks import start_evenly
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective
from inkgrad.interop.sklearn.solvers import EpochRun, minimise
from inkgrad.layers import Layer
from inkgrad.layout import Layout
from inkgrad.training import Row, TrainingLoop, silent_numpy
from inkgrad.training.random_streams import Purpose, random_stream

Score = Callable[[NDArray, NDArray, NDArray | None], float]
"""How good outputs are for these targets and weights, more being better."""


class Patience:
    """Counts how long a score has not been better than the best by at least `tol`."""

    def __init__(self, tol: float, n_iter_no_change: float) -> None:
        self.tol, self.most = tol, n_iter_no_change
        self.best, self.waited = -inf, 0

    def is_best(self, score: float) -> bool:
        """Count, and return whether this score is the best so far."""
        self.waited = self.waited + 1 if score < self.best + self.tol else 0
        better = score > self.best
        self.best = max(self.best, score)
        return better

    @property
    def is_over(self) -> bool:
        """Whether it has waited for more than n_iter_no_change scores."""
        return self.waited > self.most


@dataclass(eq=False)
class Fit:
    """What an estimator has learned, from which it may go on.

    owner          the estimator's class, for messages
    settings       its arguments by name
    network, cost  what theta are the parameters of
    seed           of the first parameters, the order of the examples and what is random in the network
    state          the optimizer's memory, None before its first step
    lr, solver     the learning rate, and the solver that the memory is of
    loss           the cost on the way through the last epoch; loss_curve has that of each
    scores         of the examples held out, after each epoch; None without early_stopping
    n_iter, seen   epochs, and examples seen, since the network was new
    """

    owner: str
    settings: dict[str, Any]
    network: Layer
    cost: Cost
    theta: NDArray
    seed: int
    state: dict[str, NDArray] | None = None
    lr: float = nan
    solver: str = ""
    loss: float = nan
    loss_curve: list[float] = field(default_factory=list)
    scores: list[float] | None = None
    n_iter: int = 0
    seen: int = 0

    @classmethod
    def new(cls, owner: str, settings: dict[str, Any], network: Layer, cost: Cost, seed: int, dtype: type) -> Fit:
        """Return one that has learned nothing, with the first parameters."""
        rng = random_stream(seed, Purpose.START)
        theta = PenalisedObjective(network, cost).init(rng, dtype)
        if settings["network"] is None:
            start_evenly(network, theta, rng, settings["activation"])
        return cls(owner, settings, network, cost, theta, seed)

    def outputs(self, x: Any, input_shape: tuple[int, ...]) -> NDArray:
        """Return the outputs (N, K) of the network for rows x, dense or sparse."""
        network = fuse(self.network)
        p = Layout(network.shapes()).views(self.theta)
        return outputs_of(network, p, x, input_shape, self.theta)

    def forget_steps(self) -> None:
        """Begin the next epoch with an optimizer that remembers nothing, at the first learning rate."""
        self.state, self.lr = None, float(self.settings["learning_rate_init"])

    def learn(self, rows: Rows, score: Score, most: int | None) -> None:
        """Train by at most so many epochs, until it gets no better; by one, where `most` is None."""
        held, tol, patience = None, self.settings["tol"], self.settings["n_iter_no_change"]
        if self.settings["early_stopping"]:
            rows, held = rows.split(self.settings["validation_fraction"], self.seed)
            self.scores = self.scores or []
        run = EpochRun(
            self._objective(rows), self.settings, rows, self.theta, self.state, self.lr, self.seed,
            epoch=self.n_iter, seen=self.seen,
        )  # fmt: skip
        loop = TrainingLoop(run, rows, lambda _: self._row(run, held, score))
        waiting, best = Patience(tol, patience), self.theta
        try:
            for row in loop.steps(self.n_iter + (most or 1)):
                if row is None:
                    continue
                if waiting.is_best(row["score"]) and held is not None:
                    best = run.theta.copy()
                if waiting.is_over:
                    if not run.slow_down():
                        self._say(f"No better by tol={tol:g} for {patience} epochs. Stopping.")
                        break
                    waiting.waited = 0
                    self._say(f"No better by tol={tol:g}. Setting the learning rate to {run.lr:g}.")
            else:
                if most is not None:
                    self._warn_of_the_end(f"{most} epochs (max_iter) are over")
        except KeyboardInterrupt:
            warnings.warn("Ctrl-C ended the training: what was learned so far is kept", stacklevel=3)
        except Diverged:
            self._diverged(f"in epoch {self.n_iter + 1}")
        self.theta = run.theta if held is None else best
        self.solver, self.state, self.lr, self.seen = self.settings["solver"], run.state, run.lr, run.seen
        self._refuse_infinite()

    def descend(self, rows: Rows) -> None:
        """Train with lbfgs."""
        acts_at_random = self.settings["network"] is not None
        rng_of = (lambda: random_stream(self.seed, Purpose.LAYERS, 0)) if acts_at_random else None
        with silent_numpy():
            found = minimise(self._objective(rows), self.theta, rows, rng_of, self.settings, self._note)
        self.theta = found.x.astype(self.theta.dtype)
        self.loss, self.n_iter = float(found.fun), max(self.n_iter, 1)
        self.seen += len(rows) * int(found.nfev)
        self.solver = self.settings["solver"]
        if not np.isfinite(found.fun):
            self._diverged(f"after {found.nit} iterations")
        self._refuse_infinite()
        if not found.success:
            self._warn_of_the_end(f"lbfgs ended with {found.message!r}")

    def _objective(self, rows: Rows) -> PenalisedObjective:
        return PenalisedObjective(self.network, self.cost, float(self.settings["alpha"]), rows.weights is not None)

    def _row(self, run: EpochRun, held: Rows | None, score: Score) -> Row:
        """Note an epoch, and return how good the network is after it."""
        self.theta = run.theta
        self._note(run.loss)
        if held is None:
            return {"score": -run.loss}
        found = score(self.outputs(held.x, held.input_shape), held.t, held.weights)
        assert self.scores is not None
        self.scores.append(found)
        self._say(f"Validation score: {found:f}")
        return {"score": found}

    def _note(self, loss: float) -> None:
        self.loss = loss
        self.loss_curve.append(loss)
        self.n_iter += 1
        self._say(f"Iteration {self.n_iter}, loss = {loss:.8f}")

    def _say(self, text: str) -> None:
        if self.settings["verbose"]:
            print(text)

    def _warn_of_the_end(self, reason: str) -> None:
        warnings.warn(
            f"{self.owner}: {reason}, and it is not sure that nothing better would come: "
            "give it a larger max_iter, or scale the inputs",
            ConvergenceWarning,
            stacklevel=4,
        )

    def _refuse_infinite(self) -> None:
        if not np.isfinite(self.theta).all():
            self._diverged(f"after {self.n_iter} epochs")

    def _diverged(self, when: str) -> None:
        smaller = "" if self.settings["solver"] == "lbfgs" else ", or take a smaller learning_rate_init"
        raise Diverged(
            f"{self.owner}: the cost or a parameter is no longer a number {when}: "
            f"scale the inputs and targets (StandardScaler){smaller}"
        ) from None
