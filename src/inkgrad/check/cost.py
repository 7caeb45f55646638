"""check_cost: one cost alone, against finite differences."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.differences import TOLERANCE, compare, numerical_gradient
from inkgrad.costs import Cost
from inkgrad.errors import GradientMismatch


def check_cost(cost: Cost, y: Array, t: Array, *, tolerance: float = TOLERANCE) -> float:
    """Check the gradient of `cost` at outputs y and targets t; return the worst relative error.

    The outputs should lie inside the domain of the cost, as a step of 1e-5 goes to either side.

    Raises GradientMismatch when it differs from finite differences, or when y or t is changed.
    """
    y = np.array(y, np.float64)
    y_before, t_before = y.copy(), t.copy()
    _, dy = cost.value_and_gradient(y, t)
    for name, now, before in ("y", y, y_before), ("t", t, t_before):
        if not np.array_equal(now, before):
            raise GradientMismatch(f"{cost} changed {name} in place: work on a copy")
    numerical = numerical_gradient(lambda: cost.value_and_gradient(y, t)[0], y)
    return compare(cost, "dy", dy, numerical, tolerance)
