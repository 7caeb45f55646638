"""Random streams: every random choice of a training, from one seed.

A stream, which is a generator, is made anew for each purpose and place, so what happens at step 7 of epoch 3 does
not depend on how often anything was drawn before.  That is why a training may stop anywhere
and go on to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a random choice is for."""

    START = 0  # the first theta
    ORDER = 1  # the order of the examples in an epoch
    LAYERS = 2  # dropout, noise
    CHANGES = 3  # augmentation


def random_stream(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """Return the random stream for `purpose` at `place`: an epoch, or an epoch and a step in it."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *place)))


def streams_of_steps(seed: int, purpose: Purpose, epoch: int) -> Callable[..., np.random.Generator]:
    """Return a function that gives the random stream of each step in an epoch, and of each worker's shard in it.

    It is one generator, set to another place for each step, because making one takes longer than a
    small network's forward pass.
    """
    key = np.random.SeedSequence(seed, spawn_key=(purpose, epoch)).generate_state(2, np.uint64)
    source = np.random.Philox(key=key)
    generator, state = np.random.Generator(source), source.state

    def at(step: int, shard: int = 0) -> np.random.Generator:
        state["state"]["counter"][1:3] = step, shard
        source.state = state
        return generator

    return at
