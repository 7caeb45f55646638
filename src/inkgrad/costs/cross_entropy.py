"""CrossEntropy: each output is the probability of a yes, and is charged for the surprise."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.costs.base import Cost, as_targets
from inkgrad.errors import DataError


@dataclass(frozen=True)
class CrossEntropy(Cost):
    """C = - 1/N sum_i sum_k ( t_ik log y_ik + (1 - t_ik) log(1 - y_ik) ), the binary cross-entropy
    summed over outputs, for outputs and targets in [0, 1].

    Gradient  Only the term (i, k) holds y_ik, so

              dC/dy_ik = ( - t_ik / y_ik + (1 - t_ik) / (1 - y_ik) ) / N.

    At the ends  An output of exactly 0 or 1 stands for all the numbers that round to it.  So y
              counts as at least the smallest normal number, and 1 - y as at least half the
              machine epsilon, the distance from 1 to the number below.  Value and gradient
              stay finite, and where the target agrees with the output they are exact:
              0 and 1 / N at y = t = 0, 0 and - 1 / N at y = t = 1.  After a Sigmoid or Softmax
              that has rounded to 0 or 1 dx is smaller than it should be, or 0, as the distance
              to the end is lost; SoftmaxCrossEntropy on logits never loses it.

    Raises DataError for an output or a target below 0 or above 1.
    """

    def losses(self, y: Array, t: Array) -> Array:
        t, yes, no = self._bounded(y, t)
        xp = namespace(y)
        return xp.sum(-t * xp.log(yes) - (1 - t) * xp.log1p(-no), axis=1)

    def value_and_gradient(self, y: Array, t: Array) -> tuple[float, Array]:
        t, yes, no = self._bounded(y, t)
        n, xp = y.shape[0], namespace(y)
        loss = -t * xp.log(yes) - (1 - t) * xp.log1p(-no)
        return float(xp.sum(loss) / n), ((1 - t) / (1 - no) - t / yes) / n

    def _bounded(self, y: Array, t: Array) -> tuple[Array, Array, Array]:
        """Return the targets as rows, y kept off 0, and y kept off 1."""
        xp, t = namespace(y), as_targets(t, y)
        for z, name, remedy in (y, "outputs", ": end the network with Sigmoid or Softmax"), (t, "targets", ""):
            low, high = float(xp.min(z)), float(xp.max(z))
            if low < 0 or high > 1:  # NaN passes: it must show in the cost
                raise DataError(f"CrossEntropy takes {name} in [0, 1], got {low:.6g} to {high:.6g}{remedy}")
        smallest, epsilon = xp.finfo(y.dtype).smallest_normal, xp.finfo(y.dtype).eps
        return t, xp.maximum(y, smallest), xp.minimum(y, 1 - epsilon / 2)
