"""Form tables: a row for each page, and beside it what a person is to check, with pictures of it.

A table is CSV, or by the ending of its name Parquet or for Excel.  Of forms.csv, or forms.xlsx, the companions are

    forms.review.csv       a row for each field that is to be checked, with the place of its picture
    forms.review/          these pictures
    forms.corrected.csv    the table as a person left it; with the ending of the table
    forms.corrections.csv  columns `picture` and `text`: what a person saw, and said that it says; a recogniser can
                           learn from it.  Pictures are named from the folder of the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image

from inkgrad.csv_table import CsvTable, write_csv
from inkgrad.errors import SettingError
from inkgrad.forms.form import PrintedForm
from inkgrad.forms.form_reader import FieldReading, FilledPage
from inkgrad.stored_table import StoredTable
from inkgrad.table_files import refuse_other_ending

OURS = re.compile(r"\d{5}\.png")
NUMBERS = "number", "amount"  # kinds of fields
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

    Raises SettingError for a table of another ending than .csv, .parquet or .xlsx, MissingExtra where that needs one.
    """
    table = Path(table)
    refuse_other_ending(table)
    review, corrected, corrections = (
        table.with_name(f"{table.stem}.{end}")
        for end in ("review.csv", f"corrected{table.suffix}", "corrections.csv")
    )  # fmt: skip
    return FormFiles(table, review, review.with_suffix(""), corrected, corrections)


def columns_of(fields: Iterable[str]) -> list[str]:
    """Return the columns of a table of forms with fields of these names."""
    return ["page", *(column for name in fields for column in (name, f"{name}{PROBABILITY}")), "error"]


@dataclass(frozen=True)
class FormTally:
    """How many pages were read, how many were not, and how many fields a person is asked for."""

    n_pages: int
    n_unread: int
    n_asked: int


class FormWriter:
    """Writes a table of forms, page by page, so that what was broken off can go on.

    What is done is in a folder beside the table, forms.review.part, until all is: then it replaces what was there of an
    earlier reading.  `key` says what it was read with; `resume` goes on with a reading that was broken off, and `anew`
    begins where one was.

    Raises SettingError for a table of another ending than form_files takes, where there is an unfinished reading, none,
    or another one, and where the folder of the pictures has other things; OSError where files cannot be written.
    """

    def __init__(
        self,
        form: PrintedForm,
        table: str | os.PathLike[str],
        key: str = "",
        *,
        resume: bool = False,
        anew: bool = False,
    ) -> None:
        self.form, self.files = form, form_files(table)
        refuse_foreign(self.files.pictures)
        self.folder = self.files.pictures.with_name(f"{self.files.pictures.name}.part")
        self._journal = self.folder / "pages.jsonl"
        self.done: dict[str, DonePage] = {}
        if self._journal.exists() and not anew:
            self._go_on(key, resume)
            return
        if resume:
            why = f"there is no unfinished reading for {table} to go on with: leave `resume` out"
            raise SettingError(why, setting="resume")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self._note({"key": key})

    def _go_on(self, key: str, resume: bool) -> None:
        first, *lines = _whole_lines(self._journal)
        if not resume:
            raise SettingError(
                f"{self.folder} holds an unfinished reading, {len(lines)} pages: go on with `resume`, or begin `anew`",
                setting="resume",
            )
        if first.get("key") != key:
            raise SettingError(
                f"the unfinished reading in {self.folder} is of another form, or was told otherwise: begin `anew`",
                setting="anew",
            )
        self.done = {line["row"]["page"]: DonePage(line["row"], line["asked"]) for line in lines}

    def add(self, name: str, page: FilledPage) -> None:
        """Note what was read on a page, by its name.

        A page that could not be laid over the sample has its reason under `error`, and is to be checked as a whole.
        """
        row = {"page": name, "error": page.error or ""}
        asked = [{"page": name, "doubt": page.error}] if page.error else []
        n_before = sum(len(each.asked) for each in self.done.values())
        for each in page.fields:
            row |= {each.field.name: each.value, f"{each.field.name}{PROBABILITY}": f"{each.probability:.4f}"}
            if each.doubt:
                picture = f"{n_before + len(asked) + 1:05}.png"
                Image.fromarray(each.picture).save(self.folder / picture)
                asked.append(_asked(name, each) | {"picture": f"{self.files.pictures.name}/{picture}"})
        self.done[name] = DonePage(row, asked)
        self._note({"row": row, "asked": asked})

    def finish(self, names: Iterable[str]) -> FormTally:
        """Write the table, of the pages with these names in this order; return how many there are of each kind."""
        pages = [self.done[name] for name in names]
        asked = [row for page in pages for row in page.asked]
        kinds = _kinds_of(self.form)
        StoredTable(CsvTable(tuple(kinds), [page.row for page in pages]), kinds).write(self.files.table)
        self._journal.unlink()
        shutil.rmtree(self.files.pictures, ignore_errors=True)
        self.folder.rename(self.files.pictures)
        write_csv(self.files.review, ASKED, asked)
        n_unread = sum(bool(page.row["error"]) for page in pages)
        return FormTally(len(pages), n_unread, len(asked) - n_unread)

    def _note(self, line: dict[str, Any]) -> None:
        with open(self._journal, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _kinds_of(form: PrintedForm) -> dict[str, type]:
    """Return what the columns of a table of forms hold where a file has types."""
    kinds: dict[str, type] = dict.fromkeys(columns_of(field.name for field in form.fields), str)
    for field in form.fields:
        kinds[f"{field.name}{PROBABILITY}"] = float
        if field.kind in NUMBERS:
            kinds[field.name] = Decimal
    return kinds


@dataclass(frozen=True)
class DonePage:
    """The row of a page that was read, and those of what is to be checked on it."""

    row: dict[str, str]
    asked: list[dict[str, str]]


def _whole_lines(journal: Path) -> list[dict[str, Any]]:
    """Return what the lines of a journal say; the last may be cut off, where its writer was killed."""
    text = journal.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()] or [{}]
    with open(journal, "w", encoding="utf-8") as file:  # without what was cut off
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return lines


def refuse_foreign(pictures: Path) -> None:
    """Raise SettingError where a folder, whose pictures are to be replaced, has anything else in it."""
    inside = pictures.iterdir() if pictures.is_dir() else ()
    if others := sorted(each.name for each in inside if not OURS.fullmatch(each.name)):
        raise SettingError(
            f"the folder {pictures} is for pictures of fields, and has {others[0]} in it, which would be lost: "
            "move it, or name another table",
            setting="out",
        )


def _asked(page: str, read: FieldReading) -> dict[str, str]:
    field = read.field
    told = {"field": field.name, "kind": field.kind, "expect": field.expect, "order": field.order}
    said = {"read": read.text, "probability": f"{read.probability:.4f}", "doubt": read.doubt}
    return {"page": page, **told, "empty": "yes" if field.empty else "no", **said}
