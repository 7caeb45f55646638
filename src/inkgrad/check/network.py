"""check_network: a network and its cost together, as training uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import as_theta, forward, guarded, layout_of, loss_noise, losses, value_and_gradient, views_of
from inkgrad.check.cost import examine_cost
from inkgrad.check.course import Course, told_in_terminal
from inkgrad.check.entries import Looks
from inkgrad.check.examine import evaluate, examine, judged
from inkgrad.check.finding import Finding
from inkgrad.check.joint import joint_of
from inkgrad.check.kind import Kind
from inkgrad.check.layer import as_float64, as_wiring, examine_parts, moved, n_parts, random_parameters
from inkgrad.check.measure.comparison import Comparison
from inkgrad.check.measure.purity import examine_purity
from inkgrad.check.measure.structured import STACKING, Whole, structured_gradient
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.report import Report, merged
from inkgrad.check.verdict import EXACT, ArrayVerdict, Verdict, by_entries, usual_gradient
from inkgrad.costs import Cost
from inkgrad.layers import Chain, Layer
from inkgrad.whole_numbers import refuse_bad_seed


@np.errstate(all="ignore")
def check_network(
    network: Layer,
    cost: Cost,
    x: NDArray,
    t: NDArray,
    theta: NDArray | None = None,
    *,
    every_entry: bool | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    raises: bool = True,
) -> Report:
    """Check a network and its cost: dC/dtheta as a whole, the cost, and layer by layer backwards.

    Up to 3,000 parameters each part is judged alone, at the input it really gets and with a random dy of
    its own, so that several mistakes are each found; then the whole.  A larger network is judged as a whole, along
    random directions, and its parts where that is wrong.  `every_entry` asks for all entries, or, if it
    is False, for directions only, whatever the size.  Without `theta` the parameters are drawn from `seed`.

    After two seconds `progress`, or, where there is none, a terminal, is told in a sentence how far the check has come.
    `stop` is asked before each evaluation, and ends it where it returns true.

    Raises GradientMismatch, which carries the Report, if anything is wrong, unless `raises` is
    False; CheckError where there is nothing to compare, or where it cannot be told; SettingError for a seed that is
    no whole number of 0 or more; Interrupted once `stop()` is true.
    """
    refuse_bad_seed(seed)
    x, t = as_float64(network, x), np.asarray(t)
    theta = random_parameters(network, seed) if theta is None else as_theta(network, theta)
    is_large = theta.size > STACKING.least
    with told_in_terminal() as terminal:
        problem, course = Problem(network, cost, x, t, theta), Course(progress or terminal, stop=stop)
        if every_entry is False or (is_large and every_entry is None):
            arrays, findings = _along_directions(problem, seed, course)
        elif is_large:
            arrays, findings = _examine_large(problem, seed, course)
        else:
            arrays, findings = _examine_small(problem, seed, course)
    report = Report(f"{network} with {cost}", tuple(arrays), tuple(findings))
    return report.raise_if_not_right() if raises else report


class Problem(NamedTuple):
    """What check_network takes: a network, its cost, inputs, targets and parameters."""

    network: Layer
    cost: Cost
    x: NDArray
    t: NDArray
    theta: NDArray

    def few(self, n: int) -> Problem:
        """Return the same with the first n examples."""
        return self._replace(x=self.x[:n], t=self.t[:n])

    def moved(self, seed: int) -> Problem:
        """Return the same a little beside its point, away from kinks."""
        theta, x = moved(self.theta, self.x, seed)
        return self._replace(theta=theta, x=x)


Parts = tuple[list[ArrayVerdict], list[Finding]]


def _examine_small(problem: Problem, seed: int, course: Course) -> Parts:
    """Examine each part alone, then the whole if the parts are right."""
    course.expect(1)  # the whole
    arrays, findings = _examine_all_parts(problem, seed, course)
    if not findings and problem.theta.size:
        whole = _examine_whole(problem, seed, course)
        if not whole.ok:
            course.expect(1)
            whole = _examine_whole(problem.moved(seed), seed, course)
        findings = [as_wiring(finding) for finding in whole.findings]
        arrays += whole.arrays
    return arrays, findings


def _examine_all_parts(problem: Problem, seed: int, course: Course) -> Parts:
    network, cost, x, t, theta = problem
    course.expect(n_parts(network) + 1)
    reports = examine_parts(network, theta, x, seed, course=course)
    y, _ = forward(network, views_of(network, theta), x.copy(), seed)
    if np.isfinite(y).all():
        course.begin()
        reports.insert(0, examine_cost(cost, y, t, course))
    return merged(reports)


def _examine_whole(problem: Problem, seed: int, course: Course) -> Report:
    course.begin()
    looks = Looks(noise=_noise(problem, seed), ties=False)
    return examine(_subject(problem, seed, course), seed, "wiring", looks, EXACT)


def _subject(problem: Problem, seed: int, course: Course) -> Subject:
    network, cost, x, t, theta = problem
    return course.watched(subject_of_network(network, cost, theta, x, t, seed), name="the whole")


def _noise(problem: Problem, seed: int) -> float:
    network, cost, x, t, theta = problem
    y, _ = forward(network, views_of(network, theta), x.copy(), seed)
    return float(loss_noise(cost, y, t).mean())


def _along_directions(problem: Problem, seed: int, course: Course) -> Parts:
    """Judge the whole along directions, and its parts where that is wrong."""
    network, cost, x, t, theta = problem
    subject = course.watched(subject_of_losses(network, cost, theta, x, t, seed), name="the whole")
    y, _ = forward(network, views_of(network, theta), x.copy(), seed)
    whole = judged(joint_of(subject, evaluate(subject), seed, loss_noise(cost, y, t)), strictness=EXACT)
    impurities = [replace(finding, layer="wiring") for finding in whole.findings]
    return _with_parts(problem, seed, course, list(whole.arrays), impurities)


def _examine_large(problem: Problem, seed: int, course: Course) -> Parts:
    """Examine every entry of the whole in the structured way, and its parts where it is wrong."""
    return _with_parts(problem, seed, course, *_compare_whole(problem, seed, course))


def _with_parts(
    problem: Problem, seed: int, course: Course, whole: list[ArrayVerdict], impurities: list[Finding]
) -> Parts:
    """Examine each part on a few examples if the whole is wrong.

    A layer alone is examined in any case: the whole asks for no dx, which its backward may have wrong.
    """
    is_right = not impurities and all(each.verdict != Verdict.wrong for each in whole)
    if is_right and isinstance(problem.network, Chain):
        return whole, impurities
    whole = [_as_whole(each) for each in whole]
    arrays, findings = _examine_all_parts(problem.few(STACKING.n_examples), seed, course)
    if is_right:
        return whole + arrays, findings
    if not findings:  # a mistake about the batch may not show in a few of its examples
        course.expect(n_parts(problem.network))
        parts = examine_parts(problem.network, problem.theta, problem.x, seed, course=course)
        arrays, findings = merged(parts)
    if not findings:
        findings = impurities + [_unexplained(each) for each in whole if each.verdict == Verdict.wrong]
    return whole + arrays, findings


def _as_whole(each: ArrayVerdict) -> ArrayVerdict:
    """Return a verdict as that on an array of the whole, beside those on the parts."""
    return replace(each, layer="wiring", comparison=each.comparison and replace(each.comparison, layer="wiring"))


def _unexplained(each: ArrayVerdict) -> Finding:
    message = f"its error is about {each.error:.2g} of it"
    return as_wiring(Finding("", each.array, Kind.unknown, (), message))


def _compare_whole(problem: Problem, seed: int, course: Course) -> Parts:
    subject = _subject(problem, seed, course)
    purity = examine_purity(subject, evaluate(subject), np.ones(()), {})
    network, cost, x, t, theta = problem
    whole = Whole(network, cost, theta, x, t, seed, course.evaluation)
    course.expect(len(purity.gradients))
    comparisons = []
    for path, gradient in purity.gradients.items():
        course.begin()
        comparisons.append(Comparison("", path, gradient, structured_gradient(whole, path, gradient)))
    usual = usual_gradient(comparisons)
    arrays = [by_entries(each, False, usual, EXACT) for each in comparisons]
    return arrays, [replace(finding, layer="wiring") for finding in purity.findings]


def subject_of_network(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Subject:
    """Return a network with its cost as a Subject: its arrays are the parameters, its output is C."""
    layout = layout_of(network)
    names = tuple(layout.places)

    def vector(arrays: Arrays) -> NDArray:
        return np.concatenate([arrays[name].ravel() for name in names])

    def outputs(arrays: Arrays) -> NDArray:
        y, _ = forward(network, layout.views(vector(arrays)), x.copy(), seed)
        return np.asarray(value_and_gradient(cost, y, t.copy())[0])

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        p, gradient = layout.views(vector(arrays)), np.full(layout.size, start)
        y, cache = forward(network, p, x.copy(), seed)
        _, dc = value_and_gradient(cost, y, t.copy())
        g = layout.views(gradient)
        guarded(network, "parameter_gradient", lambda: network.parameter_gradient(p, g, cache, dy * dc))
        return layout.parts(gradient)

    arrays = {name: part.copy() for name, part in layout.parts(theta).items()}
    return Subject(str(network), arrays, outputs, backward, main=None)


def subject_of_losses(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Subject:
    """Return a network with its cost as a Subject whose outputs are the losses of the examples, of which C is the mean.

    Each by itself they round less, and a kink in one is none in the others.
    """
    whole = subject_of_network(network, cost, theta, x, t, seed)
    layout = layout_of(network)
    weights = np.full(len(x), 1 / len(x))

    def outputs(arrays: Arrays) -> NDArray:
        theta = np.concatenate([arrays[name].ravel() for name in layout.places])
        return losses(cost, forward(network, layout.views(theta), x.copy(), seed)[0], t.copy())

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        return whole.backward(arrays, np.asarray(dy.sum()), start)

    return replace(whole, forward=outputs, backward=backward, only_dy=weights)
