"""The three networks that the plan is about, and a step of each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import mnist
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Dense, Flatten, ReLU
from inkgrad.models.recipes import MODELS
from inkgrad.optimizers import SGD
from inkgrad.training import Objective

WIDTH = 9600  # 784-9600-9600-10 has 99.8 million parameters


def wide(n_classes: int) -> Chain:
    """Return 784-9600-9600-n_classes."""
    layers = Flatten(), Dense(784, WIDTH), ReLU(), Dense(WIDTH, WIDTH), ReLU(), Dense(WIDTH, n_classes)
    return Chain(layers)


RECIPES = {
    "seed": MODELS["seed"],
    "cnn-large": MODELS["cnn-large"],
    "100 million": replace(
        MODELS["seed"],
        about="784-9600-9600-10, for its size",
        network=wide,
        cost=SoftmaxCrossEntropy(),
        optimizer=SGD,
        batch_size=64,
    ),
}


class Stepper:
    """One worker's part of a step on one thread: the gradient of a batch, and the optimizer's step."""

    def __init__(self, name: str) -> None:
        recipe = RECIPES[name]
        self.objective = Objective(recipe.network(10), recipe.cost).on(Fast(1))
        self.theta: np.ndarray = self.objective.init(np.random.default_rng(0))
        self.gradient: np.ndarray = np.zeros_like(self.theta)
        self.optimizer = Fast(1).fuse_optimizer(recipe.optimizer_for(1e-4, recipe.momentum, 10**6))
        self.state = self.optimizer.init(self.theta)
        self.evaluate = self.objective.at(self.theta, self.gradient)
        self.rng = np.random.default_rng(0)
        digits = mnist().train
        self.x, self.t = np.asarray(digits.x[:1024], np.float32) / 255, digits.t[:1024]

    def compute(self, batch: int) -> np.ndarray:
        """Return the gradient of a batch of that many examples."""
        self.evaluate(self.x[:batch], self.t[:batch], self.rng)
        return self.gradient

    def apply(self, gradient: np.ndarray) -> None:
        """Let the optimizer take a step."""
        self.optimizer.step(self.theta, gradient, self.state)

    def step(self, batch: int) -> None:
        """Take a step on that many examples."""
        self.apply(self.compute(batch))

    def step_of(self, batch: int) -> Callable[[], None]:
        """Return what takes a step on that many examples."""
        return lambda: self.step(batch)
