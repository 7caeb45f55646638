"""Request: what the user of `inkgrad check` asks for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal, cast, get_args

from inkgrad.check.settings import CheckSettings
from inkgrad.errors import SettingError
from inkgrad.whole_numbers import refuse_bad_seed, shown_whole


@dataclass(frozen=True)
class CheckSizes:
    """How much is checked where nothing is said, and from which size on a check takes long.

    The numbers of examples are primes, so that a wrong factor of N is not taken for another.
    """

    n_examples: int = 7  # for a layer of the user's
    n_digits: int = 31  # examples for a network
    n_lines: int = 7  # for a network that reads lines
    line_width: int = 32  # pixels at most, of each
    n_outputs: int = 5  # of a cost
    n_parameters_one_by_one: int = 2000  # at most, of a layer of which nobody says what they move
    n_parameters_in_seconds: int = 300_000  # of a network
    n_random_numbers: int = 10**8  # in all inputs together
    n_named: int = 12  # of the things in a file, where it is said what there is


SIZES = CheckSizes()
# What only they can be asked:
OF_FUNCTIONS = "order exact sensitivity tolerance reference points budget surrogate tangent constant"
Reference = Literal["differences", "forward"]
Points = Literal["given", "awkward"]


@dataclass(frozen=True)
class Request:
    """What the user asks for, in the words of the options; the defaults are what holds where nothing is said."""

    target: str
    input_shape: str | None = None
    shapes: Sequence[str] | None = None
    inputs: str | None = None
    dtype: str | None = None
    settings: Sequence[str] | None = None
    examples: int | None = None
    data: Path | None = None
    seed: int = 0
    order: int = 1
    exact: bool = False
    sensitivity: float | None = None
    tolerance: float | None = None
    every_entry: bool = False
    reference: str = "differences"
    points: str = "given"
    budget: float | None = None
    surrogate: Sequence[str] | None = None
    tangent: Sequence[str] | None = None
    constant: Sequence[str] | None = None
    progress: Callable[[str], None] | None = None  # is told what a long check is at

    def __post_init__(self) -> None:
        if self.examples is not None and self.examples < 1:
            raise SettingError(f"a check takes at least 1 example, got --examples {shown_whole(self.examples)}")
        if self.order not in (1, 2):
            raise SettingError(f"--order is 1, the gradient, or 2, the gradient of it, got {shown_whole(self.order)}")
        if self.reference not in get_args(Reference):
            raise SettingError(f"--reference is differences or forward, got {self.reference!r}")
        if self.points not in get_args(Points):
            raise SettingError(f"--points is given or awkward, got {self.points!r}")
        if self.budget is not None and not self.budget > 0:
            raise SettingError(f"--budget takes a number of seconds above 0, got {self.budget:g}")
        refuse_bad_seed(self.seed)
        if self.inputs:
            self.refuse("shapes dtype", "{} is for random inputs, and those of `inputs` are made already: leave it out")

    def refuse(self, names: str, why: str) -> None:
        """Raise SettingError where one of these was said, "data examples"; `why` has {} for the option."""
        usual = {field.name: field.default for field in fields(self)}
        for name in names.split():
            if getattr(self, name) != usual[name]:
                raise SettingError(why.format(f"`{name}`"), setting=name)

    @property
    def values(self) -> dict[str, Any]:
        """The names and values that --set gives."""
        return dict(map(_setting, self.settings or ()))

    @property
    def asked(self) -> CheckSettings:
        """What the check itself is asked for."""
        asked = CheckSettings(seed=self.seed, exact=self.exact, raises=False, progress=self.progress)
        asked["reference"] = cast(Reference, self.reference)
        asked["points"] = cast(Points, self.points)
        if self.sensitivity is not None:
            asked["sensitivity"] = self.sensitivity
        if self.tolerance is not None:
            asked["tolerance"] = self.tolerance
        if self.budget is not None:
            asked["budget"] = self.budget
        if self.every_entry:
            asked["every_entry"] = True
        if self.surrogate:
            asked["surrogate"] = dict(map(_surrogate, self.surrogate))
        if self.tangent:
            asked["tangent"] = dict(map(_tangent, self.tangent))
        if self.constant:
            asked["constants"] = dict(map(_constant, self.constant))
        return asked


def _setting(text: str) -> tuple[str, Any]:
    """Return the name and the value in "n=4"; another than a Python value is a text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise SettingError(f"--set takes NAME=VALUE, such as n=4, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _surrogate(text: str) -> tuple[str, str | float]:
    """Return the name and the rule in "x=straight-through", or the factor in "x=0.5"."""
    name, equals, rule = text.rpartition("=")
    if not equals or not name or not rule:
        raise SettingError(f"--surrogate takes NAME=straight-through, or NAME=0.5 for a factor, got {text!r}")
    try:
        return name, float(rule)
    except ValueError:
        return name, rule


def _tangent(text: str) -> tuple[str, str]:
    """Return the name and the word in "S=symmetric"."""
    name, equals, word = text.rpartition("=")
    if not equals or not name or word != "symmetric":
        raise SettingError(f"--tangent takes NAME=symmetric, of an array of symmetric matrices, got {text!r}")
    return name, word


def _constant(text: str) -> tuple[str, float]:
    """Return the name and the number in "beta=0.5"."""
    name, equals, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = nan
    if not equals or not name or not isfinite(value):
        raise SettingError(f"--constant takes NAME=NUMBER, such as beta=0.5, got {text!r}")
    return name, value
