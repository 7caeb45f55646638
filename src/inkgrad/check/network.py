"""check_network: a network and its cost together, as training uses them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import as_theta, forward, guarded, layout_of, loss_noise, value_and_gradient, views_of
from inkgrad.check.cost import examine_cost
from inkgrad.check.examine import evaluate, examine
from inkgrad.check.layer import as_float64, as_wiring, examine_parts, moved, random_parameters
from inkgrad.check.measure.comparison import Comparison
from inkgrad.check.measure.purity import examine_purity
from inkgrad.check.measure.structured import STACKING, Whole, structured_gradient
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.report import Finding, Report, merged
from inkgrad.costs import Cost
from inkgrad.layers import Chain, Layer


def check_network(
    network: Layer,
    cost: Cost,
    x: NDArray,
    t: NDArray,
    theta: NDArray | None = None,
    *,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check a network and its cost: the cost, then layer by layer backwards, then dC/dtheta as a whole.

    Each layer is judged alone, at the input it really gets and with a random dy of its own, so
    that several mistakes are each found.  Without `theta` the parameters are drawn from `seed`.

    Raises GradientMismatch, which carries the Report, if anything is wrong, unless `raises` is
    False; CheckError where there is nothing to compare.
    """
    x, t = as_float64(network, x), np.asarray(t)
    theta = random_parameters(network, seed) if theta is None else as_theta(network, theta)
    if theta.size > STACKING.least:
        comparisons, findings = _examine_large(network, cost, theta, x, t, seed)
    else:
        comparisons, findings = _examine_small(network, cost, theta, x, t, seed)
    report = Report(f"{network} with {cost}", tuple(comparisons), tuple(findings))
    return report.raise_if_wrong() if raises else report


Parts = tuple[list[Comparison], list[Finding]]


def _examine_small(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Parts:
    """Examine each part alone, then the whole if the parts are right."""
    reports = examine_parts(network, theta, x, seed)
    y, _ = forward(network, views_of(network, theta), x.copy(), seed)
    if np.isfinite(y).all():
        reports.insert(0, examine_cost(cost, y, t))
    comparisons, findings = merged(reports)
    if not findings and theta.size:
        whole = _examine_whole(network, cost, theta, x, t, seed)
        if not whole.ok:
            whole = _examine_whole(network, cost, *moved(theta, x, seed), t, seed)
        findings = [as_wiring(finding) for finding in whole.findings]
        comparisons += whole.comparisons
    return comparisons, findings


def _examine_whole(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Report:
    y, _ = forward(network, views_of(network, theta), x.copy(), seed)
    noise = float(loss_noise(cost, y, t).mean())
    return examine(subject_of_network(network, cost, theta, x, t, seed), seed, "wiring", noise=noise)


def _examine_large(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Parts:
    """Examine the whole in the structured way, then each part on a few examples if the whole is wrong.

    A layer alone is examined in any case: the whole asks for no dx, which its backward may have wrong.
    """
    comparisons, impurities = _compare_whole(network, cost, theta, x, t, seed)
    right = all(each.ok for each in comparisons)
    if right and isinstance(network, Chain):
        return comparisons, impurities
    few = x[: STACKING.n_examples]
    y, _ = forward(network, views_of(network, theta), few.copy(), seed)
    of_parts, findings = merged(
        [examine_cost(cost, y, t[: STACKING.n_examples]), *examine_parts(network, theta, few, seed)]
    )
    if right:
        return comparisons + of_parts, findings or impurities
    if not findings:  # a mistake about the batch may not show in a few of its examples
        of_parts, findings = merged(examine_parts(network, theta, x, seed))
    if not findings:
        comparisons, impurities = _compare_whole(network, cost, *moved(theta, x, seed), t, seed)
        findings = impurities
        for each in comparisons:
            if not each.ok:
                message = f"the worst relative error is {float(each.relative_error.max()):.2g}"
                findings.append(as_wiring(Finding("", each.array, "unknown", (), message)))
    return comparisons + of_parts, findings


def _compare_whole(network: Layer, cost: Cost, theta: NDArray, x: NDArray, t: NDArray, seed: int) -> Parts:
    subject = subject_of_network(network, cost, theta, x, t, seed)
    purity = examine_purity(subject, evaluate(subject), np.ones(()), {})
    whole = Whole(network, cost, theta, x, t, seed)
    comparisons = [
        Comparison("", path, gradient, structured_gradient(whole, path, gradient))
        for path, gradient in purity.gradients.items()
    ]
    return comparisons, [replace(finding, layer="wiring") for finding in purity.findings]


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
    return Subject(str(network), arrays, outputs, backward)
