"""Estimators: our networks as scikit-learn's users know them."""

from inkgrad.extras import extra

with extra("sklearn", "inkgrad.interop.sklearn needs"):
    from inkgrad.interop.sklearn.classifier import NetworkClassifier
    from inkgrad.interop.sklearn.digit_reader import DigitReaderTransformer
    from inkgrad.interop.sklearn.regressor import NetworkRegressor

__all__ = ["DigitReaderTransformer", "NetworkClassifier", "NetworkRegressor"]
