"""LabelledImages: images and their labels as files have them, before classes are named and numbered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError

LIGHT_PAPER = 0.75  # of the full value; the paper of images that are to be turned round is lighter
ALIKE = 0.9  # of all images; so many must be of one kind to be taken for all
SEEN_IMAGES = 1_000  # that are enough to know what the others are like


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images (N, height, width, channels), uint8 in 0..255 or floats in [0, 1], and the label of each as it stands.

    labels   (N,)  whole numbers, or texts
    classes  their names where the format knows them, in the order of the numbers; None where it does not
    notes    what was made of the images, for the user
    """

    x: NDArray
    labels: NDArray
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FoundData:
    """What a folder or a file holds: examples to train on, and perhaps others to test on.

    unit    what one example is there, and what holds a class: "rows" in "classes", "pictures" in "folders"
    """

    train: LabelledImages
    test: LabelledImages | None = None
    unit: tuple[str, str] = ("images", "classes")


def as_images(x: NDArray, name: str) -> NDArray:
    """Return images (N, height, width, channels), for those without a channel, or of pixels in a row (N, pixels).

    Raises DataError, with the `name` of what holds them, for other shapes, types and ranges.
    """
    if x.dtype.kind not in "fuib":
        raise DataError(f"{name} should hold images of numbers, got {x.dtype}")
    if x.ndim == 2:
        x = x.reshape(len(x), *image_shape(x.shape[1], name))
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or not all(x.shape[1:]) or x.shape[3] not in (1, 3):
        raise DataError(
            f"{name} should hold images (N, height, width), (N, height, width, 3) or (N, pixels), got shape {x.shape}"
        )
    return x if x.dtype == np.uint8 else _in_range(x, name)


def image_shape(n_pixels: int, name: str) -> tuple[int, int, int]:
    """Return the (height, width, channels) of a square image of so many numbers, grey or of three colours."""
    for n_channels in 1, 3:
        side = round((n_pixels / n_channels) ** 0.5)
        if side and side * side * n_channels == n_pixels:
            return side, side, n_channels
    raise DataError(
        f"{name} has {n_pixels} pixels an image, which make no square, as 784 make 28 × 28 and 1024 make 32 × 32"
    )


def _in_range(x: NDArray, name: str) -> NDArray:
    """Return images as bytes where they are whole numbers from 0 to 255, or as floats in [0, 1]."""
    if len(x) == 0:
        return x.astype(np.uint8)
    finite = np.isfinite(x)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise DataError(f"{name}: pixels are finite numbers, got {x[where]} in image {where[0]}")
    low, high = float(x.min()), float(x.max())
    if low < 0 or high > 255:
        raise DataError(
            f"{name}: pixels are from 0, paper, to 255, or from 0 to 1, got {low:.6g} to {high:.6g}: scale them first"
        )
    if high <= 1:
        return x.astype(np.float32)
    is_whole = x.dtype.kind in "ui" or bool((x == np.rint(x)).all())
    return x.astype(np.uint8) if is_whole else (x / 255).astype(np.float32)


def has_light_paper(x: NDArray) -> bool:
    """Whether nearly all images (N, height, width, channels) have a light edge: dark ink on white paper."""
    some = x[:: -(-len(x) // SEEN_IMAGES)]
    edge = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    lightness = np.median(edge, axis=(1, 2)) / (255 if x.dtype == np.uint8 else 1)
    return bool((lightness > LIGHT_PAPER).mean() >= ALIKE)


def turned_round(x: NDArray) -> NDArray:
    """Return images with paper and ink changed for each other."""
    return (255 if x.dtype == np.uint8 else np.float32(1)) - x
