"""Results: the outcomes as a table for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict
from io import StringIO
from pathlib import Path

from inkgrad.files import replacing
from inkgrad.sweeps.plan_file import SETTINGS
from inkgrad.sweeps.trial import Outcome

COLUMNS = ("trial", "status", "validation_accuracy", "epochs_done", "seconds", *SETTINGS)


def write_table(outcomes: Iterable[Outcome], path: Path) -> None:
    """Write a line of CSV for each outcome, in the order given; OSError when the file cannot be written."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in outcomes:
        accuracy = "" if each.accuracy is None else each.accuracy
        values = asdict(each.trial.settings)
        settings = (values[name] for name in SETTINGS)
        table.writerow([each.trial.number, each.status, accuracy, each.epochs, each.seconds, *settings])
    with replacing(path) as file:
        file.write(text.getvalue().encode())
