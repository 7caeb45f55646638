"""Spirals: two arms wound into each other, the hardest of the small problems."""

from __future__ import annotations

import numpy as np

from inkgrad.data.examples import Dataset, Examples

N_TRAIN, N_TEST = 160, 80
TURNS = 1.25
RADIUS = 0.45  # of the outer ends
SPREAD = 0.008  # standard deviation of the points about their arm
SEED = 1988


def spirals() -> Dataset:
    """Return 160 training and 80 test points in the unit square, labelled "first" or "second" arm.

    At the share s of its length an arm is 0.45 s from (0.5, 0.5) and has turned 1.25 s times; the
    second is the first turned by half.  Points lie about their arm with a standard deviation of
    0.008, both kinds in equal number, from a fixed seed.

    (After the two spirals of Lang & Witbrock 1988, "Learning to tell two spirals apart", whose
    arms turn three times.)
    """
    rng = np.random.default_rng(SEED)
    return Dataset(_points(rng, N_TRAIN), _points(rng, N_TEST), ("first", "second"))


def _points(rng: np.random.Generator, n: int) -> Examples:
    t = rng.permutation(np.repeat([0, 1], n // 2))
    share = np.sqrt(rng.uniform(0.02, 1, n))  # closer together outside, where there is more arm
    angle = 2 * np.pi * TURNS * share + np.pi * t
    arm = 0.5 + RADIUS * share[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = arm + rng.normal(0, SPREAD, arm.shape)
    return Examples(x.astype(np.float32), t)
