"""Right numbers that went through a coarser type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.naming.case import Case, Guess

MOST_ULPS = 32  # a sum of a few products in a coarse type is off by no more


def coarse_type(case: Case) -> Iterator[Guess]:
    """Every number is one that a coarse type has, and near the right one."""
    off = float(np.abs(case.a - case.n).max(initial=0))
    for name, coarse, unit in (
        ("float16", case.a.astype(np.float16), 2.0**-11),
        ("bfloat16", _bfloat16(case.a), 2.0**-8),
        ("float32", case.a.astype(np.float32), 2.0**-24),
    ):
        near = off <= MOST_ULPS * unit * float(np.abs(case.n).max(initial=0)) + float(case.bar.max(initial=0))
        if near and unit > 4 * case.subject.eps and np.array_equal(coarse.astype(np.float64), case.a):
            message = f"d{case.name} is right up to the rounding of {name}: it was computed or kept in that type"
            yield Guess("imprecise", case.a, message, {"type": name})


def _bfloat16(array: Array) -> Array:
    """Return an array cut to the upper half of its float32 bits, which is bfloat16."""
    bits = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return np.asarray(bits.view(np.float32))
