"""Marks: what is written between and beside digits, from a few points a stroke, and printed words."""

from __future__ import annotations

from functools import cache

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.hand import Placed
from lab.synthetic.look import Look
from lab.synthetic.pens import GRID, Glyph
from lab.synthetic.sources import font_of
from lab.synthetic.strokes import Stroke, smooth, strokes_of

# Ways are strokes with "/" between them, of points "right,down" in hundredths of a digit's height: 0 is its top and
# 100 where it stands.  A curve runs between the points; at a point that is said twice it has a corner.
MARKS: dict[str, tuple[str, ...]] = {
    ".": ("0,97 2,98", "0,95 3,97"),
    ",": ("5,92 6,101 -4,116", "2,93 5,98 0,112", "6,90 3,104 -9,118"),
    "-": ("0,56 40,53", "0,60 31,59", "0,52 18,49 47,54"),
    "/": ("42,-6 0,106", "30,-2 2,104", "50,-10 30,40 -4,110"),
    ":": ("2,42 4,43 / 0,94 2,95", "1,50 2,52 / 0,97 2,99"),
    "=": ("0,44 43,41 / 2,67 45,63", "0,50 36,50 / -2,72 37,70"),
    "+": ("0,56 47,54 / 23,30 25,82", "0,52 42,55 / 24,34 20,77"),
    "(": ("22,-8 4,24 2,72 20,110", "17,-2 0,30 0,70 15,106"),
    ")": ("0,-8 18,24 20,72 1,110", "0,-2 16,30 17,70 2,106"),
    "*": ("6,22 36,64 / 37,23 3,66 / 0,44 42,45", "20,18 21,70 / 0,32 40,57 / 41,30 2,58"),
    "#": ("22,6 9,98 / 47,4 36,97 / 2,36 58,33 / 0,67 55,64", "18,2 16,100 / 42,0 40,98 / 0,30 60,32 / -2,64 58,65"),
}
OTHER_DIGITS: dict[str, tuple[str, ...]] = {  # as MNIST's writers did not write them
    "0": ("34,0 4,18 2,80 32,101 62,80 60,16 34,0 / 68,4 -4,98",),
    "1": ("0,40 36,2 36,2 33,100", "2,30 30,0 30,0 30,100 / 8,100 54,100", "-8,66 34,0 34,0 34,100"),
    "7": ("0,5 58,2 58,2 24,100 / 10,54 50,49", "0,14 4,3 60,3 60,3 34,52 30,100 / 14,50 54,50"),
}
CURRENCIES: dict[str, str] = {
    "$": "58,16 34,-2 4,14 8,44 52,58 58,86 28,104 0,86 / 32,-16 30,116",
    "€": "64,14 34,-2 8,24 8,76 36,102 66,86 / -6,40 46,38 / -7,60 42,59",
    "£": "62,16 42,-2 20,14 26,62 14,98 0,100 0,100 62,97 / 4,56 48,54",
    "¥": "0,2 28,48 28,48 28,100 / 58,0 28,48 / 6,54 52,54 / 6,72 52,72",
}
LETTERS: dict[str, str] = {
    "A": "0,100 34,0 34,0 66,100 / 12,62 56,62",
    "D": "6,0 4,100 4,100 50,92 62,48 44,4 2,2",
    "P": "4,100 6,0 6,0 52,4 54,44 8,54",
    "R": "4,100 6,0 6,0 50,6 48,46 8,50 8,50 54,100",
    "S": "54,12 30,-4 2,16 14,46 52,60 50,92 20,106 -2,88",
    "T": "0,4 66,0 / 34,3 30,100",
    "a": "42,56 18,48 2,78 16,102 40,84 42,54 42,54 44,92 56,100",
    "d": "42,58 18,50 2,78 18,102 40,86 46,2 46,2 44,92 58,100",
    "e": "4,76 40,72 34,50 10,52 2,86 22,104 48,92",
    "i": "6,52 4,92 16,100 / 10,30 11,32",
    "l": "8,2 4,90 18,100",
    "m": "4,52 4,100 4,100 8,58 26,54 28,100 28,100 32,58 52,54 54,94 64,100",
    "n": "4,52 4,100 4,100 10,58 34,52 36,92 48,100",
    "o": "28,52 2,62 4,98 34,100 44,66 26,50",
    "s": "36,58 18,48 4,62 36,82 26,104 0,94",
    "t": "18,18 14,92 32,100 / 0,46 38,44",
    "u": "4,52 2,92 24,102 40,84 42,54 42,54 44,94 56,100",
    "y": "2,52 10,84 34,82 40,52 40,52 34,120 8,128",
}
WORDS = "Total", "Sum", "Amount", "Date", "Paid", "Rs", "only"
PRINTED = "Amount", "Total", "Total:", "Sum", "Date", "No.", "Pay", "Balance", "EUR", "USD", "CHF", "$", "€", "£"
FONTS = "DejaVuSans", "DejaVuSerif", "STIXGeneral", "DejaVuSans-Bold", "DejaVuSansMono"

