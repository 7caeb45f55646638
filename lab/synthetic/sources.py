"""Sources: where the ink of one digit, or of what is none, comes from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from inkgrad.arrays import NDArray
from lab.synthetic.strokes import CANVAS, TALL, drawn, scribbled

FONTS = (  # that matplotlib brings along
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10", "cmb10",
)  # fmt: skip
SIGNS = "ACEFHJKLMNPRTUVWXYacdefhjkmnprtuvwxy?+*=#%&@<>~$()[]{}.,:;-"  # none looks like a digit


def from_mnist(image: NDArray, rng: np.random.Generator) -> NDArray:
    """Return a digit of MNIST (28, 28), uint8, as a pen would have drawn it large: float32 (160, 160)."""
    large = Image.fromarray(image).resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)
    return with_pen(np.asarray(large, np.float32) / 255, rng.uniform(0.25, 0.7), rng.uniform(2, 8))


def from_font(text: str, rng: np.random.Generator) -> NDArray:
    """Return a printed sign, float32 (160, 160)."""
    font = font_of(FONTS[rng.integers(len(FONTS))], TALL)
    sheet = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(sheet).text((CANVAS / 2, CANVAS / 2), text, 255, font, anchor="mm")
    blurred = sheet.filter(ImageFilter.BoxBlur(3))
    return with_pen(np.asarray(blurred, np.float32) / 255, rng.uniform(0.3, 0.65), 5)


@cache
def font_of(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font by the name of its file."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), size)


def with_pen(ink: NDArray, edge: float, sharpness: float) -> NDArray:
    """Return blurred ink with its edge where it was `edge`: a low one makes a thick pen, a high one a thin pen."""
    return np.clip((ink - edge) * sharpness + 0.5, 0, 1)


def nothing(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    """Return ink that is no digit, float32: pieces of `digits`, signs, lines, blots, scribbles, dirt."""
    kinds = (_two, _two, _two, _digit_and_part, _stacked, _part, _sign, _sign, _sign, _lines, _blot, _scribble, _dirt)
    return kinds[rng.integers(len(kinds))](digits, rng)


def _two(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    first, second = cut(digits[0]), cut(digits[1])
    return beside(first, second, gap=int(rng.integers(-12, 12)), down=int(rng.integers(-20, 20)))


def _digit_and_part(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    first, second = cut(digits[0]), cut(digits[1])
    width = int(second.shape[1] * rng.uniform(0.4, 0.8)) + 1
    left, right = (first, second[:, :width]) if rng.random() < 0.5 else (second[:, -width:], first)
    return beside(left, right, gap=int(rng.integers(-4, 12)), down=int(rng.integers(-20, 20)))


def _stacked(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    return beside(cut(digits[0]).T, cut(digits[1]).T, gap=int(rng.integers(-8, 12)), down=int(rng.integers(-20, 20))).T


def _part(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    """Return the upper or lower part of a digit, or the left or right of one."""
    digit = cut(digits[0])
    if rng.random() < 0.5:
        n = max(4, int(digit.shape[0] * rng.uniform(0.15, 0.45)))
        part = digit[:n] if rng.random() < 0.5 else digit[-n:]
    else:
        n = max(4, int(digit.shape[1] * rng.uniform(0.2, 0.45)))
        part = digit[:, :n] if rng.random() < 0.5 else digit[:, -n:]
    return np.ascontiguousarray(part)


def _sign(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    return from_font(SIGNS[rng.integers(len(SIGNS))], rng)


def _lines(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    """Return what is left of rules and boxes: a line across, a corner, a crossing, a T."""
    x, y = rng.uniform(0.1, 0.9), rng.uniform(0.1, 1.4)
    across, down = ((0.0, y), (1.0, y)), ((x, 0.0), (x, 1.5))
    corner = ((0.0, y), (x, y), (x, y), (x, 1.5))
    strokes = ((across,), (across, down), (corner,), (across, ((x, y), (x, 1.5))))[rng.integers(4)]
    ink = drawn(strokes, rng, rng.uniform(0.02, 0.1))
    return ink[:, ::-1] if rng.random() < 0.5 else ink


def _blot(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    from scipy import ndimage

    hills = ndimage.gaussian_filter(rng.standard_normal((CANVAS // 4, CANVAS // 4)), rng.uniform(2, 8))
    hills -= hills.max() * rng.uniform(0.3, 0.8)
    blot = np.asarray(Image.fromarray(np.float32(hills / hills.max())).resize((CANVAS, CANVAS)))
    return np.clip(blot * 10, 0, 1)


def _scribble(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    return scribbled(rng)


def _dirt(digits: list[NDArray], rng: np.random.Generator) -> NDArray:
    n = int(rng.integers(8, CANVAS // 4))
    dots = rng.random((n, n)) < rng.uniform(0.02, 0.4)
    return np.asarray(Image.fromarray(np.uint8(255 * dots)).resize((CANVAS, CANVAS)), np.float32) / 255


def cut(ink: NDArray) -> NDArray:
    """Return the part of a sheet that holds ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else ink


def beside(first: NDArray, second: NDArray, gap: int, down: int) -> NDArray:
    """Return two pieces of ink on one sheet, the second right of the first, and so much lower."""
    starts = (max(0, -down), 0), (max(0, down), max(0, first.shape[1] + gap))
    pieces = tuple(zip((first, second), starts, strict=True))
    height, width = (max(piece.shape[axis] + start[axis] for piece, start in pieces) for axis in (0, 1))
    sheet = np.zeros((height, width), np.float32)
    for piece, (top, left) in pieces:
        place = sheet[top : top + piece.shape[0], left : left + piece.shape[1]]
        np.maximum(place, piece, out=place)
    return sheet
