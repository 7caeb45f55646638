"""Gradient check: where backward and differences disagree."""

from __future__ import annotations

from typing import Any, Protocol


class Drawn(Protocol):
    """A report that can draw itself, as `inkgrad.check.Report` does."""

    def figure(self) -> Any:
        """Return a Figure."""


def gradient_check(report: Drawn) -> Any:
    """Return a Figure with a heat map for each array of a gradient check's report.

    Each entry's error is in units of its error bar: blue is inside the bar, red outside.
    """
    return report.figure()
