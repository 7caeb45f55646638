"""Rows: the examples of an estimator as scikit-learn's users bring them, dense or sparse, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_array

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.errors import DataError, ShapeError
from inkgrad.layers import Layer
from inkgrad.layout import Named
from inkgrad.training import outputs_at

Batch = tuple[NDArray, NDArray, NDArray | None]  # x, t, weights


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows x (N, n_features), dense or sparse (CSR), targets t (N,) or (N, K), weights (N,) or None."""

    x: Any
    t: NDArray
    weights: NDArray | None
    input_shape: tuple[int, ...]

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def weight(self) -> float:
        """The sum of all weights; the number of examples where there are none."""
        return float(len(self)) if self.weights is None else float(self.weights.sum())

    def take(self, chosen: NDArray) -> Rows:
        """Return the rows with these numbers."""
        x = self.x.take(chosen, axis=0) if isinstance(self.x, np.ndarray) else self.x[chosen]
        weights = None if self.weights is None else self.weights[chosen]
        return Rows(x, self.t[chosen], weights, self.input_shape)

    def counted(self) -> Rows:
        """Return the rows whose weight is not 0."""
        return self if self.weights is None or self.weights.all() else self.take(np.flatnonzero(self.weights))

    def split(self, fraction: float, seed: int) -> tuple[Rows, Rows]:
        """Return those to train on and those held out, a `fraction`; of each class, where t are class numbers.

        Raises DataError when there are too few for that.
        """
        classes = self.t if self.t.ndim == 1 else None
        try:
            train, held = train_test_split(
                np.arange(len(self)), test_size=fraction, random_state=seed, stratify=classes
            )
        except ValueError as error:
            raise DataError(f"early_stopping cannot hold out examples for validation: {error}") from None
        if len(held) < 2:  # of fewer no score can be made
            raise DataError(
                f"early_stopping holds out {fraction:g} of {len(self)} examples, which are {len(held)}: "
                "make validation_fraction larger, for at least 2"
            )
        return self.take(train), self.take(held)

    def inputs(self, dtype: type | None) -> NDArray:
        """Return the inputs (N, ...) as the network takes them, as `dtype`, or with None as they are."""
        x = dense(self.x).reshape(-1, *self.input_shape)
        return x if dtype is None else as_inputs(x, dtype)

    def batch(self, dtype: type | None) -> Batch:
        """Return all of them as one batch."""
        return self.inputs(dtype), self.t, self.weights

    def batches(self, size: int, order: NDArray, dtype: type | None) -> Iterator[Batch]:
        """Yield batches of at most `size`, the examples in this order."""
        for start in range(0, len(order), size):
            yield self.take(order[start : start + size]).batch(dtype)


def dense(x: Any) -> NDArray:
    """Return rows as an array, whether they are sparse or not."""
    return x if isinstance(x, np.ndarray) else x.toarray()


def outputs_of(network: Layer, p: Named, x: Any, input_shape: tuple[int, ...], theta: NDArray) -> NDArray:
    """Return the outputs (N, K) for rows x (N, n_features), sparse ones a thousand at a time."""
    size = len(x) if isinstance(x, np.ndarray) else 1000
    parts = [dense(x[i : i + size]).reshape(-1, *input_shape) for i in range(0, x.shape[0], size)]
    return np.concatenate([outputs_at(p, network, part, theta) for part in parts])


def types_of(input_shape: tuple[int, ...] | None) -> list[Any]:
    """Return the types in which X is taken as it is, bytes for images; others become the first."""
    is_image = input_shape is not None and len(input_shape) == 3
    return [np.float64, np.float32, *([np.uint8] if is_image else [])]


def weights_of(sample_weight: Any, n_examples: int) -> NDArray:
    """Return the checked weights of examples, (n_examples,); a single number is the weight of each.

    Raises ShapeError where there is not one for each, DataError for those that make no sense.
    """
    given = np.full(n_examples, sample_weight) if isinstance(sample_weight, Real) else sample_weight
    weights: NDArray = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.shape != (n_examples,):
        raise ShapeError(f"sample_weight should be ({n_examples},), one for each example, got {weights.shape}")
    if not (weights >= 0).all() or not weights.any():
        raise DataError("sample_weight should be numbers of 0 or more, and at least one of them not zero")
    return weights


def refuse_holes(y: Any) -> None:
    """Raise DataError for a pandas object with missing values, of which NA fails in scikit-learn's own check."""
    if hasattr(y, "isna") and (n_missing := int(np.sum(y.isna()))):
        raise DataError(f"y has missing values, {n_missing} of {len(y)}: leave out the examples that have none")


def refuse_more_axes(owner: str, X: Any) -> None:
    """Raise ShapeError for X of more than two axes."""
    shape = getattr(X, "shape", ())
    if len(shape) > 2:
        raise ShapeError(
            f"{owner} takes X of shape (n_examples, n_features), got {tuple(shape)}: give it "
            "X.reshape(len(X), -1), and for images a network of your own with input_shape=(height, width, channels)"
        )


def refuse_bad_pixels(input_shape: tuple[int, ...], x: Any) -> None:
    """Raise DataError for images whose pixels are neither bytes nor in [0, 1]."""
    if len(input_shape) == 3 and x.dtype != np.uint8 and (x.min() < 0 or x.max() > 1):
        raise DataError(
            f"with images as input_shape X holds pixels: uint8, or floats from 0 for paper to 1 for ink; "
            f"got {x.dtype} from {x.min():.6g} to {x.max():.6g}"
        )
