"""Job: what every worker of a training is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ray

from inkgrad.arrays import Array
from inkgrad.data import Augmentation, Examples
from inkgrad.optimizers import Optimizer
from inkgrad.training import Engine, Objective, Run, Shard, TrainingLoop


@dataclass(frozen=True)
class Place:
    """Where a training stands: the parameters, the optimizer's memory, and how far it is.

    `costs` are those of the steps since the last row of the log, `seconds` those that the training took.
    """

    theta: Array
    state: dict[str, Array]
    epoch: int
    step: int
    costs: tuple[float, ...] = ()
    seconds: float = 0.0

    @classmethod
    def of(cls, run: Run, loop: TrainingLoop) -> Place:
        """Return the place of a run that a loop steps, with arrays of its own."""
        theta, state = run.theta.copy(), {name: np.array(array) for name, array in run.state.items()}
        return cls(theta, state, run.epoch, run.step, tuple(loop.costs), loop.seconds)

    def put(self, run: Run) -> None:
        """Put a run to this place."""
        run.theta, run.state, run.epoch, run.step = self.theta, self.state, self.epoch, self.step


@dataclass(frozen=True)
class Job:
    """A training, without where it stands.

    The four arrays of the examples are in Ray's object store, once a machine, and all its workers read them
    there.
    """

    name: str
    objective: Objective
    optimizer: Optimizer
    augmentation: Augmentation | None
    batch_size: int
    seed: int
    engine: Engine
    epochs: int
    sync_every: int
    gloo: bool
    examples: tuple[Any, Any, Any, Any]  # references to x and t for training, x and t for testing

    def data(self) -> tuple[Examples, Examples]:
        """Return the examples to train and to test on."""
        x, t, test_x, test_t = ray.get(list(self.examples))
        return Examples(x, t), Examples(test_x, test_t)

    def run(self, place: Place, shard: Shard) -> Run:
        """Return the run of one worker."""
        return Run(
            self.objective,
            self.optimizer,
            self.batch_size,
            self.seed,
            place.epoch,
            place.step,
            place.theta,
            place.state,
            augmentation=self.augmentation,
            engine=self.engine,
            shard=shard,
        )
