"""Example sources: a run steps through what is made while it goes on, and stands where it stood."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest

from inkgrad.costs import SquaredError
from inkgrad.data import Augmentation
from inkgrad.errors import SettingError
from inkgrad.layers import Chain, Dense, Dropout
from inkgrad.optimizers import Adam
from inkgrad.training import ExampleSource, Objective, Plain, Run, Shard

OBJECTIVE = Objective(Chain((Dense(3, 8), Dropout(0.5), Dense(8, 1))), SquaredError())


@dataclass
class Sums:
    """Examples whose target is the sum of their three numbers."""

    n: int = 20

    def __len__(self):
        return self.n

    def batches(self, seed, epoch, batch_size, skip):
        for step in range(skip, -(-self.n // batch_size)):
            x = np.random.default_rng([seed, epoch, step]).normal(size=(batch_size, 3)).astype(np.float32)
            yield x, x.sum(axis=1, keepdims=True)


def run(**given):
    return Run(OBJECTIVE, Adam(0.01), batch_size=4, engine=Plain(1), **given)


def test_a_run_learns_from_what_is_made():
    training = run()
    costs = [step.cost for _ in range(60) for step in training.steps(Sums())]
    assert isinstance(Sums(), ExampleSource)
    assert (training.epoch, training.step, len(costs)) == (60, 0, 300)
    assert np.mean(costs[-20:]) < np.mean(costs[:20]) / 2


def test_a_run_that_stopped_goes_on_to_the_same_bits():
    whole = run()
    costs = [step.cost for step in whole.steps(Sums())]
    first = run()
    some = [step.cost for step in islice(first.steps(Sums()), 2)]
    rest = run(step=2, theta=first.theta, state=first.state)
    assert some + [step.cost for step in rest.steps(Sums())] == costs
    np.testing.assert_array_equal(rest.theta, whole.theta)


@pytest.mark.parametrize("given", [{"augmentation": Augmentation(shift=1)}, {"shard": Shard(0, 2)}], ids=str)
def test_what_is_made_is_taken_as_it_comes(given):
    with pytest.raises(SettingError, match="taken as it comes, without augmentation or shard"):
        next(run(**given).steps(Sums()))
