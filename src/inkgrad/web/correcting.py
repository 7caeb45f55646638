"""Correcting: a network learns from one drawing on the spot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, as_inputs
from inkgrad.fast import Fast, warp
from inkgrad.models import Model
from inkgrad.optimizers import Adam
from inkgrad.training import Objective, train
from inkgrad.web.playground_settings import AUGMENTATION

MOST_STEPS = 30
SURE = 0.9  # it learns until it gives the drawing so much probability
N_COPIES, N_OTHERS = 16, 48  # of a batch: the drawing, each time a little changed, and digits of MNIST
LR = 1e-3


def corrected(model: Model, image: Array, label: int, others: Examples, seed: int) -> tuple[Model, int]:
    """Return a model that takes an image, uint8 (28, 28), for what it is, and how many steps that took.

    Each batch has other digits too, so that the rest is not forgotten; their labels are the
    first classes of the model.
    """
    rng = np.random.default_rng(seed)
    objective, theta = Objective(model.network, model.cost).on(Fast(1)), model.theta.copy()

    def batches() -> list[tuple[Array, Array, np.random.Generator]]:
        found = []
        for _ in range(MOST_STEPS):
            some = rng.integers(len(others), size=N_OTHERS)
            copies = np.repeat(image.reshape(1, 28, 28, 1), N_COPIES, axis=0)
            copies[1:] = warp(copies[1:], AUGMENTATION.draw(N_COPIES - 1, (28, 28), rng), 1)
            x = np.concatenate([copies, others.x[some]])
            t = np.concatenate([np.full(N_COPIES, label), others.t[some]])
            found.append((as_inputs(x, theta.dtype.type), t, rng))
        return found

    steps, after = 0, model
    for step in train(objective, theta, batches(), Adam(LR)):
        steps, after = step.number, replace(model, theta=step.theta)
        if after.probabilities(image)[0, label] >= SURE:
            break
    return after, steps
