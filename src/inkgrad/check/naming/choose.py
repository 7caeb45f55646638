"""Choosing a name: all mechanisms are asked, the most telling one that fits is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.naming import (
    amounts,
    arrivals,
    border,
    costs,
    counterfactuals,
    flat,
    formulas,
    jacobians,
    manners,
    masks,
    positions,
    statistics,
    sums,
)
from inkgrad.check.naming.case import Case, Mechanism
from inkgrad.check.naming.inner import carries, inner_mistakes, nearest_inner, two_inner_mistakes, zero_with_others
from inkgrad.check.naming.nearest import FITTED, Nearest, what_tells_more

TELLING = (  # in the order in which they are believed when several fit
    amounts.nothing,
    amounts.coarse_type,
    manners.dy_ignored,
    manners.dy_partly_ignored,
    costs.cost_mistakes,
    amounts.multiple,
    flat.surrogate,
    carries,
    jacobians.part_of_it,
    jacobians.forgotten,
    jacobians.twice,
    jacobians.not_transposed,
    jacobians.at_output,
    positions.transposed,
    positions.symmetrised,
    positions.swapped,
    jacobians.inverted_mask,
    jacobians.whole_window,
    amounts.some_missing,
    jacobians.mask_from_another_array,
    amounts.weighted,
    amounts.one_each,
    amounts.weight_decay,
    arrivals.one_slice,
    arrivals.overwritten_by_several,
    arrivals.part_of_dy,
    arrivals.overwritten,
    sums.summed_too_far,
    counterfactuals.output_for_input,
    counterfactuals.another_kernel,
    counterfactuals.part_left_out,
    positions.memory_order,
    positions.flipped,
    positions.rolled,
    positions.dy_misread,
    formulas.summed_over_the_wrong_axis,
    jacobians.neighbour,
    formulas.branches,
    statistics.constants,
    border.paddings,
    masks.mask_forgotten,
    border.right_inside,
)
BEFORE_INNER = amounts.per_row_or_column, formulas.formula_of_elementwise  # of all of a gradient, not of a part
FITS = (  # with numbers fitted to the mistake, so they explain more than they should: asked last
    amounts.multiple_somewhere,
    amounts.per_row_or_column,
    formulas.short_formula,
    counterfactuals.stepped_parameters,
    positions.sorted_alike,
)

WHOLE = (  # which need the right gradient of a large array alone, and little time
    costs.cost_mistakes,
    amounts.multiple,
    positions.transposed,
    positions.symmetrised,
    positions.swapped,
    sums.summed_too_far,
    positions.memory_order,
    positions.flipped,
    border.right_inside,
)


def name_of_whole(case: Case, layer: str) -> Finding | None:
    """Return what is wrong with the gradient of a large array, seen as a whole without its Jacobian; or None."""
    for mechanism in WHOLE:
        for guess in mechanism(case):
            if case.explains(guess.predicted, guess.n_fitted):
                return Finding(layer, case.name, guess.kind, (), guess.message, guess.evidence)
    return None


def name_mistake(case: Case, layer: str, more: tuple[Mechanism, ...] = ()) -> Finding:
    """Return what is wrong with a gradient, or "unknown" with the numbers alone.

    `more` are mechanisms that only this kind of subject needs; they are believed first.
    """
    nearest = Nearest(case)
    for mechanisms in ((*more, *TELLING), BEFORE_INNER, (inner_mistakes,), (two_inner_mistakes,), FITS):
        guesses = (nearest.seen(guess) for mechanism in mechanisms for guess in mechanism(case))
        fitting = [guess for guess in guesses if case.explains(guess.predicted, guess.n_fitted)]
        if fitting:
            best = fitting[0]
            others = () if best.kind == Kind.zero else fitting  # a mask that is shut everywhere says no more than zero
            also = tuple(dict.fromkeys(guess.kind for guess in others if guess.kind != best.kind))
            return Finding(layer, case.name, best.kind, also, best.message, best.evidence)
    for guess in nearest_inner(case):
        nearest.seen(guess)
    return _unknown(case, layer, nearest)


def reconsidered(finding: Finding, case: Case, others: Sequence[Finding]) -> Finding:
    """Return a finding again when it is known what is wrong with the other arrays: mostly it is one mistake.

    What is all zero may be so by that.  What numbers were fitted to may fit by chance if others fit nothing.
    """
    if finding.kind == Kind.zero:
        for guess in zero_with_others(case):
            if case.explains(guess.predicted):
                return replace(finding, kind=guess.kind, also=(finding.kind,), message=guess.message)
    is_alone = all(other.kind != Kind.unknown for other in others if other.array != finding.array)
    if finding.kind not in FITTED or is_alone:
        return finding
    nearest = Nearest(case)
    for guess in nearest_inner(case):
        nearest.seen(guess)
    return _unknown(case, finding.layer, nearest)


def _unknown(case: Case, layer: str, nearest: Nearest) -> Finding:
    a, n = case.a.ravel().astype(np.float64), case.n.ravel()
    worst = int(np.argmax(np.abs(a - n) - case.bar.ravel()))
    where = [int(k) for k in np.unravel_index(worst, case.a.shape)]
    lengths = float(np.linalg.norm(a) * np.linalg.norm(n))
    cosine = float(a @ n) / lengths if lengths else 0.0
    message = (
        f"d{case.name} fits no known pattern{nearest.words}; the worst entry, {where}, is {a[worst]:.6g} by backward "
        f"but {n[worst]:.6g} by differences, known to {case.bar.ravel()[worst]:.1e}; the cosine of the two is "
        f"{cosine:.4f}; {what_tells_more(case)}"
    )
    evidence = {"where": where, "cosine": cosine, "tried": nearest.count, "nearest": nearest.kind}
    return Finding(layer, case.name, Kind.unknown, (), message, evidence)
