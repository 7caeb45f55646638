"""`inkgrad read`: the digits and marks in pictures, as text, JSON, CSV or a file of rows."""

from __future__ import annotations

import csv
import glob
import json
import os
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from inkgrad.bulk import RowKind
from inkgrad.bulk.rows import COLUMNS, rows_of
from inkgrad.cli.bulk import read_in_bulk
from inkgrad.cli.forms import read_forms
from inkgrad.cli.options import Needs, NotWith, refused
from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable, replacing
from inkgrad.forms import SURE
from inkgrad.interop import load
from inkgrad.models import shipped
from inkgrad.pictures import Page, Source, list_pictures, page_names, page_numbers
from inkgrad.pictures.numbered_page import named_page
from inkgrad.plots import digit_sheet, save_png
from inkgrad.reader import THRESHOLD, Line, Reader, Reading, draw_boxes
from inkgrad.reader.pattern import HELP
from inkgrad.table_files import in_csv
from inkgrad.whole_numbers import shown_whole

STDIN = "-"


class AnswerFormat(StrEnum):
    """How the answers are written."""

    text = "text"
    json = "json"
    csv = "csv"


class RowChoice(StrEnum):
    """What has a row in CSV, or in a file."""

    pictures = "pictures"
    lines = "lines"
    digits = "digits"


@refused(
    NotWith(("resume",), "anew", "a reading goes on, or begins anew, not both: leave {} or --anew out"),
    NotWith(("boxes", "seen"), "out", "{} does not go with --out, which only writes a table: leave one out"),
    NotWith(("format_",), "out", "{} {value} does not go with --out, whose name says the format: leave one out"),
    NotWith(("rows",), "table", "--rows {value} does not go with --table, which has a row for each of the table's"),
    NotWith(
        ("expect", "digits_only", "rows", "table", "boxes", "seen", "address", "column", "names"),
        "form",
        "{} does not go with --form, which says what is in each field: leave it out",
    ),
    Needs(("form",), "out", "{} is read into a table: add --out forms.csv"),
    Needs(("sure",), "form", "{} is for the fields of a form: add --form form.toml"),
    Needs(
        ("address", "column", "names", "resume", "anew"),
        "out",
        "{} is for answers that go to a file: add --out results.csv",
    ),
    Needs(("address",), "n_workers", "{} takes --workers with it: how many of the cluster's cores shall read"),
)
def read(
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE...",
            help="Pictures, PDF files, folders, patterns such as 'scans/*.png', or - for standard input. Of a PDF or "
            "TIFF all pages are read, or one: scan.pdf#3. PDF needs pip install 'inkgrad\\[pdf]', and HEIC "
            "'inkgrad\\[heic]'.",
        ),
    ],
    model: Annotated[
        Path,
        typer.Option(
            help="The model that reads digit by digit: a file that inkgrad train wrote, or one that comes along."
        ),
    ] = Path("reader"),
    expect: Annotated[str | None, typer.Option(metavar="PATTERN", help=f"What is known to be there, {HELP}.")] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="A digit or mark less probable than this is written as ?.")
    ] = THRESHOLD,
    digits_only: Annotated[
        bool, typer.Option("--digits-only", help="Leave marks, spaces and tabs out: 12.50 is written as 1250.")
    ] = False,
    format_: Annotated[AnswerFormat, typer.Option("--format", help="How the answers are written.")] = AnswerFormat.text,
    rows: Annotated[
        RowChoice, typer.Option(help="With --format csv or --out: what has a row, with its place and its probability.")
    ] = RowChoice.pictures,
    table: Annotated[
        bool,
        typer.Option(
            "--table", help="Only the table: rows of cells, with tabs between them (or as CSV, JSON, or with --out)."
        ),
    ] = False,
    boxes: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            help="Also draw the picture with a box around each character, blue where sure, orange where not. "
            "For several pictures a folder.",
        ),
    ] = None,
    seen: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw what the network saw, with its answers.")
    ] = None,
    n_workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            help="Processes that read, as many as there are cores if not told; with --ray, cores of the cluster.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Read many, and write a table to this file: .csv, .parquet or .xlsx (pip install "
            "'inkgrad\\[parquet]' or 'inkgrad\\[xlsx]'). A PICTURE may then also be a Parquet file of pictures, or an "
            "address such as s3://bucket/scans. What could not be read is listed beside it, in results.errors.csv.",
        ),
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="With --out forms.csv, .xlsx or .parquet: the pictures are pages of one form, whose fields this file "
            "names. A row a page, a column a field; what is not sure goes to forms.review.csv too.",
        ),
    ] = None,
    sure: Annotated[
        float, typer.Option(min=0, max=1, help="With --form: a field less probable than this is to be checked.")
    ] = SURE,
    address: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="With --out: the Ray cluster that reads, as host:port. Needs pip install 'inkgrad\\[ray]'.",
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --out: the column of Parquet files that has the pictures.")
    ] = None,
    names: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --out: the column that says what they are called.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="With --out: go on from where it was broken off.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="With --out: begin anew even where unfinished work would be lost.")
    ] = False,
) -> None:
    r"""Read the digits and marks in pictures: pages, lines, tables, forms, single digits.

    Each line of writing is a line of text, such as 12.50, -3 or 2024-05-17,
    with spaces for wide gaps, and tabs between the cells of a table. What is
    not sure is a question mark. Words, rules and blots are left out: standard
    error says so where they are more than what was read, and says how a
    picture was turned that did not stand upright.

    Try: inkgrad read photo.jpg --boxes seen.png, or inkgrad read meter.jpg --expect '\d{5}',
    or inkgrad read slip.jpg --format json for the number, the place and the probability of what was read,
    or inkgrad read scans --out results.csv for a table with a row for each picture of a folder,
    or inkgrad read scans --form form.toml --out forms.csv
    """
    if not model.is_file() and str(model) not in shipped():
        raise SettingError(f"there is no model {model}: make one with inkgrad train, or leave out --model")
    if out is not None:
        if STDIN in pictures:
            raise SettingError("standard input does not go with --out, which has a row for each picture: name files")
        if form is not None:
            read_forms(list(_named(pictures, b"")), form, out, model, sure, n_workers, resume, anew)
            return
        read_in_bulk(
            pictures, out, address, n_workers=n_workers, model=load(model), threshold=threshold, expect=expect,
            marks=not digits_only, rows=RowKind.table if table else RowKind(rows), column=column, names=names,
            resume=resume, anew=anew,
        )  # fmt: skip
        return
    if rows != RowChoice.pictures and format_ != AnswerFormat.csv:
        raise SettingError(f"--rows {rows} is for tables: add --format csv, or --out results.csv")
    if n_workers is not None and n_workers > 256:
        raise SettingError(
            f"at most 256 processes read here, got --workers {shown_whole(n_workers)}: more read with --out"
        )
    sources = _named(pictures, sys.stdin.buffer.read() if STDIN in pictures else b"")
    targets = _box_targets(boxes, list(sources))
    _refuse_bad_targets(targets, boxes, seen, list(sources), model)
    reader = Reader(load(model), threshold=threshold, expect=expect, marks=not digits_only)
    kind = RowKind.table if table else RowKind(rows)
    _read_here(sources, reader, format_, kind, targets, seen, n_workers)


