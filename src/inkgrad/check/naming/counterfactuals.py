"""The right gradient of another function: with something flipped, exchanged or left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


def output_for_input(case: Case) -> Iterator[Guess]:
    """x and y exchanged in the gradient of a parameter."""
    x, y, name = case.inputs, case.y, case.subject.main
    if case.is_input or x is None or name is None or y.shape != x.shape:
        return
    predicted = case.possible_counterfactual(**{name: y.astype(x.dtype)})
    if predicted is not None:
        message = f"d{case.name} is made from the output y where the input {name} belongs"
        yield Guess(Kind.input_for_output, predicted, message)


def another_kernel(case: Case) -> Iterator[Guess]:
    """dx with the parameters turned round, or with their axes exchanged."""
    if not case.is_input:
        return
    for name, w in case.parameters.items():
        if w.ndim < 2:
            continue
        spatial = tuple(range(w.ndim - 2)) if w.ndim > 2 else (0, 1)
        turned = [("flipped", np.flip(w, spatial))]
        if w.ndim > 2 and w.shape[0] == w.shape[1]:
            turned.append(("with height and width exchanged", w.swapaxes(0, 1)))
        for words, changed in turned:
            predicted = case.possible_counterfactual(**{name: np.ascontiguousarray(changed)})
            if predicted is not None:
                yield Guess(Kind.reordered, predicted, f"d{case.name} is that of {name} {words}")


def part_left_out(case: Case) -> Iterator[Guess]:
    """dx with a row or a column of the parameters left out."""
    if not case.is_input:
        return
    for name, w in case.parameters.items():
        n_slopes = case.z.size * sum(w.shape)
        if w.ndim < 2 or n_slopes > 20_000:  # more would take minutes
            continue
        for axis in range(w.ndim):
            for k in (0, w.shape[axis] - 1, *range(1, w.shape[axis] - 1)):
                changed = w.copy()
                changed[(slice(None),) * axis + (k,)] = 0
                predicted = case.possible_counterfactual(**{name: changed})
                if predicted is not None:
                    message = f"d{case.name} leaves out index {k} of axis {axis} of {name}"
                    yield Guess(Kind.missing, predicted, message, {"array": name, "axis": axis, "index": k})


def rather_stepped(finding: Finding, case: Case) -> Finding:
    """Return a finding about a dx that is not linear in dy, with its cause where parameters are stepped before it."""
    for guess in stepped_parameters(case):
        if case.explains(guess.predicted, guess.n_fitted):
            return replace(finding, kind=guess.kind, also=(finding.kind,), message=guess.message)
    return finding


def stepped_parameters(case: Case) -> Iterator[Guess]:
    """dx with the parameters as they are after a step: they were updated too early."""
    if not case.is_input:
        return
    for name, numerical in case.numericals.items():
        if name not in case.parameters:
            continue
        before = case.parameters[name]
        base, moved = case.n, case.counterfactual(**{name: before - numerical.value})
        if moved is None:
            continue
        change = moved - base
        square = float((change * change).sum())
        lr = float(((case.a - base) * change).sum()) / square if square else 0.0
        if lr:
            message = f"d{case.name} is that of {name} after a step of {lr:.4g}: update after the whole backward pass"
            yield Guess(Kind.mutated, base + lr * change, message, {"lr": lr}, n_fitted=1)
