"""Misread: the examples that a network got wrong, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import ShapeError
from inkgrad.plots.digits import digit_sheet
from inkgrad.plots.style import shortened

MOST_SHOWN = 120


def misread(
    images: Array,
    t: Array,
    predicted: Array,
    probability: Array,
    labels: Sequence[str],
    n_examples: int | None = None,
    most: int = MOST_SHOWN,
) -> Any:
    """Return a Figure of the images that were misread, those first of which the network was surest.

    Shapes    images (N, height, width) or (N, height, width, channels), 0 paper
              t, predicted (N,), class numbers; probability (N,), of what was predicted, in [0, 1]

    `n_examples` is how many there were, for the title, where only some of them are given; `most` is how many are shown.

    Raises ShapeError for arrays that are no images or differ in number.
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
    captions = [f"{names[t[i]]} read as {names[predicted[i]]}\n{probability[i]:.1%} sure" for i in shown]
    title = f"{len(wrong)} misread digits of {n_examples or len(images)}"
    if len(shown) < len(wrong):
        title += f"; the {len(shown)} of which the model was surest"
    some = images[shown]
    return digit_sheet(some.mean(axis=-1) if images.ndim == 4 else some, captions, title, columns=10)