def _refuse_bad_targets(
    targets: list[Path], boxes: Path | None, seen: Path | None, names: list[str], model: Path
) -> None:
    """Raise where a picture cannot be drawn where it is wanted, and make the folder of the boxes."""
    inputs = [model, *(Path(_file_of(name)) for name in names)]
    if seen is not None:
        _refuse_bad_target(seen, targets, inputs)
    if boxes is not None and len(names) > 1 and not boxes.exists() and boxes.parent.is_dir():
        boxes.mkdir()
    for target in targets:
        _refuse_bad_target(target, [], inputs)


def _read_here(
    sources: dict[str, Source], reader: Reader, format_: AnswerFormat, kind: RowKind, targets: list[Path],
    seen: Path | None, n_workers: int | None,
) -> None:  # fmt: skip
    """Read the pictures, and write the answers on standard output."""
    readings = reader.read_many(sources.values(), workers=n_workers)
    console = Console(stderr=True)
    shown = track(
        readings, "reading", len(sources), console=console, transient=True,
        disable=len(sources) < 20 or not console.is_terminal,
    )  # fmt: skip
    pages = [NamedReading(name, reading) for name, reading in zip(sources, shown, strict=True)]
    if format_ == AnswerFormat.csv:
        write_csv(pages, kind)
    else:
        write = write_json if format_ == AnswerFormat.json else write_text
        write(pages, kind is RowKind.table)
    for page, source, target in zip(pages, sources.values(), targets, strict=False):
        if page.reading.error is None:
            with replacing(target) as file:
                draw_boxes(source, page.reading).save(file, "PNG")
            say(f"drew the boxes of {page.name} in {target}")
    if seen is not None:
        _draw_seen(pages, seen)
    for page in pages:
        for note in page.notes(kind is RowKind.table):
            say(note)
    if any(page.reading.error for page in pages):
        raise typer.Exit(2)


def _named(pictures: list[str], typed: bytes) -> dict[str, Source]:
    """Return the pictures by name: those of folders and patterns, in the order of their names, and pages of files.

    `typed` is what came on standard input, whose pages are -#1, -#2.
    """
    named: dict[str, Source] = {}
    for picture in pictures:
        if picture == STDIN:
            numbers = page_numbers(typed)
            pages = [Page(typed, number) for number in numbers]
            named |= zip(page_names(STDIN, numbers), pages if len(pages) > 1 else [typed], strict=True)
        else:
            is_missing = not (glob.has_magic(picture) or os.path.lexists(picture))  # the others are still read
            named |= {name: name for name in ([picture] if is_missing else list_pictures(picture))}
    return named


