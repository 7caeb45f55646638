"""Figures into files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inkgrad.files import replacing

DPI = 120


def save_png(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a Figure as a PNG picture; OSError when the file cannot be written."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=DPI)


def save_gif(pictures: Sequence[Path], path: str | os.PathLike[str], seconds: float = 0.2) -> None:
    """Write PNG pictures as one moving picture, `seconds` each; the last one stays five times as long."""
    from PIL import Image

    frames = [Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE) for picture in pictures]
    durations = [int(1000 * seconds)] * (len(frames) - 1) + [int(5000 * seconds)]
    with replacing(path) as file:
        frames[0].save(file, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
