"""Framing: how a picture of any size becomes an image of the size that is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, PictureError

Frame = Literal["ink", "whole"]
LARGEST_FRAMED_PX = 64  # side of pictures that are taken for framed already, where all are of one size
SEEN_PICTURES = 200  # that are enough to know whether ink is dark or light
SURE_SHARE = 0.9  # of these; so many of one kind show that all are of it
TAKE_OUT = "take it out of the folder, or put a sound one in its place"


@dataclass(frozen=True)
class Framing:
    """What is done to pictures.

    side_px        of the images that come of them
    frame          "ink": cut to the ink, which is framed as MNIST's digits are; "whole": scaled with all paper
    light_on_dark  whether ink is light on dark paper; None to look at each picture
    """

    side_px: int
    frame: Frame
    light_on_dark: bool | None

    def told(self) -> tuple[str, ...]:
        """Return what is done, for the user."""
        frame = "cut to the ink and framed as MNIST's digits are" if self.frame == "ink" else "scaled as a whole"
        if self.light_on_dark is None:
            return ("dark on light or light on dark, each picture for itself", frame)
        return ("light on dark" if self.light_on_dark else "dark on light and turned round", frame)

    def image(self, path: Path) -> NDArray:
        """Return the picture in a file as an image, uint8 (side_px, side_px), 0 for paper.

        Raises DataError for a file that is no sound picture, or has no ink to be cut out.
        """
        colours = _colours(path)
        light = self.light_on_dark if self.light_on_dark is not None else _is_light_on_dark(colours)
        try:
            return (
                _by_ink(colours, light, self.side_px) if self.frame == "ink" else _whole(colours, light, self.side_px)
            )
        except PictureError:
            raise DataError(
                f"no ink is seen in {path}: {TAKE_OUT}; `frame` can be whole, which takes empty ones too",
                setting="frame",
            ) from None


def framing_of(paths: Sequence[Path], side_px: int, frame: Frame | None) -> tuple[Framing, str]:
    """Return what is to be done to pictures, and what sizes they are of, in words.

    Raises DataError for a file that is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    sizes = []
    for path in paths:
        try:
            with Image.open(path) as picture:
                sizes.append(picture.size)
        except (UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
            raise DataError(f"{path} is no sound picture: {TAKE_OUT}") from error
    (low_width, low_height), (width, height) = np.min(sizes, axis=0), np.max(sizes, axis=0)
    are_alike = (low_width, low_height) == (width, height)
    if frame is None:
        frame = "whole" if are_alike and max(width, height) <= LARGEST_FRAMED_PX else "ink"
    some = paths[:: -(-len(paths) // SEEN_PICTURES)]
    light = float(np.mean([_is_light_on_dark(_colours(path)) for path in some]))
    is_sure = max(light, 1 - light) >= SURE_SHARE
    told = f"{height} × {width} pixels"
    if not are_alike:
        told = f"{low_height} to {height} pixels high, {low_width} to {width} wide"
    return Framing(side_px, frame, light > 0.5 if is_sure else None), told


def scaled(images: NDArray, side_px: int) -> NDArray:
    """Return images (N, height, width, channels), uint8 or floats, in another size, as bytes; their aspect is kept."""
    found = np.zeros((len(images), side_px, side_px, images.shape[3]), np.uint8)
    for k, image in enumerate(images):
        values = image if image.dtype == np.uint8 else np.rint(image * 255).astype(np.uint8)
        for channel in range(values.shape[2]):
            found[k, :, :, channel] = _fitted(values[..., channel], side_px)
    return found


def _colours(path: Path) -> NDArray:
    from inkgrad.pictures.source import open_picture

    try:
        return open_picture(path)
    except PictureError as error:
        raise DataError(f"{error}: {TAKE_OUT}") from None


def _is_light_on_dark(colours: NDArray) -> bool:
    from inkgrad.pictures.paper import lightness_skew

    return lightness_skew(colours) > 0


def _whole(colours: NDArray, light_on_dark: bool, side_px: int) -> NDArray:
    grey = np.rint(colours.mean(axis=2)).astype(np.uint8)
    return _fitted(grey if light_on_dark else 255 - grey, side_px)


def _fitted(image: NDArray, side_px: int) -> NDArray:
    """Return an image, uint8 (height, width), scaled into the middle of a square with paper around it."""
    from PIL import Image

    height, width = image.shape
    if (height, width) == (side_px, side_px):
        return image
    scale = side_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(image).resize(size, filter_))
    found = np.zeros((side_px, side_px), np.uint8)
    top, left = (side_px - size[1]) // 2, (side_px - size[0]) // 2
    found[top : top + size[1], left : left + size[0]] = small
    return found


def _by_ink(colours: NDArray, light_on_dark: bool, side_px: int) -> NDArray:
    """Return what is written in a picture, in the form of MNIST's digits; PictureError where nothing is."""
    from inkgrad.pictures import at_working_size, find_pieces, ink_on_paper, mnist_form, thresholds
    from inkgrad.pictures.pieces import Piece, cut_out, thickness

    ink = ink_on_paper(at_working_size(colours)[0], light_on_dark)
    strokes = ink > thresholds(ink)
    if not strokes.any():
        raise PictureError("there is no ink")
    pieces = find_pieces(strokes, thickness(Piece(0, 0, strokes)))  # without specks
    if pieces:
        strokes = np.zeros_like(strokes)
        for piece in pieces:
            strokes[piece.top : piece.bottom, piece.left : piece.right] |= piece.mask
    return mnist_form(cut_out(Piece(0, 0, strokes), ink)[0], side_px=side_px)