def _box_targets(boxes: Path | None, names: list[str]) -> list[Path]:
    """Return the file for the boxes of each picture: a PNG picture, or those of a folder."""
    if boxes is None:
        return []
    is_picture = boxes.suffix.lower() == ".png"
    if len(names) == 1:
        if not is_picture:
            raise SettingError(f"--boxes takes a name that ends in .png, got {boxes}")
        return [boxes]
    if is_picture:
        raise SettingError(f"--boxes of several pictures takes a folder, got {boxes}")
    stems = [_stem(name) for name in names]
    if len(set(stems)) < len(stems):
        stems = [f"{number}.{stem}" for number, stem in enumerate(stems, start=1)]
    return [boxes / f"{stem}.png" for stem in stems]


def _stem(name: str) -> str:
    """Return what a picture drawn of another one is called: scan.3 of scan.pdf#3."""
    page = named_page(name)
    stem = "stdin" if (page.file if page else name) == STDIN else Path(_file_of(name)).stem
    return f"{stem}.{page.number}" if page else stem


def _file_of(name: str) -> str:
    """Return the file that a picture is in, also one that is a page of it."""
    page = named_page(name)
    return str(page.file) if page else name


def _refuse_bad_target(target: Path, others: list[Path], inputs: list[Path]) -> None:
    """Raise where a picture that is to be drawn is an input, or another one, or cannot be written."""
    if target in others:
        raise SettingError(f"{target} would be written twice: give --boxes and --seen two names")
    refuse_same(target, inputs)
    refuse_unwritable(target)


def _draw_seen(pages: list[NamedReading], path: Path) -> None:
    characters = [character for page in pages for character in page.reading.characters]
    if not characters:
        return say(f"no digits were seen, so {path} was not drawn")
    captions = [f"{character.label}\n{character.probability:.1%} sure" for character in characters]
    images = np.stack([character.image for character in characters])
    save_png(digit_sheet(images, captions, "what the network saw", 10), path)
    return say(f"drew what the network saw in {path}")


@dataclass(frozen=True)
class NamedReading:
    """What was read in one file."""

    name: str
    reading: Reading

    def notes(self, table: bool) -> list[str]:
        """Return what is to be said of it besides the answer, a line each."""
        name = self.name.replace(STDIN, "standard input", 1) if _file_of(self.name) == STDIN else self.name
        reading, notes = self.reading, []
        if reading.error:
            return [reading.error.replace("the picture", name, 1)]
        if table and reading.table is None:
            notes.append(f"{name}: no table found")
        elif not reading.digits:
            notes.append(f"{name}: no digits found")
        if reading.turned:
            notes.append(f"{name}: read turned by {reading.turned} degrees")
        n, skipped = len(reading.characters), reading.skipped
        if skipped.total > n:
            were = "was" if skipped.total == 1 else "were"
            notes.append(f"{name}: {skipped} {were} left out, {n} character{'s' * (n != 1)} read")
        return notes


def write_text(pages: list[NamedReading], table: bool) -> None:
    """Write a line of text for each line of writing; of several files, each line after the file's name."""
    for page in pages:
        if table:
            lines = ["\t".join(row) for row in page.reading.table or ()]
        else:
            lines = [line.text for line in page.reading.lines]
        for line in lines:
            print(line if len(pages) == 1 else f"{page.name}: {line}")


def write_csv(pages: list[NamedReading], kind: RowKind) -> None:
    """Write the rows of this kind; those of tables alone have no names of columns, and the file's only among several.

    A picture that could not be read has a row all the same where each has one.
    """
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if kind is not RowKind.table:
        writer.writerow(COLUMNS[kind])
    for page in pages:
        for row in rows_of(page.name, page.reading, kind):
            cells = row if kind is not RowKind.table else row[2:] if len(pages) == 1 else (row[0], *row[2:])
            writer.writerow(map(in_csv, cells))


def write_json(pages: list[NamedReading], table: bool) -> None:
    """Write a list with an object for each file."""
    print(json.dumps([_as_json(page, table) for page in pages], indent=2))


def _text_in_json(written: Reading | Line) -> dict[str, Any]:
    """Return a text, its number in plain digits (1,234.50 is "1234.50"; a float might round), and how sure it is."""
    number = written.number
    return {
        "text": written.text,
        "number": None if number is None else f"{number:f}",
        "probability": round(written.probability, 4),
    }


def _as_json(page: NamedReading, table: bool) -> dict[str, Any]:
    reading = page.reading
    if table:
        return {"file": page.name, "table": reading.table}
    return {
        "file": page.name,
        "error": reading.error,
        **_text_in_json(reading),
        "lines": [_text_in_json(line) for line in reading.lines],
        "table": reading.table,
        "skipped": asdict(reading.skipped),
        "turned": reading.turned,
        "characters": [
            {
                "label": character.label,
                "best": character.best,
                "probability": round(character.probability, 4),
                "others": {label: round(probability, 4) for label, probability in character.others},
                "box": character.box,
                "line": character.line,
                "column": character.column,
                "gap": character.gap,
                "cell": character.cell,
            }
            for character in reading.characters
        ],
    }