TALL = 20 * GRID  # points of a field for the height of a digit
FINER = 4  # strokes are drawn so many times as fine
ROOM = 0.25  # heights around a stroke
WOBBLE = 0.02  # heights, standard deviation of each point
USUAL_PEN = 0.14  # of a height, of the digits of MNIST
THICKEST_PEN = 0.1  # of a mark with strokes near each other
LEAST_DOT = 0.11  # of a height, across
DOTS, DENSE = ".,:", "*#=+"


def marked(character: str, look: Look, rng: np.random.Generator) -> Placed:
    """Return a mark, or a digit as it is written elsewhere, standing on y = 0 and starting at x = 0."""
    ways = MARKS.get(character) or OTHER_DIGITS[character]
    pen = look.pen or USUAL_PEN
    if character in DOTS:
        pen = max(1.2 * pen, LEAST_DOT, 2.6 / look.height)
    elif character in DENSE:
        pen = min(pen, THICKEST_PEN)
    return scrawled(strokes_of(ways[rng.integers(len(ways))]), character, pen, look, rng)


def currency(look: Look, rng: np.random.Generator) -> Placed:
    """Return the sign of a currency, which is not read."""
    ways = tuple(CURRENCIES.values())
    return scrawled(strokes_of(ways[rng.integers(len(ways))]), "", look.pen or USUAL_PEN, look, rng)


def word(look: Look, rng: np.random.Generator) -> Placed:
    """Return a word written by hand, which is not read."""
    right, strokes = 0.0, []
    for letter in WORDS[rng.integers(len(WORDS))]:
        moved = [tuple((x + right, y) for x, y in stroke) for stroke in strokes_of(LETTERS[letter])]
        strokes += moved
        right = max(x for stroke in moved for x, _ in stroke) + rng.uniform(0.06, 0.16)
    return scrawled(tuple(strokes), "", min(look.pen or USUAL_PEN, THICKEST_PEN), look, rng)


def closing(look: Look, rng: np.random.Generator) -> Placed:
    """Return what fills the rest of a field: one or two long strokes, a wave or a zigzag, which is not read."""
    long, y = float(rng.uniform(2, 4.5)), float(rng.uniform(0.45, 0.7))
    kind = rng.integers(4)
    strokes: tuple[Stroke, ...]
    if kind < 2:
        ends = [(y + 0.2 * i, y + 0.2 * i + rng.normal(0, 0.05)) for i in range(kind + 1)]
        strokes = tuple(((0.0, first), (long, last)) for first, last in ends)
    else:
        x = np.arange(0, long, 0.22 if kind == 2 else 0.35)
        swing = rng.uniform(0.08, 0.22) * np.where(np.arange(len(x)) % 2, 1, -1)
        strokes = (tuple(zip(x.tolist(), (y + swing).tolist(), strict=True)),)
    return scrawled(strokes, "", look.pen or USUAL_PEN, look, rng)


