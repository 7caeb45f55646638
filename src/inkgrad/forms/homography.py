"""Homography: the projective map between two views of one plane, from places that are the same in both."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray

FEWEST = 6  # places that say where a page lies
N_FITS = 3  # to the places near the last map
N_TRIES = 300  # of four places each; with half of the places right, one in sixteen tries has four right ones


def mapped(matrix: NDArray, points: NDArray) -> NDArray:
    """Return where a projective map (3, 3) takes points (N, 2).

    x' = (H_11 x + H_12 y + H_13) / (H_31 x + H_32 y + H_33), and y' alike.
    """
    x, y, w = matrix @ np.concatenate([points.T, np.ones((1, len(points)))])
    return np.stack([x / w, y / w], axis=1)


def scaled(scale: float) -> NDArray:
    """Return the map that multiplies both coordinates by a number."""
    return np.diag([scale, scale, 1.0])


def homography(before: NDArray, after: NDArray, weights: NDArray | None = None) -> NDArray:
    """Return the projective map (3, 3) that takes points (N, 2) nearest to others, by least squares with weights (N,).

    Both are first moved and scaled to the middle of a square of unit size, or the equations would weigh the far points
    most (Hartley & Zisserman 2004, Multiple View Geometry, algorithm 4.2).
    """
    first, last = _normalising(before), _normalising(after)
    rows, values = _equations(mapped(first, before), mapped(last, after))
    weigh = np.sqrt(np.ones(len(values)) if weights is None else np.tile(weights, 2))
    solved = np.linalg.lstsq(rows * weigh[:, None], values * weigh, rcond=None)[0]
    matrix = np.linalg.inv(last) @ np.append(solved, 1).reshape(3, 3) @ first
    return np.asarray(matrix / matrix[2, 2])


def _equations(before: NDArray, after: NDArray) -> tuple[NDArray, NDArray]:
    """Return rows (..., 2 N, 8) and values (..., 2 N) of the equations of points (..., N, 2), with H_33 = 1:

    H_11 x + H_12 y + H_13 - x' (H_31 x + H_32 y) = x'        H_21 x + H_22 y + H_23 - y' (H_31 x + H_32 y) = y'
    """
    x, y, u, v = before[..., 0], before[..., 1], after[..., 0], after[..., 1]
    one, none = np.ones_like(x), np.zeros_like(x)
    across = np.stack([x, y, one, none, none, none, -u * x, -u * y], axis=-1)
    down = np.stack([none, none, none, x, y, one, -v * x, -v * y], axis=-1)
    return np.concatenate([across, down], axis=-2), np.concatenate([u, v], axis=-1)


def _normalising(points: NDArray) -> NDArray:
    middle, spread = points.mean(axis=0), max(float(points.std()), 1e-6)
    return np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])


def robust_homography(
    before: NDArray, after: NDArray, near: float, rng: np.random.Generator
) -> tuple[NDArray, NDArray] | None:
    """Return the map that takes most of the points (N, 2) to within `near` of others, and which, bool (N,).

    Maps of four points each are tried, and that with the most others near is fitted to those (random sample consensus:
    Fischler & Bolles 1981, https://doi.org/10.1145/358669.358692).  None where fewer than six are near any map.
    """
    if len(before) < FEWEST:
        return None
    fours = rng.random((N_TRIES, len(before))).argsort(axis=1)[:, :4]
    best = max((_near(matrix, before, after, near) for matrix in _through(before[fours], after[fours])), key=np.sum)
    for _ in range(N_FITS):
        if best.sum() < FEWEST:
            return None
        matrix = homography(before[best], after[best])
        best = _near(matrix, before, after, near)
    return (matrix, best) if best.sum() >= FEWEST else None


def _through(before: NDArray, after: NDArray) -> NDArray:
    """Return the maps (T, 3, 3) that take four points each (T, 4, 2) to others; of points in one line, any."""
    rows, values = _equations(before, after)
    rows += 1e-9 * np.eye(8)
    return np.concatenate([np.linalg.solve(rows, values[..., None])[..., 0], np.ones((len(rows), 1))], axis=1).reshape(
        -1, 3, 3
    )


def _near(matrix: NDArray, before: NDArray, after: NDArray, near: float) -> NDArray:
    with np.errstate(divide="ignore", invalid="ignore"):  # a map of points in one line goes anywhere
        far = mapped(matrix, before) - after
        return np.hypot(*far.T) < near
