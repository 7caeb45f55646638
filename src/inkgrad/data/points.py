"""Points in the plane: the small problems xor, animals, circles and spirals, and what makes them harder."""

from __future__ import annotations

import numpy as np

from inkgrad.data.examples import Dataset, Examples


def xor() -> Dataset:
    """Return the four corners of the unit square, labelled "same" or "different".

    It is the smallest problem that a straight line cannot solve.  There are no other points, so they are both the
    training and the test set.
    """
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    points = Examples(corners, np.array([0, 1, 1, 0]))
    return Dataset(points, points, ("same", "different"))


def animals() -> Dataset:
    """Return 80 training and 40 test points in the unit square, labelled "fish" or "goat".

    A curved boundary is between them.  The features are hair and swimming, both from 0 to 1.  The perfect
    fish, at (0, 1), has no hair and swims well; an animal is a fish if it is nearer than 0.7 to that,

        √(hair² + (1 - swimming)²) < 0.7

    and else a goat.  Points are drawn evenly over the square from a fixed seed; those within
    0.03 of the boundary are left out.  Both kinds come in equal number.
    """
    rng = np.random.default_rng(2015)
    train, test = _animals(rng, 80), _animals(rng, 40)
    return Dataset(train, test, ("fish", "goat"))


def _animals(rng: np.random.Generator, n: int, radius: float = 0.7, margin: float = 0.03) -> Examples:
    x = rng.random((20 * n, 2))
    distance = np.hypot(x[:, 0], 1 - x[:, 1])
    fish, goats = x[distance <= radius - margin][: n // 2], x[distance >= radius + margin][: n // 2]
    order = rng.permutation(n)
    both = np.concatenate([fish, goats]).astype(np.float32)
    return Examples(both[order], np.repeat([0, 1], n // 2)[order])


def circles() -> Dataset:
    """Return 120 training and 80 test points in the unit square, labelled "disc" or "ring".

    A straight line cannot part them.  Around (0.5, 0.5), a point of the disc is nearer than 0.18, one of
    the ring between 0.28 and 0.45 away; both kinds are drawn evenly over their area, in equal number, from
    a fixed seed.
    """
    rng = np.random.default_rng(2016)
    return Dataset(_circles(rng, 120), _circles(rng, 80), ("disc", "ring"))


def _circles(rng: np.random.Generator, n: int) -> Examples:
    t = rng.permutation(np.repeat([0, 1], n // 2))
    low, high = np.where(t == 0, 0, 0.28), np.where(t == 0, 0.18, 0.45)
    radius = np.sqrt(rng.uniform(low**2, high**2))  # evenly over the area
    angle = rng.uniform(0, 2 * np.pi, n)
    x = 0.5 + radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Examples(x.astype(np.float32), t)


def spirals() -> Dataset:
    """Return 160 training and 80 test points in the unit square, labelled "first" or "second" arm.

    They are the hardest of the small problems.
    At the share s of its length an arm is 0.45 s from (0.5, 0.5) and has turned 1.25 s times; the
    second is the first turned by half.  Points lie about their arm with a standard deviation of
    0.008, both kinds in equal number, from a fixed seed.

    (After the two spirals of Lang & Witbrock 1988, "Learning to tell two spirals apart", whose
    arms turn three times.)
    """
    rng = np.random.default_rng(1988)
    return Dataset(_spirals(rng, 160), _spirals(rng, 80), ("first", "second"))


def _spirals(rng: np.random.Generator, n: int) -> Examples:
    t = rng.permutation(np.repeat([0, 1], n // 2))
    share = np.sqrt(rng.uniform(0.02, 1, n))  # closer together outside, where there is more arm
    angle = 2 * np.pi * 1.25 * share + np.pi * t
    arm = 0.5 + 0.45 * share[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = arm + rng.normal(0, 0.008, arm.shape)
    return Examples(x.astype(np.float32), t)


def moved(examples: Examples, noise: float, rng: np.random.Generator) -> Examples:
    """Return points moved at random, by a normal number of standard deviation `noise` along each axis.

    They stay in the unit square: its edges are mirrors.
    """
    x = examples.x + rng.normal(0, noise, examples.x.shape)
    return Examples((1 - np.abs(1 - x % 2)).astype(examples.x.dtype), examples.t)


def parted(examples: Examples, share: float) -> tuple[Examples, Examples]:
    """Return a share of the examples of each class to train on, above 0 and at most 1, and those that are left to test.

    Of each class they are held out evenly along their order, so one more at the end moves no other one to the other
    side; where the targets are numbers, all are as one class.  A class of too few has none to test; where no class has,
    the second are the first.
    """
    is_test = np.zeros(len(examples), bool)
    labels = examples.t if examples.has_classes else np.zeros(len(examples), int)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        n_held = np.floor(np.arange(len(mine) + 1) * (1 - share) + 1e-9)  # 10 · (1 - 0.9) is 1, not a bit less
        is_test[mine] = np.diff(n_held) > 0
    train = Examples(examples.x[~is_test], examples.t[~is_test])
    return train, Examples(examples.x[is_test], examples.t[is_test]) if is_test.any() else train
