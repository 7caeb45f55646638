"""Boxes: a picture with its reading drawn over it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inkgrad.errors import PictureError
from inkgrad.pictures import Source, open_picture
from inkgrad.reader.reading import Reading

SURE, UNSURE = np.array([0, 114, 178]), np.array([213, 94, 0])  # blue and orange, which the colour-blind tell apart
WORST = 0.5  # probability: all below have the colour of the unsure
LEAST_SIDE = 400  # pixels; smaller pictures are enlarged, so that labels can be read


def draw_boxes(picture: Source, reading: Reading) -> Image.Image:
    """Return a picture with a box around each digit of its reading, and its label above.

    Boxes are blue where the digit is sure, and orange where its probability is 0.5 or less.

    Raises what open_picture does, and PictureError for a picture without pixels.
    """
    colours = open_picture(picture)
    if colours.size == 0:
        raise PictureError("a picture without pixels cannot be drawn on")
    drawn = Image.fromarray(np.repeat(colours, 4 - colours.shape[2], axis=2) if colours.shape[2] == 1 else colours)
    scale = max(1, -(-LEAST_SIDE // max(drawn.size)))
    drawn = drawn.resize((drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(drawn)
    for digit in reading.digits:
        left, top, right, bottom = (edge * scale for edge in digit.box)
        colour = _colour(digit.probability)
        width = max(1, round((bottom - top) / 40))
        pen.rectangle((left - width, top - width, right + width - 1, bottom + width - 1), outline=colour, width=width)
        size = int(np.clip((bottom - top) / 2.5, 10, 60))
        place, anchor = ((left, top - 2 * width), "lb") if top > size else ((left + width, top), "lt")
        pen.text(place, digit.label, colour, ImageFont.load_default(size), anchor, stroke_width=1, stroke_fill="white")
    return drawn


def _colour(probability: float) -> tuple[int, int, int]:
    share = np.clip((probability - WORST) / (1 - WORST), 0, 1)
    red, green, blue = np.rint(share * SURE + (1 - share) * UNSURE).astype(int).tolist()
    return red, green, blue
