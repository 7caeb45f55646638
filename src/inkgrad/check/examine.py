"""Examining one subject: purity, comparison, and a name for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.comparison import Comparison, Verdict
from inkgrad.check.measure.numerical import complex_slope, numerical_vjp, output_noise, outputs_or_nan
from inkgrad.check.measure.purity import examine_purity
from inkgrad.check.measure.slopes import slope
from inkgrad.check.measure.subject import Subject
from inkgrad.check.naming import Case, Mechanism, name_mistake
from inkgrad.check.report import Finding, Report
from inkgrad.errors import CheckError


def examine(
    subject: Subject,
    seed: int,
    layer: str = "",
    settings: Mapping[str, float] | None = None,
    mechanisms: tuple[Mechanism, ...] = (),
    noise: float = 0.0,
    ties: bool = False,
) -> Report:
    """Return what is found out about `subject`, with a random dy from `seed`.

    `layer` is its path, for the findings; `settings` are numbers that a factor may come from,
    `mechanisms` name mistakes that only this kind of subject can have, `noise` is rounding of y that
    is known beforehand.  With `ties`, entries at kinks are moved together too.
    """
    y = evaluate(subject)
    if not np.isfinite(y).all():
        where = [int(k) for k in np.argwhere(~np.isfinite(y))[0]]
        message = f"forward gives {y[tuple(where)]} at {where}: look for a division by 0, log 0 or an overflow"
        return Report(subject.name, (), (Finding(layer, "x", "not-finite", (), message, {"where": where}),))
    rng = np.random.default_rng(seed)
    dy = np.asarray(rng.normal(size=y.shape) if y.ndim else 1.0).astype(y.dtype)
    rounding = output_noise(subject, y) + noise
    numericals = {name: numerical_vjp(subject, name, dy, y, rounding) for name in subject.arrays}
    purity = examine_purity(subject, y, dy, {name: each.bar for name, each in numericals.items()})
    findings = [replace(finding, layer=layer) for finding in purity.findings]
    comparisons = []
    for name, analytical in purity.gradients.items():
        comparison = Comparison(layer, name, np.asarray(analytical), numericals[name])
        comparisons.append(comparison)
        if name in purity.explained:
            continue
        if not comparison.ok:
            case = Case(subject, name, comparison.analytical, numericals, y, dy, settings or {})
            findings.append(_with_second_opinion(name_mistake(case, layer, mechanisms), case))
        elif ties and (finding := _examine_ties(subject, comparison, dy, y, rounding)):
            findings.append(finding)
    return Report(subject.name, tuple(comparisons), tuple(findings))


def _examine_ties(subject: Subject, comparison: Comparison, dy: NDArray, y: NDArray, noise: NDArray) -> Finding | None:
    """Return what is wrong when the entries at kinks all move by the same, or None if nothing is.

    Where two inputs of a maximum are equal, either alone has the slope 0 to one side and 1 to the other,
    so every number from 0 to 1 passes for it; but when both move together the maximum moves with them,
    once.  A backward that gives dy to each of them says twice.
    """
    name, tied = comparison.array, comparison.verdicts == Verdict.kink
    if tied.sum() < 2:
        return None
    arrays, base = subject.copies(), y.reshape(-1).astype(np.float64)
    start, moved = subject.arrays[name], arrays[name]

    def move(d: float) -> tuple[float, NDArray]:
        moved[...] = start + (d * tied).astype(start.dtype)
        out = outputs_or_nan(subject, arrays, base)
        moved[...] = start
        return d, out

    size = min(float(np.sqrt(np.mean(start.astype(np.float64) ** 2))) or 1.0, 1.0)
    found = slope(move, base, noise, size, subject.eps)
    found = found.where_broken(slope(move, base, noise, size / 100, subject.eps))
    weights = dy.reshape(-1).astype(np.float64)
    ends = weights * found.low, weights * found.high
    low, high = float(np.minimum(*ends).sum()), float(np.maximum(*ends).sum())
    said = float(comparison.analytical[tied].astype(np.float64).sum())
    sure = 1e-6  # of all that moves: nearer than this may be rounding
    room = float(np.abs(weights) @ (found.bar + (sure + 1e3 * subject.eps) * np.abs(found.middle)))
    if not said - high > room and not low - said > room:  # NaN is no proof
        return None
    message = (
        f"each of {int(tied.sum())} entries of d{name} at kinks may be right alone, but together they say {said:.6g} "
        f"where the slope is from {low:.6g} to {high:.6g}; if several are equally large, only one may have the whole dy"
    )
    return Finding(comparison.layer, name, "wrong-mask", (), message, {"together": said, "low": low, "high": high})


def _with_second_opinion(finding: Finding, case: Case) -> Finding:
    """Add to a finding's evidence the worst entry, by backward, by differences and by the complex step."""
    worst = int(np.argmax(np.abs(case.a - case.n) - case.bar))
    evidence = {
        "entry": [int(k) for k in np.unravel_index(worst, case.a.shape)],
        "backward": float(case.a.reshape(-1)[worst]),
        "differences": float(case.n.reshape(-1)[worst]),
        "error bar": float(case.bar.reshape(-1)[worst]),
        "complex step": complex_slope(case.subject, case.name, case.dy, worst),
    }
    return replace(finding, evidence=evidence | finding.evidence)


def evaluate(subject: Subject) -> NDArray:
    """Return y of a subject; raise CheckError, naming it, when there is no y to check."""
    for name, array in subject.arrays.items():
        if array.dtype.kind != "f":
            raise CheckError(f"{subject.name}: {name} has type {array.dtype}; slopes need floating-point numbers")
        if array.size == 0 and name == "x":
            raise CheckError(f"{subject.name}: x has shape {array.shape}, so there is nothing to check")
        if not np.isfinite(array).all():
            raise CheckError(f"{subject.name}: {name} holds NaN or infinity; check it at finite numbers")
    y = subject.forward(subject.copies())
    if not isinstance(y, (np.ndarray, np.floating)) or y.dtype.kind != "f":
        raise CheckError(
            f"{subject.name}: forward should give an array of floating-point numbers, got {type(y).__name__}"
        )
    if y.size == 0:
        raise CheckError(f"{subject.name}: forward gives nothing, an array of shape {y.shape}")
    return np.asarray(y)
