"""Opening a picture: a file, its bytes, a Pillow image or an array, as colours."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, cast

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from inkgrad.arrays import NDArray
from inkgrad.errors import MissingExtra, PictureError
from inkgrad.pictures.heic import is_heic, open_heic
from inkgrad.pictures.numbered_page import HEAD_BYTES, Page, named_page
from inkgrad.pictures.pdf import PdfSettings, draw_pdf_page, is_pdf, no_such_page

MAX_PIXELS = 80_000_000  # a larger picture would fill the memory
MAX_WEBP_PIXELS = 60_000_000
WEBP_BYTES_PER_PIXEL = 16  # of memory, while a WebP picture is unpacked
BYTES_PER_PIXEL = 12  # of memory at most, while another picture is opened: 4 or 8 unpacked, 3 as colours
STRIP_PIXELS = 500_000  # that are turned into colours together, as this takes many more bytes for a while
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")  # others would run code we know little of
KNOWN_FORMATS = ", ".join((*FORMATS, "PDF", "HEIC"))

Source = str | os.PathLike[str] | bytes | IO[bytes] | Page | Image.Image | NDArray
"""A picture as it may come: a path, the bytes of a file, an open file, a page of one, a Pillow image, or an array."""


def open_picture(source: Source, name: str | None = None, most_pixels: int = MAX_PIXELS) -> NDArray:
    """Return the colours of a picture, uint8 (height, width, 3), or (height, width, 1) where all is grey.

    `source` is a path, the bytes of a file, an open one, a Page of one, a Pillow image, or an array: (height, width)
    or (height, width, channels) with 1, 3 or 4 channels, uint8 in 0..255, bool, uint16, or floats
    in [0, 1], 0 for black.  `name` is what errors call it.
    A file of more than `most_pixels`, or a WebP of more than 60,000,000, is refused before it is unpacked; others take
    at most 12 bytes of memory a pixel, and a WebP 16.

    Any mode of the formats PNG, JPEG, WebP, TIFF, BMP, GIF and PPM will do, HEIC with the extra `heic`, and pages
    of PDF with the extra `pdf`, drawn in a size that suits reading.  Of several pages in a file the first is taken,
    unless the path says which, scan.pdf#3, or a Page does.  Transparent parts count as white, or as black if nothing
    would be seen on white; a camera's note of how it was held (EXIF orientation) is obeyed; 16 bits become 8.

    Raises PictureError, by name, for another thing than a picture, and for one that is damaged or too large;
    MissingExtra without the extra that its format needs; OSError when a file cannot be read.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "the array")
    if isinstance(source, Image.Image):
        name = name or "the picture"
        _refuse_too_large(source.width, source.height, name)
        return _colours(_upright(source), name)
    page = source if isinstance(source, Page) else None
    if isinstance(source, str | os.PathLike):
        page = named_page(os.fspath(source))
        name = name or os.fspath(source)
    file, number = (page.file, page.number) if page else (source, None)
    if not isinstance(file, bytes | str | os.PathLike | io.IOBase):
        raise PictureError(
            f"{name or 'a picture'} should be a path, bytes, a Pillow image or an array, got {type(file).__name__}"
        )
    if isinstance(file, bytes | io.IOBase):
        name = name or "the picture"
        there = io.BytesIO(file) if isinstance(file, bytes) else cast(IO[bytes], file)
        return _colours(_decoded(there, name, most_pixels, number), name)
    name = name or f"{os.fspath(file)}#{number}"
    if "\0" in name:
        raise PictureError(f"a file's name cannot be {name!r}")
    with open(file, "rb") as opened:
        return _colours(_decoded(opened, name, most_pixels, number), name)


def open_or_reason(source: Source) -> NDArray | str:
    """Return the colours of a picture as `open_picture` does, or why it cannot be opened, in one line."""
    try:
        return open_picture(source)
    except (PictureError, MissingExtra) as error:
        return str(error)
    except OSError as error:
        return f"{source}: {error.strerror}" if isinstance(source, str | os.PathLike) else str(error)


def _upright(picture: Image.Image) -> Image.Image:
    """Return a picture as the camera was held, itself where that is how it is."""
    if not (picture.width and picture.height):
        return picture
    is_turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
    return ImageOps.exif_transpose(picture) if is_turned else picture


def _decoded(file: IO[bytes], name: str, most: int, number: int | None) -> Image.Image:
    """Return the picture in a file, upright: the page of this number, from 1, or the first where none is told."""
    try:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if is_pdf(head):
            return draw_pdf_page(file, 1 if number is None else number, name, PdfSettings(most_inside=most))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged notes beside the picture, which we do not read
            if is_heic(head):
                photo = open_heic(file, name)
                _refuse_too_large(photo.size[0], photo.size[1], name, most)
                return cast(Image.Image, photo.to_pillow())
            picture: Image.Image = Image.open(file, formats=FORMATS)
            if number is not None:
                _turn_to(picture, number, name)
            if picture.format == "WEBP":
                most_webp = min(most, MAX_WEBP_PIXELS)
                _refuse_too_large(picture.width, picture.height, name, most_webp, WEBP_BYTES_PER_PIXEL)
            _refuse_too_large(picture.width, picture.height, name, most)
            picture.load()
            return _upright(picture)
    except (PictureError, MissingExtra):
        raise
    except Image.DecompressionBombError:
        raise PictureError(_too_large(name, most)) from None
    except UnidentifiedImageError:
        raise PictureError(f"{name} must be an undamaged picture file ({KNOWN_FORMATS})") from None
    except Exception as error:  # decoders raise many things at damaged files, and all mean this
        said = " ".join(str(error).split())  # in one line, which not all of them say it in
        raise PictureError(f"{name} is a damaged or impossible picture ({said})") from error


