"""Animals: fish or goat, from two features, with a curved boundary between them."""

from __future__ import annotations

import numpy as np

from inkgrad.data.examples import Dataset, Examples

N_TRAIN, N_TEST = 80, 40
RADIUS = 0.7  # of the quarter circle in which the fish are
MARGIN = 0.03  # no animal is nearer to the boundary
SEED = 2015


def animals() -> Dataset:
    """Return 80 training and 40 test points in the unit square, labelled "fish" or "goat".

    The features are hair and swimming, both from 0 to 1.  The perfect fish, at (0, 1), has no
    hair and swims well; an animal is a fish if it is nearer than 0.7 to that,

        √(hair² + (1 - swimming)²) < 0.7

    and else a goat.  Points are drawn evenly over the square from a fixed seed; those within
    0.03 of the boundary are left out.  Both kinds come in equal number.
    """
    rng = np.random.default_rng(SEED)
    train, test = _points(rng, N_TRAIN), _points(rng, N_TEST)
    return Dataset(train, test, ("fish", "goat"))


def _points(rng: np.random.Generator, n: int) -> Examples:
    x = rng.random((20 * n, 2))
    distance = np.hypot(x[:, 0], 1 - x[:, 1])
    fish, goats = x[distance <= RADIUS - MARGIN][: n // 2], x[distance >= RADIUS + MARGIN][: n // 2]
    order = rng.permutation(n)
    both = np.concatenate([fish, goats]).astype(np.float32)
    return Examples(both[order], np.repeat([0, 1], n // 2)[order])
