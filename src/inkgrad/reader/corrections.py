"""Corrections: what people said that pictures say, and the digits in them, for a network to learn from."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import DataError, PictureError, SettingError
from inkgrad.models import Model
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.reader import Reader

COLUMNS = "picture", "text"
SEEN = 0.5  # the probability of a digit that is seen as what it is said to be
ENDING = ".corrections.csv"  # of the file that a review of a table of forms leaves beside it


@dataclass(frozen=True)
class CorrectedPicture:
    """The file of a picture of one line, and what a person said that it says."""

    picture: Path
    text: str


@dataclass(frozen=True, eq=False)
class CorrectedDigits:
    """The digits in corrected pictures.

    images      (n, 28, 28, 1)  uint8, as a network sees them
    labels      (n,)            what they are, 0 to 9
    picture     (n,)            of which picture each is, by its number
    n_pictures  with digits
    n_left_out  pictures in which the digits that they say were not found, or most are seen as others
    """

    images: NDArray
    labels: NDArray
    picture: NDArray
    n_pictures: int
    n_left_out: int

    def of(self, pictures: NDArray) -> Examples:
        """Return the digits of these pictures."""
        among = np.isin(self.picture, pictures)
        return Examples(self.images[among], self.labels[among])


def read_corrections(path: str | os.PathLike[str]) -> list[CorrectedPicture]:
    """Return the corrections in a CSV file with the columns picture and text; pictures are named from its folder.

    For a table of forms they are those in its companion, forms.corrections.csv, which a review writes.

    Raises DataError for another table, OSError where there is no such file.
    """
    path = Path(path)
    companion = path.with_name(path.stem + ENDING)
    rows = _rows(path)
    if rows is None and companion.is_file():
        path, rows = companion, _rows(companion)
    if rows is None:
        raise DataError(
            f"{path} should have the columns picture and text, as {companion.name} has, which a review of "
            f"{path.name} writes",
            setting="from_corrections",
        )
    found = [CorrectedPicture(path.parent / row["picture"], row["text"].strip()) for row in rows]
    missing = next((each.picture for each in found if not each.picture.is_file()), None)
    if missing is not None:
        raise DataError(f"{path} names {missing}, which is not there: keep the pictures beside it")
    return found


def _rows(path: Path) -> list[dict[str, str]] | None:
    """Return the rows with a picture and a text; None for a table without these columns."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                return None
            return [row for row in reader if all(row[name] for name in COLUMNS)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV in UTF-8: {error}", setting="from_corrections") from None


def corrected_digits(
    pictures: Sequence[CorrectedPicture],
    model: Model,
    line_model: Model,
    progress: Callable[[str], None] = lambda text: None,
) -> CorrectedDigits:
    """Return the digits in corrected pictures, each of which is read as what it says, so that its digits are found.

    `progress` is told how far it is.

    Raises DataError where no picture has any.
    """
    images, labels, places = [], [], []
    n_found = 0
    for number, each in enumerate(pictures, start=1):
        wanted = [DIGITS.index(character) for character in each.text if character in DIGITS]
        if found := _digits_in(each, len(wanted), model, line_model):
            images += found
            labels += wanted
            places += [n_found] * len(wanted)
            n_found += 1
        progress(f"{number:,} of {len(pictures):,} corrections")
    if not n_found:
        raise DataError("no digits were found in the corrections, where they should be: give pictures of one line each")
    x = np.stack(images)[..., np.newaxis]
    return CorrectedDigits(x, np.array(labels), np.array(places), n_found, len(pictures) - n_found)


def _digits_in(each: CorrectedPicture, n: int, model: Model, line_model: Model) -> list[NDArray]:
    """Return the images of the digits in a picture; none where there are not so many, or most are seen as others."""
    try:
        reading = Reader(model, line_model, expect=re.escape(each.text)).read(each.picture)
    except (PictureError, SettingError):  # of a picture without writing; of a text that no pattern says
        return []
    found = reading.digits
    n_seen = sum(digit.probability >= SEEN for digit in found)
    if len(found) != n or (n > 1 and 2 * n_seen < n):  # a text of another line is found too, where it must be
        return []
    return [digit.image for digit in found]
