"""Stamps: one character, or a word, of any size and with any pen, ready to be put on a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil

import numpy as np
from PIL import Image, ImageDraw

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import DataError
from lab.synthetic.pens import EDGE, ROOM, without_crumbs
from lab.synthetic.sources import font_of
from lab.synthetic.strokes import Stroke, smooth

FINE = 2  # points of a field for each pixel of MNIST
REACH = 4.0  # pixels of MNIST, beyond which the distance to a stroke does not matter
DRAWN_LARGER = 3  # strokes are drawn so many times as large, and reduced
WIDEST = 1.25  # a digit is at most this wide, in heights
THINNER = 0.42, 0.55, 0.7, 0.85  # of its own width; the first is taken that breaks no stroke
THICKER = 0.9, 0.6, 0.3  # pixels of MNIST on each side; the first is taken that closes no hole
UPRIGHT = 0.5  # the part of its own slant that a digit loses, so that a line looks like one hand's


@dataclass(frozen=True, eq=False)
class Stamp:
    """Ink, float32 (rows, columns) in [0, 1], whose first row is `top` pixels above the line that it stands on."""

    ink: NDArray
    top: int


@dataclass(frozen=True)
class Pen:
    """What a line is written with.

    half    of the width of a stroke, in pixels
    lean    of the writing, in columns a row
    twice   whether strokes are gone over twice; between the two they are paler
    """

    half: float
    lean: float = 0.0
    twice: bool = False


@dataclass(frozen=True, eq=False)
class StrokeField:
    """A digit of MNIST as how far it is to the edge of the stroke, had it the same width everywhere.

    far     a picture of mode L, 128 at the edge and 32 a pixel of MNIST, more in the ink
    box     left, top, right and bottom of the ink, in points of the field
    usual   half the width of the stroke, in pixels of MNIST
    least   and most that it may be: a thinner one breaks, and a thicker one closes holes
    slant   how it leans by itself, in columns a row
    """

    far: Image.Image
    box: tuple[int, int, int, int]
    usual: float
    least: float
    most: float
    slant: float


class DigitBank:
    """Digits of MNIST, uint8 (N, 28, 28, 1), as fields that are made when they are asked for, and kept.

    Raises DataError when the examples are no digits of MNIST's form, or one of the ten is missing.
    """

    def __init__(self, digits: Examples) -> None:
        if digits.x.dtype != np.uint8 or digits.x.shape[1:] != (28, 28, 1):
            raise DataError(f"digits are uint8 (N, 28, 28, 1), got {digits.x.dtype} of shape {digits.x.shape}")
        self._images = digits.x[:, :, :, 0]
        self._of = [np.flatnonzero(digits.t == digit) for digit in range(10)]
        for digit, which in enumerate(self._of):
            if not len(which):
                raise DataError(f"none of the {len(digits)} examples is a {digit}")
        self._fields: dict[int, StrokeField] = {}

    def field(self, digit: int, rng: np.random.Generator) -> StrokeField:
        """Return one of the digits that are a `digit`."""
        i = int(self._of[digit][rng.integers(len(self._of[digit]))])
        if i not in self._fields:
            self._fields[i] = stroke_field(self._images[i])
        return self._fields[i]


def stroke_field(image: NDArray) -> StrokeField:
    """Return the field of a digit of MNIST, uint8 (28, 28).

    Inside the ink the distance is divided by the largest nearby, so that a thinner pen takes the same part of the
    width everywhere.
    """
    from scipy import ndimage

    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cut = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], ROOM)
    size = FINE * cut.shape[1], FINE * cut.shape[0]
    large = np.asarray(Image.fromarray(cut.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    ink = without_crumbs(large > EDGE * large.max())  # or they would be read as marks
    inside, outside = ndimage.distance_transform_edt(ink), ndimage.distance_transform_edt(~ink)
    far = ndimage.gaussian_filter(inside - outside, 0.4 * FINE) / FINE
    ink = far > 0
    ridge = ndimage.uniform_filter(ndimage.maximum_filter(far, 2 * FINE + 1), 3)
    usual = float(np.median(ridge[ink]))
    far = np.where(ink, usual * np.minimum(far / np.maximum(ridge, 0.1), 1), far)
    least = next((part for part in THINNER if _n_pieces(far > (1 - part) * usual) == _n_pieces(ink)), 1.0) * usual
    most = next((more for more in THICKER if _n_pieces(far < -more) == _n_pieces(~ink)), 0.0) + usual
    y, x = np.nonzero(ink)
    slant = -float(np.mean((x - x.mean()) * (y - y.mean()))) / (float(np.var(y)) or 1.0)
    levels = np.rint(128 + 127 / REACH * np.clip(far, -REACH, REACH)).astype(np.uint8)
    box = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
    return StrokeField(Image.fromarray(levels), box, usual, least, most, float(np.clip(slant, -0.6, 0.6)))


def _n_pieces(ink: NDArray) -> int:
    """Return in how many pieces ink is, or paper, where corners do not join."""
    from scipy import ndimage

    return int(ndimage.label(ink)[1])


def field_stamp(field: StrokeField, height: float, stretch: float, pen: Pen) -> Stamp:
    """Return a digit of a field `height` pixels high, so many times as wide as it was, standing on the line."""
    left, top, right, bottom = field.box
    an_mnist_pixel = FINE * height / (bottom - top)  # in pixels, roughly
    half = np.clip(pen.half, field.least * an_mnist_pixel, field.most * an_mnist_pixel)
    down = (bottom - top - 2 * FINE * field.usual) / max(height - 2 * half, 0.4 * height)
    across = max(down / stretch, (right - left) / (WIDEST * height))
    lean = pen.lean - UPRIGHT * field.slant * down / across
    room = int(half + 2)
    n_rows = int((bottom - top) / down) + 2 * room
    n_columns = int((right - left) / across + abs(lean) * n_rows) + 2 * room
    skew = across * lean
    middle = (n_columns / 2, n_rows / 2), ((left + right) / 2, (top + bottom) / 2)
    data = (across, skew, middle[1][0] - across * middle[0][0] - skew * middle[0][1],
            0, down, middle[1][1] - down * middle[0][1])  # fmt: skip
    far = field.far.transform((n_columns, n_rows), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    a_pixel = np.sqrt(down * across) / FINE  # in pixels of MNIST
    distance = (np.asarray(far, np.float32) - 128) * np.float32(REACH / 127) + np.float32(half * a_pixel - field.usual)
    distance *= np.float32(1 / a_pixel)
    ink = np.clip(0.5 + distance, 0, 1)
    if pen.twice:
        ink -= np.float32(0.6) * np.clip(distance - np.float32(max(0.6, 0.35 * half)), 0, 1)
    return _cut(ink)


def _cut(ink: NDArray) -> Stamp:
    """Return ink without the empty rows and columns around it, standing on the line."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return Stamp(np.ones((1, 1), np.float32), 1)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Stamp(cut, len(cut))


