"""`inkgrad evaluate`: how good a model is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from inkgrad.arrays import NDArray
from inkgrad.cli.line_folder import LISTED_IN, lines_in
from inkgrad.cli.options import ModelFile, Plain, Threads, engine_of, source_for, takes_data
from inkgrad.cli.terminal import say, waiting
from inkgrad.data import DataSource, Examples
from inkgrad.data.class_names import WAY_OUT
from inkgrad.errors import DataError, SettingError, ShapeError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.interop import load
from inkgrad.metrics import confusion_matrix, edits_between, wilson_interval
from inkgrad.models import Model
from inkgrad.plots import misread, save_png


@takes_data(but="classes")
def evaluate(
    source: DataSource,
    model: ModelFile,
    misread: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Where the picture goes. Without it: beside MODEL, as MODEL.misread.png."),
    ] = None,
    n_threads: Threads = None,
    plain: Plain = False,
) -> None:
    """Test a model: accuracy with its 95 % interval, confusion matrix, the misread digits as a picture.

    Of a model that reads lines: how many lines and characters are right, and the misread lines. Then --data is a
    folder of pictures of one line each, with a labels.csv of the columns file and label.
    """
    engine = engine_of(n_threads, plain)
    loaded = replace(load(model), engine=engine)
    if loaded.reads_lines:
        if misread is not None:
            raise SettingError("misread lines are told in words, not as a picture: leave out --misread")
        with limit_threads(engine.n_threads):
            return _evaluate_lines(loaded, model, source)
    picture = misread or model.parent / (model.name.removesuffix(".safetensors") + ".misread.png")
    refuse_same(picture, [model])
    try:
        refuse_unwritable(picture)
    except OSError as error:
        raise SettingError(f"{picture}: {error.strerror}; name a place for the picture with --misread") from error
    examples = examples_for(loaded, model, source)
    with limit_threads(engine.n_threads):
        found = loaded.evaluate(examples)
        sheet = misread_sheet(loaded, examples, found.predicted) if found.n_right < len(examples) else None
    n = len(examples)
    low, high = wilson_interval(found.n_right, n)
    print(f"accuracy {found.accuracy:.4f} ({found.n_right} of {n}), 95 % interval {low:.4f} to {high:.4f}")
    print(_confusion_text(confusion_matrix(examples.t, found.predicted, len(loaded.labels)), loaded.labels))
    if sheet is None:
        say("no digit was misread, so there is no picture of them")
    else:
        save_png(sheet, picture)
        say(f"the misread digits are in {picture}")
    return None


def _evaluate_lines(model: Model, path: Path, source: DataSource) -> None:
    if source.data is None:
        raise SettingError(
            f"{path} reads lines: give a folder of pictures of one line each, and a {LISTED_IN} in it, with --data"
        )
    if source != DataSource(source.data):
        raise SettingError(f"{path} reads lines, which are taken as they are: give --data alone")
    lines = list(lines_in(Path(source.data)))
    read = [str(model.predict(line.ink)[0]) for line in lines]
    edits = [edits_between(found, line.text) for found, line in zip(read, lines, strict=True)]
    n, n_right, n_characters = len(lines), edits.count(0), sum(len(line.text) for line in lines)
    low, high = wilson_interval(n_right, n)
    print(f"lines right {n_right / n:.4f} ({n_right} of {n}), 95 % interval {low:.4f} to {high:.4f}")
    print(f"characters right {1 - sum(edits) / max(n_characters, 1):.4f} ({sum(edits)} edits to {n_characters})")
    for line, found, wrong in zip(lines, read, edits, strict=True):
        if wrong:
            print(f"{line.name}: {line.text!r} was read as {found!r}")


def _confusion_text(matrix: NDArray, labels: tuple[str, ...]) -> str:
    table = Table(title="row: what it was; column: what it was read as")
    table.add_column("", justify="right", style="bold", no_wrap=True)
    for label in labels:
        table.add_column(Text(label), justify="right", no_wrap=True)
    for k, row in enumerate(matrix):
        cells = [Text(str(n) if n else "·", "green" if k == j else "red" if n else "") for j, n in enumerate(row)]
        table.add_row(Text(labels[k]), *cells)
    console = Console()
    console.width = max(console.width, Measurement.get(console, console.options.update(width=100_000), table).maximum)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")


def model_and_examples(path: Path, source: DataSource) -> tuple[Model, Examples]:
    """Return the model in a file and the test examples of a source, and say what they are.

    Raises SettingError, ShapeError or DataError where they are not for each other.
    """
    model = load(path)
    if model.reads_lines:
        raise SettingError(f"{path} reads lines, not images of one class each: inkgrad evaluate tests it")
    return model, examples_for(model, path, source)


def examples_for(model: Model, path: Path, source: DataSource) -> Examples:
    """Return the test examples of a source, which is MNIST unless told, for the model in a file; say what they are."""
    try:
        with waiting(f"reading {source.name}") as progress:
            examples, about = source_for(model, source).load_test(progress)
    except DataError as error:
        if error.setting != "classes":
            raise
        raise DataError(f"{str(error).partition(WAY_OUT)[0].rstrip(':; ')}; {path} knows no others") from None
    if about:
        say(about)
    if examples.input_shape != model.input_shape:
        raise ShapeError(
            f"{path} takes inputs of shape {model.input_shape}, but the data have {examples.input_shape}: "
            "give others with --data"
        )
    if int(examples.t.max()) >= len(model.labels):
        raise DataError(f"{path} knows {len(model.labels)} classes, but the data have label {examples.t.max()}")
    return examples


def misread_sheet(model: Model, examples: Examples, predicted: NDArray) -> Any:
    """Return a Figure of the misread digits, those first of which the model was surest."""
    wrong = np.flatnonzero(predicted != examples.t)
    x, t = examples.x[wrong], examples.t[wrong]
    probability = model.probabilities(x).max(axis=1)
    return misread(x, t, predicted[wrong], probability, model.labels, n_examples=len(examples))
