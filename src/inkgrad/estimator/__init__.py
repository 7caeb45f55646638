"""Estimators: our networks as scikit-learn's users know them."""

from inkgrad.errors import MissingExtra
from inkgrad.extras import extra

with extra("sklearn", "inkgrad.estimator needs"):
    from inkgrad.estimator.classifier import NetworkClassifier
    from inkgrad.estimator.reader import DigitReaderTransformer
    from inkgrad.estimator.regressor import NetworkRegressor

__all__ = ["DigitReaderTransformer", "MissingExtra", "NetworkClassifier", "NetworkRegressor"]
