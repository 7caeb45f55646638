"""The complex step: a second opinion on a slope, exact to rounding, where a function accepts complex input."""

from __future__ import annotations

import warnings

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.subject import Subject
from inkgrad.errors import CheckError

STEP = 1e-30


def complex_slope(subject: Subject, name: str, dy: Array, entry: int) -> float | None:
    """Return dy J for one entry of the array `name` from f(x + ih), or None where f takes no complex numbers.

    For an analytic f, Im f(x + ih) / h = f'(x) - h² f'''(x) / 6 + ..., without any subtraction
    (Squire & Trapp 1998, https://doi.org/10.1137/S003614459631241X).  A function that is not analytic,
    such as |x|, gives another number; so it is an opinion, not a verdict.
    """
    arrays = subject.copies()
    moved = arrays[name].astype(np.complex128)
    moved.reshape(-1)[entry] += 1j * STEP
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)  # dropping Im is one way not to take it
            y = np.asarray(subject.forward(arrays | {name: moved}))
    except (CheckError, TypeError):
        return None
    if y.dtype.kind != "c" or y.shape != dy.shape:
        return None
    return float(np.sum(dy * y.imag) / STEP)
