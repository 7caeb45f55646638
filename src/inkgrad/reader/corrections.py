"""Corrections: what people said that pictures say, and the digits in them, for a network to learn from.

They are kept as a CSV with the columns picture and text and the pictures that it names from its folder, or as a zip
file of both.
"""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.csv_table import CsvTable, as_csv, csv_table, read_csv
from inkgrad.data import Examples
from inkgrad.errors import DataError, PictureError, SettingError
from inkgrad.models import Model
from inkgrad.pictures import lightness_skew, open_picture
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.reader import Reader

COLUMNS = "picture", "text"
SEEN = 0.5  # the probability of a digit that is seen as what it is said to be
ENDING = ".corrections.csv"  # of the file that a review of a table of forms leaves beside it
ZIPPED = "corrections"  # what the table in a zip file, and the folder of its pictures, are called
DIGIT_SIDE_PX = 28  # of what a network for single digits sees


@dataclass(frozen=True)
class CorrectedPicture:
    """A picture of one line, its file or the bytes of it, and what a person said that it says.

    One of 28 × 28 pixels that says one digit is what a network for digits sees.
    """

    picture: Path | bytes
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
    """Return the corrections in a CSV file with the columns picture and text, or in a zip file that has one.

    For a table of forms they are those in its companion, forms.corrections.csv, which a review writes.

    Raises DataError for another table, OSError where there is no such file.
    """
    path = Path(path)
    if is_zipfile(path):
        return _zipped(path)
    companion = path.with_name(path.stem + ENDING)
    table = read_csv(path)
    if table.missing(COLUMNS) and companion.is_file():
        path, table = companion, read_csv(companion)
    if table.missing(COLUMNS):
        raise DataError(
            f"{path} should have the columns picture and text, as {companion.name} has, which a review of "
            f"{path.name} writes",
            setting="from_corrections",
        )
    for picture, _ in (said := _said(table)):
        if not (path.parent / picture).is_file():
            raise DataError(f"{path} names {path.parent / picture}, which is not there: keep the pictures beside it")
    return [CorrectedPicture(path.parent / picture, text) for picture, text in said]


def _zipped(path: Path) -> list[CorrectedPicture]:
    """Return the corrections in a zip file; the first table in it that has some counts."""
    try:
        with ZipFile(path) as file:
            for name in (each for each in file.namelist() if each.lower().endswith(".csv")):
                table = csv_table(file.read(name), f"{name} in {path}")
                if not table.missing(COLUMNS):
                    folder = PurePosixPath(name).parent
                    return [CorrectedPicture(file.read(str(folder / picture)), text) for picture, text in _said(table)]
    except KeyError as error:
        raise DataError(f"{path} should have all pictures that its table names: {error.args[0]}") from None
    except (BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # the last where a password is needed
        raise DataError(f"{path} is a zip file that cannot be read: {error}") from None
    raise DataError(
        f"{path} should have a CSV file in it with the columns picture and text", setting="from_corrections"
    )


def _said(table: CsvTable) -> list[tuple[str, str]]:
    """Return the names of pictures and what they say, where both are told."""
    return [(row["picture"], row["text"].strip()) for row in table.rows if row["picture"] and row["text"].strip()]


def write_corrections(file: IO[bytes], digits: Iterable[tuple[NDArray, str]]) -> None:
    """Write digits, what a network saw of each, uint8 (28, 28), and what it is, as a zip file of corrections."""
    rows = []
    with ZipFile(file, "w") as zipped:
        for number, (image, text) in enumerate(digits, start=1):
            picture = io.BytesIO()
            Image.fromarray(image).save(picture, "PNG")
            rows.append({"picture": f"{ZIPPED}/{number:05}.png", "text": text})
            zipped.writestr(rows[-1]["picture"], picture.getvalue())
        zipped.writestr(f"{ZIPPED}.csv", as_csv(COLUMNS, rows))


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
        colours = open_picture(each.picture)
        if colours.shape[:2] == (DIGIT_SIDE_PX, DIGIT_SIDE_PX) and n == len(each.text) == 1:
            grey = np.rint(colours.mean(axis=2)).astype(np.uint8)
            return [grey if lightness_skew(colours) > 0 else 255 - grey]
        reading = Reader(model, line_model, expect=re.escape(each.text)).read(colours)
    except (PictureError, SettingError):  # of a picture without writing; of a text that no pattern says
        return []
    found = reading.digits
    n_seen = sum(digit.probability >= SEEN for digit in found)
    if len(found) != n or (n > 1 and 2 * n_seen < n):  # a text of another line is found too, where it must be
        return []
    return [digit.image for digit in found]
