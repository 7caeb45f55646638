"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkgrad.data import Dataset, mnist, read_digits

Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="A folder with four IDX files named as MNIST's are (Fashion-MNIST, EMNIST, KMNIST, your own). "
        "Without it: MNIST, which comes with inkgrad.",
    ),
]
Classes = Annotated[
    int | None, typer.Option(metavar="N", help="How many classes the labels in --data have; 10 by default.")
]


def load_data(folder: Path | None, n_classes: int | None) -> Dataset:
    """Return MNIST, or the data in a folder."""
    return mnist() if folder is None else read_digits(folder, n_classes or 10)