def scrawled(strokes: tuple[Stroke, ...], label: str, pen: float, look: Look, rng: np.random.Generator) -> Placed:
    """Return strokes of points in heights, 0 at the top and 1 where digits stand, as one hand with a pen wrote them.

    They stand on y = 0 and start at x = 0.
    """
    size = look.height * (1 + 0.08 * look.unsteady * rng.uniform(-1, 1))
    lean = np.tan(np.radians(look.slant + 4 * look.unsteady * rng.uniform(-1, 1)))
    paths = []
    for stroke in strokes:
        points = np.array(stroke)
        moves = WOBBLE * rng.standard_normal(points.shape)
        same = (points[1:] == points[:-1]).all(axis=1)
        moves[1:][same] = moves[:-1][same]  # a corner stays one
        paths.append(smooth(points + moves) if len(points) > 2 else points + moves)
    field, low = _field(paths, pen)
    y, x = np.nonzero(field > 0)
    glyph = Glyph(label, field, np.stack([x, y]).astype(float), 0.0)
    matrix = size / TALL * np.array([[1, -lean], [0, 1]])
    placed = Placed(glyph, matrix, matrix @ (TALL * (low - (0, 1))))
    return placed.moved(-placed.box[0])


def _field(paths: list[NDArray], pen: float) -> tuple[NDArray, NDArray]:
    """Return the field of paths (n, 2) in heights drawn with a pen, and the place (2,) of its origin, in heights."""
    from PIL import Image, ImageDraw
    from scipy import ndimage

    whole = np.concatenate(paths)
    low = whole.min(axis=0) - ROOM
    n_columns, n_rows = np.ceil(TALL * (whole.max(axis=0) + ROOM - low)).astype(int)
    sheet = Image.new("L", (int(n_columns) * FINER, int(n_rows) * FINER), 1)
    for path in paths:
        ImageDraw.Draw(sheet).line((FINER * TALL * (path - low)).ravel().tolist(), fill=0, width=1)
    far = ndimage.distance_transform_edt(np.asarray(sheet))[FINER // 2 :: FINER, FINER // 2 :: FINER]
    return (10 * pen - far / (FINER * GRID)).astype(np.float32), low


def printed_word(text: str, font: str, height: float) -> Placed:
    """Return printed text with capitals `height` pixels high, standing on y = 0 and starting at x = 0; it says ""."""
    glyph, base, capital = _printed(text, font)
    placed = Placed(glyph, height / capital * np.eye(2), np.array([0, -height / capital * base]))
    return placed.moved(-placed.box[0])


@cache
def _printed(text: str, font: str) -> tuple[Glyph, float, float]:
    """Return printed text, and where in its field it stands and how high a capital is, in points."""
    from PIL import Image, ImageDraw
    from scipy import ndimage

    letters = font_of(font, FINER * TALL)
    left, top, right, bottom = letters.getbbox(text, anchor="ls")
    room = FINER * TALL // 4
    size = [-(-int(n + 2 * room) // FINER) * FINER for n in (right - left, bottom - top)]
    sheet = Image.new("L", (size[0], size[1]))
    ImageDraw.Draw(sheet).text((room - left, room - top), text, 255, letters, anchor="ls")
    ink = np.asarray(sheet) > 127
    far = ndimage.distance_transform_edt(ink) - ndimage.distance_transform_edt(~ink)
    field = (far[FINER // 2 :: FINER, FINER // 2 :: FINER] / (FINER * GRID)).astype(np.float32)
    y, x = np.nonzero(field > 0)
    capital = -letters.getbbox("H", anchor="ls")[1] / FINER
    return Glyph("", field, np.stack([x, y]).astype(float), 0.0), float(room - top) / FINER, float(capital)
