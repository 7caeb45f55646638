"""Line folder: pictures of single lines, listed in labels.csv with what each says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inkgrad.arrays import NDArray
from inkgrad.csv_table import read_csv
from inkgrad.errors import DataError
from inkgrad.pictures import at_working_size, ink_on_paper, lightness_skew, line_form, open_picture

LISTED_IN = "labels.csv"
COLUMNS = "file", "label"


@dataclass(frozen=True, eq=False)
class LabelledLine:
    """A line in its form, float32 (32, width) in [0, 1], the name of its file, and what it says."""

    name: str
    ink: NDArray
    text: str


def lines_in(folder: Path) -> Iterator[LabelledLine]:
    """Yield the lines of a folder, each picture as a whole.

    Raises DataError for a folder without a labels.csv that has the columns file and label; PictureError for a file
    that is no picture, OSError for one that cannot be read.
    """
    listed = folder / LISTED_IN
    if not listed.is_file():
        raise DataError(f"{folder} should hold {LISTED_IN}, with the columns file and label; it is not there")
    table = read_csv(listed)
    if not table.rows or table.missing(COLUMNS) or not all(row["file"] for row in table.rows):
        raise DataError(f"{listed} should have the columns file and label, and a picture in each row")
    for row in table.rows:
        yield LabelledLine(row["file"], _form_of(folder / row["file"]), row["label"])


def _form_of(path: Path) -> NDArray:
    colours, _ = at_working_size(open_picture(path))
    return line_form(ink_on_paper(colours, lightness_skew(colours) > 0))
