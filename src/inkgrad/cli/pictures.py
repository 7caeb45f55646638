"""Pictures of `inkgrad plot`: where they go, and that they are there."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from inkgrad import plots
from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.interop.load import ENDINGS


def picture(usual: str) -> Any:
    """Return the option --out, for pictures that have a usual place."""
    return typer.Option(metavar="FILE", help=f"Where the picture goes: .png, .svg or .pdf. Without it: {usual}.")


def without_ending(model: Path) -> str:
    """Return the name of a model's file without its ending, and that of anything else as it is."""
    return model.stem if model.suffix.lower() in ENDINGS else model.name


def place_of(out: Path | None, default: Path, inputs: Sequence[Path]) -> Path:
    """Return where the picture goes; raise SettingError or OSError where it cannot."""
    place = default if out is None else out
    plots.kind_of(place)
    refuse_same(place, inputs)
    try:
        refuse_unwritable(place)
    except OSError as error:
        if out is not None:
            raise
        raise SettingError(f"{place}: {error.strerror}; name a place for the picture with --out") from error
    return place


def save(figure: Any, place: Path, what: str) -> None:
    """Save a picture, and say where it is: "the curves are in digits.curves.png"."""
    with warnings.catch_warnings(record=True) as caught:  # letters that the font lacks
        warnings.simplefilter("always")
        plots.save_figure(figure, place)
    for warning in dict.fromkeys(str(each.message) for each in caught):
        say(warning)
    say(f"{what} in {place}")
