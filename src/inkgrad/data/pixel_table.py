"""Pixel table: a CSV file with a row an image, its label and its pixels, as Kaggle's digit-recognizer."""

from __future__ import annotations

import csv
import gzip
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.idx_set import as_emnist
from inkgrad.data.labelled_images import FoundData, LabelledImages, as_images, image_shape
from inkgrad.errors import DataError

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
LABEL_NAMES = {"label", "labels", "class", "target", "y", "letter", "character", "char"}
ID_NAMES = {"", "id", "imageid", "image_id", "index", "unnamed: 0"}  # columns that only number the rows
CHUNK_ROWS = 10_000  # read together, so that a large file takes little more memory than its images
PIXELS_WANTED = "a column for the label and one for each pixel, 784 for 28 × 28"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TableColumns:
    """What the columns of a table are.

    label   the column with the label; None where there is none
    pixels  those with pixels, in their order
    names   of all columns, for messages
    """

    label: int | None
    pixels: tuple[int, ...]
    names: tuple[str, ...]
    delimiter: str
    has_header: bool


def is_pixel_table(path: Path) -> bool:
    """Whether a file is called as tables are."""
    return path.name.lower().endswith(ENDINGS)


def read_table_folder(folder: Path, progress: Progress) -> FoundData | None:
    """Return what the tables of a folder hold that are called train, and perhaps test; None where there are none.

    A test file without labels, as competitions have, is left out, and that is said.

    Raises DataError where several could be meant.
    """
    tables = [path for path in sorted(folder.iterdir()) if path.is_file() and is_pixel_table(path)]
    chosen: dict[str, Path] = {}
    for part in "train", "test":
        called = [path for path in tables if part in path.name.lower()]
        if len(called) > 1:
            raise DataError(
                f"{folder} holds several tables to {part} on, {', '.join(path.name for path in called)}: name one",
                setting="data",
            )
        if called:
            chosen[part] = called[0]
    if "train" not in chosen:
        return None
    found = read_pixel_table(chosen["train"], progress)
    if "test" not in chosen:
        return found
    test = chosen["test"]
    if _columns_of(test).label is None:
        notes = (*found.train.notes, f"{test.name} has no labels and is left out")
        return replace(found, train=replace(found.train, notes=notes))
    return replace(found, test=read_pixel_table(test, progress).train)


