"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkgrad import training
from inkgrad.fast import Fast, available_threads

Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="A folder with four IDX files named as MNIST's are, train-images-idx3-ubyte and so on, gzipped or "
        "not (Fashion-MNIST, EMNIST, KMNIST, your own). "
        "Without it: MNIST, which comes with inkgrad.",
    ),
]
Classes = Annotated[
    int | None, typer.Option(metavar="N", help="How many classes the labels in --data have; 10 by default.")
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", help="How many processor cores to use; all that there are by default, at most 16."),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Use the plain layers in NumPy, those one can read, not the fast ones in C++.")
]


def engine_of(threads: int | None, plain: bool = False) -> training.Engine:
    """Return the engine that --threads and --plain ask for."""
    n_threads = available_threads() if threads is None else threads
    return training.Plain(n_threads) if plain else Fast(n_threads)
