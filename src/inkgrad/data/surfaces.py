"""Surfaces: points in the plane whose targets are numbers, heights of a surface over the unit square."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.examples import Dataset, Examples

N_TRAIN, N_TEST = 160, 80
HILL_WIDTH = 0.12  # standard deviation, in sides of the square; neighbours leave each more than 0.95 of its height


def plane() -> Dataset:
    """Return 160 training and 80 test points in the unit square, with the height of a plane as their target.

    It is x1 + x2 - 1, from -1 at (0, 0) to 1 at (1, 1).  Points are drawn evenly over the square from a fixed seed.
    """
    return _points_on(lambda x: x.sum(axis=1) - 1, 2019)


def gaussians() -> Dataset:
    """Return 160 training and 80 test points in the unit square, with three hills and three hollows as their target.

    They stand in two rows of three, at x1 = 1/6, 1/2, 5/6 and x2 = 1/4, 3/4, a hill at (1/6, 1/4) and hills and hollows
    in turn from there, each a Gaussian:

        t = sum_k s_k exp(-|x - c_k|² / (2 · 0.12²))    with s_k = 1 for a hill and -1 for a hollow

    so t lies between -1 and 1.  Points are drawn evenly over the square from a fixed seed.
    """
    return _points_on(_hills, 2020)


def _hills(x: NDArray) -> NDArray:
    columns, rows = np.meshgrid([1 / 6, 1 / 2, 5 / 6], [1 / 4, 3 / 4])
    centres, signs = np.stack([columns.ravel(), rows.ravel()], axis=1), np.array([1, -1, 1, -1, 1, -1])
    distance = np.linalg.norm(x[:, np.newaxis] - centres, axis=2)
    return np.exp(-(distance**2) / (2 * HILL_WIDTH**2)) @ signs


def _points_on(surface: Callable[[NDArray], NDArray], seed: int) -> Dataset:
    x = np.random.default_rng(seed).random((N_TRAIN + N_TEST, 2))
    t = surface(x)[:, np.newaxis].astype(np.float32)
    x = x.astype(np.float32)
    return Dataset(Examples(x[:N_TRAIN], t[:N_TRAIN]), Examples(x[N_TRAIN:], t[N_TRAIN:]), ())
