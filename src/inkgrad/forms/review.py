"""Review: what a person says of the fields that were doubtful, kept as they go, and the table that comes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from inkgrad.csv_table import CsvTable, read_csv, write_csv
from inkgrad.errors import DataError
from inkgrad.forms.field_value import value_of
from inkgrad.forms.form import Field
from inkgrad.forms.form_table import ASKED, NUMBERS, PROBABILITY, form_files
from inkgrad.stored_table import StoredTable, read_table

CHECKED = "answer", "checked"  # columns that a review adds
YES = "yes"
NO_BOX = 0.0, 0.0, 1.0, 1.0


@dataclass(frozen=True)
class Question:
    """One thing to be checked.

    page     the name of the page
    field    the field; None where all of the page could not be read
    read     what was read
    doubt    why a person is asked
    picture  the file of its picture; None where there is none
    answer   what a person said; None as long as nobody did
    """

    page: str
    field: Field | None
    read: str
    doubt: str
    picture: Path | None
    answer: str | None = None


class Review:
    """The questions that reading a pile of forms left open, in `table`, such as forms.csv, and its companions.

    Each answer is written at once: into forms.review.csv, so that one may stop and go on; the table with all answers
    into forms.corrected.csv, or with the ending that it has; and pictures with what they say into
    forms.corrections.csv.

    Raises OSError where the files are not there, DataError where they are others, SettingError for a table of another
    ending than form_files takes, MissingExtra where that needs one.
    """

    def __init__(self, table: str | os.PathLike[str]) -> None:
        stored, self.files = read_table(table), form_files(table)
        self.table = _table_of_forms(self.files.table, stored.texts, ("page", "error"))
        self._asked = _table_of_forms(self.files.review, read_csv(self.files.review), ASKED).rows
        self.questions = [self._question(row) for row in self._asked]
        pages = {row["page"]: row for row in self.table.rows}
        for question in self.questions:
            if question.page not in pages or (question.field and question.field.name not in self.table.columns):
                raise DataError(f"{self.files.review} asks for what is not in {table}: read the forms again")
        fields = [question.field for question in self.questions if question.field]
        self._kinds = stored.kinds | {field.name: Decimal for field in fields if field.kind in NUMBERS}

    @property
    def n_open(self) -> int:
        """How many questions have no answer."""
        return sum(question.answer is None for question in self.questions)

    @property
    def n_answered(self) -> int:
        """How many questions have one."""
        return len(self.questions) - self.n_open

    def answer(self, number: int, text: str, *, as_it_is: bool = False) -> None:
        """Take an answer to a question, by its number from 0; what breaks the field's pattern only `as_it_is`.

        Raises DataError for what breaks it, OSError where files cannot be written.
        """
        question, text = self.questions[number], text.strip()
        if question.field and not as_it_is:
            value_of(question.field, text)
        self.questions[number] = replace(question, answer=text if question.field else "")
        self._write()

    def undo(self, number: int) -> None:
        """Take an answer back."""
        self.questions[number] = replace(self.questions[number], answer=None)
        self._write()

    def _question(self, row: dict[str, str]) -> Question:
        field = None
        if row["field"]:
            field = Field(row["field"], row["kind"], NO_BOX, row["expect"], row["empty"] == YES, row["order"] or "dmy")
        picture = self.files.pictures / Path(row["picture"]).name if row["picture"] else None
        answer = row.get("answer", "") if row.get("checked") == YES else None
        return Question(row["page"], field, row["read"], row["doubt"], picture, answer)

    def _write(self) -> None:
        corrected = {row["page"]: dict(row) for row in self.table.rows}
        corrections = []
        for row, question in zip(self._asked, self.questions, strict=True):
            row["answer"], row["checked"] = question.answer or "", "" if question.answer is None else YES
            if question.answer is None or question.field is None:
                continue
            its = corrected[question.page]
            its[question.field.name] = _worth(question.field, question.answer)
            its[f"{question.field.name}{PROBABILITY}"] = f"{1:.4f}"
            if question.picture and question.answer and question.field.kind != "tick":
                picture = f"{self.files.pictures.name}/{question.picture.name}"
                corrections.append({"picture": picture, "text": question.answer})
        StoredTable(CsvTable(self.table.columns, [*corrected.values()]), self._kinds).write(self.files.corrected)
        write_csv(self.files.corrections, ("picture", "text"), corrections)
        write_csv(self.files.review, (*ASKED, *CHECKED), self._asked)


def _worth(field: Field, answer: str) -> str:
    """Return what stands in the column for an answer, itself where it breaks the pattern."""
    try:
        return value_of(field, answer)
    except DataError:
        return answer


def _table_of_forms(path: Path, table: CsvTable, needed: Sequence[str]) -> CsvTable:
    """Return the table that was in a file; DataError where a column is missing."""
    if (missing := table.missing(needed)) is not None:
        raise DataError(f"{path} must be a table of forms, with a column {missing!r}: read the forms again")
    return table
