"""Gradients that do not come from dy alone: backward is asked for dy = 0, which should give 0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


def dy_ignored(case: Case) -> Iterator[Guess]:
    """The same gradient whatever dy is."""
    base = _at_zero(case)
    if base is not None:
        message = f"d{case.name} is the same whatever dy is: multiply by dy{_right_for_ones(case, base)}"
        yield Guess(Kind.dy_ignored, base, message)


def dy_partly_ignored(case: Case) -> Iterator[Guess]:
    """A part that is there where dy is 0; unless it is a multiple of a parameter, which has a name of its own."""
    base = _at_zero(case)
    if base is None or case.same(base, case.a) or _is_decay(case, base):
        return
    if np.linalg.norm(base) < 0.1 * np.linalg.norm(case.a - case.n):
        return
    words = f"a part of d{case.name} is not multiplied by dy: for dy = 0 it is still there"
    if case.same(case.a - base, case.n):
        words += "; without it the rest is right"
    else:
        words += _right_for_ones(case, case.gradient_for(np.ones_like(case.dy)))
    yield Guess(Kind.dy_partly_ignored, case.a, words, {"for dy = 0": base})


def _at_zero(case: Case) -> NDArray | None:
    """Return what backward gives for dy = 0; None where that is nothing, as it should be."""
    base = case.without_dy
    if not np.isfinite(base).all():
        return None
    room = 1e-6 * np.linalg.norm(case.a) + 3 * np.linalg.norm(case.bar)
    return base if np.linalg.norm(base) > room else None


def _is_decay(case: Case, base: NDArray) -> bool:
    square = float((case.z * case.z).sum())
    decay = float((base * case.z).sum()) / square if square and not case.is_input else 0.0
    return case.same(decay * case.z, base)


def _right_for_ones(case: Case, said: NDArray) -> str:
    """Return words for a gradient that would be right if each dy were 1; none if it would not."""
    j = case.jacobian
    if j is None or not case.same(said, j.sum(axis=0).reshape(case.z.shape)):
        return ""
    return "; where each dy is 1 it is right"
