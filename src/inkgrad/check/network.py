"""check_network and quick_check: a network and its cost together, as training uses them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.differences import STEP, TOLERANCE, compare, numerical_gradient
from inkgrad.costs import Cost
from inkgrad.errors import GradientMismatch
from inkgrad.layers import Layer
from inkgrad.layout import Layout


def check_network(
    network: Layer,
    cost: Cost,
    x: Array,
    t: Array,
    theta: Array | None = None,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> dict[str, float]:
    """Check every entry of dC/dtheta; return the worst relative error for each parameter's path.

    It runs the network twice for each parameter, so it is for small ones: quick_check is for
    the others.  Without `theta` the parameters are drawn from `seed`.

    Raises GradientMismatch, naming the parameter, the place in it and both numbers.
    """
    layout, theta, gradient, phi = _evaluated(network, cost, x, t, theta, seed)
    numerical = layout.parts(numerical_gradient(phi, theta))
    return {
        path: compare(network, f"d{path}", analytical, numerical[path], tolerance)
        for path, analytical in layout.parts(gradient).items()
    }


def quick_check(
    network: Layer,
    cost: Cost,
    x: Array,
    t: Array,
    theta: Array | None = None,
    *,
    directions: int = 5,
    seed: int = 0,
    tolerance: float = 1e-5,
) -> dict[str, float]:
    """Check dC/dtheta along a few random directions in each parameter; return the worst errors.

    Along a direction v the cost must change at the rate <gradient, v>.  For a wrong gradient with
    error e that product is off by <e, v>, which for normal v is a normal number as large as |e|:
    k directions all miss an error of r times the tolerance with probability of at most
    (0.8 / r)^k.  An error is relative to the length of the parameter's gradient.

    Raises GradientMismatch, naming the parameter and both rates.
    """
    layout, theta, gradient, phi = _evaluated(network, cost, x, t, theta, seed)
    rng = np.random.default_rng(seed)
    floor = 1e-3 * float(np.linalg.norm(gradient))  # a small gradient is known to the rounding of the large
    errors = {}
    for path, (place, _) in layout.places.items():
        here, part = theta[place].copy(), gradient[place]
        size = max(float(np.linalg.norm(part)), floor)
        errors[path] = 0.0
        for _ in range(directions):
            v = rng.normal(size=here.shape)
            h = STEP / max(1.0, float(np.abs(v).max()))
            theta[place] = here + h * v
            above = phi()
            theta[place] = here - h * v
            below = phi()
            theta[place] = here
            analytical, numerical = float(part @ v), (above - below) / (2 * h)
            error = abs(analytical - numerical) / size if size else abs(numerical)
            if not error <= tolerance:  # written so that NaN fails
                raise GradientMismatch(
                    f"{network}: along a random direction in {path} the cost should change at the rate "
                    f"{analytical:.6g} by backward, but it changes at {numerical:.6g}"
                )
            errors[path] = max(errors[path], error)
    return errors


def _evaluated(
    network: Layer, cost: Cost, x: Array, t: Array, theta: Array | None, seed: int
) -> tuple[Layout, Array, Array, Callable[[], float]]:
    """Return the layout, theta in float64, dC/dtheta there, and C as a function of that theta."""
    layout = Layout(network.shapes())
    if theta is None:
        theta = np.full(layout.size, np.nan)
        network.init(layout.views(theta), np.random.default_rng(seed))
    theta = np.array(theta, np.float64)
    x = np.array(x, np.float64)
    p = layout.views(theta)
    gradient = np.full(layout.size, np.nan)  # so that what is never written fails
    y, cache = network.forward(p, x, np.random.default_rng(seed))
    _, dy = cost.value_and_gradient(y, t)
    network.parameter_gradient(p, layout.views(gradient), cache, dy)

    def phi() -> float:
        y, _ = network.forward(p, x, np.random.default_rng(seed))  # the same luck every time
        return cost.value_and_gradient(y, t)[0]

    return layout, theta, gradient, phi
