"""Circles: a disc inside a ring, which a straight line cannot part."""

from __future__ import annotations

import numpy as np

from inkgrad.data.examples import Dataset, Examples

N_TRAIN, N_TEST = 120, 80
INNER, RING = 0.18, (0.28, 0.45)  # radii about the middle of the unit square
SEED = 2016


def circles() -> Dataset:
    """Return 120 training and 80 test points in the unit square, labelled "disc" or "ring".

    Around (0.5, 0.5), a point of the disc is nearer than 0.18, one of the ring between 0.28 and
    0.45 away; both kinds are drawn evenly over their area, in equal number, from a fixed seed.
    """
    rng = np.random.default_rng(SEED)
    return Dataset(_points(rng, N_TRAIN), _points(rng, N_TEST), ("disc", "ring"))


def _points(rng: np.random.Generator, n: int) -> Examples:
    t = rng.permutation(np.repeat([0, 1], n // 2))
    low, high = np.where(t == 0, 0, RING[0]), np.where(t == 0, INNER, RING[1])
    radius = np.sqrt(rng.uniform(low**2, high**2))  # evenly over the area
    angle = rng.uniform(0, 2 * np.pi, n)
    x = 0.5 + radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Examples(x.astype(np.float32), t)
