"""The extra that estimators need."""

from __future__ import annotations

from inkgrad.errors import SettingError


class MissingExtra(SettingError, ImportError):
    """scikit-learn is not installed."""


try:
    import sklearn
except ModuleNotFoundError:
    raise MissingExtra(
        "inkgrad.estimator needs scikit-learn, which is not installed: pip install 'inkgrad[sklearn]'"
    ) from None

__all__ = ["MissingExtra", "sklearn"]
