"""check_cost: one cost alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import guarded, value_and_gradient
from inkgrad.check.course import Course
from inkgrad.check.entries import Looks
from inkgrad.check.examine import examine
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import numerical_vjp
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.naming import Case, Guess, Mechanism
from inkgrad.check.report import Report
from inkgrad.check.verdict import EXACT
from inkgrad.costs import Cost, as_targets
from inkgrad.errors import CheckError


@np.errstate(all="ignore")
def check_cost(cost: Cost, y: NDArray, t: NDArray, *, raises: bool = True) -> Report:
    """Check dC/dy of `cost` at outputs y and targets t.

    The outputs should lie inside the domain of the cost, as small steps go to either side.

    Raises GradientMismatch, which carries the Report, if it is wrong, unless `raises` is False;
    CheckError where there is nothing to compare.
    """
    report = examine_cost(cost, np.asarray(guarded(cost, "y", lambda: np.asarray(y, np.float64))), np.asarray(t))
    return report.raise_if_not_right() if raises else report


def examine_cost(cost: Cost, y: NDArray, t: NDArray, course: Course | None = None) -> Report:
    """Return the report of a cost at outputs y, float64 (N, K), and targets t."""
    if y.dtype.kind != "f" or y.ndim == 0 or y.size == 0 or not np.isfinite(y).all():
        raise CheckError(f"{cost}: a batch y of finite numbers is needed, got {y.dtype} of shape {y.shape}")
    is_of_rows = y.ndim <= 2 or t.shape == y.shape  # else the cost has targets of its own sort, as that of lines has
    rows = guarded(cost, "value_and_gradient", lambda: as_targets(t, y)) if is_of_rows else None
    one = np.ones(())

    def gradient_with(targets: NDArray) -> NDArray:
        subject = subject_of_cost(cost, y, targets)
        return numerical_vjp(subject, "y", one, subject.forward(subject.copies())).value

    mechanisms = _mechanisms(gradient_with, rows) if rows is not None and rows.ndim == 2 else ()
    looks = Looks(mechanisms=mechanisms, ties=False)
    subject = subject_of_cost(cost, y, t)
    subject = course.watched(subject, name=type(cost).__name__) if course else subject
    report = examine(subject, seed=0, layer="cost", looks=looks, strictness=EXACT)
    findings = tuple(replace(each, array="y") if each.array == "x" else each for each in report.findings)
    return Report(str(cost), report.arrays, (*findings, *_changes_targets(cost, y, t)))


def subject_of_cost(cost: Cost, y: NDArray, t: NDArray) -> Subject:
    """Return a cost as a Subject with one array, y, and one output."""

    def forward(arrays: Arrays) -> NDArray:
        return np.asarray(value_and_gradient(cost, arrays["y"], t.copy())[0])

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        return {"y": dy * value_and_gradient(cost, arrays["y"], t.copy())[1]}

    return Subject(str(cost), {"y": y}, forward, backward, main=None)


def _changes_targets(cost: Cost, y: NDArray, t: NDArray) -> tuple[Finding, ...]:
    mine = t.copy()
    value_and_gradient(cost, y.copy(), mine)
    if np.array_equal(mine, t):
        return ()
    return (Finding("cost", "t", Kind.mutated, (), "the targets t are changed in place: work on a copy"),)


# Mistakes that only a cost can have: about targets, and about a softmax that is in it or not.


def _mechanisms(gradient_with: Callable[[NDArray], NDArray], t: NDArray) -> tuple[Mechanism, ...]:
    """Return the mechanisms for a cost with targets t, rows (N, K).

    `gradient_with` gives the numerical gradient with other targets.
    """

    def label_shift(case: Case) -> Iterator[Guess]:
        for shift in range(1, t.shape[1]):
            by = shift if shift <= t.shape[1] // 2 else shift - t.shape[1]
            message = f"dy is that of labels shifted by {by}: does counting start at 1 somewhere?"
            yield Guess(Kind.label_shift, case.dy * gradient_with(np.roll(t, shift, axis=1)), message, {"shift": by})

    def target_only(case: Case) -> Iterator[Guess]:
        message = "only the output of the true class gets a gradient; the others have one too"
        yield Guess(Kind.target_only, np.where(t > 0, case.n, 0), message)
        yield Guess(Kind.target_only, case.n * t, message)

    def fused_twice(case: Case) -> Iterator[Guess]:
        y, n = case.z, len(case.z)
        with np.errstate(all="ignore"):
            e = np.exp(y - y.max(axis=1, keepdims=True))
            q = e / e.sum(axis=1, keepdims=True)
            for predicted, message in (
                (y - t, "dy is y - t, which is right for logits with the softmax or sigmoid folded into the cost; "
                        "with a softmax layer as well, its derivative is applied twice"),
                ((y - t) / (y * (1 - y)), "dy is (y - t) / (y (1 - y)), that of a sum of binary cross-entropies, "
                                          "not of this cost"),
                (-t / y, "dy is -t / y, that of probabilities, not of this cost"),
                (-t / q, "dy is -t / softmax(y): the derivative of the softmax in this cost is left out"),
            ):  # fmt: skip
                yield Guess(Kind.fused_twice, case.dy * predicted / n, message)

    def smoothed(case: Case) -> Iterator[Guess]:
        term = t - 1 / t.shape[1]
        square = float((term * term).sum())
        if square:
            c = float(((case.a - case.n) * term).sum()) / square
            message = "a multiple of t - 1/K is added to dy: are labels smoothed in the gradient but not in the cost?"
            yield Guess(Kind.wrong_formula, case.n + c * term, message, {"c": c}, n_fitted=1)

    return label_shift, target_only, fused_twice, smoothed
