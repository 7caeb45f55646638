"""Coarse: a backward in float32, float16 or bfloat16, judged beside the same function in float64.

The function in float64 is checked by differences, which are sharp there.  Then the coarse backward is put
beside that of float64 at the same numbers.  They differ by rounding, and by a mistake where there is one.
Rounding is another one when all numbers move by their last digit, and a mistake is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.naming import Case, name_mistake
from inkgrad.check.report import Report
from inkgrad.check.rounding import largest, moved_in_last_digits, rounded, same_function
from inkgrad.check.shared_error import COARSE, Shared, shared
from inkgrad.check.verdict import ROUNDING, ArrayVerdict, Strictness, Verdict, root_mean_square
from inkgrad.errors import CheckError


def is_coarse(subject: Subject) -> bool:
    """Return whether a subject works in a type coarser than float64, and could do so in float64."""
    return subject.precise is not None and subject.eps > float(np.finfo(np.float64).eps)


def is_same_function(subject: Subject, precise: Subject) -> bool:
    """Return whether a subject gives the same in float64, but for its rounding.

    Random numbers are others there, and with them y.  Where it is rounding that is so large, it is another one at
    each of some points.
    """
    y, exact = np.asarray(subject.forward(subject.copies())), np.asarray(precise.forward(precise.copies()))
    if exact.shape != y.shape or same_function(y, exact, subject.eps):
        return exact.shape == y.shape
    rng = stream(0, "same function")
    points = points_near(subject, rng)
    pairs = [(subject.forward(each), precise.forward(_as_fine(each, precise))) for each in points]
    finite = np.isfinite(pairs).all((0, 1))
    found = shared([(a[finite], b[finite]) for a, b in pairs], 0.0, subject.eps)
    return found.shared <= sqrt(subject.eps) + found.blur


def compared(subject: Subject, fine: Report, seed: int, layer: str, strictness: Strictness) -> Report:
    """Return the report of a coarse subject, whose float64 has the report `fine` and is not wrong."""
    precise = subject.precise
    assert precise is not None
    rng = stream(seed, "coarse dy")
    y = np.asarray(precise.forward(precise.copies()))
    dy = rounded(rng.standard_normal(y.shape), subject.eps)
    near = _near(subject, y, dy, rng)
    farther: Beside | None = None
    arrays, findings = [], _not_finite(subject, dy, layer)
    lost = {finding.array for finding in findings}
    for each in fine.arrays:
        name, found = each.array, near.shared(each.array, subject.eps)
        if name in lost:
            arrays.append(replace(_verdict(each, found, subject.eps, strictness), verdict=Verdict.wrong, error=np.inf))
            continue
        if found.shared > found.room(subject.eps):
            farther = farther or _farther(subject, y, dy, rng) or near
            again = farther.shared(name, subject.eps)
            found = again if again.is_known and again.shared <= again.room(subject.eps) else found
        verdict = _verdict(each, found, subject.eps, strictness)
        arrays.append(replace(verdict, layer=layer))
        if verdict.verdict == Verdict.wrong:
            findings.append(_named(precise, name, near, y, dy, layer, found))
    return Report(subject.name, tuple(arrays), tuple(findings))


@dataclass(frozen=True)
class Beside:
    """The gradients of a coarse type and of float64 at some points, and how long that of each array usually is."""

    coarse: list[Arrays]
    exact: list[Arrays]
    usual: Mapping[str, float]

    def shared(self, name: str, eps: float) -> Shared:
        """Return what the differences of the gradients of an array share."""
        return shared(((a[name], b[name]) for a, b in zip(self.coarse, self.exact, strict=True)), self.usual[name], eps)


def _near(subject: Subject, y: NDArray, dy: NDArray, rng: np.random.Generator) -> Beside:
    """Return the gradients at points that differ in their last digits."""
    return _beside(subject, y, [(point, dy) for point in points_near(subject, rng)])


def _farther(subject: Subject, y: NDArray, dy: NDArray, rng: np.random.Generator) -> Beside | None:
    """Return the gradients at points that differ by a part of themselves, and for dy that do.

    What rounding nearly hides, such as what a saturated number lacks to 1, is rounded alike at all that are nearer.
    None where the function is not defined there.
    """
    for part in COARSE.farther:
        n_digits = part / subject.eps
        points = points_near(subject, rng, n_digits)
        dys = [moved_in_last_digits(dy, subject.eps, n_digits, rng) for _ in points]
        try:
            found = _beside(subject, y, list(zip(points, dys, strict=True)))
        except CheckError:
            continue
        if all(np.isfinite(array).all() for each in found.exact for array in each.values()):
            return found
    return None


def _beside(subject: Subject, y: NDArray, asked: Sequence[tuple[Arrays, NDArray]]) -> Beside:
    precise = subject.precise
    assert precise is not None
    coarse = [subject.backward(point, _as_coarse(dy, subject), 0.0) for point, dy in asked]
    exact = [precise.backward(_as_fine(point, precise), dy.copy(), 0.0) for point, dy in asked]
    return Beside(coarse, exact, _usual_lengths(precise, exact, y, asked[0][1]))


def _not_finite(subject: Subject, dy: NDArray, layer: str) -> list[Finding]:
    """Return which gradients are not finite in a coarse type at the point itself, though forward is, and though in
    float64 they are, and are not too large for that type."""
    precise, findings = subject.precise, list[Finding]()
    assert precise is not None
    coarse = subject.backward(subject.copies(), _as_coarse(dy, subject), 0.0)
    lost = {name: np.argwhere(~np.isfinite(a)) for name, a in coarse.items() if not np.isfinite(a).all()}
    if not lost or not np.isfinite(subject.forward(subject.copies())).all():
        return []
    exact = precise.backward(_as_fine(subject.copies(), precise), dy.copy(), 0.0)
    for name, places in lost.items():
        where = [int(k) for k in places[0]]
        if np.abs(exact[name]).max(initial=0) <= largest(subject.eps):  # NaN is not
            message = (
                f"d{name} is {coarse[name][tuple(where)]} at {where} where the same in float64 is "
                f"{exact[name][tuple(where)]:.6g}: look for an overflow, a division by 0 or log 0 in the coarse type"
            )
            findings.append(Finding(layer, name, Kind.not_finite, (), message, {"where": where}))
    return findings


def _usual_lengths(precise: Subject, exact: Sequence[Arrays], y: NDArray, dy: NDArray) -> dict[str, float]:
    """Return how long the gradient of each array would be if it moved y as much as that array does that does so most.

    Where none does, all gradients being 0 but for rounding, as much as y is large.
    """
    sizes = {name: root_mean_square(array) or 1.0 for name, array in precise.arrays.items()}
    moved = max(sizes[name] * float(np.linalg.norm(each.ravel())) for name, each in exact[0].items())
    whole = float(np.linalg.norm(dy.ravel())) * (root_mean_square(y) or 1.0)
    most = moved if moved > ROUNDING * whole else whole  # NaN is not
    return {name: most / size for name, size in sizes.items()}


def asked_of(strictness: Strictness, eps: float) -> Strictness:
    """Return what is asked in a type with this machine epsilon: of two bytes no more than a hundredth."""
    return replace(strictness, sensitivity=max(strictness.sensitivity, COARSE.sensitivity if eps > 1e-4 else 0.0))


def _verdict(each: ArrayVerdict, found: Shared, eps: float, strictness: Strictness) -> ArrayVerdict:
    room = found.room(eps)
    error, asked = found.error(eps), asked_of(strictness, eps)
    if each.verdict == Verdict.cannot_tell:
        verdict = Verdict.cannot_tell
    else:
        verdict = asked.verdict(error, 0.0, max(room, each.least))
    reference = (
        "the same in float64" if each.reference == "differences" else f"the same in float64, and {each.reference}"
    )
    return replace(
        each,
        verdict=verdict,
        error=max(error, each.error),
        least=max(room, each.least),
        reference=reference,
        comparison=None,
    )


def _named(precise: Subject, name: str, beside: Beside, y: NDArray, dy: NDArray, layer: str, found: Shared) -> Finding:
    """Return what is wrong with a coarse gradient alone, by the mechanisms that need no Jacobian."""
    a, n = (np.asarray(each[0][name], np.float64) for each in (beside.coarse, beside.exact))
    typical = float(np.sqrt(np.mean(n * n)))
    bar = np.full(n.shape, (3 * found.rounding + 1e-6) * typical)
    case = Case(precise, name, a, {name: Numerical(n, n, bar, None)}, y, dy)
    finding = name_mistake(case, layer)
    message = f"{finding.message}; the same in float64 is right"
    return replace(finding, message=message, evidence=finding.evidence | {"error": found.shared})


def points_near(
    subject: Subject, rng: np.random.Generator, n_digits: float = COARSE.n_digits
) -> list[dict[str, NDArray]]:
    """Return the arrays of a subject at some points, each number moved in its last digits, so that all is rounded
    anew."""
    return [
        {name: moved_in_last_digits(a, subject.eps, n_digits, rng) for name, a in subject.arrays.items()}
        for _ in range(COARSE.n_points)
    ]


def _as_coarse(dy: NDArray, subject: Subject) -> NDArray:
    kinds = [array.dtype for array in subject.arrays.values()]
    return dy.astype(min(kinds, key=lambda kind: -np.finfo(kind).eps))


def _as_fine(arrays: Arrays, precise: Subject) -> dict[str, NDArray]:
    return {name: array.astype(precise.arrays[name].dtype) for name, array in arrays.items()}
