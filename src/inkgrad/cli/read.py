"""`inkgrad read`: the digits in pictures, as text."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from inkgrad.arrays import Array
from inkgrad.cli.terminal import say
from inkgrad.errors import PictureError, SettingError, ShapeError
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.images import cut_grid, find_ink, is_blank, mnist_form, open_picture
from inkgrad.models import load, shipped
from inkgrad.plots import digit_sheet, save_png

LATEST = Path("digits.safetensors")  # what inkgrad train writes


class Format(StrEnum):
    """How the answers are written."""

    text = "text"
    csv = "csv"
    json = "json"


@dataclass(frozen=True)
class Answer:
    """What was read in one picture, or in one cell of a sheet."""

    file: str
    row: int
    column: int
    label: str | None  # None for an empty cell
    probability: float


def read(
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Pictures of one digit each, dark on light or light on dark."),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            help="The model that reads, as inkgrad train wrote it. Without it digits.safetensors, if there is one "
            "here, else the cnn that comes with inkgrad."
        ),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option(metavar="ROWSxCOLUMNS", help="Each picture is a sheet with one digit in each cell, such as 4x10."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How the answers are written.")] = Format.text,
    seen: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw what the network saw, with its answers.")
    ] = None,
) -> None:
    """Read digits in pictures: a label and its probability for each, or the rows of a sheet."""
    n_rows, n_columns = _parse_grid(grid)
    if model is None:
        model = LATEST if LATEST.exists() else Path("cnn")
    if seen is not None:
        refuse_same(seen, [*pictures, model])
        refuse_unwritable(seen)
    if not model.is_file() and str(model) not in shipped():
        raise SettingError(f"there is no model {model}: make one with inkgrad train, or name another with --model")
    reader = load(model)
    if reader.input_shape != (28, 28, 1):
        raise ShapeError(f"{model} takes inputs of shape {reader.input_shape}, but pictures become (28, 28, 1)")
    answers, digits, failures = [], [], []
    for path in pictures:
        try:
            cells = _cells(path, n_rows, n_columns)
        except (PictureError, OSError) as error:
            failures.append(error if isinstance(error, PictureError) else f"{path}: {error.strerror}")
            continue
        for number, digit in enumerate(cells):
            place = str(path), *divmod(number, n_columns)
            if digit is None:
                answers.append(Answer(*place, None, 0.0))
                continue
            p = reader.probabilities(digit)[0]
            answers.append(Answer(*place, reader.labels[int(p.argmax())], round(float(p.max()), 4)))
            digits.append((digit, answers[-1]))
    _write(answers, format_, is_sheet=grid is not None)
    if seen is not None and digits:
        captions = [f"{answer.label}\n{answer.probability:.1%} sure" for _, answer in digits]
        images = np.stack([digit for digit, _ in digits])
        save_png(digit_sheet(images, captions, "what the network saw", max(n_columns, 10)), seen)
    for failure in failures:
        say(failure)
    if failures:
        raise typer.Exit(2)


def _parse_grid(grid: str | None) -> tuple[int, int]:
    if grid is None:
        return 1, 1
    parts = grid.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise SettingError(f"--grid takes rows and columns, such as 4x10, got {grid!r}")
    return int(parts[0]), int(parts[1])


def _cells(path: Path, n_rows: int, n_columns: int) -> list[Array | None]:
    """Return the digits of a picture, None for an empty cell of a sheet."""
    picture = open_picture(path)
    if n_rows * n_columns == 1:
        return [_digit(path, picture)]
    try:
        cells = cut_grid(picture, n_rows, n_columns)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    return [None if is_blank(cell) else _digit(path, cell) for cell in cells]


def _digit(path: Path, picture: Array) -> Array:
    try:
        return mnist_form(find_ink(picture))
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None


def _write(answers: list[Answer], format_: Format, is_sheet: bool) -> None:
    if format_ is Format.json:
        print(json.dumps([asdict(answer) for answer in answers], indent=2))
    elif format_ is Format.csv:
        writer = csv.DictWriter(sys.stdout, ["file", "row", "column", "label", "probability"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(answer) for answer in answers)
    elif is_sheet:
        for number, answer in enumerate(answers):
            new_row = number + 1 == len(answers) or answers[number + 1].column == 0
            print(answer.label or "·", end="\n" if new_row else " ")
    else:
        for answer in answers:
            print(f"{answer.file}  {answer.label}  {answer.probability:.4f}")
