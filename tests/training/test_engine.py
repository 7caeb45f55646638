"""Engines: who does the work of a training or an answer makes no difference to what it is."""

import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Augmentation, Examples
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Dense, Flatten, ReLU
from inkgrad.models import Model
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Plain, Run, evaluate

NETWORK = Chain((Flatten(), Dense(36, 8), ReLU(), Dense(8, 3)))
OBJECTIVE = Objective(NETWORK, SoftmaxCrossEntropy())


@dataclass(frozen=True)
class Noting(Plain):
    """The plain layers, and a note of all that was asked."""

    asked: list[str] = field(default_factory=list)

    def fuse(self, network):
        self.asked.append("fuse")
        return super().fuse(network)

    def fuse_training(self, network, cost):
        self.asked.append("fuse_training")
        return super().fuse_training(network, cost)

    def fuse_optimizer(self, optimizer):
        self.asked.append("fuse_optimizer")
        return super().fuse_optimizer(optimizer)

    def warp(self, images, warps):
        self.asked.append("warp")
        return super().warp(images, warps)


@pytest.fixture
def images(rng):
    return Examples(rng.integers(0, 256, (40, 6, 6, 1)).astype(np.uint8), rng.integers(0, 3, 40))


def epochs(run, images, n):
    for _ in range(n):
        for _ in run.steps(images):
            pass
    return run.theta


def test_a_run_asks_its_engine_for_all_that_it_works_with(images):
    noting = Noting()
    epochs(Run(OBJECTIVE, SGD(0.1), batch_size=20, augmentation=Augmentation(shift=1), engine=noting), images, 1)
    assert noting.asked == ["fuse_training", "fuse_optimizer", "warp", "warp"]


def test_a_model_and_an_evaluation_ask_their_engine_for_the_answers(images):
    model, other = (
        Model(NETWORK, OBJECTIVE.cost, np.zeros(OBJECTIVE.layout.size), ("a", "b", "c"), (6, 6, 1), engine=engine)
        for engine in (Noting(), Noting())
    )
    model.predict(images.x)
    evaluate(OBJECTIVE, other.theta, images, engine=other.engine)
    assert model.engine.asked == other.engine.asked == ["fuse"]


def test_a_training_may_begin_on_one_engine_and_go_on_with_another(images):
    """Each step passes rounding on to the next."""
    whole, changed = (Run(OBJECTIVE, SGD(0.1, 0.9), batch_size=7, dtype=np.float64, engine=Plain()) for _ in range(2))
    epochs(whole, images, 2)
    epochs(changed, images, 1)
    changed.engine = Fast(2)
    np.testing.assert_allclose(epochs(changed, images, 1), whole.theta, rtol=0, atol=1e-9)


@pytest.mark.parametrize("engine", [Fast(2), Plain(2)], ids=str)
def test_an_engine_is_sent_as_it_is(engine):
    assert pickle.loads(pickle.dumps(engine)) == engine
    assert engine.with_threads(3) == type(engine)(3)
