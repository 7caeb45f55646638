"""Every error this library raises on purpose.

InkgradError
├── ShapeError         arrays or layers that do not fit together       (also a ValueError)
├── SettingError       a setting that makes no sense                   (also a ValueError)
│   └── MissingExtra   a part whose packages are not installed         (also an ImportError)
├── DataError          examples or labels that are not what they should be (also a ValueError)
├── PictureError       a picture in which no digit can be found        (also a ValueError)
├── ModelFileError     a file that is not a model, or of unknown parts (also a ValueError)
├── Interrupted        a training that was asked to stop
├── Diverged           a cost that is no longer a number               (also an ArithmeticError)
├── CheckError         a gradient that cannot be checked, or be told   (also a ValueError)
└── GradientMismatch   a backward that disagrees with its forward      (also an AssertionError)

A message says whose fault it is, what was expected, what came, and what to do.  It names settings as Python
does, `n_workers=0`; where the caller can choose another, `setting="n_workers"` says so, and a front end
such as the command line puts its own word in the place of `n_workers=`.
"""

from __future__ import annotations

from typing import Any


class InkgradError(Exception):
    """Base of all errors raised by this library; `setting` is the parameter that the message is about, if any."""

    def __init__(self, *message: object, setting: str | None = None) -> None:
        super().__init__(*message)
        self.setting = setting


class ShapeError(InkgradError, ValueError):
    """Arrays or layers that do not fit together."""


class SettingError(InkgradError, ValueError):
    """A setting that makes no sense."""


class MissingExtra(SettingError, ImportError):
    """A part of the library whose packages, an extra, are not installed."""


class DataError(InkgradError, ValueError):
    """Examples or labels that are not what they should be."""


class PictureError(InkgradError, ValueError):
    """A picture in which no digit can be found."""


class ModelFileError(InkgradError, ValueError):
    """A file that is not a model, or that names unknown parts."""


class Interrupted(InkgradError):
    """A training that was asked to stop, and did."""


class Diverged(InkgradError, ArithmeticError):
    """A cost that is no longer a number; `remedy` is what the message says to do, "" where it says so itself."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}: {remedy}" if remedy else message)
        self.remedy = remedy


class CheckError(InkgradError, ValueError):
    """A gradient that cannot be checked, as its function fails or has no input, or of which it cannot be told whether
    it is right."""


class GradientMismatch(InkgradError, AssertionError):
    """A backward that disagrees with its forward; `report` tells all about it."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report
