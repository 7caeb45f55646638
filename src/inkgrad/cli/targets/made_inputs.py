"""Inputs: random ones of the shapes that --shape says, or those that a function of the user's makes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.cli.targets.own_file import OwnFile, theirs
from inkgrad.cli.targets.request import SIZES, Request
from inkgrad.errors import SettingError

DTYPES = "float64", "float32", "float16", "bfloat16"
AXIS = r"[1-9]\d{0,8}"
ASKED = re.compile(rf"(?P<shape>scalar|{AXIS}(x{AXIS})*)(:(?P<kind>int(?P<below>[1-9]\d{{0,8}})|bool|positive))?")
EXAMPLE = "such as --shape 4x7, or --shape 4x8:int10 for integers"


@dataclass(frozen=True)
class AskedShape:
    """The shape of an input, and what its numbers are: "", "int10", "bool" or "positive"."""

    shape: tuple[int, ...]
    kind: str = ""

    @classmethod
    def of(cls, text: str) -> AskedShape:
        """Return what "4x7", "4x8:int10" or "scalar" asks for."""
        found = ASKED.fullmatch(text)
        if found is None:
            raise SettingError(
                "--shape takes the shape of an argument, 4x7 or scalar, and where its numbers are no usual ones which: "
                f"4x8:int10 for whole numbers from 0 to 9, 4x7:bool, 4x7:positive; got {text!r}"
            )
        shape = () if found["shape"] == "scalar" else tuple(map(int, found["shape"].split("x")))
        return cls(shape, found["kind"] or "")

    def numbers(self, rng: np.random.Generator) -> NDArray:
        """Return random numbers: normal ones where nothing else was asked for."""
        if self.kind == "bool":
            return np.asarray(rng.integers(2, size=self.shape), bool)
        if self.kind == "positive":
            return np.asarray(rng.uniform(0.5, 2, size=self.shape))
        if self.kind:
            return np.asarray(rng.integers(int(self.kind.removeprefix("int")), size=self.shape))
        return np.asarray(rng.normal(size=self.shape))


def random_inputs(request: Request) -> list[NDArray]:
    """Return an array for each --shape, the same for the same --seed; all floating-point numbers are float64."""
    asked = [AskedShape.of(text) for text in request.shapes or ()]
    if sum(prod(each.shape) for each in asked) > SIZES.n_random_numbers:
        raise SettingError(f"a check takes at most {SIZES.n_random_numbers:,} numbers: choose smaller shapes")
    if request.dtype is not None and request.dtype not in DTYPES:
        raise SettingError(f"--dtype is one of {', '.join(DTYPES)}, got {request.dtype!r}")
    rng = np.random.default_rng(request.seed)
    return [each.numbers(rng) for each in asked]


def made_inputs(place: str, file: OwnFile) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the inputs, by position and by name, that a place such as "mine.py:make" gives.

    `file` is what is checked: it is not run twice, and a name alone is one in it.
    """
    path, _, name = place.rpartition(":")
    if not name or name.endswith(".py") or (path and not path.endswith(".py")):
        raise SettingError(f"--inputs takes FILE.py:NAME, a function that makes the inputs, or a tuple; got {place!r}")
    there = file if not path or Path(path).resolve() == file.path.resolve() else OwnFile.run(Path(path))
    found = there.thing(name)
    if callable(found):
        with theirs(f"{name}()"):
            found = found()
    if isinstance(found, Mapping):
        return (), dict(found)
    return (tuple(found) if isinstance(found, (tuple, list)) else (found,)), {}


def parameters_of(function: Any) -> list[inspect.Parameter] | None:
    """Return what a function takes, or None where it does not say."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have no signature
        return None


def arranged(
    owner: str, parameters: Sequence[inspect.Parameter] | None, given: Iterable[Any], settings: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return random inputs and settings as a function takes them, by position and by name.

    Raises SettingError, which says what it takes, where they do not fit; None for its parameters is not known.
    """
    waiting, left = list(given), dict(settings)
    args: list[Any] = []
    missing: list[str] = []
    is_complete = True  # whether all parameters so far are given, so that the next may be by position
    named: dict[str, Any] = {}
    for each in parameters or ():
        if each.kind is each.VAR_POSITIONAL:
            args, waiting = args + waiting, []
        elif each.kind is each.VAR_KEYWORD:
            named, left = named | left, {}
        elif each.name in left or (waiting and (is_complete or each.default is each.empty)):
            value = left.pop(each.name) if each.name in left else waiting.pop(0)
            if is_complete and each.kind is not each.KEYWORD_ONLY:
                args.append(value)
            else:
                named[each.name] = value
        else:
            is_complete = False
            missing += [each.name] if each.default is each.empty else []
    if parameters is None:
        args, waiting = waiting, []
    n_given = len(args) + len(named)
    _refuse_unfit(owner, [each.name for each in parameters or ()], n_given, missing, len(waiting), left)
    return tuple(args), named


def _refuse_unfit(
    owner: str, names: Sequence[str], n_given: int, missing: Sequence[str], n_waiting: int, left: Mapping[str, Any]
) -> None:
    takes = f"{owner} takes {_in_a_row(names)}"
    if missing:
        which = (
            "its shape"
            if len(names) == 1
            else "the shape of each"
            if n_given == 0
            else f"also the shape of {_in_a_row(missing)}"
        )
        raise SettingError(f"{takes}: say {which}, {EXAMPLE}, or make the inputs with --inputs FILE.py:NAME")
    if n_waiting:
        raise SettingError(f"{takes}: leave out {n_waiting} --shape")
    if left:
        raise SettingError(f"{takes}, no {_in_a_row(list(left))}: leave that --set out")


def _in_a_row(names: Sequence[str]) -> str:
    """Return "x, w and b"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part) or "nothing"
