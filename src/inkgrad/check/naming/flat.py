"""A forward that is flat, where backward is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import outputs_or_nan
from inkgrad.check.naming.case import Case, Guess

FLAT = 1e-9  # of the outputs: so little do they move with an entry that moves by as much as it is large
NUDGE, MOST_FLAT = 1e-6, 0.9  # of that: by so much again it is moved, and of the outputs that have moved so many stay
FARTHER = 0.3, 3.0  # of its own size: by so much an array is moved to see whether the outputs move in steps


def surrogate(case: Case) -> Iterator[Guess]:
    """Any gradient where forward moves in steps alone."""
    if not _is_in_steps(case):
        return
    through = case.dy.shape == case.a.shape and case.same(case.dy, case.a)
    what = "'straight-through'" if through else "a function of dy and the arrays"
    message = (
        f"forward moves in steps, so that each slope is 0, and d{case.name} is {'dy' if through else 'another one'}; "
        f"if that is meant, declare it: surrogate={{{case.name!r}: {what}}}"
    )
    yield Guess(Kind.surrogate, case.a, message)


def _is_in_steps(case: Case) -> bool:
    """Return whether no output has a slope, and some move all the same when the array moves far."""
    j, y = case.jacobian, case.y.reshape(-1).astype(np.float64)
    size = float(np.sqrt(np.mean(case.z * case.z))) or 1.0
    if j is None or not j.size or np.abs(j).max() * size > FLAT * (np.abs(y).max(initial=0) or 1.0):
        return False
    rng, whole = np.random.default_rng(0), float(np.abs(y).max(initial=0)) or 1.0
    for part in FARTHER:
        far = part * size * rng.normal(size=case.z.shape)
        near, beside = (_outputs(case, far * (1 + nudge)) for nudge in (0.0, NUDGE))
        has_moved = np.abs(near - y) > 1e-3 * whole  # NaN has not
        if has_moved.any():
            return bool((np.abs(beside - near)[has_moved] <= FLAT * whole).mean() > MOST_FLAT)
    return False


def _outputs(case: Case, step: NDArray) -> NDArray:
    moved = case.z + step.astype(case.z.dtype)
    return outputs_or_nan(case.subject, case.subject.copies() | {case.name: moved}, case.y.reshape(-1))
