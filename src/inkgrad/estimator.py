"""Estimator: the names of inkgrad.interop.sklearn under the path that they had first."""

from inkgrad.errors import MissingExtra
from inkgrad.interop.sklearn import DigitReaderTransformer, NetworkClassifier, NetworkRegressor

__all__ = ["DigitReaderTransformer", "MissingExtra", "NetworkClassifier", "NetworkRegressor"]
