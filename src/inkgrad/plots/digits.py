"""Digit sheets: many small images with a word under each."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from inkgrad.arrays import Array


def digit_sheet(images: Array, captions: Sequence[str], title: str, columns: int = 12) -> Any:
    """Return a Figure of images (n, height, width), 0 paper, each with its caption below."""
    from matplotlib.figure import Figure

    columns = max(1, min(columns, len(images)))
    rows = max(1, ceil(len(images) / columns))
    figure = Figure(figsize=(max(columns * 0.8, 4.8), rows + 0.5), layout="constrained")
    figure.suptitle(title)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, image, caption in zip(figure.axes, images, captions, strict=False):
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        axes.text(0.5, -0.04, caption, transform=axes.transAxes, ha="center", va="top", fontsize=8, parse_math=False)
    return figure
