"""The solver "lbfgs": SciPy's L-BFGS-B on the cost of all examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from inkgrad.arrays import Array
from inkgrad.fast import Fast
from inkgrad.interop.sklearn.example_rows import Rows
from inkgrad.interop.sklearn.penalised_objective import PenalisedObjective


def minimise(
    objective: PenalisedObjective,
    theta: Array,
    rows: Rows,
    rng_of: Callable[[], np.random.Generator] | None,
    settings: dict[str, Any],
    after: Callable[[float], None],
) -> OptimizeResult:
    """Return what SciPy found from `theta` on; `after` is called with the cost after each iteration.

    All is done in float64, whatever the examples are, because a line search lives on small differences.
    `rng_of` gives the same random numbers each time, so that the cost remains a function of theta.

    (Byrd, Lu, Nocedal & Zhu 1995, https://doi.org/10.1137/0916069.)
    """
    place = theta.astype(np.float64)
    gradient = np.empty_like(place)
    evaluate = objective.on(Fast(1)).at(place, gradient)
    x = rows.inputs(np.float64)

    def cost_and_gradient(candidate: Array) -> tuple[float, Array]:
        place[:] = candidate
        cost = evaluate(x, rows.t, None if rng_of is None else rng_of(), rows.weights)
        return cost, gradient.copy()

    def callback(intermediate_result: OptimizeResult) -> None:
        after(float(intermediate_result.fun))

    options = {"maxiter": int(settings["max_iter"]), "maxfun": int(settings["max_fun"]), "gtol": settings["tol"]}
    return minimize(cost_and_gradient, place.copy(), method="L-BFGS-B", jac=True, options=options, callback=callback)