def read_pixel_table(path: Path, progress: Progress) -> FoundData:
    """Return the images of a table with their labels; `progress` is told how far it is.

    Raises DataError, naming the file and the row, where it is not what it should be.
    """
    try:
        columns = _columns_of(path)
        if columns.label is None:
            raise DataError(
                f"{path.name} has {len(columns.pixels)} columns, which are pixels alone, and no labels: "
                "train on a table with labels, and keep some rows of it for testing with `validation`",
                setting="validation",
            )
        kinds: dict[str, int] = {}
        with _opened(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy says that the file has ended, as do we
            if columns.has_header:
                next(file)
            places, pixels = _rows(file, columns, columns.label, kinds, path.name, progress)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise DataError(f"{path.name} is no table in UTF-8, gzipped or not: {error}") from None
    x = as_images(pixels, path.name)
    found = LabelledImages(x, _labels(list(kinds), path.name)[places])
    if path.name.lower().startswith("emnist"):
        found = as_emnist(found)
    return FoundData(found, unit=("rows", "classes"))


def _opened(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def _columns_of(path: Path) -> TableColumns:
    """Return what the columns of a table are, from its first line."""
    name = path.name
    with _opened(path) as file:
        line = next((line for line in file if line.strip()), "")
    if not line:
        raise DataError(f"{name} is empty: it should have {PIXELS_WANTED}")
    delimiter = max(",;\t", key=line.count)
    cells = next(csv.reader([line], delimiter=delimiter))
    words = [cell for cell in cells if not _is_number(cell)]
    has_header = len(words) > 1 or (len(words) == 1 and len(cells) == 1)
    names = tuple(cell.strip() for cell in cells) if has_header else tuple(str(k) for k in range(1, len(cells) + 1))
    left = [k for k, each in enumerate(names) if not (has_header and each.lower() in ID_NAMES)]
    labels = [k for k in left if has_header and names[k].lower() in LABEL_NAMES]
    if len(labels) > 1:
        raise DataError(
            f"{name} has {len(labels)} columns of labels, {' and '.join(names[k] for k in labels)}: keep one of them"
        )
    label = labels[0] if labels else _label_column(left, names, cells, has_header, name)
    pixels = tuple(k for k in left if k != label)
    image_shape(len(pixels), name)
    return TableColumns(label, pixels, names, delimiter, has_header)


def _label_column(left: list[int], names: tuple[str, ...], cells: list[str], has_header: bool, name: str) -> int | None:
    """Return the column with the label where no header says which: the first, or that whose name is no pixel's.

    None where all are pixels.
    """
    if _is_square(len(left)) and not _is_square(len(left) - 1):
        return None
    if not _is_square(len(left) - 1):
        more = f"; with {PIXELS_WANTED}, 2 would be labels: keep one" if _is_square(len(left) - 2) else ""
        raise DataError(f"{name} has {len(left)} columns, and should have {PIXELS_WANTED}{more}")
    if has_header:
        words = [k for k in left if not re.search(r"\d", names[k])]
        if len(words) != 1:
            raise DataError(f"{name} should have a column called label; its first ones are {', '.join(names[:4])}")
        return words[0]
    words = [k for k in left if not _is_number(cells[k])]
    return words[0] if words else left[0]


def _is_square(n: int) -> bool:
    return any(n and n == n_channels * round((n / n_channels) ** 0.5) ** 2 for n_channels in (1, 3))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _rows(
    file: IO[str], columns: TableColumns, label: int, kinds: dict[str, int], name: str, progress: Progress
) -> tuple[NDArray, NDArray]:
    """Return the place of each row's label in `kinds`, which is filled, and its pixels (N, pixels)."""

    def place_of(label: str) -> int:
        return kinds.setdefault(label.strip(), len(kinds))

    places, pixels, n = [], [], 0
    converters: dict[int | str, Callable[[str], int]] = {label: place_of}
    converters |= dict.fromkeys(set(range(len(columns.names))) - {label, *columns.pixels}, _nothing)
    while True:
        try:
            rows = np.loadtxt(
                file, np.float32, delimiter=columns.delimiter, comments=None, quotechar='"', ndmin=2,
                max_rows=CHUNK_ROWS, converters=converters, encoding="utf-8",
            )  # fmt: skip
        except ValueError as error:
            raise DataError(_row_message(str(error), n, columns, name)) from None
        if not rows.size:
            break
        if rows.shape[1] != len(columns.names):
            raise DataError(_row_message(f"changed from 0 to {rows.shape[1]} at row 1", n, columns, name))
        if np.isnan(rows).any():
            row, column = (int(i) for i in np.argwhere(np.isnan(rows))[0])
            raise DataError(
                f"{name}, row {n + row + 1}: column {columns.names[column]} is no number: write 0 for paper, "
                "or drop the row"
            )
        places.append(rows[:, label].astype(np.int64))
        values = rows[:, columns.pixels]
        are_bytes = values.max() > 1 and values.min() >= 0 and values.max() <= 255 and (values == np.rint(values)).all()
        pixels.append(values.astype(np.uint8) if are_bytes else values)
        n += len(rows)
        progress(f"{n:,} rows of {name}")
        if len(rows) < CHUNK_ROWS:
            break
    if not n:
        raise DataError(f"{name} has no rows: it should have {PIXELS_WANTED}, and a row for each image")
    return np.concatenate(places), np.concatenate(pixels)


def _nothing(cell: str) -> int:
    """Return 0 for a cell of a column that is left out."""
    return 0


def _row_message(error: str, n_before: int, columns: TableColumns, name: str) -> str:
    """Return in our words what NumPy says of a row: counted from 1 after the header, those of earlier chunks too."""
    if bad := re.search(r"could not convert string (.*) to float32 at row (\d+), column (\d+)", error, re.DOTALL):
        row, column = n_before + int(bad[2]) + 1, columns.names[min(int(bad[3]), len(columns.names)) - 1]
        return f"{name}, row {row}: column {column} should be a number from 0 to 255, got {bad[1]:.40}"
    if bad := re.search(r"changed from \d+ to (\d+) at row (\d+)", error):
        return f"{name}, row {n_before + int(bad[2])}: it has {bad[1]} columns, and the first line {len(columns.names)}"
    return f"{name}, after row {n_before}: {error.splitlines()[0]}"


def _labels(kinds: list[str], name: str) -> NDArray:
    """Return the labels that there are as whole numbers where all are, otherwise as texts."""
    if any(not kind or kind.lower() == "nan" for kind in kinds):
        raise DataError(f"{name} has rows without a label: give them one, or drop them")
    if not all(_is_number(kind) for kind in kinds):
        return np.array(kinds)
    numbers = [float(kind) for kind in kinds]
    wrong = [kind for kind, number in zip(kinds, numbers, strict=True) if not number.is_integer() or abs(number) > 1e15]
    if wrong:
        raise DataError(f"{name}: labels are whole numbers or names, got {wrong[0]}: is the right column called label?")
    return np.array(numbers).astype(np.int64)
