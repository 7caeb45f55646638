"""Softmax and cross-entropy in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.fast import kernels
from inkgrad.fast.base import fits, ordered
from inkgrad.layers import Softmax


@dataclass(frozen=True)
class FastSoftmaxCrossEntropy(Cost):
    """SoftmaxCrossEntropy, or a Softmax and CrossEntropy: `plain` is one or the other cost, on logits y.

    cpp/softmax_cross_entropy.hpp says how.  Targets that are not class numbers, types other than
    float32 and float64, and numbers beyond 1e15 are left to the plain ones.
    """

    plain: Cost

    def value_and_gradient(self, y: NDArray, t: NDArray) -> tuple[float, NDArray]:
        if _suits(y, t):
            dy = np.empty(y.shape, y.dtype)
            cost = kernels.compiled.softmax_cross_entropy(
                ordered(y), ordered(t.astype(np.int64, copy=False)), self._binary, dy
            )
            if cost == cost:  # NaN where a class number is none or a logit too large
                return cost, dy
        return self._plain(y, t)

    @property
    def _binary(self) -> bool:
        return not isinstance(self.plain, SoftmaxCrossEntropy)

    def _plain(self, y: NDArray, t: NDArray) -> tuple[float, NDArray]:
        if not self._binary:
            return self.plain.value_and_gradient(y, t)
        q = Softmax().value(y)
        value, dq = self.plain.value_and_gradient(q, t)
        return value, np.asarray(Softmax().vjp(y, q, dq))

    def probabilities(self, y: NDArray) -> NDArray:
        return np.asarray(Softmax().value(y))


def _suits(y: NDArray, t: NDArray) -> bool:
    return (
        isinstance(y, np.ndarray)
        and isinstance(t, np.ndarray)
        and y.dtype in kernels.TYPES
        and t.dtype.kind in "iu"
        and t.shape == y.shape[:1]
        and y.ndim == 2
        and fits(y)
    )