def stroke_stamp(
    strokes: tuple[Stroke, ...], height: float, stretch: float, pen: Pen, rng: np.random.Generator, wobble: float = 0.05
) -> Stamp:
    """Return strokes, in widths of a digit, with the digit's box `height` pixels high and standing on the line."""
    size, strength = np.array([stretch * height / 1.5, height / 1.5]), wobble * np.ones(2)
    paths = []
    for stroke in strokes:
        points = np.array(stroke)
        same = (points[1:] == points[:-1]).all(axis=1)
        moved = points + strength * rng.standard_normal(points.shape)
        moved[1:][same] = moved[:-1][same]  # a corner stays one
        path = (smooth(moved, 5) - (0, 1.5)) * size
        path[:, 0] -= pen.lean * path[:, 1]
        paths.append(path)
        if pen.twice:
            paths.append(path + rng.normal(0, 0.04 * height, 2) + rng.normal(0, 0.01 * height, path.shape))
    whole = np.concatenate(paths)
    low = np.floor(whole.min(axis=0) - pen.half - 0.5).astype(int)
    n_columns, n_rows = np.ceil(whole.max(axis=0) + pen.half + 0.5).astype(int) - low
    larger = Image.new("L", (int(n_columns) * DRAWN_LARGER, int(n_rows) * DRAWN_LARGER))
    pencil, half = ImageDraw.Draw(larger), DRAWN_LARGER * pen.half
    for path in paths:
        at = DRAWN_LARGER * (path - low)
        pencil.line(at.ravel().tolist(), fill=255, width=max(1, round(2 * half)))
        if half > 1:
            for x, y in at[:: 1 if half > 5 else len(at) - 1].tolist():  # round ends, and where thick pieces meet
                pencil.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return Stamp(np.asarray(larger.reduce(DRAWN_LARGER), np.float32) / 255, int(-low[1]))


@cache
def font_stamp(text: str, font: str, size: int, condensed: float = 1.0) -> Stamp:
    """Return printed text, `size` pixels to an em, with the room that the font leaves beside it.

    It is so many times as wide as the font has it.
    """
    letters = font_of(font, size)
    left, top, right, bottom = letters.getbbox(text, anchor="ls")
    n_columns = max(1, ceil(max(letters.getlength(text), right)) - min(0, int(left)))
    sheet = Image.new("L", (n_columns, max(1, int(bottom - top))))
    ImageDraw.Draw(sheet).text((-min(0, int(left)), -top), text, 255, letters, anchor="ls")
    sheet = sheet.resize((max(1, round(condensed * sheet.width)), sheet.height), Image.Resampling.BILINEAR)
    return Stamp(np.asarray(sheet, np.float32) / 255, int(-top))
