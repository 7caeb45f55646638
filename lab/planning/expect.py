"""What a plan expects of its numbers."""

from __future__ import annotations

from math import isfinite

from inkgrad.errors import SettingError


def refuse_bad_count(name: str, n: int) -> None:
    """Raise SettingError unless n is a whole number, at least 1."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise SettingError(f"{name} is a whole number, at least 1, got {n!r}")


def refuse_negative(name: str, value: float) -> None:
    """Raise SettingError unless the value is a number, at least 0."""
    if not (isfinite(value) and value >= 0):
        raise SettingError(f"{name} is a number, at least 0, got {value!r}")


def refuse_not_positive(name: str, value: float) -> None:
    """Raise SettingError unless the value is a number above 0."""
    if not (isfinite(value) and value > 0):
        raise SettingError(f"{name} is a number above 0, got {value!r}")
