"""Inner mistakes: which wrong derivative of one operation inside forward gives just what backward said?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming import (
    inner_axes,
    inner_blocks,
    inner_factors,
    inner_formulas,
    inner_forwards,
    inner_jacobians,
    inner_logs,
    inner_loops,
    inner_masks,
    inner_norms,
    inner_pairs,
    inner_softmax,
    inner_steps,
    inner_terms,
    inner_turned,
    inner_values,
)
from inkgrad.check.naming.case import Case, Guess
from inkgrad.check.naming.ways import Inside, Search, Way
from inkgrad.check.tape import TapeError

LEAST = 1e-3  # of a gradient: what is off by less may be an approximation, and like many mistakes by chance
NOTHING = 1e-9  # of a gradient
FORGOTTEN = Kind.term_missing, Kind.missing, Kind.carry_lost, Kind.overwritten  # by which what is zero is forgotten
SEARCHES: tuple[Search, ...] = (  # in the order in which they are believed
    inner_logs.misused,
    inner_logs.held_constant,
    inner_loops.one_turn_alone,
    inner_loops.overlapping_turns,
    inner_loops.parts_of_carries,
    inner_masks.other_choices,
    inner_steps.skipped,
    inner_softmax.misused,
    inner_norms.misused,
    inner_jacobians.misused,
    inner_terms.counted_otherwise,
    inner_steps.region_skipped,
    inner_steps.turns_skipped,
    inner_axes.not_summed,
    inner_axes.not_summed_at_all,
    inner_axes.summed_elsewhere,
    inner_steps.transposed,
    inner_steps.transposed_gradients,
    inner_masks.other_masks,
    inner_blocks.exchanged,
    inner_steps.at_another_value,
    inner_turned.summed_over_the_other,
    inner_turned.as_forward,
    inner_turned.parts_transposed,
    inner_factors.exchanged_constants,
    inner_formulas.made_with_another,
    inner_formulas.at_another_place,
    inner_formulas.wrong_slopes,
    inner_factors.other_factors,
    inner_axes.moved,
    inner_axes.read_elsewhere,
    inner_forwards.recomputed,
    *inner_values.SEARCHES,
)


TELLING_NEAR: tuple[Search, ...] = (  # of which the nearest says something also where none fits
    inner_terms.held_constant,
    inner_steps.skipped,
    inner_terms.counted_otherwise,
    inner_steps.region_skipped,
)


OF_MANY = (  # that try so much that one array alone may fit by chance
    inner_formulas.at_another_place,
    inner_formulas.wrong_slopes,
    inner_factors.other_factors,
    inner_axes.moved,
    inner_axes.read_elsewhere,
)


def carries(case: Case) -> Iterator[Guess]:
    """What one turn of a loop hands on to the next comes back not at all."""
    yield from _first_that_fits(case, (inner_loops.carries,))


def zero_with_others(case: Case) -> Iterator[Guess]:
    """A gradient is all zero for the reason for which others are wrong: nothing is forgotten."""
    if case.inside is None or np.linalg.norm(case.a) > NOTHING * np.linalg.norm(case.n):
        return
    if (inside := _opened(case)) is None:
        return
    for way in inside.believed:
        if way.kind not in FORGOTTEN and inside.explains_all(way) and (guess := _guess(case, inside, way)):
            yield guess
            return


def inner_mistakes(case: Case) -> Iterator[Guess]:
    """The gradients that come where one operation inside forward is differentiated wrongly."""
    yield from _first_that_fits(case, SEARCHES)


def two_inner_mistakes(case: Case) -> Iterator[Guess]:
    """The same where one number is fitted, or where it is two operations."""
    if (inside := _opened(case)) is None:
        return
    off = _off(case, inside)
    for ways, n_fitted in (
        (inner_terms.fitted_count(inside, case.name, off), 1),
        (inner_pairs.two_at_once(inside, case.name, off), 0),
    ):
        found = [(way, guess) for way in ways if (guess := _guess(case, inside, way, n_fitted))]
        if found:
            inside.believed.append(found[0][0])
            yield from (guess for _, guess in found)
            return


def _first_that_fits(case: Case, searches: tuple[Search, ...]) -> Iterator[Guess]:
    if (inside := _opened(case)) is None:
        return
    off = _off(case, inside)
    for way in inside.believed:
        if guess := _guess(case, inside, way):
            yield guess
            return
    for search in searches:
        found, n_gone = [], 0
        for way in inside.likely(case.name, inside.ways(search), off):
            if not way.is_single and not inside.has_gone(way):
                n_gone += 1
                if inside.is_tired(n_gone):
                    continue
            if guess := _guess(case, inside, way):
                found.append((way, guess))
        if search is inner_logs.held_constant and len(found) > 1:
            found.sort(key=lambda each: inner_logs.rank(inside, each[0]))
        found.sort(key=lambda each: not inside.explains_all(each[0]))  # mostly one mistake spoils all that is wrong
        if found and (search not in OF_MANY or inside.explains_all(found[0][0])):
            inside.believed.append(found[0][0])
            yield from (guess for _, guess in found)
            return


def nearest_inner(case: Case) -> Iterator[Guess]:
    """Of all ways that were tried in a single place of forward the first of those that come nearest."""
    if (inside := _opened(case)) is None:
        return
    off = _off(case, inside)
    ways = [way for search in TELLING_NEAR for way in inside.ways(search) if way.is_single]
    left = np.linalg.norm(inside.slopes(case.name, ways) - off, axis=1)
    if np.isfinite(left).any():
        best = ways[int(np.argmax(left <= 1.4 * np.nanmin(left)))]
        yield Guess(best.kind, inside.gradient(case.name, best), best.message)


def _opened(case: Case) -> Inside | None:
    """Return forward taken apart, or None where its own derivative is not what differences say."""
    inside = case.inside
    if inside is None or np.linalg.norm(case.a - case.n) < LEAST * np.linalg.norm(case.n):
        return None
    return inside if case.same(inside.gradient(case.name), case.n) else None


def _off(case: Case, inside: Inside) -> NDArray:
    """Return how far the slopes along the directions of an array are off."""
    off = (case.a - case.n).ravel()
    return np.array([each.ravel() @ off for each in inside.directions(case.name)])


def _guess(case: Case, inside: Inside, way: Way, n_fitted: int = 0) -> Guess | None:
    """Return a way as a guess, or None where it does not give what backward said."""
    try:
        predicted = inside.gradient(case.name, way)
    except TapeError:  # at the values of another forward
        return None
    if not case.explains(predicted, n_fitted):
        return None
    return Guess(way.kind, predicted, way.message, dict(way.evidence), n_fitted)
