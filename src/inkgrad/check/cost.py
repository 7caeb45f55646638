"""check_cost: one cost alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.calls import guarded, value_and_gradient
from inkgrad.check.examine import examine
from inkgrad.check.naming.costs import cost_mechanisms
from inkgrad.check.numerical import numerical_vjp
from inkgrad.check.report import Finding, Report
from inkgrad.check.subject import Arrays, Subject
from inkgrad.costs import Cost, as_targets
from inkgrad.errors import CheckError


def check_cost(cost: Cost, y: Array, t: Array, *, raises: bool = True) -> Report:
    """Check dC/dy of `cost` at outputs y and targets t.

    The outputs should lie inside the domain of the cost, as small steps go to either side.

    Raises GradientMismatch, which carries the Report, if it is wrong, unless `raises` is False;
    CheckError where there is nothing to compare.
    """
    report = examine_cost(cost, np.asarray(guarded(cost, "y", lambda: np.asarray(y, np.float64))), np.asarray(t))
    if raises:
        report.raise_if_wrong()
    return report


def examine_cost(cost: Cost, y: Array, t: Array) -> Report:
    """Return the report of a cost at outputs y, float64 (N, K), and targets t."""
    if y.dtype.kind != "f" or y.ndim == 0 or y.size == 0 or not np.isfinite(y).all():
        raise CheckError(f"{cost}: a batch y of finite numbers is needed, got {y.dtype} of shape {y.shape}")
    rows = guarded(cost, "value_and_gradient", lambda: as_targets(t, y))
    one = np.ones(())

    def gradient_with(targets: Array) -> Array:
        subject = subject_of_cost(cost, y, targets)
        return numerical_vjp(subject, "y", one, subject.forward(subject.copies())).value

    mechanisms = cost_mechanisms(gradient_with, rows) if rows.ndim == 2 else ()
    report = examine(subject_of_cost(cost, y, t), seed=0, layer="cost", mechanisms=mechanisms)
    findings = tuple(replace(each, array="y") if each.array == "x" else each for each in report.findings)
    return Report(str(cost), report.comparisons, (*findings, *_changes_targets(cost, y, t)))


def subject_of_cost(cost: Cost, y: Array, t: Array) -> Subject:
    """Return a cost as a Subject with one array, y, and one output."""

    def forward(arrays: Arrays) -> Array:
        return np.asarray(value_and_gradient(cost, arrays["y"], t.copy())[0])

    def backward(arrays: Arrays, dy: Array, start: float) -> Arrays:
        return {"y": dy * value_and_gradient(cost, arrays["y"], t.copy())[1]}

    return Subject(str(cost), {"y": y}, forward, backward)


def _changes_targets(cost: Cost, y: Array, t: Array) -> tuple[Finding, ...]:
    mine = t.copy()
    value_and_gradient(cost, y.copy(), mine)
    if np.array_equal(mine, t):
        return ()
    return (Finding("cost", "t", "mutated", (), "the targets t are changed in place: work on a copy"),)
