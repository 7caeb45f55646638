"""Printed lines with marks: eight fonts that people meet, four of them not among those that training draws from."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.synthetic.amounts import amount_text

FONTS = {  # by their file, with the package of Debian that brings it; matplotlib brings the others
    "DejaVuSans": None,
    "DejaVuSerif": None,
    "DejaVuSansMono": None,
    "STIXGeneral": None,  # as Times
    "LiberationSans-Regular": "fonts-liberation",  # as Arial
    "LiberationSerif-Regular": "fonts-liberation",  # as Times New Roman
    "LiberationMono-Regular": "fonts-liberation",  # as Courier New
    "Carlito-Regular": "fonts-crosextra-carlito",  # as Calibri
}
HEIGHTS_PX = 10, 60  # of a digit
PAPERS = 255, 255, 240, 222, 200, 175
DARKEST, PALEST = 0, 90  # ink
DIGITS_OF_EM = 0.72  # the height of a digit, about


def printed_line(number: int, rng: np.random.Generator) -> tuple[str, str, np.ndarray]:
    """Return a font, what is printed in it, and the picture, uint8 (height, width, 3); fonts take turns by number."""
    font = list(FONTS)[number % len(FONTS)]
    text = amount_text(rng)
    height = float(np.exp(rng.uniform(*np.log(HEIGHTS_PX))))
    letters = font_of(font, round(height / DIGITS_OF_EM))
    left, top, right, bottom = (int(edge) for edge in letters.getbbox(text))
    before, above, after, below = (int(n) for n in height * rng.uniform(0.4, 2.5, 4))
    paper, ink = int(PAPERS[rng.integers(len(PAPERS))]), int(rng.integers(DARKEST, PALEST + 1))
    sheet = Image.new("L", (right - left + before + after, bottom - top + above + below), paper)
    ImageDraw.Draw(sheet).text((before - left, above - top), text, ink, letters)
    return font, text, np.asarray(sheet.convert("RGB"))


@cache
def font_of(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font of so many pixels to an em."""
    brought = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(str(brought) if brought.exists() else f"{name}.ttf", size)


def lacking_fonts() -> set[str]:
    """Return the packages of Debian that bring the fonts that are not installed."""
    packages = set()
    for name, package in FONTS.items():
        try:
            font_of(name, 10)
        except OSError:
            packages.add(package or "matplotlib")
    return packages
