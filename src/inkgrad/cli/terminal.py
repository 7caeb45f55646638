"""What the commands share: saying things, and drawing a digit in characters."""

from __future__ import annotations

import sys

from inkgrad.arrays import Array

SHADES = " ░▒▓█"


def say(message: object) -> None:
    """Print one line on standard error, after our name."""
    print(f"inkgrad: {' '.join(str(message).split())}", file=sys.stderr)


def draw_digit(image: Array, label: str) -> str:
    """Return an image, uint8 (height, width) with 0 for paper, in block characters of five shades.

    A character is about twice as high as wide, so each pixel is two of them.
    """
    shade = image.astype(int) * len(SHADES) // 256
    width = 2 * image.shape[1]
    top = f"┌─ {label} ".ljust(width + 1, "─") + "┐"
    lines = ["│" + "".join(SHADES[k] * 2 for k in row) + "│" for row in shade]
    return "\n".join([top, *lines, "└" + "─" * width + "┘"])
