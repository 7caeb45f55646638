"""SquaredError: half the squared distance between output and target."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.costs.base import Cost, as_targets


@dataclass(frozen=True)
class SquaredError(Cost):
    """C = 1/N sum_i ½ sum_k (y_ik - t_ik)².

    Gradient  Only the term (i, k) holds y_ik, and d ½ (y - t)² / dy = y - t, so

              dC/dy_ik = (y_ik - t_ik) / N.
    """

    def losses(self, y: Array, t: Array) -> Array:
        error = y - as_targets(t, y)
        return 0.5 * namespace(y).sum(error * error, axis=1)

    def value_and_gradient(self, y: Array, t: Array) -> tuple[float, Array]:
        xp, n = namespace(y), y.shape[0]
        error = y - as_targets(t, y)
        return float(0.5 * xp.sum(error * error) / n), error / n
