"""Extras: what is installed only for some parts of the library, `pip install 'inkgrad[NAME]'`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inkgrad.errors import MissingExtra

KNOWN_AS = {
    "optuna": "Optuna",
    "pillow_heif": "pillow-heif",
    "ray": "Ray",
    "sklearn": "scikit-learn",
}  # packages by the names under which users know them


@contextmanager
def extra(name: str, part_needs: str) -> Iterator[None]:
    """Say in one line what to install, the extra `name`, where an import in the block does not find its package.

    >>> with extra("onnx", "ONNX files need"):
    ...     import no_such
    Traceback (most recent call last):
    inkgrad.errors.MissingExtra: ONNX files need no_such, which is not installed: pip install 'inkgrad[onnx]'

    Raises MissingExtra, which is a SettingError and an ImportError.  A module of inkgrad itself that is not
    found is our mistake, and stays a ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "inkgrad":
            raise
        needed = KNOWN_AS.get(package, package)
        raise MissingExtra(f"{part_needs} {needed}, which is not installed: pip install 'inkgrad[{name}]'") from None
