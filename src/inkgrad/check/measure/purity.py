"""Purity: what must hold before any number is compared.

Forward and backward repeat themselves, leave their inputs alone, write every gradient, and give
finite numbers; backward is linear in dy.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import REDRAWN, Arrays, Subject
from inkgrad.errors import CheckError


@dataclass(frozen=True)
class Purity:
    """The outputs, the gradients by backward, and what is wrong beside their values.

    `explained` holds the arrays whose gradients need no further word; `not_checked` says which calls raised something.
    """

    gradients: Arrays
    findings: tuple[Finding, ...]
    explained: frozenset[str]
    not_checked: tuple[str, ...] = ()


def examine_purity(subject: Subject, y: NDArray, dy: NDArray, bars: Arrays) -> Purity:
    """Return the gradients of `subject` at dy, and the findings about how they came about.

    `bars` are error bars of the gradients: what is smaller is rounding, of which nothing is asked.
    """
    findings = examine_forward(subject, y)
    first, arrays, spare = next(iter(subject.arrays)), subject.copies(), dy.copy()
    gradients = dict(subject.backward(arrays, spare, 0.0))
    wrong_shapes = misshapen(subject, gradients)
    if wrong_shapes:
        return Purity({}, tuple(wrong_shapes), frozenset(gradients))
    findings += [
        mutated("backward", name) for name, array in arrays.items() if not np.array_equal(array, subject.arrays[name])
    ]
    if not np.array_equal(spare, dy):
        findings.append(mutated("backward", "dy", first))
    if findings:
        return Purity(gradients, tuple(findings), frozenset(gradients))
    findings += examine_writing(subject, dy, gradients)
    findings += _repeating(subject, dy, gradients, {finding.array for finding in findings})
    small = {name for name, bar in bars.items() if np.abs(gradients[name]).max(initial=0) <= 10 * bar.max(initial=0)}
    findings += examine_linearity(subject, dy, gradients, small | {finding.array for finding in findings})
    other, not_checked = examine_layouts(subject, dy, {finding.array for finding in findings}, bars)
    findings += other
    findings += examine_finiteness(gradients, {finding.array for finding in findings})
    return Purity(gradients, tuple(findings), frozenset(finding.array for finding in findings), tuple(not_checked))


def examine_forward(subject: Subject, y: NDArray) -> list[Finding]:
    """Return what forward does beside giving y: it should change nothing, and give y again."""
    arrays = subject.copies()
    again = np.asarray(subject.forward(arrays))
    findings = [
        mutated("forward", name) for name, array in arrays.items() if not np.array_equal(array, subject.arrays[name])
    ]
    if again.shape == y.shape and _differs(again, y, subject.eps):
        message = "forward gives something else when it is called again with the same input and rng"
        findings.append(_finding(next(iter(arrays)), Kind.random, message))
    return findings


def mutated(role: str, what: str, array: str = "") -> Finding:
    """Return the finding that forward or backward changes something in place; of dy it is said of an `array`."""
    return _finding(array or what, Kind.mutated, f"{role} changes {what} in place: work on a copy")


def _finding(array: str, kind: Kind, message: str, **evidence: object) -> Finding:
    return Finding("", array, kind, (), message, evidence)


def misshapen(subject: Subject, gradients: Arrays) -> list[Finding]:
    """Return a finding for each gradient that has another shape than its array."""
    findings = []
    for name, array in subject.arrays.items():
        shape = np.shape(gradients[name])
        if shape != array.shape:
            hint = "; does backward return it?" if gradients[name] is None else ""
            message = f"d{name} has shape {shape}, must be {array.shape}, that of {name}{hint}"
            evidence = {"shape": shape, "gradient": gradients[name]}
            findings.append(Finding("", name, Kind.unknown, (), message, evidence))
    return findings


def refuse_misshapen(subject: Subject, gradients: Arrays) -> Arrays:
    """Return the gradients of a later call of backward; raise CheckError if they have other shapes than the arrays."""
    for finding in misshapen(subject, gradients):
        raise CheckError(f"{subject.name}: when backward is called again, {finding.message}")
    return gradients


def _again(subject: Subject, dy: NDArray, start: float = 0.0) -> Arrays:
    return refuse_misshapen(subject, subject.backward(subject.copies(), dy.copy(), start))


def examine_writing(subject: Subject, dy: NDArray, gradients: Arrays) -> list[Finding]:
    """Gradients start as 0, then as 1: what shows through was never written, or was added to."""
    findings = []
    for name, shifted in _again(subject, dy, 1.0).items():
        by = shifted - gradients[name]
        if not np.allclose(by, 1, atol=1e-6) or not by.size:
            continue
        if np.any(gradients[name]):
            message = f"backward adds to d{name} instead of setting it, so each call adds to the last: write = for +="
            findings.append(_finding(name, Kind.accumulated, message))
    return findings


def _repeating(subject: Subject, dy: NDArray, gradients: Arrays, known: set[str]) -> list[Finding]:
    findings = []
    for name, second in _again(subject, dy).items():
        if name in known or not _differs(second, gradients[name], subject.eps):
            continue
        if _grows(np.diff([second, *(_again(subject, dy)[name] for _ in range(3))], axis=0)):
            message = f"each call of backward adds to what d{name} held: write = for +=, or begin with zeros"
            findings.append(_finding(name, Kind.accumulated, message))
        else:
            message = (
                f"d{name} differs when backward is called again with the same numbers and rng: draw once, in forward"
            )
            findings.append(_finding(name, Kind.random, message))
    return findings


def _grows(steps: NDArray) -> bool:
    """Return whether steps are the same, or each the same part of the last as with a momentum; none drawn anew is."""
    one, other = (_ratio(after, before) for before, after in pairwise(steps))
    return one is not None and other is not None and abs(one - other) < 1e-4 * one


def _differs(a: NDArray, b: NDArray, eps: float) -> bool:
    """Return whether two arrays differ by more than sums do that are added up in another order."""
    size = float(np.abs(b[np.isfinite(b)]).max(initial=0))
    return not np.allclose(a, b, rtol=0, atol=64 * eps * size, equal_nan=True)


def _ratio(a: NDArray, b: NDArray) -> float | None:
    """Return c where a = c b, or None."""
    square = float(np.sum(b * b))
    c = float(np.sum(a * b)) / square if square else 0.0
    return c if c > 1e-6 and np.allclose(a, c * b, rtol=1e-5, atol=1e-9 * np.sqrt(square)) else None


def examine_linearity(subject: Subject, dy: NDArray, gradients: Arrays, known: Collection[str] = ()) -> list[Finding]:
    """Return what is not linear in dy: backward(c dy) = c backward(dy) and
    backward(dy + other) = backward(dy) + backward(other) should hold for all arrays but those `known`.

    What backward gives for dy = 0 is taken off first: something added, such as weight decay, is not
    nonlinear.  Powers of two scale exactly in every floating-point type, so a coarse one is not either.
    """
    other = stream(1, "dy").normal(size=dy.shape).astype(dy.dtype)
    at_zero, at_other, at_both = (_again(subject, each) for each in (np.zeros_like(dy), other, dy + other))
    scaled = {c: _again(subject, (c * dy).astype(dy.dtype)) for c in (-1.0, 2.0, 1024.0)}
    findings = []
    for name, gradient in gradients.items():
        if name in known or not np.isfinite(gradient).all():
            continue
        base = at_zero[name]
        for c, found in scaled.items():
            if _far(found[name] - base, c * (gradient - base), subject.eps):
                message = (
                    f"d{name} for {c:g} dy is not {c:g} times d{name} for dy: backward must be linear in dy; "
                    "is something clipped, or a mask taken from dy?"
                )
                findings.append(_finding(name, Kind.nonlinear, message, scale=c))
                break
        else:
            one, two = gradient - base, at_other[name] - base
            if _far(at_both[name] - base, one + two, subject.eps, usual=np.abs(one) + np.abs(two)):  # they may cancel
                message = f"d{name} for a sum of two dy is not the sum of both d{name}: is a mask taken from dy?"
                findings.append(_finding(name, Kind.nonlinear, message))
    return findings


def examine_without_dy(subject: Subject, y: NDArray) -> list[Finding]:
    """Return which gradients are still there for dy = 0: seen at once, but where dy was 1 all the time."""

    def asked(dy: NDArray) -> Arrays:  # the arrays themselves: by now it is known that backward leaves them alone
        return refuse_misshapen(subject, subject.backward(dict(subject.arrays), dy, 0.0))

    left = {name: base for name, base in asked(np.zeros_like(y)).items() if base.any() and np.isfinite(base).all()}
    usual = asked(np.ones_like(y)) if left else {}
    findings = []
    for name, base in left.items():
        if not _far(base, np.zeros_like(base), subject.eps, float(np.abs(usual[name]).max(initial=0))):
            continue
        if _far(base, usual[name], subject.eps):
            message = f"a part of d{name} is not multiplied by dy: for dy = 0 it is still there"
            findings.append(_finding(name, Kind.dy_partly_ignored, message))
        else:
            message = f"d{name} is the same whatever dy is, and right for dy = 1 alone: multiply by dy"
            findings.append(_finding(name, Kind.dy_ignored, message))
    return findings


def _far(
    a: NDArray, b: NDArray, eps: float, size: float = 0.0, usual: NDArray | float = 0.0, room: float = 0.0
) -> bool:
    """Return whether a and b differ by more than the rounding of even a coarse type, and than `room`.

    `size` is what the numbers of b may be, `usual` what each is made of.
    """
    size = max(size, float(np.abs(b).max(initial=0)))
    tolerance = 0.01 * (np.abs(a) + np.maximum(np.abs(b), usual)) + (1e-5 + 100 * eps) * size + room
    return bool((np.abs(a - b) > tolerance).any())


def examine_layouts(
    subject: Subject, dy: NDArray, known: Collection[str], bars: Arrays
) -> tuple[list[Finding], list[str]]:
    """Backward called in other ways must give the same; with the same dy at each, which some ways need constant.

    Sums are added up in another order then: a gradient that is 0 but for rounding is another one.
    Beside the findings it returns how backward could not be called, in words.
    """
    findings: list[Finding] = []
    untold: list[str] = []
    known = set(known)
    ordinary = _again(subject, dy)
    sizes = {name: float(np.abs(each).max(initial=0)) for name, each in ordinary.items()}  # of a constant dy maybe none
    for words, backward in subject.variants.items():
        for sent in dy, np.full_like(dy, 0.7):
            try:
                other = backward(subject.copies(), sent.copy(), 0.0)
            except CheckError as error:
                untold.append(f"backward with {words}: {error}")
                break
            usual = _again(subject, sent) if other else {}
            for name, gradient in other.items():
                if name in known or not np.isfinite(usual[name]).all():
                    continue
                room = 10 * float(bars[name].max(initial=0))
                if _far(gradient, usual[name], subject.eps, sizes[name], room=room):
                    findings.append(_by_another_way(name, words))
                    known = known | {name}
    return findings, untold


def _by_another_way(name: str, words: str) -> Finding:
    if words == REDRAWN:
        message = f"d{name} is another one with {words} in backward than in forward: draw once, in forward, and keep it"
        return _finding(name, Kind.random, message, variant=words)
    message = f"d{name} is another one with {words}: is memory read as if it were in order?"
    return _finding(name, Kind.layout, message, variant=words)


def examine_finiteness(gradients: Arrays, known: Collection[str] = ()) -> list[Finding]:
    """Return which gradients hold NaN or infinity, but for those of arrays `known`."""
    findings = []
    for name, gradient in gradients.items():
        bad = ~np.isfinite(gradient)
        if name not in known and bad.any():
            where = [int(k) for k in np.argwhere(bad)[0]]
            message = f"d{name} is {gradient[tuple(where)]} at {where}: look for a division by 0, log 0 or an overflow"
            findings.append(_finding(name, Kind.not_finite, message, where=where))
    return findings
