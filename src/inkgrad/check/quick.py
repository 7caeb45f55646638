"""quick_check: a whole network along random directions, in a tenth of a second."""

from __future__ import annotations

from sys import float_info

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import as_theta, forward, guarded, layout_of, loss_noise, losses, value_and_gradient, views_of
from inkgrad.check.layer import as_float64, moved, random_parameters
from inkgrad.check.measure.comparison import Comparison
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.measure.slopes import rounding_noise, slope
from inkgrad.check.report import Finding, Report
from inkgrad.costs import Cost
from inkgrad.errors import CheckError
from inkgrad.layers import Layer
from inkgrad.whole_numbers import shown_whole


def quick_check(
    network: Layer,
    cost: Cost,
    x: NDArray,
    t: NDArray,
    theta: NDArray | None = None,
    *,
    directions: int = 3,
    seed: int = 0,
    raises: bool = True,
) -> Report:
    """Check dC/dtheta along `directions` random directions in each parameter.

    Along a direction v the cost must change at the rate <gradient, v>.  If the gradient has an
    error e, that product is off by <e, v>, which for a normal v is normal with standard deviation
    ||e||; so k directions all miss an error of r error bars with a probability of at most
    (√(2/π) / r)^k.  The directions are normal, not ±1, or two swapped entries would pass half of
    the time.  An alarm at a kink is asked again a little beside it, so a wrong slope at the very
    kink is left to check_network.

    Raises GradientMismatch, which carries the Report, if anything is wrong, unless `raises` is False.

    Raises CheckError for fewer than 1 direction, or where there is nothing to compare.
    """
    x, t = as_float64(network, x), np.asarray(t)
    theta = random_parameters(network, seed) if theta is None else as_theta(network, theta)
    if directions < 1:
        raise CheckError(f"at least 1 direction is needed, got {shown_whole(directions)}")
    comparisons = _along_directions(network, cost, x, t, theta, directions, seed)
    if not all(each.ok for each in comparisons):  # kinks of several layers may meet here: see moved()
        again, nearby = moved(theta, x, seed)
        comparisons = _along_directions(network, cost, nearby, t, again, directions, seed)
    findings = tuple(_finding(comparison) for comparison in comparisons if not comparison.ok)
    report = Report(str(network), tuple(comparisons), findings)
    return report.raise_if_wrong() if raises else report


def _along_directions(
    network: Layer, cost: Cost, x: NDArray, t: NDArray, theta: NDArray, directions: int, seed: int
) -> list[Comparison]:
    p, layout = views_of(network, theta), layout_of(network)
    gradient = np.full(layout.size, np.nan)  # so that what is never written shows
    y, cache = forward(network, p, x, seed)
    _, dy = value_and_gradient(cost, y, t)
    g = layout.views(gradient)
    guarded(network, "parameter_gradient", lambda: network.parameter_gradient(p, g, cache, dy))
    base, start = losses(cost, y, t), theta.copy()
    if not np.isfinite(base).all():
        raise CheckError(f"{network} with {cost}: the cost is not finite here, so there is nothing to check")

    def losses_here() -> NDArray:
        try:
            return losses(cost, forward(network, p, x, seed)[0], t)
        except CheckError:  # so far from theta the outputs leave the domain of the cost
            return np.full(base.shape, np.nan)

    def scaled(d: float) -> NDArray:
        theta[:] = start * (1 + d)
        found = losses_here()
        theta[:] = start
        return found

    noise, rng = rounding_noise(scaled, base, float_info.epsilon) + loss_noise(cost, y, t), np.random.default_rng(seed)
    comparisons = []
    for path, (place, _) in layout.places.items():
        here, part = start[place], gradient[place]
        low, high, bar, rates = (np.zeros(directions) for _ in range(4))
        for k in range(directions):
            v = rng.normal(size=here.shape)

            def move(d: float, place: slice = place, here: NDArray = here, v: NDArray = v) -> tuple[float, NDArray]:
                theta[place] = here + d * v
                found = losses_here()
                theta[place] = here
                return d, found

            size = max(float(np.linalg.norm(here)), 0.1) / float(np.linalg.norm(v))
            found = slope(move, base, noise, size, float_info.epsilon)
            low[k], high[k] = found.low.mean(), found.high.mean()
            bar[k] = found.bar.mean() + 1e-11 * float(np.linalg.norm(part))
            rates[k] = part @ v
        comparisons.append(Comparison("", path, rates, Numerical(low, high, bar, None)))
    return comparisons


def _finding(comparison: Comparison) -> Finding:
    worst = int(np.argmax(comparison.verdicts))
    a, n = comparison.analytical[worst], comparison.numerical
    message = (
        f"along a random direction in {comparison.array} the cost should change at the rate {a:.6g} by backward, "
        f"but it changes at {n.value[worst]:.6g}, known to {n.bar[worst]:.1e}; check_network says where and why"
    )
    return Finding("", comparison.array, "unknown", (), message)
