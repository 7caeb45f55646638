"""Options that several commands share, and pairs of options that do not go together.

A command's parameter has the name that the library gives it: where a message of the library names it,
`inkgrad.cli.commands` puts the option in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import typer

from inkgrad import training
from inkgrad.data import DataSource, read_class_names
from inkgrad.errors import SettingError
from inkgrad.fast import Fast, available_threads
from inkgrad.models import Model

Command = TypeVar("Command", bound=Callable[..., Any])

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="A folder with four IDX files as MNIST's (Fashion-MNIST, EMNIST, KMNIST, your own), a folder with a "
        "folder of pictures for each class, a table (.csv) with a column for the label and one for each pixel, or "
        "arrays (.npz). Without it: MNIST, which comes with inkgrad.",
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
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", help="How many processor cores to use; all that there are by default, at most 16."
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Use the plain layers in NumPy, those one can read, not the fast ones in C++.")
]


DATA_OPTIONS = {  # by the names that DataSource has for them
    "data": Data,
    "classes": Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="How many classes there are in --data, 26, or their names, a,b,c, or a text file with a name a line; "
            "without it what the data say: names of folders, a classes.txt with them, or the labels.",
        ),
    ],
    "test_data": Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Other examples to test on, in any of the forms that --data has."),
    ],
    "validation": Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="The share of --data that is kept for testing, always the same, where there are no test data; "
            "0.1 by default.",
        ),
    ],
    "size": Annotated[
        int | None,
        typer.Option(metavar="PIXELS", help="Bring the images to this size; pictures in folders to 28 by default."),
    ],
    "frame": Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="ink: cut pictures in folders to their ink, and frame it as MNIST's digits are; whole: scale them "
            "with all their paper, as by default where all are of one size up to 64 pixels.",
        ),
    ],
    "transposed": Annotated[
        bool, typer.Option("--transposed", help="Change rows and columns of the images for each other.")
    ],
}


def takes_data(but: str = "") -> Callable[[Command], Command]:
    """Return what gives a command, for its parameter `source`, the options that say where its data come from.

    Those named in `but` are left out.
    """
    options = {name: kind for name, kind in DATA_OPTIONS.items() if name not in but.split()}
    usual = DataSource()
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=getattr(usual, name), annotation=kind)
        for name, kind in options.items()
    ]

    def decorated(command: Command) -> Command:
        hints = get_type_hints(command, include_extras=True)
        parameters: list[Parameter] = []
        for each in signature(command).parameters.values():
            own = each.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[each.name])
            parameters += added if each.name == "source" else [own]

        @wraps(command)
        def with_source(**given: Any) -> Any:
            said = {name: given.pop(name) for name in options}
            if said.get("classes") is not None:
                said["classes"] = classes_in(said["classes"])
            return command(source=DataSource(**said), **given)

        with_source.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
        with_source.__annotations__ = {each.name: each.annotation for each in parameters}
        return cast(Command, with_source)

    return decorated


def source_for(model: Model, source: DataSource) -> DataSource:
    """Return a user's own data with the classes of a model, and its images in the size that the model takes."""
    if source.data is None and source.test_data is None:
        return source
    is_square = len(model.input_shape) == 3 and model.input_shape[0] == model.input_shape[1]
    return replace(source, classes=model.labels, size=source.size or (model.input_shape[0] if is_square else None))


def words_of(source: DataSource) -> list[str]:
    """Return the options that say where data come from, as a command line has them."""
    usual, words = DataSource(), []
    for name in DATA_OPTIONS:
        value = getattr(source, name)
        if value != getattr(usual, name):
            value = ",".join(value) if isinstance(value, tuple) else value
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def classes_in(text: str) -> int | tuple[str, ...]:
    """Return what --classes says: a number, the names in a file, or names with commas between them.

    Raises DataError for a file that names no classes.
    """
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if text.lower().endswith(".txt"):
        return read_class_names(text)
    return tuple(name.strip() for name in text.split(","))


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
