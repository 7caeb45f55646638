"""Opening a picture: a file, its bytes, a Pillow image or an array, as colours."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import IO, cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inkgrad.arrays import NDArray
from inkgrad.errors import PictureError

MAX_PIXELS = 80_000_000  # a larger picture would fill the memory
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")  # others would run code we know little of

Source = str | os.PathLike[str] | bytes | IO[bytes] | Image.Image | NDArray
"""A picture as it may come: a path, the bytes of a file, an open file, a Pillow image, or an array."""


def open_picture(source: Source, name: str | None = None, most_pixels: int = MAX_PIXELS) -> NDArray:
    """Return the colours of a picture, uint8 (height, width, 3), or (height, width, 1) where all is grey.

    `source` is a path, the bytes of a file, an open one, a Pillow image, or an array: (height, width) or
    (height, width, channels) with 1, 3 or 4 channels, uint8 in 0..255, bool, uint16, or floats
    in [0, 1], 0 for black.  `name` is what errors call it.
    A file of more than `most_pixels` is refused before it is unpacked.

    Any mode of the formats PNG, JPEG, WebP, TIFF, BMP, GIF and PPM will do; of several pictures
    in a file the first is taken.  Transparent parts count as white, or as black if nothing would
    be seen on white; a camera's note of how it was held (EXIF orientation) is obeyed; 16 bits become 8.

    Raises PictureError, by name, for another thing than a picture, and for one that is damaged or too large;
    OSError when a file cannot be read.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "the array")
    if isinstance(source, Image.Image):
        name = name or "the picture"
        _refuse_too_large(source.width, source.height, name)
        return _colours(_upright(source), name)
    if isinstance(source, io.IOBase):
        return _colours(_decoded(cast(IO[bytes], source), name or "the picture", most_pixels), name or "the picture")
    if not isinstance(source, bytes | str | os.PathLike):
        raise PictureError(
            f"{name or 'a picture'} should be a path, bytes, a Pillow image or an array, got {type(source).__name__}"
        )
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    if isinstance(source, bytes):
        return _colours(_decoded(io.BytesIO(source), name, most_pixels), name)
    if "\0" in name:
        raise PictureError(f"a file's name cannot be {name!r}")
    with open(Path(source), "rb") as file:
        return _colours(_decoded(file, name, most_pixels), name)


def _upright(picture: Image.Image) -> Image.Image:
    """Return a picture as the camera was held."""
    return ImageOps.exif_transpose(picture) if picture.width and picture.height else picture


def _decoded(file: IO[bytes], name: str, most: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged notes beside the picture, which we do not read
            picture: Image.Image = Image.open(file, formats=FORMATS)
            _refuse_too_large(picture.width, picture.height, name, most)
            picture.load()
            return _upright(picture)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(_too_large(name, most)) from None
    except UnidentifiedImageError:
        raise PictureError(f"{name} must be an undamaged picture file ({', '.join(FORMATS)})") from None
    except Exception as error:  # decoders raise many things at damaged files, and all mean this
        raise PictureError(f"{name} is a damaged or impossible picture ({error})") from error


def _too_large(name: str, most: int) -> str:
    return f"{name} has more than {most:,} pixels: make it smaller"


def _refuse_too_large(width: int, height: int, name: str, most: int = MAX_PIXELS) -> None:
    if width * height > most:
        raise PictureError(_too_large(name, most))


def _colours(picture: Image.Image, name: str) -> NDArray:
    _refuse_too_large(picture.width, picture.height, name)
    if not picture.width or not picture.height:
        return np.zeros((picture.height, picture.width, 1), np.uint8)
    if picture.mode.startswith("I;16"):
        return _from_array(np.asarray(picture, np.uint16), name)
    if picture.mode in ("I", "F"):
        return _from_array(_stretched(np.asarray(picture, np.float64), name), name)
    if picture.has_transparency_data:
        return _on_paper(_converted(picture, "RGBA", name))
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))[..., np.newaxis]
    return np.asarray(_converted(picture, "RGB", name))


def _converted(picture: Image.Image, mode: str, name: str) -> Image.Image:
    try:
        return picture.convert(mode)
    except ValueError as error:
        raise PictureError(f"{name} is of the mode {picture.mode}, which cannot be read: save it as RGB") from error


def _on_paper(picture: Image.Image) -> NDArray:
    """Return the colours of a picture with transparent parts."""
    for paper in "white", "black":  # there are white strokes on nothing, too
        whole = Image.alpha_composite(Image.new("RGBA", picture.size, paper), picture).convert("RGB")
        colours = np.asarray(whole)
        if np.ptp(colours) > 0:
            break
    return colours


def _from_array(array: NDArray, name: str) -> NDArray:
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise PictureError(
            f"{name} should be (height, width) or (height, width, channels) with 1, 3 or 4 channels, got {array.shape}"
        )
    _refuse_too_large(array.shape[1], array.shape[0], name)
    colours = _as_bytes(array, name)
    return _on_paper(Image.fromarray(colours)) if colours.shape[2] == 4 and colours.size else colours


def _as_bytes(array: NDArray, name: str) -> NDArray:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # of either order of bytes
        return (array >> 8).astype(np.uint8)
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind != "f" or (array.size and not (array.min() >= 0 and array.max() <= 1)):  # NaN fails too
        raise PictureError(f"{name} should hold uint8, uint16, bool, or floats in [0, 1], got {_described(array)}")
    return np.rint(array * 255).astype(np.uint8)


def _described(array: NDArray) -> str:
    if array.dtype.kind != "f":
        return str(array.dtype)
    return "NaN" if np.isnan(array).any() else f"floats from {array.min():.6g} to {array.max():.6g}"


def _stretched(values: NDArray, name: str) -> NDArray:
    """Return values of unknown range, as in 32-bit pictures, stretched to [0, 1]."""
    if not np.isfinite(values).all():
        raise PictureError(f"{name} holds NaN or infinity")
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
