"""Entries: every entry of every array compared with its own difference, and a name for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.comparison import Comparison, EntryVerdict
from inkgrad.check.measure.numerical import Numerical, complex_slope, numerical_vjp, output_noise, outputs_or_nan
from inkgrad.check.measure.purity import examine_purity
from inkgrad.check.measure.slopes import slope
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.naming import Case, Inside, Mechanism, name_mistake, named_by_shape, rather_stepped, reconsidered
from inkgrad.check.report import Report
from inkgrad.check.tape import TapeError
from inkgrad.check.verdict import USUAL, ArrayVerdict, Strictness, Verdict, by_entries, root_mean_square


@dataclass(frozen=True)
class Looks:
    """What is looked for in a subject beside what is in all.

    settings    numbers that a factor may come from, with what to call them
    mechanisms  that name mistakes which only this kind of subject can have
    noise       rounding of y that is known beforehand
    ties        whether entries at kinks are moved together too
    own_forward  whether what forward itself gives, differentiated, is asked first
    """

    settings: Mapping[str, float] = field(default_factory=dict)
    mechanisms: tuple[Mechanism, ...] = ()
    noise: float = 0.0
    ties: bool = True
    own_forward: bool = False


LOOKS = Looks()
# Kinds that are no mistake where the error is small: a factor near 1 is a constant that was rounded, or a series cut,
# and what is there without dy is what an iteration leaves.
SLIGHT = (
    Kind.unknown,
    Kind.imprecise,
    Kind.factor,
    Kind.factor_per_row,
    Kind.factor_per_column,
    Kind.dy_ignored,
    Kind.dy_partly_ignored,
    Kind.part_of_dy,
    Kind.overwritten,
    Kind.summed_too_far,
    Kind.not_summed,
    Kind.symmetrised,
    Kind.mask_forgotten,
    Kind.border,
    Kind.term_missing,
    Kind.term_factor,
    Kind.carry_lost,
    Kind.wrong_argument,
    Kind.wrong_axis,
)


def examine_entries(
    subject: Subject,
    y: NDArray,
    seed: int,
    layer: str = "",
    looks: Looks = LOOKS,
    strictness: Strictness = USUAL,
) -> Report:
    """Return what is found out about `subject`, whose outputs are y, entry by entry, with a random dy from `seed`.

    `layer` is its path, for the findings.
    """
    rng = stream(seed, "dy")
    dy = np.asarray(rng.normal(size=y.shape) if y.ndim else 1.0).astype(y.dtype)
    rounding = output_noise(subject, y) + looks.noise
    numericals = {name: numerical_vjp(subject, name, dy, y, rounding) for name in subject.arrays}
    purity = examine_purity(subject, y, dy, {name: each.bar for name, each in numericals.items()})
    findings = [replace(_by_shape(finding, numericals), layer=layer) for finding in purity.findings]
    findings = [
        rather_stepped(each, Case(subject, each.array, purity.gradients[each.array], numericals, y, dy))
        if each.kind == Kind.nonlinear
        else each
        for each in findings
    ]
    comparisons = [
        Comparison(layer, name, np.asarray(each), numericals[name]) for name, each in purity.gradients.items()
    ]
    usual = _usual_gradients(subject, comparisons)
    inside, cases = _Opened(subject, dy, purity.gradients), dict[str, Case]()
    for each in comparisons:
        if each.array in purity.explained:
            continue
        if by_entries(each, False, usual[each.array], strictness).error:
            said = each.analytical.astype(np.float64)  # linear algebra knows no float16
            case = Case(subject, each.array, said, numericals, y, dy, looks.settings, inside.forward)
            cases[each.array] = case
            findings.append(_with_second_opinion(name_mistake(case, layer, looks.mechanisms), case))
        elif looks.ties and (finding := _examine_ties(subject, each, dy, y, rounding)):
            findings.append(finding)
    findings = [reconsidered(each, cases[each.array], findings) if each.array in cases else each for each in findings]
    arrays, named = _judged(comparisons, findings, usual, strictness)
    return Report(subject.name, arrays, named, not_checked=purity.not_checked)


def _by_shape(finding: Finding, numericals: Mapping[str, Numerical]) -> Finding:
    """Return a finding with a better name, if it is about a gradient of a wrong shape whose numbers tell more."""
    gradient = finding.evidence.get("gradient")
    known = gradient is not None and np.asarray(gradient).dtype.kind == "f"
    return named_by_shape(finding, np.asarray(gradient), numericals[finding.array]) if known else finding


@dataclass(frozen=True)
class _Opened:
    """The forward of a subject, taken apart when it is first asked for."""

    subject: Subject
    dy: NDArray
    said: Arrays

    @cached_property
    def forward(self) -> Inside | None:
        """Return it, or None where it cannot be taken apart."""
        if self.subject.unfold is None:
            return None
        try:
            inside = Inside(self.subject.unfold(self.subject.copies()), self.dy, self.said)
            return inside if inside.gradients else None
        except TapeError:
            return None


def _usual_gradients(subject: Subject, comparisons: list[Comparison]) -> dict[str, float]:
    """Return for each array how large its gradient would be if it moved y as much as that array does that does so most.

    So it does not depend on the units of the arrays.
    """
    sizes = {name: root_mean_square(array) or 1.0 for name, array in subject.arrays.items()}
    moved = [sizes[each.array] * root_mean_square(each.numerical.value) for each in comparisons]
    most = max((each for each in moved if np.isfinite(each)), default=0.0) or 1.0
    return {name: most / size for name, size in sizes.items()}


def _judged(
    comparisons: list[Comparison], findings: list[Finding], usual: Mapping[str, float], strictness: Strictness
) -> tuple[tuple[ArrayVerdict, ...], tuple[Finding, ...]]:
    """Return the verdicts, and the findings that remain: what is off a little and fits no mistake is approximate."""
    arrays = []
    for each in comparisons:
        mine = [finding for finding in findings if finding.array == each.array]
        alone = by_entries(each, False, usual[each.array], strictness)
        if alone.verdict == Verdict.approximate and all(finding.kind in SLIGHT for finding in mine):
            findings = [finding for finding in findings if finding not in mine]
            arrays.append(alone)
        else:
            arrays.append(by_entries(each, bool(mine), usual[each.array], strictness))
    return tuple(arrays), tuple(findings)


def _examine_ties(subject: Subject, comparison: Comparison, dy: NDArray, y: NDArray, noise: NDArray) -> Finding | None:
    """Return what is wrong when the entries at kinks all move by the same, or None if nothing is.

    Where two inputs of a maximum are equal, either alone has the slope 0 to one side and 1 to the other,
    so every number from 0 to 1 passes for it; but when both move together the maximum moves with them,
    once.  A backward that gives dy to each of them says twice.
    """
    name, tied = comparison.array, comparison.verdicts == EntryVerdict.kink
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
    return Finding(comparison.layer, name, Kind.wrong_mask, (), message, {"together": said, "low": low, "high": high})


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
