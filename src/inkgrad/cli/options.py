"""Options that several commands share, and pairs of options that do not go together.

A command's parameter has the name that the library gives it: where a message of the library names it,
`inkgrad.cli.commands` puts the option in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer

from inkgrad import training
from inkgrad.errors import SettingError
from inkgrad.fast import Fast, available_threads

Command = TypeVar("Command", bound=Callable[..., Any])

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="A folder with four IDX files named as MNIST's are, train-images-idx3-ubyte and so on, gzipped or "
        "not (Fashion-MNIST, EMNIST, KMNIST, your own). "
        "Without it: MNIST, which comes with inkgrad.",
    ),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A file that inkgrad train wrote, or cnn, which comes with inkgrad.")
]
ClassSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting that your class is made with, or that your function is called with; may be repeated.",
    ),
]
Seed = Annotated[int, typer.Option(help="Where all random choices come from.")]
Classes = Annotated[
    int | None,
    typer.Option("--classes", metavar="N", help="How many classes the labels in --data have; 10 by default."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", help="How many processor cores to use; all that there are by default, at most 16."
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Use the plain layers in NumPy, those one can read, not the fast ones in C++.")
]


def engine_of(threads: int | None, plain: bool = False) -> training.Engine:
    """Return the engine that --threads and --plain ask for."""
    n_threads = available_threads() if threads is None else threads
    return training.Plain(n_threads) if plain else Fast(n_threads)


@dataclass(frozen=True)
class Pairs:
    """Pairs of an option with another one; `why` is what is said where they are refused: {} is the option."""

    options: tuple[str, ...]
    other: str
    why: str


class NotWith(Pairs):
    """Each of the options is refused where the other one is given too."""


class Needs(Pairs):
    """Each of the options is refused where the other one is not given."""


def refused(*table: Pairs) -> Callable[[Command], Command]:
    """Return what makes a command raise SettingError for these pairs, before it does anything.

    An option is given where it has another value than its default.
    """

    def decorated(command: Command) -> Command:
        usual = {name: parameter.default for name, parameter in signature(command).parameters.items()}

        @wraps(command)
        def checked(**options: Any) -> Any:
            given = [name for name, value in options.items() if value != usual[name]]
            for pairs in table:
                for name in given:
                    if name in pairs.options and (pairs.other in given) is isinstance(pairs, NotWith):
                        raise SettingError(pairs.why.format(f"`{name}`", value=options[name]), setting=name)
            return command(**options)

        return cast(Command, checked)

    return decorated
