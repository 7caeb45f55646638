"""Of several rows, those stay that both networks together say most of: a title over a number is no line of digits."""

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from inkgrad.metrics import edits_between
from inkgrad.reader import Reader
from lab.synthetic import Look, write_line

TITLES = (
    "Hello World",
    "AMOUNT DUE",
    "Total in full",
    "Signature",
    "Please pay",
    "Illinois Oil",
    "BIOLOGIE",
    "Sollbetrag",
)


def under_title(title, picture, height):
    """A picture with a printed title over it."""
    grey = picture.min(axis=2)
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", height)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(title))
    sheet = Image.new("L", (max(right - left + 40, grey.shape[1]), bottom - top + 30 + len(grey)), 255)
    ImageDraw.Draw(sheet).text((20 - left, 15 - top), title, 0, font)
    sheet.paste(Image.fromarray(grey), (0, sheet.height - len(grey)))
    return np.asarray(sheet)


@pytest.mark.parametrize("height", [28, 44])
def test_the_line_that_is_expected_is_the_number_and_not_its_title(reader, some, height):
    knowing = Reader(reader.eye.model, reader.line_eye.model, expect="1 line")
    pages = [write_line(5, Look(), np.random.default_rng(seed), some) for seed in range(len(TITLES))]
    pictures = [under_title(title, page.picture, height) for title, page in zip(TITLES, pages, strict=True)]
    right = sum(edits_between(found.text, page.text) <= 1 for found, page in zip(knowing(pictures), pages, strict=True))
    assert right >= 7  # of 8; measured: 8 and 7, and 4 and 2 where what the pieces are decides alone
