"""`inkgrad evaluate`: how good a model is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from inkgrad.arrays import Array
from inkgrad.cli.options import Data, Plain, Threads, engine_of
from inkgrad.cli.terminal import say
from inkgrad.cli.tested import misread_sheet, model_and_examples
from inkgrad.errors import SettingError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.metrics import confusion_matrix, wilson_interval
from inkgrad.plots import save_png


def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A file that inkgrad train wrote, or cnn, which comes with inkgrad.")
    ],
    data: Data = None,
    misread: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Where the picture goes. Without it: beside MODEL, as MODEL.misread.png."),
    ] = None,
    n_threads: Threads = None,
    plain: Plain = False,
) -> None:
    """Test a model: accuracy with its 95 % interval, confusion matrix, the misread digits as a picture."""
    engine = engine_of(n_threads, plain)
    picture = misread or model.parent / (model.name.removesuffix(".safetensors") + ".misread.png")
    refuse_same(picture, [model])
    try:
        refuse_unwritable(picture)
    except OSError as error:
        raise SettingError(f"{picture}: {error.strerror}; name a place for the picture with --misread") from error
    loaded, examples = model_and_examples(model, data, engine)
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


def _confusion_text(matrix: Array, labels: tuple[str, ...]) -> str:
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
