"""Epochs: the solvers "sgd" and "adam", once through the examples at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.fast import Fast, takes_bytes
from inkgrad.interop.sklearn.example_rows import Batch, Rows
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective
from inkgrad.interop.sklearn.solvers import Pace, optimizer_of
from inkgrad.training import train
from inkgrad.training.random_streams import Purpose, random_stream, streams_of_steps

LARGEST_BATCH = 200  # of "auto", as in MLPClassifier
SMALLEST_RATE = 1e-6  # at which "adaptive" gives up, as there
SLOWER = 5.0  # by what "adaptive" divides the rate, as there


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


@dataclass
class Epochs:
    """A training that goes epoch by epoch: where it stands, and how an epoch changes that.

    theta     the parameters
    state     the optimizer's memory, None before the first step
    lr        the learning rate
    epoch     epochs done before, on which the order of the examples depends
    seen      examples seen before, on which the rate of "invscaling" depends
    """

    objective: PenalisedObjective
    settings: dict[str, Any]
    rows: Rows
    theta: Array
    state: dict[str, Array] | None
    lr: float
    seed: int
    epoch: int
    seen: int
    acts_at_random: bool

    def __post_init__(self) -> None:
        self.objective = self.objective.on(Fast(1))
        wish = self.settings["batch_size"]
        self.batch_size = min(LARGEST_BATCH if wish == "auto" else wish, len(self.rows))
        bytes_will_do = self.rows.x.dtype == np.uint8 and takes_bytes(self.objective.network)
        self.dtype = None if bytes_will_do else self.theta.dtype.type
        # Where one batch has all examples their order is of no account, and they are prepared once.
        self.only = self.rows.batch(self.dtype) if self.batch_size == len(self.rows) else None
        self.weight = 0.0  # of the batch at hand
        self.pace = Pace(self.lr)
        optimizer = optimizer_of(self.settings, self.pace)
        self.walk = train(self.objective, self.theta, self._batches(), optimizer, self.state)

    def run_epoch(self) -> float:
        """Go once through the examples, and return their mean cost on the way."""
        total = 0.0
        for _ in range(-(-len(self.rows) // self.batch_size)):
            step = next(self.walk)
            self.theta, self.state = step.theta, step.state
            total += step.cost * self.weight
        self.epoch += 1
        self.seen += len(self.rows)
        if self._schedule == "invscaling":
            self._set_rate(self.settings["learning_rate_init"] / (self.seen + 1) ** self.settings["power_t"])
        return total / self.rows.weight

    def slow_down(self) -> bool:
        """Make the rate smaller where it is "adaptive"; return whether that was possible."""
        if self._schedule != "adaptive" or self.lr <= SMALLEST_RATE:
            return False
        self._set_rate(self.lr / SLOWER)
        return True

    @property
    def _schedule(self) -> str:
        """What becomes of the rate; only that of "sgd" changes."""
        return str(self.settings["learning_rate"]) if self.settings["solver"] == "sgd" else "constant"

    def _set_rate(self, lr: float) -> None:
        assert self.state is not None
        self.state["v"] *= self.lr / lr  # lr v stays: what moves moves on, as in MLPClassifier
        self.lr = self.pace.lr = lr

    def _batches(self) -> Iterator[tuple[Any, ...]]:
        for epoch in count(self.epoch):
            rng_of = streams_of_steps(self.seed, Purpose.LAYERS, epoch) if self.acts_at_random else None
            for number, (x, t, weights) in enumerate(self._batches_of(epoch)):
                self.weight = float(len(t)) if weights is None else float(weights.sum())
                yield x, t, None if rng_of is None else rng_of(number), weights

    def _batches_of(self, epoch: int) -> Iterable[Batch]:
        if self.only is not None:
            return (self.only,)
        whole = np.arange(len(self.rows))
        order = random_stream(self.seed, Purpose.ORDER, epoch).permutation(whole) if self.settings["shuffle"] else whole
        return self.rows.batches(self.batch_size, order, self.dtype)
