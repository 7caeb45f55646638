"""Gradients where forward is flat: a mask that backward forgets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess

MOST_SHOWN = 8  # indices in a message
FEWEST = 2  # entries that are wrong, and that are right and not 0, before a mask is spoken of


def mask_forgotten(case: Case) -> Iterator[Guess]:
    """Not 0 where no output moves with an entry, and right in all other places."""
    if case.flow is None:
        return
    flat = ~(case.flow != 0).any(axis=0).reshape(case.z.shape)
    is_wrong = np.abs(case.a - case.n) > case.bar
    if (is_wrong & flat).sum() < FEWEST or (~flat & (case.n != 0)).sum() < FEWEST:
        return
    message = (
        f"d{case.name} is right but where the slope is 0, {_where(case, flat)}: the mask of forward is forgotten; "
        f"if that is meant, declare it as a surrogate"
    )
    yield Guess(Kind.mask_forgotten, np.where(flat, case.a, case.n), message)


def _where(case: Case, flat: NDArray) -> str:
    """Return where forward is flat, in words."""
    for axis in range(flat.ndim):
        others = tuple(k for k in range(flat.ndim) if k != axis)
        whole = flat.all(axis=others)
        if flat.size > flat.shape[axis] and whole.any() and (flat == np.expand_dims(whole, others)).all():
            index = [int(k) for k in np.flatnonzero(whole)]
            shown = f"{index}" if len(index) <= MOST_SHOWN else f"{index[:MOST_SHOWN]} and more"
            return f"at index {shown} of axis {axis}"
    moving, still = case.z[~flat], case.z[flat]
    if still.max() < moving.min():
        return f"where {case.name} < {moving.min():.3g}"
    if still.min() > moving.max():
        return f"where {case.name} > {moving.max():.3g}"
    if not ((still >= moving.min()) & (still <= moving.max())).any():
        return f"where {case.name} is outside {moving.min():.3g} to {moving.max():.3g}"
    return f"the first at {[int(k) for k in np.argwhere(flat)[0]]}"
