"""Examining one subject: purity, comparison, and a name for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from inkgrad.arrays import Array
from inkgrad.check.comparison import Comparison
from inkgrad.check.complex_step import complex_slope
from inkgrad.check.naming import Case, Mechanism, name_mistake
from inkgrad.check.numerical import numerical_vjp, output_noise
from inkgrad.check.purity import examine_purity
from inkgrad.check.report import Finding, Report
from inkgrad.check.subject import Subject
from inkgrad.check.ties import examine_ties
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
        return Report(subject.name, (), (_not_finite(subject, y, layer),))
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
        elif ties and (finding := examine_ties(subject, comparison, dy, y, rounding)):
            findings.append(finding)
    return Report(subject.name, tuple(comparisons), tuple(findings))


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


def evaluate(subject: Subject) -> Array:
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


def _not_finite(subject: Subject, y: Array, layer: str) -> Finding:
    where = [int(k) for k in np.argwhere(~np.isfinite(y))[0]]
    message = f"forward gives {y[tuple(where)]} at {where}: look for a division by 0, log 0 or an overflow"
    return Finding(layer, "x", "not-finite", (), message, {"where": where})
