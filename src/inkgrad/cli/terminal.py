"""What the commands share: saying things, and drawing a digit in characters."""

from __future__ import annotations

import sys
from typing import TextIO

from inkgrad.arrays import Array


def say(message: object) -> None:
    """Print one line on standard error, after our name."""
    print(f"inkgrad: {' '.join(str(message).split())}", file=sys.stderr)


def draw_digit(image: Array, label: str, stream: TextIO | None) -> str:
    """Return an image, uint8 (height, width) with 0 for paper, in block characters of five shades.

    A character is about twice as high as wide, so each pixel is two of them.  Where the stream
    has no block characters, plain ones stand for them.
    """
    shades, line, column, corners = " ░▒▓█", "─", "│", "┌┐└┘"
    try:
        (shades + line + column + corners).encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        shades, line, column, corners = " .+*#", "-", "|", "++++"
    width = 2 * image.shape[1]
    top = f"{corners[0]}{line} {label} ".ljust(width + 1, line) + corners[1]
    rows = [column + "".join(shades[k] * 2 for k in row) + column for row in image.astype(int) * len(shades) // 256]
    return "\n".join([top, *rows, corners[2] + line * width + corners[3]])
