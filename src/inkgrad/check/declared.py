"""Declared: gradients that are meant to be another than the derivative, and inputs that move in some directions only.

A straight-through estimator rounds forward and passes dy on as it is; that is no mistake if it is declared, and
still one if backward does something else.  A function of symmetric matrices may return any gradient whose
symmetric part is right, as no symmetric step sees the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from typing import Any, TypeGuard

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import in_one_line
from inkgrad.check.coarse import asked_of, points_near
from inkgrad.check.examine import evaluate
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.purity import misshapen
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Backward, Subject
from inkgrad.check.report import Report
from inkgrad.check.rounding import largest, rounded
from inkgrad.check.shared_error import shared
from inkgrad.check.verdict import USUAL, ArrayVerdict, Strictness, Verdict
from inkgrad.errors import SettingError

Surrogate = str | float | Callable[..., Any]
Tangent = str | Callable[[NDArray], NDArray]


def symmetric(direction: NDArray) -> NDArray:
    """Return the symmetric part of matrices, (..., n, n)."""
    return (direction + direction.swapaxes(-1, -2)) / 2


def straight_through(dy: NDArray) -> NDArray:
    """Return dy: what a straight-through estimator gives."""
    return dy


def on_tangents(subject: Subject, tangents: Mapping[str, Tangent]) -> Subject:
    """Return a subject whose arrays of these names move in some directions only, those that a projection leaves.

    Raises SettingError for an array or a word that there is not.
    """
    _refuse_unknown(subject, "tangent", tangents)
    projections = {name: _projection(name, subject.arrays[name], each) for name, each in tangents.items()}

    def on(inner: Subject) -> Subject:
        start = {name: inner.arrays[name].copy() for name in projections}

        def moved(arrays: Arrays) -> Arrays:
            steps = {name: project(arrays[name] - start[name]) for name, project in projections.items()}
            return {**arrays, **{name: (start[name] + step).astype(start[name].dtype) for name, step in steps.items()}}

        def projected(found: Arrays) -> Arrays:
            mine = {name: project(found[name]) for name, project in projections.items() if name in found}
            return {**found, **mine}

        def on_backward(backward: Backward) -> Backward:
            return lambda arrays, dy, start: projected(backward(moved(arrays), dy, start))

        push = inner.pushforward
        return replace(
            inner,
            forward=lambda arrays: inner.forward(moved(arrays)),
            backward=on_backward(inner.backward),
            reference=None,
            pushforward=push and (lambda arrays, steps: push(moved(arrays), projected(steps))),
            variants={words: on_backward(each) for words, each in inner.variants.items()},
            parts=None,  # they know nothing of the tangent
        )

    return replace(on(subject), precise=subject.precise and on(subject.precise))


def _projection(name: str, array: NDArray, tangent: Tangent) -> Callable[[NDArray], NDArray]:
    if callable(tangent):
        project = partial(_projected, name, tangent)
        _refuse_no_projection(name, array, project)
        return project
    if tangent != "symmetric":
        raise SettingError(f"the tangent of {name} is 'symmetric' or a function that projects a step, got {tangent!r}")
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise SettingError(f"{name} of shape {array.shape} holds no square matrices, so that it is not symmetric")
    return symmetric


def _projected(name: str, tangent: Callable[[NDArray], Any], step: NDArray) -> NDArray:
    """Return what a function of the user's makes of a step; raise CheckError or SettingError, in one line."""
    found = in_one_line(f"the tangent of {name}", "a step", lambda: np.asarray(tangent(step.copy())))
    if found.shape != step.shape or found.dtype.kind not in "f" + step.dtype.kind:  # complex, for a complex step
        raise SettingError(f"the tangent of {name} must give a step of shape {step.shape}, as it is given")
    return np.asarray(found)


def _refuse_no_projection(name: str, array: NDArray, project: Callable[[NDArray], NDArray]) -> None:
    """Raise SettingError unless P P u = P u and u · P v = P u · v, for some steps, and these are not all 0."""
    u, v = stream(0, "tangents").standard_normal((2, *array.shape))
    found = [project(step) for step in (u, v)]
    again, room = project(found[0]), 1e-6 * np.linalg.norm(u) * np.linalg.norm(v)
    if not np.linalg.norm(found[0]) > 1e-6 * np.linalg.norm(u):
        raise SettingError(f"the tangent of {name} leaves no step at all, so that there is nothing to check")
    if not (np.allclose(again, found[0], atol=1e-6) and abs(np.vdot(u, found[1]) - np.vdot(found[0], v)) <= room):
        raise SettingError(f"the tangent of {name} must project a step: P(P(u)) = P(u), and u · P(v) = P(u) · v")


def beside_surrogates(
    subject: Subject, surrogates: Mapping[str, Surrogate], seed: int, strictness: Strictness = USUAL
) -> tuple[Subject, Report]:
    """Return a subject whose other arrays are left to be checked, and the report of the declared ones.

    Of an array that is declared as a number times the derivative the gradient is divided by that, and it is left
    to be checked.  Raises SettingError for an array or a word that there is not.
    """
    _refuse_unknown(subject, "surrogate", surrogates)
    factors = {name: float(each) for name, each in surrogates.items() if _is_factor(each)}
    if 0 in factors.values():
        raise SettingError("a surrogate of 0 times the derivative is said with a function: lambda dy, x: 0 * x")
    for name, factor in factors.items():
        if not isfinite(factor):
            raise SettingError(f"the surrogate of {name} must be a finite factor, got {factor}")
    rules = {name: _rule(name, each) for name, each in surrogates.items() if name not in factors}
    report = Report(subject.name, *_compared(subject, rules, seed, strictness))
    left = _scaled(_fixed(subject, set(rules)), factors)
    return replace(left, precise=subject.precise and _scaled(_fixed(subject.precise, set(rules)), factors)), report


