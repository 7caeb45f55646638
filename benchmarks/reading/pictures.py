"""Pictures with their truth: composed on the spot, or in a folder with a list of them."""

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scoring import Answer

from inkgrad.data import Examples, mnist
from lab.synthetic import compose

N_HELD_BACK = 10_000  # of MNIST's training digits, the last
FIRST_HELD_BACK = 1_000_000  # the seed; development has 0 and on


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, uint8 (height, width, 3), by its name, with what it says."""

    name: str
    kind: str
    pixels: np.ndarray
    truth: Answer


def composed(kinds: list[str], n: int, development: bool) -> Iterator[Picture]:
    """Yield n pictures of each kind, the same each time, of digits and seeds that development never sees, or does."""
    train = mnist().train
    part = slice(-N_HELD_BACK) if development else slice(-N_HELD_BACK, None)
    digits = Examples(train.x[part], train.t[part])
    first = 0 if development else FIRST_HELD_BACK
    for kind in kinds:
        for seed in range(first, first + n):
            page = compose(kind, np.random.default_rng([seed, zlib.crc32(kind.encode())]), digits)
            yield Picture(f"{kind}-{seed}", kind, page.picture, Answer(page.text, page.table))


def listed(folder: Path) -> Iterator[Picture]:
    """Yield the pictures of a folder, as its labels.csv lists them: file, label (lines joined by |), kind, source."""
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            with Image.open(folder / row["file"]) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            yield Picture(row["file"], row["kind"], pixels, Answer(row["label"].replace("|", "\n")))
