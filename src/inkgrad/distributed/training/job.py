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
class Position:
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
    def of(cls, run: Run, loop: TrainingLoop) -> Position:
        """Return the position of a run that a loop steps, with arrays of its own."""
        theta, state = run.theta.copy(), {name: np.array(array) for name, array in run.state.items()}
        return cls(theta, state, run.epoch, run.step, tuple(loop.costs), loop.seconds)

    def put(self, run: Run) -> None:
        """Put a run to this position."""
        run.theta, run.state, run.epoch, run.step = self.theta, self.state, self.epoch, self.step


@dataclass(frozen=True)
class PoolTiming:
    """How often the processes of a training on workers talk, in seconds.

    look_s          between two looks of the driver at whether to stop, and at the coordinator's news; with 0.1 the
                    coordinator and the driver took 4 % of a core (benchmarks/distributed/RESULTS.md)
    report_s        between two words of the workers to the coordinator on how far they are
    checkpoint_s    between two checkpoints with the coordinator, where rows of the log are further apart
    goodbye_s       that workers may take to stop
    """

    look_s: float = 0.5
    report_s: float = 0.5
    checkpoint_s: float = 5.0
    goodbye_s: float = 30.0


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
    timing: PoolTiming = PoolTiming()

    def data(self) -> tuple[Examples, Examples]:
        """Return the examples to train and to test on."""
        x, t, test_x, test_t = ray.get(list(self.examples))
        return Examples(x, t), Examples(test_x, test_t)

    def run(self, position: Position, shard: Shard) -> Run:
        """Return the run of one worker."""
        return Run(
            self.objective,
            self.optimizer,
            self.batch_size,
            self.seed,
            position.epoch,
            position.step,
            position.theta,
            position.state,
            augmentation=self.augmentation,
            engine=self.engine,
            shard=shard,
        )
