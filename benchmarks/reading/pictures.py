"""Pictures with their truth: composed on the spot, or in a folder with a list of them."""

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from printed import printed_line
from scoring import Answer

from inkgrad.data import Examples, mnist
from lab.synthetic import KINDS, compose

N_HELD_BACK = 10_000  # of MNIST's training digits, the last
FIRST_HELD_BACK = 1_000_000  # the seed; development has 0 and on
PRINTED = "printed"
COMPOSED = *KINDS, PRINTED
WITH_MARKS = "amounts", PRINTED


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, uint8 (height, width, 3), by its name, with what it says.

    marks  whether pictures of its kind say more than digits
    """

    name: str
    kind: str
    pixels: np.ndarray
    truth: Answer
    marks: bool


def composed(kinds: list[str], n: int, development: bool) -> Iterator[Picture]:
    """Yield n pictures of each kind, the same each time, of digits and seeds that development never sees, or does."""
    train = mnist().train
    part = slice(-N_HELD_BACK) if development else slice(-N_HELD_BACK, None)
    digits = Examples(train.x[part], train.t[part])
    first = 0 if development else FIRST_HELD_BACK
    for kind in kinds:
        for seed in range(first, first + n):
            rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
            if kind == PRINTED:
                font, text, pixels = printed_line(seed, rng)
                yield Picture(f"{kind}-{seed}-{font}", kind, pixels, Answer(text), True)
            else:
                page = compose(kind, rng, digits)
                yield Picture(f"{kind}-{seed}", kind, page.picture, Answer(page.text, page.table), kind in WITH_MARKS)


def listed(folder: Path) -> Iterator[Picture]:
    """Yield the pictures of a folder, as its labels.csv lists them: file, label (lines joined by |), kind, source.

    A page is a grid with one character in each cell.
    """
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    marked = {row["kind"] for row in rows if set(row["label"]) - set("0123456789|")}
    for row in rows:
        with Image.open(folder / row["file"]) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        lines = row["label"].split("|")
        truth = Answer("\n".join(lines), tuple(map(tuple, lines)) if row["kind"] == "page" else None)
        yield Picture(row["file"], row["kind"], pixels, truth, row["kind"] in marked)
