"""Rounding: the numbers of coarse types, and whether outputs in float64 differ from theirs by it alone."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray

N_DIGITS = 53  # binary ones of float64
LEAST_VALUES = 4  # of which one may say that they lie on a grid
COARSER = 16  # times the last digit a grid must be, to be none by chance
LEAST_COARSE = 0.5  # of all outputs, for the others to be like them
N_STEPS = 4.0  # by so many of the smallest numbers of its type may each number be off


def rounded(array: NDArray, eps: float) -> NDArray:
    """Return numbers rounded to a type with this machine epsilon."""
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.rint(mantissa * (2 / eps)) * (eps / 2), exponent)


def moved_in_last_digits(array: NDArray, eps: float, n_digits: float, rng: np.random.Generator) -> NDArray:
    """Return an array, each number moved by up to so many units of its last digit, so that all is rounded anew."""
    moved = array.astype(np.float64) * (1 + n_digits * eps * rng.uniform(-1, 1, array.shape))
    return rounded(moved, eps).astype(array.dtype)


def underflow(eps: float, size: int) -> float:
    """Return how long an array of this size may be that is 0 in the type with this machine epsilon."""
    kind = np.finfo(np.float16 if eps == np.finfo(np.float16).eps else np.float32)  # bfloat16 has float32's range
    return N_STEPS * eps * float(kind.smallest_normal) * float(np.sqrt(size))


def largest(eps: float) -> float:
    """Return the largest number that a gradient may have in the type with this machine epsilon and be finite there
    after some rounding."""
    kinds = (np.finfo(kind) for kind in (np.float16, np.float64) if eps == np.finfo(kind).eps)
    return float(next(kinds, np.finfo(np.float32)).max) / 2  # bfloat16 has float32's range


def grid_of_each(values: NDArray) -> NDArray:
    """Return the largest power of 2 of which all values of each output (points, outputs) are multiples.

    It is 0 where that is no more than the last digit of the values themselves, or where they are too few to say.  What
    hardly moves at all lies on the usual grid of the others, if most lie on one.
    """
    if not values.size or not np.isfinite(values).all():
        return np.zeros(values.shape[1:])
    n_values = (np.diff(np.sort(values, axis=0), axis=0) > 0).sum(axis=0) + 1
    mantissa, exponent = np.frexp(values)
    whole = np.ldexp(mantissa, N_DIGITS).astype(np.int64)
    with np.errstate(under="ignore"):
        last = np.ldexp((whole & -whole).astype(np.float64), exponent - N_DIGITS)
    found, is_known = np.where(whole == 0, np.inf, last).min(axis=0), n_values >= LEAST_VALUES
    is_coarse = is_known & (found > COARSER * 2.0**-N_DIGITS * np.abs(values).max(axis=0))
    usual = float(np.median(found[is_coarse])) if is_coarse.mean() > LEAST_COARSE else 0.0
    return np.where(is_coarse, found, np.where(is_known, 0.0, usual))


def same_function(y: NDArray, precise: NDArray, eps: float) -> bool:
    """Return whether outputs in float64 are those of a coarser type but for its rounding."""
    if precise.dtype != np.float64 or precise.shape != y.shape:
        return False
    finite = np.isfinite(y)
    far = np.linalg.norm(precise[finite] - y[finite])
    return bool(far <= np.sqrt(eps) * np.linalg.norm(precise[finite]) + underflow(eps, y.size))
