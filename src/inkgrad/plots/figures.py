"""Figures: those of what can draw itself, and all of them into files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inkgrad.check import Report
from inkgrad.errors import SettingError
from inkgrad.files import replacing
from inkgrad.plots.style import STYLE

UNDATED_METADATA = {  # a date would change the file each time
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def gradient_check(report: Report) -> Any:
    """Return a Figure with a heat map for each array of a gradient check's report.

    Each entry's error is in units of its error bar: blue is inside the bar, red outside.  Of arrays that were
    judged along directions the error is drawn beside the smallest that would have been seen.
    """
    return report.figure()


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a Figure as PNG, SVG or PDF, whichever the name ends in.

    Raises SettingError for another ending, OSError when the file cannot be written.
    """
    kind = kind_of(path)
    with replacing(path) as file:
        figure.savefig(file, format=kind, dpi=STYLE.dots_per_inch, metadata=UNDATED_METADATA[kind])


def kind_of(path: str | os.PathLike[str]) -> str:
    """Return "png", "svg" or "pdf", as the name ends; SettingError for another ending."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in UNDATED_METADATA:
        raise SettingError(f"a picture's name ends in .png, .svg or .pdf, got {Path(path).name}")
    return kind


def save_png(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a Figure as a PNG picture; OSError when the file cannot be written."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=STYLE.dots_per_inch)


def save_gif(pictures: Sequence[Path], path: str | os.PathLike[str], seconds: float = 0.2) -> None:
    """Write PNG pictures as one moving picture, `seconds` each; the last one stays five times as long."""
    from PIL import Image

    frames = [Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE) for picture in pictures]
    durations = [int(1000 * seconds)] * (len(frames) - 1) + [int(5000 * seconds)]
    with replacing(path) as file:
        frames[0].save(file, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
