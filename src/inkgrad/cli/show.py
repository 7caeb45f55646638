"""`inkgrad show`: a digit of the data, drawn in the terminal."""

from __future__ import annotations

import sys
from typing import Annotated, TextIO

import numpy as np
import typer

from inkgrad.arrays import NDArray
from inkgrad.cli.options import takes_data
from inkgrad.cli.terminal import say_about, waiting
from inkgrad.data import Dataset, DataSource
from inkgrad.errors import DataError
from inkgrad.whole_numbers import shown_whole


@takes_data()
def show(
    source: DataSource,
    index: Annotated[int, typer.Argument(help="Which digit, counted from 0.")] = 0,
    test: Annotated[bool, typer.Option("--test", help="Take it from the test set.")] = False,
) -> None:
    """Draw a digit of the data in the terminal, with its label, as networks see it."""
    with waiting(f"reading {source.name}") as progress:
        dataset = source.load(progress)
    say_about(dataset)
    print(drawing(dataset, index, test))


def drawing(dataset: Dataset, index: int, test: bool = False, stream: TextIO | None = sys.stdout) -> str:
    """Return the drawing of one digit, its label in the frame, in characters that the stream has."""
    examples, name = (dataset.test, "test") if test else (dataset.train, "training")
    if not 0 <= index < len(examples):
        raise DataError(f"there are {len(examples)} {name} digits, 0 to {len(examples) - 1}, got {shown_whole(index)}")
    image = examples.x[index].mean(axis=-1)
    if examples.x.dtype != np.uint8:
        image = image * 255
    return _draw_digit(image, dataset.labels[int(examples.t[index])], stream)


def _draw_digit(image: NDArray, label: str, stream: TextIO | None) -> str:
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
