"""Run: a training that can stop at any step, be saved, and go on to the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from inkgrad.arrays import AnyArray, NDArray, like
from inkgrad.data import Augmentation, Examples, Warps, batches, inputs_like
from inkgrad.errors import Diverged, SettingError
from inkgrad.fast import Fast, takes_bytes
from inkgrad.layers import Layer
from inkgrad.optimizers import Optimizer
from inkgrad.training.engine import Engine, Plain
from inkgrad.training.objective import Objective
from inkgrad.training.random_streams import Purpose, random_stream, streams_of_steps
from inkgrad.training.shard import Shard, ShardObjective
from inkgrad.training.steps import Step, train
from inkgrad.whole_numbers import refuse_bad_batch_size, refuse_bad_seed


@runtime_checkable
class ExampleSource(Protocol):
    """What makes the examples of a training while it goes on, as Examples that are there hold them.

    So examples may differ in shape from batch to batch, and never come twice.
    """

    def __len__(self) -> int:
        """Return how many examples an epoch has."""

    def batches(self, seed: int, epoch: int, batch_size: int, skip: int) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield the batches (x, t) of an epoch but for the first `skip`; they follow from these numbers alone."""


@dataclass
class Run:
    """A training in progress: what is trained, how, and where it stands.

    Without theta it starts anew, in `dtype`; without the optimizer's memory `state` that starts anew.

    It steps through Examples, or through what an ExampleSource makes, which is taken as it comes.

    `augmentation` changes the images of each batch at random.  The `engine` does the work, fast layers on
    one thread unless another is given; it is no part of what is trained.

    With a `shard` this is one worker of several: it goes through its part of every batch.  The order of the
    examples and the changes of images are those that one worker alone would draw; what layers draw
    themselves, such as a dropout's masks, is not.

    Where it stands is theta, the optimizer's memory, and two numbers: whole epochs done, and
    steps done in the next one.  Every random choice follows from `seed` and those two.

    Raises SettingError for a batch size below 1, a seed below 0, or more than 64 bits hold, and while it steps for an
    ExampleSource with augmentation or shard, or on arrays that the engine does not take; Diverged, while it steps, when
    the cost is no longer a number.
    """

    objective: Objective
    optimizer: Optimizer
    batch_size: int = 100
    seed: int = 0
    epoch: int = 0
    step: int = 0
    theta: AnyArray = field(default=None, repr=False)  # __post_init__ makes one
    state: Any = field(default=None, repr=False)
    dtype: type = np.float32
    augmentation: Augmentation | None = None
    engine: Engine = Fast(1)  # noqa: RUF009  it is immutable
    shard: Shard | None = None

    def __post_init__(self) -> None:
        refuse_bad_batch_size(self.batch_size)
        refuse_bad_seed(self.seed)
        self.batch_size, self.seed = int(self.batch_size), int(self.seed)  # a checkpoint holds no NumPy's
        if self.theta is None:
            self.theta = self.objective.init(random_stream(self.seed, Purpose.START), self.dtype)
        if self.state is None:
            self.state = self.optimizer.init(self.theta)

    def on_arrays(self, make: Callable[[NDArray], AnyArray]) -> Run:
        """Return the same training, where it stands, on the arrays that `make` makes of NumPy's, by plain layers.

        `make` is torch.tensor, say.  The examples stay NumPy's, and each batch is carried over; so are the random
        choices of layers, which are the same.
        """
        state = {name: make(array) if array.ndim else array for name, array in self.state.items()}  # but for counts
        return replace(self, theta=make(self.theta), state=state, engine=Plain(self.engine.n_threads))

    @property
    def answer(self) -> AnyArray:
        """The parameters to use: theta, or its average where the optimizer keeps one."""
        return self.state.get("average", self.theta)

    def steps_in_epoch(self, examples: Examples | ExampleSource) -> int:
        """Return how many steps an epoch takes."""
        return -(-len(examples) // self.batch_size)

    def steps(self, examples: Examples | ExampleSource) -> Iterator[Step]:
        """Yield a Step for each batch that is left of this epoch."""
        self.engine.refuse_bad_arrays(self.theta)
        objective, optimizer = self.objective.on(self.engine), self.engine.fuse_optimizer(self.optimizer)
        if self.shard is not None:
            objective = ShardObjective(objective.network, objective.cost, self.shard.average)
        steps = train(objective, self.theta, self._batches(examples, objective.network), optimizer, self.state)
        try:
            for step in steps:
                self.theta, self.state = step.theta, step.state
                self.step += 1
                yield step
        except Diverged as error:
            raise Diverged(
                f"the cost is no longer a number at step {self.step + 1} of epoch {self.epoch + 1}", error.remedy
            ) from None
        self.epoch, self.step = self.epoch + 1, 0

    def _batches(self, examples: Examples | ExampleSource, network: Layer) -> Iterator[tuple[Any, ...]]:
        if isinstance(examples, ExampleSource):
            if self.augmentation is not None or self.shard is not None:
                raise SettingError("what an ExampleSource makes is taken as it comes, without augmentation or shard")
            layers = streams_of_steps(self.seed, Purpose.LAYERS, self.epoch)
            made = examples.batches(self.seed, self.epoch, self.batch_size, self.step)
            place = self.theta
            return ((like(x, place), like(t, place), layers(step)) for step, (x, t) in enumerate(made, start=self.step))
        return self._chosen(examples, network)

    def _chosen(self, examples: Examples, network: Layer) -> Iterator[tuple[Any, ...]]:
        order = random_stream(self.seed, Purpose.ORDER, self.epoch)
        layers = streams_of_steps(self.seed, Purpose.LAYERS, self.epoch)
        changes = streams_of_steps(self.seed, Purpose.CHANGES, self.epoch)
        bytes_will_do = takes_bytes(network)
        shard, n = self.shard or Shard(), self.batch_size
        places = np.arange(len(examples))
        epoch = batches(Examples(places, places), n, order, skip=self.step, dtype=None)
        for step, (batch, _) in enumerate(epoch, start=self.step):
            part = shard.of(len(batch))
            chosen = batch[part]
            x = examples.x.take(chosen, axis=0)
            if self.augmentation is not None:
                warps = self.augmentation.draw(len(batch), x.shape[1:3], changes(step))
                if self.shard is not None:
                    warps = Warps(warps.affine[part], warps.bumps[part], warps.thickness[part])
                x = self.engine.warp(x, warps)
            if not (bytes_will_do and x.dtype == np.uint8):
                x = inputs_like(x, self.theta)
            whole = x, like(examples.t[chosen], self.theta), layers(step, shard.index)
            yield whole if self.shard is None else (*whole, len(x) / len(batch))