def _is_factor(surrogate: Surrogate) -> TypeGuard[float]:
    return isinstance(surrogate, int | float | np.number) and not isinstance(surrogate, bool)


def _rule(name: str, surrogate: Surrogate) -> Callable[..., Any]:
    if callable(surrogate):
        return surrogate
    if surrogate != "straight-through":
        raise SettingError(
            f"the surrogate of {name} is 'straight-through', a factor or a function of dy and the arrays, "
            f"got {surrogate!r}"
        )
    return lambda dy, *arrays: straight_through(dy)


def _compared(
    subject: Subject, rules: Mapping[str, Callable[..., Any]], seed: int, strictness: Strictness
) -> tuple[tuple[ArrayVerdict, ...], tuple[Finding, ...]]:
    if not rules:
        return (), ()
    y, rng = evaluate(subject), stream(seed, "dy")
    dy = rounded(rng.standard_normal(y.shape), subject.eps).astype(y.dtype)
    points: list[Arrays] = [subject.arrays, *points_near(subject, rng)]
    gradients = [subject.backward(_copied(point), dy.copy(), 0.0) for point in points]
    arrays: list[ArrayVerdict] = []
    findings = [each for each in misshapen(subject, gradients[0]) if each.array in rules]
    if findings:
        return (), tuple(findings)
    for name, rule in rules.items():
        expected = [_declared(name, rule, dy, point) for point in points]
        if expected[0].shape != subject.arrays[name].shape:
            raise SettingError(f"the surrogate of {name} gives the shape {expected[0].shape}, not that of {name}")
        error, least = _off([found[name] for found in gradients], expected, subject.eps)
        verdict = asked_of(strictness, subject.eps).verdict(error, 0.0, least)
        arrays.append(ArrayVerdict("", name, expected[0].size, verdict, error, least, "its surrogate"))
        if verdict == Verdict.wrong:
            message = f"d{name} is not what was declared, its error is {error:.2g} of it"
            findings.append(Finding("", name, Kind.surrogate, (), message, {"error": error}))
    return tuple(arrays), tuple(findings)


def _off(gradients: Sequence[NDArray], expected: Sequence[NDArray], eps: float) -> tuple[float, float]:
    """Return how far gradients at some points, the given one first, are off what was declared, and the smallest error
    that would have been seen, as parts of it; of rounding, which is another one at each point, none is an error."""
    usual = 0.0 if any(each.any() for each in expected) else 1.0
    found = shared(zip(gradients, expected, strict=True), usual, eps)
    fits = np.abs(expected[0]).max(initial=0) <= largest(eps)
    is_finite = np.isfinite(expected[0]).all() and (np.isfinite(gradients[0]).all() or not fits)
    return found.error(eps) if is_finite else np.inf, found.room(eps)


def _declared(name: str, rule: Callable[..., Any], dy: NDArray, point: Arrays) -> NDArray:
    """Return what a surrogate gives at a point."""

    def numbers() -> NDArray:
        return np.asarray(rule(dy.copy(), *_copied(point).values()), np.float64)

    found: NDArray = in_one_line(f"the surrogate of {name}", "a gradient", numbers)
    return found


def _fixed(subject: Subject, names: set[str]) -> Subject:
    """Return a subject whose arrays of these names do not move."""
    if not names:
        return subject
    still = {name: subject.arrays[name] for name in names}

    def forward(arrays: Arrays) -> NDArray:
        return subject.forward({**_copied(still), **arrays})

    def for_moving(backward: Backward) -> Backward:
        def of_moving(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
            found = backward({**_copied(still), **arrays}, dy, start)
            return {name: found[name] for name in arrays if name in found}

        return of_moving

    def pushforward(arrays: Arrays, steps: Arrays) -> NDArray:
        assert subject.pushforward is not None
        at_rest = {name: np.zeros_like(array) for name, array in still.items()}
        return subject.pushforward({**_copied(still), **arrays}, {**at_rest, **steps})

    moving = {name: array for name, array in subject.arrays.items() if name not in names}
    main = None if subject.main in names else subject.main
    return replace(
        subject.at(moving),
        forward=forward,
        backward=for_moving(subject.backward),
        main=main,
        reference=None,
        pushforward=pushforward if subject.pushforward else None,
        variants={words: for_moving(each) for words, each in subject.variants.items()},
        parts=None,  # what is declared of the whole is not declared of them
    )


def _copied(arrays: Arrays) -> dict[str, NDArray]:
    return {name: array.copy() for name, array in arrays.items()}


def _scaled(subject: Subject, factors: Mapping[str, float]) -> Subject:
    """Return a subject whose gradients are divided by these factors."""
    if not factors:
        return subject

    def scaled(backward: Backward) -> Backward:
        return lambda arrays, dy, start: {
            name: each / factors.get(name, 1.0) for name, each in backward(arrays, dy, start).items()
        }

    return replace(
        subject,
        backward=scaled(subject.backward),
        reference=None,
        pushforward=None,  # nothing is declared of forward mode
        variants={words: scaled(each) for words, each in subject.variants.items()},
        parts=None,
    )


def _refuse_unknown(subject: Subject, what: str, named: Mapping[str, Any]) -> None:
    for name in named:
        if name not in subject.arrays:
            raise SettingError(f"a {what} is declared of {name}, but the arrays are {', '.join(subject.arrays)}")
