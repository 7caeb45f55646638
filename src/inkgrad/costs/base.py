"""What a cost is: one number for a batch, and its gradient.

Every cost is a mean over the batch, and nothing else in the library divides by N.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from inkgrad.arrays import AnyArray, OneArray, namespace
from inkgrad.errors import DataError, ShapeError


class Cost(ABC):
    """C(y, t): one number for a batch of outputs y (N, K) and its targets t.

    t holds class numbers 0..K-1, shape (N,), or a row of targets for each example, (N, K).
    A cost of lines takes outputs (N, T, K), for each of T frames, and targets of its own sort, as CTC says.
    Like a layer, a cost holds settings only.

    Shapes    y (N, K)   t like y   dy like y
    """

    @abstractmethod
    def value_and_gradient(self, y: AnyArray, t: AnyArray) -> tuple[float, AnyArray]:
        """Return C and dy = dC/dy, which has the shape of y.

        Raises ShapeError for targets that do not fit y, DataError for a class number out of range.
        """

    def losses(self, y: AnyArray, t: AnyArray) -> AnyArray:
        """Return the loss of each example, (N,); C is their mean."""
        examples = (slice(i, i + 1) for i in range(y.shape[0]))
        each = [self.value_and_gradient(y[one, ...], t[one, ...])[0] for one in examples]
        return namespace(y).asarray(each, dtype=y.dtype, device=y.device)

    def remedy(self, t: AnyArray) -> str:
        """Return what to do where the cost of a batch with targets t is no longer a number."""
        return "try a smaller learning rate"

    def probabilities(self, y: AnyArray) -> AnyArray:
        """Return the outputs read as probabilities: as they are, for networks that end in Softmax or Sigmoid."""
        return y


class OfLogits(Cost):
    """A cost of logits, with the softmax in it: its probabilities are those of the softmax."""

    def probabilities(self, y: AnyArray) -> AnyArray:
        return namespace(y).exp(log_softmax(y))


def log_softmax(y: OneArray) -> OneArray:
    """Return y_k - m - log sum_j exp(y_j - m) along the last axis, with m the largest y_j."""
    xp = namespace(y)
    y = y - xp.max(y, axis=-1, keepdims=True)
    return y - xp.log(xp.sum(xp.exp(y), axis=-1, keepdims=True))


def as_targets(t: AnyArray, y: OneArray) -> OneArray:
    """Return t as rows of targets, of the shape and type of y.

    A class number k becomes a row that is 1 at k and 0 elsewhere ("one-hot").

    Raises ShapeError for targets that fit y in neither way, DataError for a class number out of range.
    """
    xp = namespace(y)
    if t.shape == y.shape:
        return xp.astype(t, y.dtype, copy=False)
    if t.shape != y.shape[:1] or y.ndim != 2 or not xp.isdtype(t.dtype, "integral"):
        raise ShapeError(
            f"outputs of shape {y.shape} take targets of the same shape, or class numbers of "
            f"shape {y.shape[:1]}, got shape {t.shape} of type {t.dtype}"
        )
    n_classes = y.shape[1]
    low, high = int(xp.min(t)), int(xp.max(t))
    if low < 0 or high >= n_classes:
        stranger = low if low < 0 else high
        raise DataError(f"class numbers must be 0 to {n_classes - 1}, as there are {n_classes} outputs, got {stranger}")
    rows = xp.astype(t, xp.int64)[:, None] == xp.arange(n_classes, device=t.device)[None, :]
    return xp.astype(rows, y.dtype)
