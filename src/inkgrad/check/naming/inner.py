"""Inner mistakes: which wrong derivative of one operation inside forward gives just what backward said?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming import (
    inner_axes,
    inner_factors,
    inner_formulas,
    inner_jacobians,
    inner_pairs,
    inner_steps,
    inner_terms,
)
from inkgrad.check.naming.case import Case, Guess
from inkgrad.check.naming.inside import Inside, Way

Search = Callable[[Inside], Iterator[Way]]
SEARCHES: tuple[Search, ...] = (  # in the order in which they are believed
    inner_terms.held_constant,
    inner_steps.skipped,
    inner_steps.region_skipped,
    inner_terms.counted_otherwise,
    inner_jacobians.misused,
    inner_axes.not_summed,
    inner_axes.summed_elsewhere,
    inner_steps.transposed,
    inner_steps.at_another_value,
    inner_formulas.wrong_slopes,
    inner_factors.other_factors,
    inner_axes.moved,
    inner_axes.read_elsewhere,
)


def inner_mistakes(case: Case) -> Iterator[Guess]:
    """The gradients that come where one operation inside forward is differentiated wrongly."""
    inside = case.inside
    if inside is None or not case.same(inside.gradient(case.name), case.n):
        return
    seen = [each.ravel() @ (case.a - case.n).ravel() for each in inside.directions(case.name)]
    off = np.array(seen)
    for search in SEARCHES:
        found = [guess for way in search(inside) if (guess := _guess(case, inside, way, off))]
        if found:
            yield from sorted(found, key=lambda guess: guess.kind != Kind.carry_lost)  # it says more than its last term
            return
    fitted = [_guess(case, inside, way, off, n_fitted=1) for way in inner_terms.fitted_count(inside, case.name, off)]
    if any(fitted):
        yield from filter(None, fitted)
        return
    yield from filter(None, (_guess(case, inside, way, off) for way in inner_pairs.two_at_once(inside, case.name, off)))


def _guess(case: Case, inside: Inside, way: Way, off: np.ndarray, n_fitted: int = 0) -> Guess | None:
    """Return a way as a guess, or None where it does not give what backward said."""
    if way.is_single and not inside.may_be(case.name, way, off, 1e-2 * float(np.linalg.norm(off))):
        return None
    predicted = inside.gradient(case.name, way)
    if not case.explains(predicted, n_fitted):
        return None
    return Guess(way.kind, predicted, f"d{case.name}: {way.message}", dict(way.evidence), n_fitted)
