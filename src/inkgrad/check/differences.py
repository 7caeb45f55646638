"""Central differences, and the comparison of a gradient with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import GradientMismatch

STEP = 1e-5  # about (machine epsilon) ** (1/3), where truncation and rounding balance
TOLERANCE = 1e-6  # the classic 1e-7 "happy", with room for rounding inside a deep network


def numerical_gradient(phi: Callable[[], float], z: Array, step: float | None = None) -> Array:
    """Return (phi(z + h) - phi(z - h)) / 2h for each number of `z`, which is nudged and put back.

    h is `step`, or 1e-5 times the size of the number where that is above 1.
    """
    gradient = np.empty_like(z)
    for i in np.ndindex(z.shape):
        here = z[i]
        h = step if step is not None else STEP * max(1.0, abs(here))
        z[i] = here + h
        above = phi()
        z[i] = here - h
        below = phi()
        z[i] = here
        gradient[i] = (above - below) / (2 * h)
    return gradient


def relative_error(analytical: Array, numerical: Array) -> Array:
    """Return |a - n| / max(|a|, |n|), with a floor for the denominator.

    The floor is a thousandth of the largest entry, for a small number is only known to the
    rounding of the large ones.
    """
    size = np.maximum(np.abs(analytical), np.abs(numerical))
    floor = 1e-3 * max(1.0, float(np.max(size, initial=0)))
    error: Array = np.abs(analytical - numerical) / np.maximum(size, floor)
    return error


def compare(owner: object, name: str, analytical: Array, numerical: Array, tolerance: float) -> float:
    """Return the worst relative error; raise GradientMismatch, naming the place, above `tolerance`."""
    if analytical.shape != numerical.shape:
        raise GradientMismatch(f"{owner}: {name} has shape {analytical.shape}, must be {numerical.shape}")
    if analytical.size == 0:
        return 0.0
    error = relative_error(analytical, numerical)
    worst = np.unravel_index(np.argmax(error), error.shape)
    if not error[worst] <= tolerance:  # written so that NaN fails
        raise GradientMismatch(
            f"{owner}: {name}{[int(i) for i in worst]} is {analytical[worst]:.6g} by backward "
            f"but {numerical[worst]:.6g} by finite differences"
        )
    return float(error[worst])
