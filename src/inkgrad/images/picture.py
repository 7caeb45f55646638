"""Opening a picture file as lightness."""

from __future__ import annotations

import os
import warnings

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import PictureError

MAX_PIXELS = 100_000_000  # a larger picture would fill the memory


def open_picture(path: str | os.PathLike[str]) -> Array:
    """Return the lightness of a picture, float32 (height, width) in [0, 1], 0 black and 1 white.

    Any format and mode that Pillow reads; transparent parts count as white, and a camera's note
    of how it was held (EXIF orientation) is obeyed.

    Raises PictureError, naming the file, when it is not a picture, damaged, or too large; OSError
    when it cannot be read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    with open(path, "rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS decides
                picture: Image.Image = Image.open(file)
            if picture.width * picture.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            picture = ImageOps.exif_transpose(picture)
            if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
                return _stretched(np.asarray(picture, np.float32))
            paper = Image.new("RGBA", picture.size, "white")
            grey = Image.alpha_composite(paper, picture.convert("RGBA")).convert("L")
        except UnidentifiedImageError:
            raise PictureError(f"{path} is not a picture of a known format: PNG, JPEG, WebP, ...") from None
        except Image.DecompressionBombError:
            raise PictureError(f"{path} has more than {MAX_PIXELS:,} pixels: make it smaller") from None
        except (SyntaxError, ValueError, OSError) as error:
            raise PictureError(f"{path} is a damaged or impossible picture ({error})") from error
    return np.asarray(grey, np.float32) / 255


def _stretched(values: Array) -> Array:
    """Return values of unknown range, as in 16-bit pictures, stretched to [0, 1]."""
    if not np.isfinite(values).all():
        raise PictureError("a picture holds NaN or infinity")
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
