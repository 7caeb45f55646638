"""Modern blocks and their mistakes: what the rows of the zoo are made of, and what many blocks are built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.check import check_function, check_vjp


@dataclass(frozen=True)
class Block:
    """A function with its right backward, and inputs(rng) for both; of a cost the backward takes no dy."""

    f: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: Callable[[np.random.Generator], tuple[Any, ...]]
    door: Callable[..., Any] = check_vjp

    def build(self, rng, backward=None):
        """Return what checks it, and the arguments of that, with another backward where one is given."""
        return self.door, (self.f, backward or self.backward, *self.inputs(rng))


def cost(f, gradient, inputs):
    """A block that gives one number, and its gradient without a dy."""
    return Block(f, gradient, inputs, check_function)


@dataclass(frozen=True)
class Row:
    """A mistake in a block: (array, kinds that are true of it) for each array whose gradient it spoils."""

    name: str
    mistake: str
    block: Block
    backward: Callable[..., Any]
    places: tuple[tuple[str, tuple[str, ...]], ...]

    def build(self, rng):
        return self.block.build(rng, self.backward)


def places(arrays, *kinds):
    """Return the same kinds for several arrays: "q k"."""
    return tuple((array, kinds) for array in arrays.split())


def sizes(rng, *among):
    """Return these sizes in any order."""
    return [int(size) for size in rng.permutation(among)]


def normal(rng, *shape):
    return rng.normal(0.3, 1, shape)


def weights(rng, *shape):
    return rng.normal(0, 0.7, shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_vjp(dp, p):
    return p * (dp - (dp * p).sum(axis=-1, keepdims=True))


def logsumexp(x):
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[..., None]).sum(axis=-1))


def rms_norm(x, gain):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    z = x / rms
    return z * gain


def rms_norm_vjp(dy, x, gain):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    z = x / rms
    dz = dy * gain
    dx = (dz - z * (dz * z).mean(axis=-1, keepdims=True)) / rms
    return dx, (dy * z).sum(axis=0)
