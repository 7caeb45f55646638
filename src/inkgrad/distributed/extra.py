"""The extra that work on many machines needs."""

from __future__ import annotations

from inkgrad.errors import SettingError


class MissingExtra(SettingError, ImportError):
    """Ray is not installed."""


try:
    import ray
except ModuleNotFoundError:
    raise MissingExtra(
        "work on several workers needs Ray, which is not installed: pip install 'inkgrad[ray]'"
    ) from None

__all__ = ["MissingExtra", "ray"]
