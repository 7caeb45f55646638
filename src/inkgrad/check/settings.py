"""Settings: what all checks of functions can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from numbers import Real
from sys import float_info
from typing import Any, Literal, TypedDict

import numpy as np

from inkgrad.check.awkward import awkward_points, with_repeats
from inkgrad.check.course import BudgetError, Course, told_in_terminal
from inkgrad.check.declared import Surrogate, Tangent, beside_surrogates, on_tangents
from inkgrad.check.declared_parts import with_wrong_parts
from inkgrad.check.entries import Looks
from inkgrad.check.examine import examine
from inkgrad.check.finding import Finding, as_second
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report, all_not_checked, merged
from inkgrad.check.verdict import NO_TIME, USUAL, ArrayVerdict, Strictness, Verdict
from inkgrad.errors import CheckError, SettingError


class CheckSettings(TypedDict, total=False):
    """What a check can be asked for, beside what it checks.

    sensitivity  the error that must have been visible for an array to be called right, as a part of its typical
                 gradient: 1e-3, or 1e-2 in types of two bytes
    tolerance    what is off by less, and fits no known mistake, is approximate: 1e-4
    exact        whether approximate is wrong too: no
    every_entry  whether each number is judged by its own difference, or all along random directions; where nothing
                 is said, up to 2,000 numbers are judged one by one, and 300 of what is made of parts
    reference    what gradients are compared with: "differences", or "forward", the derivative that the framework
                 takes of the same forward, where differences agree with it; large arrays are in any case
    points       "given", or "awkward": also where numbers are 0, equal, whole or large, and where indices repeat
    budget       seconds that it may take; what was not told by then cannot be told
    progress     what is told how far it has come, in a sentence, after two seconds; where nothing is said, the terminal
    surrogate    gradients that are meant to be another than the derivative, by the names of arrays:
                 "straight-through", a factor, or a function of dy and the arrays
    tangent      arrays that move in some directions only: "symmetric", or a function that projects a step
    constants    numbers of your own, by name: a wrong factor that comes from one is called so
    seed         of all that is random: 0
    raises       whether GradientMismatch is raised, and CheckError where it cannot be told: yes
    """

    sensitivity: float
    tolerance: float
    exact: bool
    every_entry: bool | None
    reference: Literal["differences", "forward"]
    points: Literal["given", "awkward"]
    budget: float
    progress: Callable[[str], None] | None
    surrogate: Mapping[str, Surrogate]
    tangent: Mapping[str, Tangent]
    constants: Mapping[str, float]
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
        "reference": (("differences", "forward").__contains__, '"differences" or "forward"'),
        "points": (("given", "awkward").__contains__, '"given" or "awkward"'),
        "budget": (lambda each: _is_number(each) and each > 0, "a number of seconds above 0"),
        "progress": (lambda each: each is None or callable(each), "a function of a sentence, or None"),
        "surrogate": (_is_named, "a dict of arrays by name"),
        "tangent": (_is_named, "a dict of arrays by name"),
        "constants": (_are_numbers, "a dict of numbers by name"),
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


def _are_numbers(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and _is_number(each) and abs(each) <= float_info.max for name, each in value.items()
    )


def _is_seed(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not _is_choice(value) and 0 <= int(value) <= LARGEST_SEED


def concluded(
    build: Callable[[Sequence[Any], int], Subject],
    inputs: Sequence[Any],
    settings: CheckSettings,
    first: Callable[[Sequence[Any], int], Subject] | None = None,
    known: Mapping[str, float] | None = None,
) -> Report:
    """Return the report of a subject, built of inputs and a seed; raise what is to be raised.

    `known` are numbers that a factor may come from, beside those that the user names.

    Where the subject is the gradient of what the user gave, `first` builds that itself.
    """
    refuse_unsound(settings)
    named = settings.get("constants", {})
    inverse = {f"1 / {name}": 1 / value for name, value in named.items() if value}
    settings = {**settings, "constants": {**(known or {}), **named, **inverse}}
    seed = int(settings.get("seed", 0))
    with told_in_terminal() as terminal:
        course = Course(settings.get("progress", terminal), float(settings.get("budget", inf)))
        report = _examined(build(inputs, seed), course, settings)
        repeated = with_repeats(inputs) if settings.get("points") == "awkward" else None
        if repeated:
            there: CheckSettings = {**settings, "points": "given"}
            report = _with_repeats(report, lambda: _examined(build(repeated, seed), course, there))
        if first is not None:
            report = _of_the_second(report, lambda: _examined(first(inputs, seed), course, settings))
    return report.raise_if_not_right() if settings.get("raises", True) else report


def _of_the_second(report: Report, of_the_first: Callable[[], Report]) -> Report:
    """Return the report of the gradient of a gradient, which says so, and whether the gradient itself is right."""
    try:
        is_right = bool(report.findings) and of_the_first().ok
    except CheckError:  # it may have no time, or nothing to compare
        is_right = False
    findings = _somewhere(report, "in the gradient of the gradient")
    return replace(report, order=2, findings=tuple(map(as_second, findings)) if is_right else findings)


def _examined(subject: Subject, course: Course, settings: CheckSettings) -> Report:
    """Return the report of a subject at the point that was given, and at awkward ones where they are asked for."""
    seed = int(settings.get("seed", 0))
    strictness = Strictness(
        settings.get("sensitivity", USUAL.sensitivity),
        settings.get("tolerance", USUAL.tolerance),
        settings.get("exact", USUAL.exact),
    )
    subject = whole = course.watched(subject)
    if tangent := settings.get("tangent"):
        subject = on_tangents(subject, tangent)
    reports = _reports(subject, seed, strictness, settings)
    arrays, findings = merged(reports)
    report = Report(subject.name, tuple(arrays), tuple(findings), not_checked=all_not_checked(reports))
    is_declared = bool(settings.get("tangent") or settings.get("surrogate"))
    return with_wrong_parts(report, whole, seed, strictness) if is_declared else report


def _reports(subject: Subject, seed: int, strictness: Strictness, settings: CheckSettings) -> list[Report]:
    """Return the reports of what is declared, of the rest, and of awkward points, as far as there is time."""
    reports: list[Report] = []
    looks = Looks(settings.get("constants", {}), own_forward=settings.get("reference") == "forward")
    try:
        subject, declared = beside_surrogates(subject, settings.get("surrogate", {}), seed, strictness)
        reports.append(declared)
        if subject.arrays:
            reports.append(examine(subject, seed, "", looks, strictness, settings.get("every_entry")))
            if settings.get("points") == "awkward":
                reports += _at_awkward_points(subject, seed, looks, strictness)
    except BudgetError:
        spent = Report(subject.name, (), (), not_checked=("awkward points: the budget was spent",))
        reports.append(spent if len(reports) > 1 else _untold(subject))
    return reports


def _untold(subject: Subject) -> Report:
    arrays = (
        ArrayVerdict("", name, array.size, Verdict.cannot_tell, 0.0, inf, NO_TIME)
        for name, array in subject.arrays.items()
    )
    return Report(subject.name, tuple(arrays), ())


def _at_awkward_points(subject: Subject, seed: int, looks: Looks, strictness: Strictness) -> Iterator[Report]:
    """Yield what is wrong at awkward points; where forward raises something or is not finite nothing is."""
    for words, moved in awkward_points(subject, seed):
        try:
            if np.isfinite(moved.forward(moved.copies())).all():
                found = examine(moved, seed, "", looks, strictness)
                yield Report(found.name, (), _somewhere(found, words), not_checked=_not_told(found, words))
            else:
                yield Report(subject.name, (), (), not_checked=(f"{words}: forward is not finite there",))
        except CheckError as error:
            yield Report(subject.name, (), (), not_checked=(f"{words}: {error}",))


def _with_repeats(report: Report, checked: Callable[[], Report]) -> Report:
    """Return a report with what is wrong where indices repeat."""
    words = "where indices repeat"
    try:
        again = checked()
    except CheckError as error:
        return replace(report, not_checked=(*report.not_checked, f"{words}: {error}"))
    findings = (*report.findings, *_somewhere(again, words))
    return replace(report, findings=findings, not_checked=(*report.not_checked, *_not_told(again, words)))


def _not_told(report: Report, words: str) -> tuple[str, ...]:
    """Return where it cannot be told whether the gradient is right, with the words for it."""
    names = ", ".join(f"d{each.path}" for each in report.arrays if each.verdict == Verdict.cannot_tell)
    return (f"{words}: of {names} it cannot be told",) if names and report.verdict != Verdict.wrong else ()


def _somewhere(report: Report, words: str) -> tuple[Finding, ...]:
    """Return the findings of a report with the words for where they were found."""
    return tuple(replace(each, message=f"{words}: {each.message}") for each in report.findings)
