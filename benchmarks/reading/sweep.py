"""Measure what each setting of the reader is worth: what is read right when it is halved, doubled, or switched off.

Pictures are composed, of the seeds of development.  Settings are those of ReaderSettings and of all dataclasses in
it, named by their path (page.rows.overlap); --settings takes such paths, or their beginnings (page.rows).  Off is 0,
or False where it is True; of a pair each number is halved and doubled.  Figures are differences from the settings as
they come, in points; the table begins with what loses most lines when it is off.

python benchmarks/reading/sweep.py --settings page.rows parsing --kinds line boxes --pages 10
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from pictures import COMPOSED, Picture, composed
from scoring import Answer, Score, score
from tables import markdown

from inkgrad.errors import InkgradError
from inkgrad.reader import Reader, ReaderSettings

SHARES: dict[str, Callable[[Score], float]] = {
    "characters": lambda s: 100 * s.right / max(1, s.characters + s.extra),
    "lines": lambda s: 100 * s.lines_right / max(1, s.lines),
    "cells": lambda s: 100 * s.cells_right / max(1, s.cells),
}
CHANGES: dict[str, Callable[[Any], Any]] = {
    "off": lambda v: 0 * v,
    "halved": lambda v: v / 2,
    "doubled": lambda v: 2 * v,
}


@dataclass(frozen=True)
class Trial:
    """A setting that was changed: how the shares differ, or why the value was refused; seconds against the usual."""

    path: str
    change: str
    usual: Any
    value: Any
    gains: dict[str, float] | None
    pace: float
    refusal: str = ""


def main() -> None:
    arguments = parsed()
    pictures = list(composed(arguments.kinds, arguments.pages, development=True))
    usual = ReaderSettings()
    paths = {path: value for path, value in walked(usual) if any(begins(path, a) for a in arguments.settings or [path])}
    first = measured(usual, pictures)
    trials = []
    for k, (path, value) in enumerate(paths.items(), start=1):
        for change, other in changed(value).items():
            trials.append(tried(usual, path, change, value, other, pictures, first))
            print(f"{k} of {len(paths)}: {told(trials[-1])}", file=sys.stderr, flush=True)
    shares = ", ".join(f"{share(first):.2f} % of {name}" for name, share in SHARES.items())
    print(f"{len(pictures)} pictures ({', '.join(arguments.kinds)}); as the settings come: {shares}\n")
    print(table_of(trials))


def walked(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each setting that is no dataclass itself, in their order."""
    for each in fields(settings):
        value, name = getattr(settings, each.name), f"{path}{each.name}"
        if is_dataclass(value):
            yield from walked(value, f"{name}.")
        else:
            yield name, value


def begins(path: str, start: str) -> bool:
    """Whether a path is that of a setting, or goes through it."""
    return f"{path}.".startswith(f"{start}.")


def with_value(settings: Any, path: str, value: Any) -> Any:
    """Return settings with the one at a path changed."""
    name, _, rest = path.partition(".")
    return replace(settings, **{name: with_value(getattr(settings, name), rest, value) if rest else value})


def changed(value: Any) -> dict[str, Any]:
    """Return the values to try instead, by the name of the change; none for what is no number, pair or switch."""
    if isinstance(value, bool):
        return {"off" if value else "on": not value}
    if isinstance(value, int | float):
        as_before: Callable[[float], Any] = round if isinstance(value, int) else float
        others = {name: as_before(change(value)) for name, change in CHANGES.items()}
    elif isinstance(value, tuple) and value and all(type(v) in (int, float) for v in value):
        others = {name: tuple(type(v)(change(v)) for v in value) for name, change in CHANGES.items() if name != "off"}
    else:
        return {}
    return {name: other for name, other in others.items() if other != value}


def measured(settings: ReaderSettings, pictures: list[Picture]) -> Score:
    """Return the score of pictures that are read with these settings."""
    reader, whole = Reader(settings=settings), Score()
    for picture in pictures:
        start = time.perf_counter()
        reading = reader.read(picture.pixels)
        seconds = time.perf_counter() - start
        whole += score(picture.truth, Answer(reading.text, reading.table))
        whole.seconds += seconds
    return whole


def tried(
    usual: ReaderSettings, path: str, change: str, value: Any, other: Any, pictures: list[Picture], first: Score
) -> Trial:
    """Return what a change does; a value that is refused, or that nothing can be read with, says why."""
    made = partial(Trial, path, change, value, other)
    try:
        with np.errstate(all="ignore"):  # the logarithm of 0, where a share is off
            found = measured(with_value(usual, path, other), pictures)
    except (InkgradError, ArithmeticError, ValueError, IndexError) as error:
        return made(None, 1.0, f"{type(error).__name__}: {error}".splitlines()[0][:60])
    gains = {name: share(found) - share(first) for name, share in SHARES.items()}
    return made(gains, found.seconds / first.seconds)


def worth(trials: list[Trial]) -> tuple[float, float]:
    """Return the lines that are lost when a setting is off, else when it is halved or doubled; and the characters."""
    done = [each for each in trials if each.gains]
    off = [each for each in done if each.change in ("off", "on")] or done
    return max(((-each.gains["lines"], -each.gains["characters"]) for each in off), default=(0.0, 0.0))


def table_of(trials: list[Trial]) -> str:
    """Return what each change does, the settings that are worth most first."""
    by_path: dict[str, list[Trial]] = {}
    for each in trials:
        by_path.setdefault(each.path, []).append(each)
    rows = []
    for path, its in sorted(by_path.items(), key=lambda item: worth(item[1]), reverse=True):
        for each in its:
            gains = (
                [*(f"{gain:+.2f}" for gain in each.gains.values()), f"{each.pace:.2f}"]
                if each.gains
                else [each.refusal]
            )
            rows.append([path, text_of(each.usual), f"{each.change}: {text_of(each.value)}", *gains])
    return markdown(["setting", "as it comes", "changed", *SHARES, "time, times the usual"], rows)


def told(trial: Trial) -> str:
    gains = trial.gains or {}
    told_gains = ", ".join(f"{name} {gain:+.2f}" for name, gain in gains.items()) or trial.refusal
    return f"{trial.path} {trial.change} ({text_of(trial.usual)} to {text_of(trial.value)}): {told_gains}"


def text_of(value: Any) -> str:
    return " to ".join(map(text_of, value)) if isinstance(value, tuple) else f"{value:g}"


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", nargs="+", metavar="PATH", help="those alone, or all that begin so")
    parser.add_argument("--kinds", nargs="+", choices=COMPOSED, default=list(COMPOSED), help="pictures of these alone")
    parser.add_argument("--pages", type=int, default=10, help="pictures of each kind (10)")
    arguments = parser.parse_args()
    if arguments.pages < 1:
        parser.error(f"a share needs at least 1 picture of each kind, got --pages {arguments.pages}")
    known = [path for path, _ in walked(ReaderSettings())]
    for start in arguments.settings or ():
        if not any(begins(path, start) for path in known):
            parser.error(f"no setting is or begins with {start}: they are {', '.join(known)}")
    return arguments


if __name__ == "__main__":
    main()
