"""Misread: the examples that a network got wrong, and other sheets of many small images."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import ShapeError
from inkgrad.plots.style import STYLE, shortened


def digit_sheet(images: NDArray, captions: Sequence[str], title: str, columns: int = 12) -> Any:
    """Return a Figure of images (n, height, width), 0 paper, each with its caption below.

    There are at most so many columns, and fewer where captions are long.
    """
    from matplotlib.figure import Figure

    lines = [line for caption in captions for line in caption.split("\n")]
    width = max(0.8, STYLE.caption_letter * max(map(len, lines), default=0) + 0.1)  # inches
    columns = max(1, min(columns, len(images), int(columns * 0.8 / width)))
    rows = max(1, ceil(len(images) / columns))
    n_lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    size = max(columns * width, 4.8), rows * (0.7 + 0.15 * n_lines) + 0.5
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, image, caption in zip(figure.axes, images, captions, strict=False):
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        axes.text(0.5, -0.04, caption, transform=axes.transAxes, ha="center", va="top", fontsize=8, parse_math=False)
    return figure


def misread(
    images: NDArray,
    t: NDArray,
    predicted: NDArray,
    probability: NDArray,
    labels: Sequence[str],
    n_examples: int | None = None,
    most: int = STYLE.most_misread,
) -> Any:
    """Return a Figure of the images that were misread, those first of which the network was surest.

    Shapes    images (N, height, width) or (N, height, width, channels), 0 paper
              t, predicted (N,), class numbers; probability (N,), of what was predicted, in [0, 1]

    `n_examples` is how many there were, for the title, where only some of them are given; `most` is how many are shown.

    Raises ShapeError unless the images are (N, height, width) or have channels, and all are as many.
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ShapeError(f"misread digits are images (N, height, width), got an array of shape {images.shape}")
    if not len(images) == len(t) == len(predicted) == len(probability):
        raise ShapeError(
            f"each image needs a label, a prediction and a probability, got {len(images)} images, {len(t)} labels, "
            f"{len(predicted)} predictions and {len(probability)} probabilities"
        )
    wrong = np.flatnonzero(predicted != t)
    shown = wrong[np.argsort(-probability[wrong], kind="stable")[:most]]
    names = shortened(labels)
    apart = " " if max(map(len, names)) <= 3 else "\n"
    captions = [f"{names[t[i]]}{apart}read as {names[predicted[i]]}\n{probability[i]:.1%} sure" for i in shown]
    what = "digits" if all(map(str.isdecimal, labels)) else "images"
    title = f"{len(wrong)} misread {what} of {n_examples or len(images)}"
    if len(shown) < len(wrong):
        title += f"; the {len(shown)} of which the model was surest"
    some = images[shown]
    return digit_sheet(some.mean(axis=-1) if images.ndim == 4 else some, captions, title, columns=10)
