"""Rows: the examples of an estimator, dense or sparse, with targets and weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import as_inputs
from inkgrad.layers import Layer
from inkgrad.layout import Named
from inkgrad.training import outputs_at

Batch = tuple[Array, Array, Array | None]  # x, t, weights

SPARSE_CHUNK = 1000  # sparse rows that are made dense at a time


def dense(x: Any) -> Array:
    """Return rows as an array, whether they are sparse or not."""
    return x if isinstance(x, np.ndarray) else x.toarray()


def outputs_of(network: Layer, p: Named, x: Any, input_shape: tuple[int, ...], dtype: type) -> Array:
    """Return the outputs (N, K) for rows x (N, n_features), sparse ones a thousand at a time."""
    size = len(x) if isinstance(x, np.ndarray) else SPARSE_CHUNK
    parts = [dense(x[i : i + size]).reshape(-1, *input_shape) for i in range(0, x.shape[0], size)]
    return np.concatenate([outputs_at(p, network, part, dtype) for part in parts])


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows x (N, n_features), dense or sparse (CSR), targets t (N,) or (N, K), weights (N,) or None."""

    x: Any
    t: Array
    weights: Array | None
    input_shape: tuple[int, ...]

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def weight(self) -> float:
        """The sum of all weights; the number of examples where there are none."""
        return float(len(self)) if self.weights is None else float(self.weights.sum())

    def take(self, chosen: Array) -> Rows:
        """Return the rows with these numbers."""
        x = self.x.take(chosen, axis=0) if isinstance(self.x, np.ndarray) else self.x[chosen]
        weights = None if self.weights is None else self.weights[chosen]
        return Rows(x, self.t[chosen], weights, self.input_shape)

    def counted(self) -> Rows:
        """Return the rows whose weight is not 0."""
        return self if self.weights is None or self.weights.all() else self.take(np.flatnonzero(self.weights))

    def inputs(self, dtype: type | None) -> Array:
        """Return the inputs (N, ...) as the network takes them, as `dtype`, or with None as they are."""
        x = dense(self.x).reshape(-1, *self.input_shape)
        return x if dtype is None else as_inputs(x, dtype)

    def batch(self, dtype: type | None) -> Batch:
        """Return all of them as one batch."""
        return self.inputs(dtype), self.t, self.weights

    def batches(self, size: int, order: Array, dtype: type | None) -> Iterator[Batch]:
        """Yield batches of at most `size`, the examples in this order."""
        for start in range(0, len(order), size):
            yield self.take(order[start : start + size]).batch(dtype)
