"""Form tables: a row for each page, and beside it what a person is to check, with pictures of it.

Of forms.csv the companions are

    forms.review.csv       a row for each field that is to be checked, with the place of its picture
    forms.review/          these pictures
    forms.corrected.csv    the table as a person left it
    forms.corrections.csv  columns `picture` and `text`: what a person saw, and said that it says; a recogniser can
                           learn from it.  Pictures are named from the folder of the file.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.files import replacing
from inkgrad.forms.form import Field, PrintedForm
from inkgrad.forms.form_reader import FilledPage

PROBABILITY = " probability"  # the column beside a field's
ASKED = "page", "field", "kind", "expect", "empty", "order", "read", "probability", "doubt", "picture"


@dataclass(frozen=True)
class FormFiles:
    """Where a table of forms and its companions are."""

    table: Path
    review: Path
    pictures: Path
    corrected: Path
    corrections: Path


def form_files(table: str | os.PathLike[str]) -> FormFiles:
    """Return where a table and its companions are.

    Raises SettingError for a table that is no .csv.
    """
    table = Path(table)
    if table.suffix.lower() != ".csv":
        raise SettingError(f"forms are read into a file that ends in .csv, got {table}", setting="out")
    named = {end: table.with_name(f"{table.stem}.{end}") for end in ("review", "corrected", "corrections")}
    return FormFiles(
        table, named["review"].with_name(f"{named['review'].name}.csv"), named["review"],
        *(named[end].with_name(f"{named[end].name}.csv") for end in ("corrected", "corrections")),
    )  # fmt: skip


def columns_of(fields: Iterable[str]) -> list[str]:
    """Return the columns of a table of forms with fields of these names."""
    return ["page", *(column for name in fields for column in (name, f"{name}{PROBABILITY}")), "error"]


@dataclass(frozen=True)
class FormTally:
    """How many pages were read, how many were not, and how many fields a person is asked for."""

    n_pages: int
    n_unread: int
    n_asked: int


def write_forms(pages: Iterable[tuple[str, FilledPage]], form: PrintedForm, table: str | os.PathLike[str]) -> FormTally:
    """Write a row for each page, by its name, and beside them what a person is to check; return how many of each.

    A page that could not be laid over the sample has its reason under `error`, and a row among what is to be checked.
    What was there of an earlier reading is replaced when all is done.

    Raises SettingError for a table that is no .csv, OSError where files cannot be written.
    """
    files = form_files(table)
    making = files.pictures.with_name(f"{files.pictures.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    rows: list[dict[str, str]] = []
    asked: list[dict[str, str]] = []
    try:
        for name, page in pages:
            row = {"page": name, "error": page.error or ""}
            if page.error:
                asked.append({"page": name, "doubt": page.error})
            for each in page.fields:
                row |= {each.field.name: each.value, f"{each.field.name}{PROBABILITY}": f"{each.probability:.4f}"}
                if each.doubt:
                    picture = f"{len(asked) + 1:05}.png"
                    _save(each.picture, making / picture)
                    asked.append(_asked(name, each.field, each.text, each.probability, each.doubt) |
                                 {"picture": f"{files.pictures.name}/{picture}"})  # fmt: skip
            rows.append(row)
        write_rows(files.table, columns_of(field.name for field in form.fields), rows)
        shutil.rmtree(files.pictures, ignore_errors=True)
        making.rename(files.pictures)
        write_rows(files.review, ASKED, asked)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    n_unread = sum(bool(row["error"]) for row in rows)
    return FormTally(len(rows), n_unread, len(asked) - n_unread)


def _asked(page: str, field: Field, text: str, probability: float, doubt: str) -> dict[str, str]:
    empty = "yes" if field.empty else "no"
    return {"page": page, "field": field.name, "kind": field.kind, "expect": field.expect, "empty": empty,
            "order": field.order, "read": text, "probability": f"{probability:.4f}", "doubt": doubt}  # fmt: skip


def _save(picture: NDArray, path: Path) -> None:
    Image.fromarray(picture).save(path)


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    """Write rows as CSV, in one move; what a row lacks is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())
