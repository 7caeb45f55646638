"""Settings: what all checks of functions can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypedDict

import numpy as np

from inkgrad.check.declared import Surrogate, Tangent, beside_surrogates, on_tangents
from inkgrad.check.examine import examine
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report, merged
from inkgrad.check.verdict import USUAL, Strictness
from inkgrad.errors import SettingError


class CheckSettings(TypedDict, total=False):
    """What a check can be asked for, beside what it checks.

    sensitivity  the error that must have been visible for an array to be called right, as a part of its typical
                 gradient: 1e-3, or 1e-2 in types of two bytes
    tolerance    what is off by less, and fits no known mistake, is approximate: 1e-4
    exact        whether approximate is wrong too: no
    every_entry  whether each number is judged by its own difference, or all along random directions; where nothing
                 is said, up to 2,000 numbers are judged one by one
    surrogate    gradients that are meant to be another than the derivative, by the names of arrays:
                 "straight-through", a factor, or a function of dy and the arrays
    tangent      arrays that move in some directions only: "symmetric", or a function that projects a step
    seed         of all that is random: 0
    raises       whether GradientMismatch is raised, and CheckError where it cannot be told: yes
    """

    sensitivity: float
    tolerance: float
    exact: bool
    every_entry: bool | None
    surrogate: Mapping[str, Surrogate]
    tangent: Mapping[str, Tangent]
    seed: int
    raises: bool


LARGEST_SEED = 2**63 - 1  # of torch's generators


def refuse_unsound(settings: Mapping[str, Any]) -> None:
    """Raise SettingError for a setting that there is not, or a value that it cannot have."""
    sorts: dict[str, tuple[Callable[[Any], bool], str]] = {
        "sensitivity": (_is_number, "a number"),
        "tolerance": (_is_number, "a number"),
        "exact": (_is_choice, "True or False"),
        "every_entry": (lambda each: each is None or _is_choice(each), "True, False or None"),
        "surrogate": (_is_named, "a dict of arrays by name"),
        "tangent": (_is_named, "a dict of arrays by name"),
        "seed": (_is_seed, "a whole number from 0 to 2**63 - 1"),
        "raises": (_is_choice, "True or False"),
    }
    for name, value in settings.items():
        if name not in sorts:
            raise SettingError(f"there is no setting {name}; there are {', '.join(sorts)}")
        is_sound, words = sorts[name]
        if not is_sound(value):
            raise SettingError(f"the setting {name} must be {words}, got {value!r}")


def keywords(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return keyword arguments; raise SettingError for what is none."""
    if kwargs is not None and not (isinstance(kwargs, Mapping) and all(isinstance(name, str) for name in kwargs)):
        raise SettingError(f"kwargs must be a dict of arguments by name, got {kwargs!r}".splitlines()[0])
    return dict(kwargs or {})


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not _is_choice(value)


def _is_choice(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_seed(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not _is_choice(value) and 0 <= int(value) <= LARGEST_SEED


def concluded(build: Callable[[int], Subject], settings: CheckSettings) -> Report:
    """Return the report of a subject, built with a seed; raise what is to be raised."""
    refuse_unsound(settings)
    seed = int(settings.get("seed", 0))
    strictness = Strictness(
        settings.get("sensitivity", USUAL.sensitivity),
        settings.get("tolerance", USUAL.tolerance),
        settings.get("exact", USUAL.exact),
    )
    subject = build(seed)
    if tangent := settings.get("tangent"):
        subject = on_tangents(subject, tangent)
    subject, declared = beside_surrogates(subject, settings.get("surrogate", {}), seed, strictness)
    reports = [declared]
    if subject.arrays:
        reports.append(examine(subject, seed, strictness=strictness, every_entry=settings.get("every_entry")))
    arrays, findings = merged(reports)
    report = Report(subject.name, tuple(arrays), tuple(findings))
    return report.raise_if_not_right() if settings.get("raises", True) else report
