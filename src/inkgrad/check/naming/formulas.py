"""A wrong derivative as a short formula in dy, x and y."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess

NOTHING = 1e-9  # of a gradient: a term that is smaller is not said


def short_formula(case: Case) -> Iterator[Guess]:
    """The sparsest sum of at most two terms that gives the wrong dx exactly."""
    if not case.is_input or case.dy.shape != case.z.shape:
        return
    terms = _terms(case)
    for count in (1, 2):
        for names in combinations(terms, count):
            fitted, formula = _fitted({name: terms[name] for name in names}, case.a)
            if formula:
                message, evidence = f"d{case.name} equals {formula.lstrip('+')}", {"formula": formula}
                yield Guess(Kind.wrong_formula, fitted, message, evidence, n_fitted=count)


def formula_of_elementwise(case: Case) -> Iterator[Guess]:
    """The same of a function that makes each output from its own input alone: no part of it is to be blamed."""
    if case.is_elementwise:
        yield from short_formula(case)


def _fitted(terms: dict[str, NDArray], a: NDArray) -> tuple[NDArray, str]:
    """Return the sum of terms that is nearest to a, and its formula: "" where the terms are not independent."""
    columns = np.stack([term.ravel() for term in terms.values()], axis=1)
    weights, _, rank, _ = np.linalg.lstsq(columns, a.ravel(), rcond=None)
    sizes = np.abs(weights) * np.linalg.norm(columns, axis=0)
    weights = np.where(sizes > NOTHING * np.linalg.norm(a), weights, 0)  # what is but rounding is no term
    formula = " ".join(f"{weight:+.4g} {name}" for weight, name in zip(weights, terms, strict=True) if weight)
    return (columns @ weights).reshape(a.shape), formula if rank == len(terms) else ""


def _terms(case: Case) -> dict[str, NDArray]:
    name, x, y, dy, right = case.name, case.z, case.y, case.dy, case.n
    positive, below = x > 0, _below(case)
    return {
        "dy y": dy * y,
        f"dy {name}": dy * x,
        "dy (1 - y)": dy * (1 - y),
        f"dy (1 - {name}²)": dy * (1 - x * x),
        "dy (1 - y²)": dy * (1 - y * y),
        "dy": dy,
        f"dy {name}²": dy * x * x,
        "dy y²": dy * y * y,
        f"the right d{name}": right,
        f"the right d{name} where {name} > 0": right * positive,
        f"the right d{name} where {below}": right * ~positive,
        f"dy where {below}": dy * ~positive,
        f"dy {name} where {below}": dy * x * ~positive,
        f"dy y where {below}": dy * y * ~positive,
    }


def _below(case: Case) -> str:
    """Return in words where the array is not above 0."""
    return f"{case.name} <= 0" if (case.z == 0).any() else f"{case.name} < 0"


def branches(case: Case) -> Iterator[Guess]:
    """Right where x > 0, and a short formula where x < 0."""
    if not case.is_elementwise:
        return
    negative = case.z < 0
    if not negative.any() or negative.all():
        return
    x, y, dy = case.z[negative], case.y[negative], case.dy[negative]
    by_x = f"dy {case.name}"
    terms = {"dy": dy, by_x: dy * x, "dy y": dy * y}
    for names in (("dy",), ("dy", by_x), ("dy", "dy y")):
        fitted, formula = _fitted({name: terms[name] for name in names}, case.a[negative])
        if not formula:
            continue
        predicted = case.n.copy()
        predicted[negative] = fitted
        above = f"{case.name} >= 0" if (case.z == 0).any() else f"{case.name} > 0"
        message = f"d{case.name} is right where {above}; where {case.name} < 0 it equals {formula.lstrip('+')}"
        yield Guess(Kind.wrong_formula, predicted, message, {"formula": formula}, n_fitted=len(names))


def summed_over_the_wrong_axis(case: Case) -> Iterator[Guess]:
    """A bias gradient summed over outputs instead of examples: the shape fits by accident."""
    if not case.is_input and case.n.ndim == 1 and case.dy.ndim == 2 and case.dy.shape[0] == case.n.shape[0]:
        message = f"d{case.name} is the sum of dy over the wrong axis: sum over the batch, axis 0"
        yield Guess(Kind.wrong_formula, case.dy.sum(axis=1), message)
