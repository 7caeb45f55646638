"""Estimators: our networks as scikit-learn's users know them."""

from inkgrad.estimator.extra import MissingExtra  # isort: skip  before what needs it
from inkgrad.estimator.classifier import NetworkClassifier
from inkgrad.estimator.reader import DigitReaderTransformer
from inkgrad.estimator.regressor import NetworkRegressor

__all__ = ["DigitReaderTransformer", "MissingExtra", "NetworkClassifier", "NetworkRegressor"]
