"""Recipes: named networks, and how to train them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inkgrad.costs import Cost, CrossEntropy
from inkgrad.layers import ELU, Chain, Dense, Flatten, Softmax


@dataclass(frozen=True)
class Recipe:
    """A network for images, and settings that train it well.

    `network` makes the layers for a number of classes; `input_shape` is that of one image.
    """

    about: str
    network: Callable[[int], Chain]
    input_shape: tuple[int, ...]
    cost: Cost
    lr: float
    momentum: float
    batch_size: int
    epochs: int


def seed_network(n_classes: int) -> Chain:
    """Return the network of the small project that inkgrad grew from: 784-100-10 for ten digits."""
    return Chain((Flatten(), Dense(784, 100), ELU(), Dense(100, n_classes), Softmax()))


MODELS = {
    "seed": Recipe(
        about="784-100-10, fully connected, with ELU and softmax",
        network=seed_network,
        input_shape=(28, 28, 1),
        cost=CrossEntropy(),
        lr=0.05,
        momentum=0.9,
        batch_size=100,
        epochs=5,
    ),
}
