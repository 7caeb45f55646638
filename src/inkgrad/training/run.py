"""Run: a training that can stop at any step, be saved, and go on to the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, batches
from inkgrad.errors import Diverged, SettingError
from inkgrad.optimizers import Optimizer
from inkgrad.training.luck import Purpose, luck
from inkgrad.training.objective import Objective
from inkgrad.training.steps import Step, train


@dataclass
class Run:
    """A training in progress: what is trained, how, and where it stands.

    Without theta it starts anew, in `dtype`; without the optimizer's memory `state` that starts anew.

    Where it stands is theta, the optimizer's memory, and two numbers: whole epochs done, and
    steps done in the next one.  Every random choice follows from `seed` and those two.
    """

    objective: Objective
    optimizer: Optimizer
    batch_size: int = 100
    seed: int = 0
    epoch: int = 0
    step: int = 0
    theta: Array = field(default=None, repr=False)
    state: Any = field(default=None, repr=False)
    dtype: type = np.float32

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise SettingError(f"a batch holds at least 1 example, got a batch size of {self.batch_size}")
        if self.seed < 0:
            raise SettingError(f"a seed is a whole number of 0 or more, got {self.seed}")
        if self.theta is None:
            self.theta = self.objective.init(luck(self.seed, Purpose.START), self.dtype)
        if self.state is None:
            self.state = self.optimizer.init(self.theta)

    def steps_in_epoch(self, examples: Examples) -> int:
        """Return how many steps an epoch takes."""
        return -(-len(examples) // self.batch_size)

    def steps(self, examples: Examples) -> Iterator[Step]:
        """Yield a Step for each batch that is left of this epoch."""
        walk = train(self.objective, self.theta, self._batches(examples), self.optimizer, self.state)
        try:
            for step in walk:
                self.theta, self.state = step.theta, step.state
                self.step += 1
                yield step
        except Diverged:
            raise Diverged(
                f"the cost is no longer a number at step {self.step + 1} of epoch {self.epoch + 1}: "
                "try a smaller learning rate"
            ) from None
        self.epoch, self.step = self.epoch + 1, 0

    def _batches(self, examples: Examples) -> Iterator[tuple[Any, ...]]:
        order = luck(self.seed, Purpose.ORDER, self.epoch)
        epoch = batches(examples, self.batch_size, order, skip=self.step, dtype=self.theta.dtype.type)
        for number, (x, t) in enumerate(epoch, start=self.step):
            yield x, t, luck(self.seed, Purpose.LAYERS, self.epoch, number)
