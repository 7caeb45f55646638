"""Opening a picture file as lightness."""

from __future__ import annotations

import os
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inkgrad.arrays import Array
from inkgrad.errors import PictureError

MAX_PIXELS = 80_000_000  # a larger picture would fill the memory
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")  # others would run code we know little of


def open_picture(path: str | os.PathLike[str]) -> Array:
    """Return the lightness of a picture, float32 (height, width) in [0, 1], 0 black and 1 white.

    Any mode of the formats PNG, JPEG, WebP, TIFF, BMP, GIF and PPM.  Transparent parts count as
    white, or as black if nothing would be seen on white; a camera's note of how it was held (EXIF
    orientation) is obeyed.

    Raises PictureError, naming the file, when it is not a picture, damaged, or too large; OSError
    when it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            picture = _decoded(file)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise PictureError(f"{path} has more than {MAX_PIXELS:,} pixels: make it smaller") from None
        except UnidentifiedImageError:
            raise PictureError(
                f"{path} is no picture of a known format, or a damaged one: {', '.join(FORMATS)}"
            ) from None
        except Exception as error:  # decoders raise many things at damaged files, and all mean this
            raise PictureError(f"{path} is a damaged or impossible picture ({error})") from error
    if picture.mode.startswith("I;16"):
        return np.asarray(picture, np.float32) / 65535
    if picture.mode in ("I", "F"):
        return _stretched(np.asarray(picture, np.float32), str(path))
    lightness = _on(picture, "white")
    if np.ptp(lightness) == 0:  # white strokes on nothing
        lightness = _on(picture, "black")
    return lightness


def _decoded(file: BinaryIO) -> Image.Image:
    picture: Image.Image = Image.open(file, formats=FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    picture = ImageOps.exif_transpose(picture)
    picture.load()
    return picture


def _on(picture: Image.Image, paper: str) -> Array:
    """Return the lightness of a picture whose transparent parts show `paper`."""
    whole = Image.alpha_composite(Image.new("RGBA", picture.size, paper), picture.convert("RGBA"))
    return np.asarray(whole.convert("L"), np.float32) / 255


def _stretched(values: Array, name: str) -> Array:
    """Return values of unknown range, as in 32-bit pictures, stretched to [0, 1]."""
    if not np.isfinite(values).all():
        raise PictureError(f"{name} holds NaN or infinity")
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
