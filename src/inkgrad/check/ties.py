"""Ties: at a kink each entry of a gradient may be right by itself, and all of them together wrong.

Where two inputs of a maximum are equal, either alone has the slope 0 to one side and 1 to the other,
so every number from 0 to 1 passes for it; but when both move together the maximum moves with them,
once.  A backward that gives dy to each of them says twice.
"""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.comparison import Comparison, Verdict
from inkgrad.check.numerical import outputs_or_nan
from inkgrad.check.report import Finding
from inkgrad.check.slopes import slope
from inkgrad.check.subject import Subject

SURE = 1e-6  # of all that moves: nearer than this may be rounding


def examine_ties(subject: Subject, comparison: Comparison, dy: Array, y: Array, noise: Array) -> Finding | None:
    """Return what is wrong when the entries at kinks all move by the same, or None if nothing is."""
    name, tied = comparison.array, comparison.verdicts == Verdict.kink
    if tied.sum() < 2:
        return None
    arrays, base = subject.copies(), y.reshape(-1).astype(np.float64)
    start, moved = subject.arrays[name], arrays[name]

    def move(d: float) -> tuple[float, Array]:
        moved[...] = start + (d * tied).astype(start.dtype)
        out = outputs_or_nan(subject, arrays, base)
        moved[...] = start
        return d, out

    size = min(float(np.sqrt(np.mean(start.astype(np.float64) ** 2))) or 1.0, 1.0)
    found = slope(move, base, noise, size, subject.eps)
    found = found.where_broken(slope(move, base, noise, size / 100, subject.eps))
    weights = dy.reshape(-1).astype(np.float64)
    ends = weights * found.low, weights * found.high
    low, high = float(np.minimum(*ends).sum()), float(np.maximum(*ends).sum())
    said = float(comparison.analytical[tied].astype(np.float64).sum())
    room = float(np.abs(weights) @ (found.bar + (SURE + 1e3 * subject.eps) * np.abs(found.middle)))
    if not said - high > room and not low - said > room:  # NaN is no proof
        return None
    message = (
        f"each of {int(tied.sum())} entries of d{name} at kinks may be right alone, but together they say {said:.6g} "
        f"where the slope is from {low:.6g} to {high:.6g}; if several are equally large, only one may have the whole dy"
    )
    return Finding(comparison.layer, name, "wrong-mask", (), message, {"together": said, "low": low, "high": high})
