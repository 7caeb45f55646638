"""Job: what every worker of a training is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import ray

from inkgrad.arrays import Array
from inkgrad.data import Augmentation, Examples
from inkgrad.optimizers import Optimizer
from inkgrad.training import Engine, Objective, Run, Shard


@dataclass(frozen=True)
class Place:
    """Where a training stands: the parameters, the optimizer's memory, and how far it is.

    `costs` are those of the steps since the last row of the log.
    """

    theta: Array
    state: dict[str, Array]
    epoch: int
    step: int
    costs: tuple[float, ...] = ()

    @classmethod
    def of(cls, run: Run, steps_in_epoch: int, costs: tuple[float, ...]) -> Place:
        """Return the place of a run, with arrays of its own; the end of an epoch is the start of the next."""
        theta, state = run.theta.copy(), {name: np.array(array) for name, array in run.state.items()}
        over, step = divmod(run.step, steps_in_epoch)
        return cls(theta, state, run.epoch + over, step, costs)

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
