"""Examples as scikit-learn's users bring them: checked, and made rows that a network takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from inkgrad.arrays import Array
from inkgrad.errors import DataError, ShapeError
from inkgrad.interop.sklearn.arguments import Arguments
from inkgrad.interop.sklearn.example_rows import Rows
from inkgrad.interop.sklearn.rules import refuse_bad_settings

FLOATS = [np.float64, np.float32]
IMAGE_AXES = 3  # height, width, channels
ROW_AXES = 2  # examples, features


def weights_of(sample_weight: Any, n_examples: int) -> Array:
    """Return the checked weights of examples, (n_examples,); a single number is the weight of each.

    Raises ShapeError where there is not one for each, DataError for those that make no sense.
    """
    given = np.full(n_examples, sample_weight) if isinstance(sample_weight, Real) else sample_weight
    weights: Array = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.shape != (n_examples,):
        raise ShapeError(f"sample_weight should be ({n_examples},), one for each example, got {weights.shape}")
    if not (weights >= 0).all() or not weights.any():
        raise DataError("sample_weight should be numbers of 0 or more, and at least one of them not zero")
    return weights


def refuse_holes(y: Any) -> None:
    """Raise DataError for a pandas object with missing values, of which NA fails in scikit-learn's own check."""
    if hasattr(y, "isna") and (n_missing := int(np.sum(y.isna()))):
        raise DataError(f"y has missing values, {n_missing} of {len(y)}: leave out the examples that have none")


class ExamplesTaker(Arguments, ABC):
    """Checks what it is given, as scikit-learn's checks want it."""

    n_features_in_: int

    @abstractmethod
    def _targets(self, y: Array, goes_on: bool, classes: Any) -> Array:
        """Return class numbers (N,) or rows of targets (N, K); unless it goes on, learn from y what they mean.

        `classes` are all there will be, where that is known, else None.
        """

    def _rows(self, X: Any, y: Any, sample_weight: Any, goes_on: bool, classes: Any = None) -> Rows:
        """Return checked examples."""
        refuse_bad_settings(type(self).__name__, self.get_params(deep=False))
        self._refuse_more_axes(X)
        refuse_holes(y)
        x, y = validate_data(
            self, X, y, reset=not goes_on, accept_sparse="csr", dtype=self._types(), multi_output=True,
            y_numeric=is_regressor(self),
        )  # fmt: skip
        if issparse(y):
            y = y.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._refuse_bad_pixels(x)
        t = self._targets(y, goes_on, classes)
        weights = None
        if sample_weight is not None:
            weights = weights_of(sample_weight, len(t))
        return Rows(x, t, weights, self._shape()).counted()

    def _types(self) -> list[Any]:
        """Return the types in which X is taken as it is; others become the first."""
        is_image = self.input_shape is not None and len(self.input_shape) == IMAGE_AXES
        return [*FLOATS, np.uint8] if is_image else FLOATS

    def _shape(self) -> tuple[int, ...]:
        """Return the shape of one input as the network sees it."""
        if self.input_shape is None:
            return (self.n_features_in_,)
        shape = tuple(int(n) for n in self.input_shape)
        if np.prod(shape) != self.n_features_in_:
            raise ShapeError(
                f"{type(self).__name__} has input_shape={shape}, {np.prod(shape)} numbers, "
                f"but X has {self.n_features_in_} features"
            )
        return shape

    def _refuse_more_axes(self, X: Any) -> None:
        shape = getattr(X, "shape", ())
        if len(shape) > ROW_AXES:
            raise ShapeError(
                f"{type(self).__name__} takes X of shape (n_examples, n_features), got {tuple(shape)}: give it "
                "X.reshape(len(X), -1), and for images a network of your own with input_shape=(height, width, channels)"
            )

    def _refuse_bad_pixels(self, x: Any) -> None:
        if len(self._shape()) == IMAGE_AXES and x.dtype != np.uint8 and (x.min() < 0 or x.max() > 1):
            raise DataError(
                f"with images as input_shape X holds pixels: uint8, or floats from 0 for paper to 1 for ink; "
                f"got {x.dtype} from {x.min():.6g} to {x.max():.6g}"
            )

    def _inputs(self, X: Any) -> Any:
        """Return checked inputs of a fitted estimator."""
        self._refuse_more_axes(X)
        x = validate_data(self, X, reset=False, accept_sparse="csr", dtype=self._types())
        self._refuse_bad_pixels(x)
        return x

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
