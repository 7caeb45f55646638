"""The extra `onnx`, asked for only where it is used."""

from __future__ import annotations

from typing import Any

from inkgrad.errors import SettingError


def needed_onnx() -> Any:
    """Return the package onnx.

    Raises SettingError, with what to do, when it is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise SettingError(
            f"ONNX files need {error.name}, which is not installed: pip install 'inkgrad[onnx]'"
        ) from None
    return onnx


def has_onnx() -> bool:
    """Return whether the package onnx is installed, without importing it."""
    from importlib.util import find_spec

    return find_spec("onnx") is not None
