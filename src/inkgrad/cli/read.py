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
from inkgrad.errors import PictureError, SettingError, ShapeError
from inkgrad.files import refuse_unwritable
from inkgrad.images import cut_grid, find_ink, mnist_form, open_picture
from inkgrad.models import load
from inkgrad.plots import digit_sheet, save_png


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
    label: str
    probability: float


def read(
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Pictures of one digit each, dark on light or light on dark."),
    ],
    model: Annotated[Path, typer.Option(help="The model that reads, as inkgrad train wrote it.")] = Path(
        "digits.safetensors"
    ),
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
    if seen is not None:
        refuse_unwritable(seen)
    if not model.exists():
        raise SettingError(f"there is no model {model}: make one with inkgrad train, or name another with --model")
    reader = load(model)
    if reader.input_shape != (28, 28, 1):
        raise ShapeError(f"{model} takes inputs of shape {reader.input_shape}, but pictures become (28, 28, 1)")
    places, digits = [], []
    for path in pictures:
        for number, digit in enumerate(_digits(path, n_rows, n_columns)):
            places.append((str(path), *divmod(number, n_columns)))
            digits.append(digit)
    probabilities = reader.probabilities(np.stack(digits))
    answers = [
        Answer(*place, reader.labels[int(p.argmax())], round(float(p.max()), 4))
        for place, p in zip(places, probabilities, strict=True)
    ]
    _write(answers, format_, is_sheet=grid is not None)
    if seen is not None:
        captions = [f"{answer.label}\n{answer.probability:.1%} sure" for answer in answers]
        save_png(digit_sheet(np.stack(digits), captions, "what the network saw", max(n_columns, 10)), seen)


def _parse_grid(grid: str | None) -> tuple[int, int]:
    if grid is None:
        return 1, 1
    parts = grid.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise SettingError(f"--grid takes rows and columns, such as 4x10, got {grid!r}")
    return int(parts[0]), int(parts[1])


def _digits(path: Path, n_rows: int, n_columns: int) -> list[Array]:
    picture = open_picture(path)
    try:
        cells = cut_grid(picture, n_rows, n_columns) if n_rows * n_columns > 1 else [picture]
        return [mnist_form(find_ink(cell)) for cell in cells]
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
            print(answer.label, end="\n" if new_row else " ")
    else:
        for answer in answers:
            print(f"{answer.file}  {answer.label}  {answer.probability:.4f}")
