"""Settings: what all checks of functions can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

from inkgrad.check.declared import Surrogate, Tangent, beside_surrogates, on_tangents
from inkgrad.check.examine import examine
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report, merged
from inkgrad.check.verdict import USUAL, Strictness


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


def concluded(build: Callable[[int], Subject], settings: CheckSettings) -> Report:
    """Return the report of a subject, built with a seed; raise what is to be raised."""
    seed = settings.get("seed", 0)
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
