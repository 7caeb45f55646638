"""Make sheet.png, forty test digits of MNIST in blue ink on a paper, to try `inkgrad read` on.

python examples/make_sheet.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from inkgrad.data import mnist

N_ROWS, N_COLUMNS, CELL, DIGIT = 4, 10, 72, 56
PAPER, INK = np.array([247, 243, 232]), np.array([32, 48, 120])


def sheet() -> Image.Image:
    """Return the sheet; digits are enlarged, and lie a little off the middle of their cells."""
    digits, rng = mnist().test.x[: N_ROWS * N_COLUMNS, :, :, 0], np.random.default_rng(0)
    ink = np.zeros((N_ROWS * CELL, N_COLUMNS * CELL))
    for number, digit in enumerate(digits):
        row, column = divmod(number, N_COLUMNS)
        top, left = rng.integers(2, CELL - DIGIT - 2, 2)
        large = np.asarray(Image.fromarray(digit).resize((DIGIT, DIGIT), Image.Resampling.BICUBIC))
        y, x = row * CELL + top, column * CELL + left
        ink[y : y + DIGIT, x : x + DIGIT] = large / 255
    colours = PAPER + ink[..., np.newaxis] * (INK - PAPER) + rng.normal(0, 3, (*ink.shape, 1))
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    sheet().save(Path(__file__).parent / "sheet.png")
