"""Solvers: "sgd" and "adam", which go epoch by epoch, and "lbfgs", which takes all examples at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from inkgrad.arrays import NDArray
from inkgrad.fast import Fast, fuse_optimizer, takes_bytes
from inkgrad.interop.sklearn.example_rows import Batch, Rows
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective
from inkgrad.optimizers import SGD, Adam, Optimizer, Schedule
from inkgrad.optimizers.base import rate
from inkgrad.training import Step, train
from inkgrad.training.random_streams import Purpose, random_stream, streams_of_steps


@dataclass(frozen=True)
class MLPNumbers:
    """What MLPClassifier does where no argument tells.

    largest_batch  examples in a step, where batch_size is "auto"
    smallest_rate  the learning rate at which "adaptive" gives up
    slower         by what "adaptive" divides the learning rate
    """

    largest_batch: int = 200
    smallest_rate: float = 1e-6
    slower: float = 5.0


MLP = MLPNumbers()


@dataclass(frozen=True)
class NesterovSGD(SGD):
    """v ← momentum v + gradient,  theta ← theta - lr (momentum v + gradient).

    The gradient is where theta is, and the step looks ahead with it.  (Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html, equations 3 and 4, in the variables that
    scikit-learn and PyTorch have.)
    """

    def step(self, theta: NDArray, gradient: NDArray, state: dict[str, NDArray]) -> None:
        v = state["v"]
        v *= self.momentum
        v += gradient
        ahead = self.momentum * v
        ahead += gradient
        ahead *= rate(self.lr, int(state["step"]))
        theta -= ahead
        state["step"] += 1


@dataclass
class Pace(Schedule):
    """A rate that the training changes between epochs."""

    lr: float

    def __call__(self, step: int) -> float:
        return self.lr


def optimizer_of(settings: dict[str, Any], lr: float | Schedule) -> Optimizer:
    """Return the optimizer that an estimator's settings name, with the learning rate `lr`."""
    if settings["solver"] == "adam":
        return fuse_optimizer(Adam(lr, settings["beta_1"], settings["beta_2"], settings["epsilon"]))
    momentum = settings["momentum"]
    if momentum and settings["nesterovs_momentum"]:
        return NesterovSGD(lr, momentum)
    return fuse_optimizer(SGD(lr, momentum))


@dataclass
class EpochRun:
    """A training with "sgd" or "adam", as TrainingLoop steps it: where it stands.

    theta     the parameters
    state     the optimizer's memory, None before the first step
    lr        the learning rate
    epoch     epochs done before, on which the order of the examples depends
    seen      examples seen before, on which the rate of "invscaling" depends
    step      steps done in the epoch under way
    loss      the mean cost on the way through the last epoch
    """

    objective: PenalisedObjective
    settings: dict[str, Any]
    rows: Rows
    theta: NDArray
    state: dict[str, NDArray] | None
    lr: float
    seed: int
    epoch: int
    seen: int
    step: int = 0
    loss: float = nan

    def __post_init__(self) -> None:
        self.objective = self.objective.on(Fast(1))
        wish = self.settings["batch_size"]
        self.batch_size = min(MLP.largest_batch if wish == "auto" else wish, len(self.rows))
        bytes_will_do = self.rows.x.dtype == np.uint8 and takes_bytes(self.objective.network)
        self.dtype = None if bytes_will_do else self.theta.dtype.type
        # Where one batch has all examples their order is of no account, and they are prepared once.
        self.only = self.rows.batch(self.dtype) if self.batch_size == len(self.rows) else None
        self.weight = 0.0  # of the batch at hand
        self.pace = Pace(self.lr)
        optimizer = optimizer_of(self.settings, self.pace)
        self.all_steps = train(self.objective, self.theta, self._batches(), optimizer, self.state)

    def steps_in_epoch(self, rows: Rows) -> int:
        """Return how many steps an epoch takes."""
        return -(-len(rows) // self.batch_size)

    def steps(self, rows: Rows) -> Iterator[Step]:
        """Yield a Step for each batch of an epoch, and note the epoch's cost when it is over."""
        total = 0.0
        for number in range(1, self.steps_in_epoch(rows) + 1):
            step = next(self.all_steps)
            self.theta, self.state, self.step = step.theta, step.state, number
            total += step.cost * self.weight
            yield step
        self.loss = total / rows.weight
        self.epoch, self.step = self.epoch + 1, 0
        self.seen += len(rows)
        if self._schedule == "invscaling":
            self._set_rate(self.settings["learning_rate_init"] / (self.seen + 1) ** self.settings["power_t"])

    def slow_down(self) -> bool:
        """Make the rate smaller where it is "adaptive"; return whether that was possible."""
        if self._schedule != "adaptive" or self.lr <= MLP.smallest_rate:
            return False
        self._set_rate(self.lr / MLP.slower)
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
        acts_at_random = self.settings["network"] is not None
        for epoch in count(self.epoch):
            rng_of = streams_of_steps(self.seed, Purpose.LAYERS, epoch) if acts_at_random else None
            for number, (x, t, weights) in enumerate(self._batches_of(epoch)):
                self.weight = float(len(t)) if weights is None else float(weights.sum())
                yield x, t, None if rng_of is None else rng_of(number), weights

    def _batches_of(self, epoch: int) -> Iterable[Batch]:
        if self.only is not None:
            return (self.only,)
        whole = np.arange(len(self.rows))
        order = random_stream(self.seed, Purpose.ORDER, epoch).permutation(whole) if self.settings["shuffle"] else whole
        return self.rows.batches(self.batch_size, order, self.dtype)


def minimise(
    objective: PenalisedObjective,
    theta: NDArray,
    rows: Rows,
    rng_of: Callable[[], np.random.Generator] | None,
    settings: dict[str, Any],
    after: Callable[[float], None],
) -> OptimizeResult:
    """Return what SciPy's L-BFGS-B found from `theta` on; `after` is called with the cost after each iteration.

    All is done in float64, whatever the examples are, because a line search lives on small differences.
    `rng_of` gives the same random numbers each time, so that the cost remains a function of theta.

    (Byrd, Lu, Nocedal & Zhu 1995, https://doi.org/10.1137/0916069.)
    """
    place = theta.astype(np.float64)
    gradient = np.empty_like(place)
    evaluate = objective.on(Fast(1)).at(place, gradient)
    x = rows.inputs(np.float64)

    def cost_and_gradient(candidate: NDArray) -> tuple[float, NDArray]:
        place[:] = candidate
        cost = evaluate(x, rows.t, None if rng_of is None else rng_of(), rows.weights)
        return cost, gradient.copy()

    def callback(intermediate_result: OptimizeResult) -> None:
        after(float(intermediate_result.fun))

    options = {"maxiter": int(settings["max_iter"]), "maxfun": int(settings["max_fun"]), "gtol": settings["tol"]}
    return minimize(cost_and_gradient, place.copy(), method="L-BFGS-B", jac=True, options=options, callback=callback)