def _turn_to(picture: Image.Image, number: int, name: str) -> None:
    """Go to the page of this number, from 1; only a TIFF has several: those of a GIF are no pages."""
    n = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    if not 1 <= number <= n:
        raise PictureError(no_such_page(name, number, n))
    if n > 1:
        picture.seek(number - 1)


def _too_large(name: str, most: int, each: int = BYTES_PER_PIXEL) -> str:
    return f"{name} has more than {most:,} pixels, each of which takes {each} bytes of memory: make it smaller"


def _refuse_too_large(width: int, height: int, name: str, most: int = MAX_PIXELS, each: int = BYTES_PER_PIXEL) -> None:
    if width * height > most:
        raise PictureError(_too_large(name, most, each))


def _colours(picture: Image.Image, name: str) -> NDArray:
    _refuse_too_large(picture.width, picture.height, name)
    if not picture.width or not picture.height:
        return np.zeros((picture.height, picture.width, 1), np.uint8)
    if picture.mode.startswith("I;16"):
        return _filled(picture.size, 1, lambda *rows: _high_bytes(np.asarray(_cut(picture, *rows), np.uint16)))
    if picture.mode in ("I", "F"):
        return _stretched(picture, name)
    if picture.mode in ("P", "PA") and picture.palette is None:
        raise PictureError(f"{name} is damaged: its colours are places in a palette, which it lacks")
    if picture.has_transparency_data:
        return _on_paper(picture.size, lambda *rows: _converted(_cut(picture, *rows), "RGBA", name))
    mode, n_channels = ("L", 1) if picture.mode in ("1", "L") else ("RGB", 3)
    return _filled(picture.size, n_channels, lambda *rows: np.asarray(_converted(_cut(picture, *rows), mode, name)))


def _filled(size: tuple[int, int], n_channels: int, part: Callable[[int, int], NDArray]) -> NDArray:
    """Return colours, made strip by strip: part(first, last) has those of some rows."""
    width, height = size
    colours = np.empty((height, width, n_channels), np.uint8)
    for first, last in _strips(width, height):
        colours[first:last] = part(first, last).reshape(last - first, width, n_channels)
    return colours


def _strips(width: int, height: int) -> Iterator[tuple[int, int]]:
    rows = max(1, STRIP_PIXELS // max(width, 1))
    return ((first, min(first + rows, height)) for first in range(0, height, rows))


def _cut(picture: Image.Image, first: int, last: int) -> Image.Image:
    return picture.crop((0, first, picture.width, last))


def _converted(picture: Image.Image, mode: str, name: str) -> Image.Image:
    try:
        return picture.convert(mode)
    except ValueError as error:
        raise PictureError(f"{name} is of the mode {picture.mode}, which cannot be read: save it as RGB") from error


def _on_paper(size: tuple[int, int], part: Callable[[int, int], Image.Image]) -> NDArray:
    """Return the colours of a picture with transparent parts: part(first, last) has some rows of it as RGBA."""

    def laid_on(paper: str, first: int, last: int) -> NDArray:
        rows = part(first, last)
        return np.asarray(Image.alpha_composite(Image.new("RGBA", rows.size, paper), rows).convert("RGB"))

    for paper in "white", "black":  # there are white strokes on nothing, too
        colours = _filled(size, 3, partial(laid_on, paper))
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
    size = array.shape[1], array.shape[0]
    _refuse_too_large(*size, name)
    _refuse_other_numbers(array, name)
    if array.shape[2] == 4 and array.size:
        return _on_paper(size, lambda first, last: Image.fromarray(_as_bytes(array[first:last])))
    if array.dtype == np.uint8:
        return array
    return _filled(size, array.shape[2], lambda first, last: _as_bytes(array[first:last]))


def _refuse_other_numbers(array: NDArray, name: str) -> None:
    kind, n_bytes = array.dtype.kind, array.dtype.itemsize
    in_range = kind == "f" and (not array.size or (array.min() >= 0 and array.max() <= 1))  # written so that NaN fails
    if not (kind == "b" or (kind == "u" and n_bytes <= 2) or in_range):
        raise PictureError(f"{name} should hold uint8, uint16, bool, or floats in [0, 1], got {_described(array)}")


def _as_bytes(array: NDArray) -> NDArray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    return _high_bytes(array) if array.dtype.kind == "u" else np.rint(array * 255).astype(np.uint8)


def _high_bytes(array: NDArray) -> NDArray:
    return (array >> 8).astype(np.uint8)  # of either order of bytes


def _described(array: NDArray) -> str:
    if array.dtype.kind != "f":
        return str(array.dtype)
    low, high = array.min(), array.max()  # NaN where one is
    return "NaN" if np.isnan(low) else f"floats from {low:.6g} to {high:.6g}"


def _stretched(picture: Image.Image, name: str) -> NDArray:
    """Return the colours of a picture whose values have an unknown range, as those of 32 bits, from black to white."""

    def values(first: int, last: int) -> NDArray:
        return np.asarray(_cut(picture, first, last), np.float64)

    edges = [(part.min(), part.max()) for part in (values(*rows) for rows in _strips(*picture.size))]
    low, high = float(min(low for low, _ in edges)), float(max(high for _, high in edges))
    if not all(np.isfinite(edges).ravel()):
        raise PictureError(f"{name} holds NaN or infinity")
    if high == low:
        return np.zeros((picture.height, picture.width, 1), np.uint8)
    return _filled(picture.size, 1, lambda *rows: _as_bytes((values(*rows) - low) / (high - low)))
