"""SoftmaxCrossEntropy: softmax and the logarithm of the true class's probability, in one."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.arrays import Array, namespace
from inkgrad.costs.base import OfLogits, as_targets, log_softmax


@dataclass(frozen=True)
class SoftmaxCrossEntropy(OfLogits):
    """C = - 1/N sum_i sum_k t_ik log q_ik with q = softmax(y), for logits y.

    Together softmax and logarithm are safe where apart they overflow:

              log q_ik = y_ik - m_i - log sum_j exp(y_ij - m_i),  with m_i the largest y_ij.

    Gradient  d log q_ik / dy_ij = δ_kj - q_ij, so

              dC/dy_ij = - 1/N sum_k t_ik (δ_kj - q_ij) = (q_ij sum_k t_ik - t_ij) / N,

              which is (q_ij - t_ij) / N where the targets of an example sum to 1.
    """

    def losses(self, y: Array, t: Array) -> Array:
        return -namespace(y).sum(as_targets(t, y) * log_softmax(y), axis=-1)

    def value_and_gradient(self, y: Array, t: Array) -> tuple[float, Array]:
        xp, n = namespace(y), y.shape[0]
        t = as_targets(t, y)
        log_q = log_softmax(y)
        return float(-xp.sum(t * log_q) / n), (xp.exp(log_q) * xp.sum(t, axis=-1, keepdims=True) - t) / n
