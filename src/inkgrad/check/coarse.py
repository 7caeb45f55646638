"""Coarse: a backward in float32, float16 or bfloat16, judged beside the same function in float64.

The function in float64 is checked by differences, which are sharp there.  Then the coarse backward is put
beside that of float64 at the same numbers.  They differ by rounding, and by a mistake where there is one.
Rounding is another one when all numbers move by their last digit, and a mistake is the same: of differences
d_1, d_2, ... at such points the mistake is what they share, whose length squared is the mean of d_i · d_j.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.naming import Case, name_mistake
from inkgrad.check.report import Report
from inkgrad.check.verdict import ROUNDING, ArrayVerdict, Strictness, Verdict, root_mean_square


@dataclass(frozen=True)
class CoarseLimits:
    """How a coarse backward is judged.

    n_points      points that differ in their last digits
    n_digits      by so many units of them
    n_roundings   so many roundings, of constants say, may all point one way
    most          but not more than this part of the gradient
    least_lost    the part of a gradient that no rounding may take, unless the exact one changes with the last digits
    n_steps       so many of the smallest numbers of its type may each number of a gradient be off
    sensitivity   what must have been visible in types of two bytes
    """

    n_points: int = 6
    n_digits: float = 16.0
    n_roundings: float = 100.0
    most: float = 0.006
    least_lost: float = 0.1
    n_steps: float = 4.0
    sensitivity: float = 0.01


COARSE = CoarseLimits()


@dataclass(frozen=True)
class Shared:
    """What differences of one gradient share, and what not, as parts of its length; `spread` is how much the exact
    one changes from point to point."""

    shared: float
    rounding: float
    size: int
    length: float = 1.0
    n_pairs: int = 3
    spread: float = np.inf

    @property
    def is_lost(self) -> bool:
        """Whether it drowns in rounding where it need not: the exact one hardly changes with the last digits."""
        return self.rounding > max(COARSE.least_lost, COARSE.n_roundings * self.spread)

    @property
    def blur(self) -> float:
        """How much of it may come of rounding alone: the mean of many products of random numbers is small."""
        n_products = self.n_pairs * self.size
        return 2.6 * self.rounding / n_products**0.25 if n_products else 0.0

    def underflow(self, eps: float) -> float:
        """How much of it may be lost where numbers of float16 become small; other types reach down to 1e-38."""
        if eps != np.finfo(np.float16).eps or not self.length:
            return 0.0
        step = float(np.finfo(np.float16).smallest_subnormal)
        return COARSE.n_steps * step * sqrt(self.size) / self.length


def is_coarse(subject: Subject) -> bool:
    """Return whether a subject works in a type coarser than float64, and could do so in float64."""
    return subject.precise is not None and subject.eps > float(np.finfo(np.float64).eps)


def compared(subject: Subject, fine: Report, seed: int, layer: str, strictness: Strictness) -> Report:
    """Return the report of a coarse subject, whose float64 has the report `fine` and is not wrong."""
    precise = subject.precise
    assert precise is not None
    rng = stream(seed, "coarse dy")
    y = np.asarray(precise.forward(precise.copies()))
    dy = rounded(rng.standard_normal(y.shape), subject.eps)
    points = [_near(subject, rng) for _ in range(COARSE.n_points)]
    coarse = [subject.backward(point, _as_coarse(dy, subject), 0.0) for point in points]
    exact = [precise.backward(_as_fine(point, precise), dy.copy(), 0.0) for point in points]
    usual = _usual_lengths(precise, exact, y, dy)
    arrays, findings = [], []
    for each in fine.arrays:
        pairs = [(a[each.array], b[each.array]) for a, b in zip(coarse, exact, strict=True)]
        found = shared(pairs, usual[each.array], subject.eps)
        verdict = _verdict(each, found, subject.eps, strictness)
        arrays.append(replace(verdict, layer=layer))
        if verdict.verdict == Verdict.wrong:
            findings.append(_named(precise, each.array, coarse[0], exact[0], y, dy, layer, found))
    return Report(subject.name, tuple(arrays), tuple(findings))


def _usual_lengths(precise: Subject, exact: Sequence[Arrays], y: NDArray, dy: NDArray) -> dict[str, float]:
    """Return how long the gradient of each array would be if it moved y as much as that array does that does so most.

    Where none does, all gradients being 0 but for rounding, as much as y is large.
    """
    sizes = {name: root_mean_square(array) or 1.0 for name, array in precise.arrays.items()}
    moved = max(sizes[name] * float(np.linalg.norm(each.ravel())) for name, each in exact[0].items())
    whole = float(np.linalg.norm(dy.ravel())) * (root_mean_square(y) or 1.0)
    most = moved if moved > ROUNDING * whole else whole  # NaN is not
    return {name: most / size for name, size in sizes.items()}


def shared(pairs: Iterable[tuple[NDArray, NDArray]], usual: float, eps: float) -> Shared:
    """Return what the differences of some pairs of gradients share; as parts of `usual` where these are nothing
    beside it, in a type with the machine epsilon `eps`."""
    exact, off = [], []
    for a, b in pairs:
        exact.append(np.asarray(b, np.float64).ravel())
        off.append(np.asarray(a, np.float64).ravel() - exact[-1])
    length = sqrt(float(np.mean([b @ b for b in exact])))
    if not np.isfinite(length):
        return Shared(np.inf, 0.0, exact[0].size)
    length = length if length > eps * usual else usual
    if not length:  # of an empty array
        return Shared(0.0, 0.0, exact[0].size)
    products = [a @ b for a, b in combinations(off, 2)]
    common = float(np.mean(products))
    whole = float(np.mean([a @ a for a in off]))
    common, alone = sqrt(max(common, 0.0)) / length, sqrt(max(whole - common, 0.0)) / length
    centre = np.mean(exact, axis=0)
    spread = sqrt(float(np.mean([(b - centre) @ (b - centre) for b in exact]))) / length
    return Shared(common, alone, exact[0].size, length, len(products), spread)


def _verdict(each: ArrayVerdict, found: Shared, eps: float, strictness: Strictness) -> ArrayVerdict:
    room = min(COARSE.n_roundings * eps, COARSE.most) + found.blur + found.underflow(eps)
    error = found.shared if found.shared > room else found.rounding if found.is_lost else 0.0
    asked = replace(strictness, sensitivity=max(strictness.sensitivity, COARSE.sensitivity if eps > 1e-4 else 0.0))
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


def _named(
    precise: Subject, name: str, coarse: Arrays, exact: Arrays, y: NDArray, dy: NDArray, layer: str, found: Shared
) -> Finding:
    """Return what is wrong with a coarse gradient alone, by the mechanisms that need no Jacobian."""
    a, n = np.asarray(coarse[name], np.float64), np.asarray(exact[name], np.float64)
    typical = float(np.sqrt(np.mean(n * n)))
    bar = np.full(n.shape, (3 * found.rounding + 1e-6) * typical)
    case = Case(precise, name, a, {name: Numerical(n, n, bar, None)}, y, dy)
    finding = name_mistake(case, layer)
    message = f"{finding.message}; the same in float64 is right"
    return replace(finding, message=message, evidence=finding.evidence | {"error": found.shared})


def _near(subject: Subject, rng: np.random.Generator) -> dict[str, NDArray]:
    """Return the arrays of a subject, each number moved in its last digits, so that all is rounded anew."""
    eps = subject.eps
    return {
        name: rounded(a.astype(np.float64) * (1 + COARSE.n_digits * eps * rng.uniform(-1, 1, a.shape)), eps).astype(
            a.dtype
        )
        for name, a in subject.arrays.items()
    }


def _as_coarse(dy: NDArray, subject: Subject) -> NDArray:
    kinds = [array.dtype for array in subject.arrays.values()]
    return dy.astype(min(kinds, key=lambda kind: -np.finfo(kind).eps))


def _as_fine(arrays: Arrays, precise: Subject) -> dict[str, NDArray]:
    return {name: array.astype(precise.arrays[name].dtype) for name, array in arrays.items()}


def rounded(array: NDArray, eps: float) -> NDArray:
    """Return numbers rounded to a type with this machine epsilon."""
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.rint(mantissa * (2 / eps)) * (eps / 2), exponent)
