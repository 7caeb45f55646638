"""DigitReaderTransformer: pictures in, what they say out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, PictureError, SettingError
from inkgrad.interop.sklearn.argument_rules import Rule, is_whole, one_of
from inkgrad.models import Model
from inkgrad.reader import THRESHOLD, Reader, Reading
from inkgrad.saving import quoted

READER_RULES: dict[str, Rule] = {  # of the pattern and the size of the threshold Reader has more to say
    "model": (lambda value: isinstance(value, Model | None), "a Model, such as inkgrad.load(path), or None"),
    "threshold": (lambda value: isinstance(value, Real), "a probability from 0 to 1"),
    "expect": (lambda value: isinstance(value, str | None), r"a pattern, such as '\d{5}', or None"),
    "marks": (lambda value: isinstance(value, bool), "True or False"),
    "output": one_of("text", "lines", "reading"),
    "on_error": one_of("raise", "empty"),
    "n_jobs": (lambda value: value in (None, -1) or is_whole(value), "None, -1 or a whole number of 1 or more"),
}


class DigitReaderTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Reads the digits and marks in pictures, as a step of a Pipeline.  There is nothing to fit.

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> numbers = make_pipeline(DigitReaderTransformer(expect=r"\d{5}"), FunctionTransformer(lambda t: t.astype(int)))
    >>> numbers.fit_transform(["1.jpg", "2.jpg"])  # doctest: +SKIP
    array([79018, 84282])

    model      a Model of digits; the one for real pictures that comes with inkgrad, unless told otherwise
    threshold  probability in [0, 1]; a digit or mark less probable is "?"
    expect     what is known to be there, such as r"\d{5}" or "4 lines of 9", as for Reader
    marks      False: digits alone, without the marks, spaces and tabs between them, so that 12.50 is 1250
    output     "text": for each picture its lines, joined by newlines; "lines": a list of its lines;
               "reading": a Reading, with its number, and the probability and place of each character
    on_error   "raise": PictureError, or OSError, where a picture cannot be read; "empty": it counts as
               empty, and with output="reading" its `error` says why
    n_jobs     processes; None and 1 are this one alone, -1 as many as there are cores
    """

    def __init__(
        self,
        model: Model | None = None,
        *,
        threshold: float = THRESHOLD,
        expect: str | None = None,
        marks: bool = True,
        output: str = "text",
        on_error: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.threshold = threshold
        self.expect = expect
        self.marks = marks
        self.output = output
        self.on_error = on_error
        self.n_jobs = n_jobs

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Check the settings; nothing is learned.

        Raises SettingError for one that makes no sense.
        """
        self._reader()
        return self

    def transform(self, X: Any) -> NDArray:
        """Return what is read in each picture of X, (n_pictures,), an array of objects.

        X is a list or a Series of paths, bytes of files, Pillow images or arrays; or a DataFrame with one column of
        them, and then the result is a column too, (n_pictures, 1); or one array of pictures,
        (n_pictures, height, width) or (n_pictures, height, width, channels).  Arrays are uint8 or floats in [0, 1],
        0 for black.

        Raises SettingError as fit does, DataError where X is something else, and PictureError and OSError as
        `on_error` says.
        """
        reader, pictures = self._reader(), _pictures(X)
        workers = 1 if self.n_jobs is None else None if self.n_jobs == -1 else self.n_jobs
        found = np.empty(len(pictures), object)
        for i, reading in enumerate(reader.read_many(pictures, workers=workers)):
            if reading.error is not None and self.on_error == "raise":
                reader.read(pictures[i])  # raises what was the matter
                raise PictureError(reading.error)  # the file has changed meanwhile
            found[i] = self._part(reading)
        return found.reshape(-1, 1) if _is_column(X) else found

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return the name of the column that comes out, "digits", whatever the name of the one that goes in."""
        return np.array(["digits"], object)

    def _part(self, reading: Reading) -> Any:
        if self.output == "reading":
            return reading
        return reading.text if self.output == "text" else [line.text for line in reading.lines]

    def _reader(self) -> Reader:
        for name, (suits, words) in READER_RULES.items():
            value = getattr(self, name)
            if not suits(value):
                raise SettingError(f"DigitReaderTransformer takes as {name} {words}, got {quoted(value)}")
        return Reader(self.model, threshold=self.threshold, expect=self.expect, marks=self.marks)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.no_validation = True
        return tags


def _is_numeric(array: NDArray) -> bool:
    """Return whether an array is of numbers, as pictures are."""
    return array.dtype.kind in "biuf"


def _is_column(X: Any) -> bool:
    """Return whether X is a table, and no array of pictures."""
    is_table = hasattr(X, "to_numpy") or (isinstance(X, np.ndarray) and not _is_numeric(X))
    return is_table and X.ndim == 2


def _pictures(X: Any) -> list[Any]:
    """Return the pictures of X, one by one."""
    if isinstance(X, str | bytes | os.PathLike) or not isinstance(X, Iterable) or hasattr(X, "getbands"):
        raise DataError(f"DigitReaderTransformer takes a list of pictures, got {type(X).__name__}: write [picture]")
    if hasattr(X, "to_numpy"):  # a Series or a DataFrame
        X = X.to_numpy()
    if isinstance(X, np.ndarray):
        numeric = _is_numeric(X)
        if numeric and X.ndim not in (3, 4):
            raise DataError(
                f"an array of pictures is (n_pictures, height, width) or with channels, got shape {X.shape}: "
                "put a single picture in a list"
            )
        if not numeric and X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        if not numeric and X.ndim != 1:
            raise DataError(f"DigitReaderTransformer takes one column of pictures, got shape {X.shape}")
    return list(X)
