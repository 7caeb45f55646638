"""Examining one subject: along directions where it is large, entry by entry where it is small or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.close_look import close_looks
from inkgrad.check.coarse import compared, is_coarse, is_same_function
from inkgrad.check.course import BudgetError
from inkgrad.check.entries import LOOKS, Looks, examine_entries
from inkgrad.check.finding import Finding, as_second
from inkgrad.check.forward_mode import examine_forward_mode
from inkgrad.check.joint import Joint, joint_of, verdicts
from inkgrad.check.kind import Kind
from inkgrad.check.measure.purity import examine_layouts, examine_without_dy
from inkgrad.check.measure.subject import SECOND, Component, Subject
from inkgrad.check.own_forward import ROUNDINGS, by_own_forward
from inkgrad.check.parts_seen import PartsSeen
from inkgrad.check.report import Report
from inkgrad.check.verdict import NO_TIME, USUAL, ArrayVerdict, Strictness, Verdict
from inkgrad.errors import CheckError


@dataclass(frozen=True)
class Sizes:
    """From which size on entries are not looked at one by one, unless that is asked for.

    most_entries      in all arrays of a subject together
    most_of_parts     where it is made of parts, each of which is looked at alone where the whole is wrong
    """

    most_entries: int = 2000
    most_of_parts: int = 300


SIZES = Sizes()


def examine(
    subject: Subject,
    seed: int,
    layer: str = "",
    looks: Looks = LOOKS,
    strictness: Strictness = USUAL,
    every_entry: bool | None = None,
) -> Report:
    """Return what is found out about `subject`, with random dy from `seed`; `layer` is its path, for the findings.

    Every entry is looked at where that is asked for, or, where nothing is said, if there are not too many.
    """
    if is_coarse(subject):
        return _beside_float64(subject, seed, layer, looks, strictness, every_entry)
    y = evaluate(subject)
    if not np.isfinite(y).all():
        where = [int(k) for k in np.argwhere(~np.isfinite(y))[0]]
        message = f"forward gives {y[tuple(where)]} at {where}: look for a division by 0, log 0 or an overflow"
        first = next(iter(subject.arrays))
        return Report(subject.name, (), (Finding(layer, first, Kind.not_finite, (), message, {"where": where}),))
    if every_entry is None:
        most = SIZES.most_entries if subject.parts is None else SIZES.most_of_parts
        every_entry = _n_entries(subject) <= most
    is_simple = subject.parts is None and subject.pushforward is None and not looks.own_forward
    if every_entry and is_simple:
        report = examine_entries(subject, y, seed, layer, looks, strictness)
    else:
        report = Stages(subject, y, seed, layer, looks, strictness, every_entry).report()
    is_cost = y.ndim == 0 and subject.only_dy is None  # dy was 1 so far: whether it is ignored could not be seen
    return _with_dy_heeded(report, subject, y, layer) if is_cost and report.ok else report


def _with_dy_heeded(report: Report, subject: Subject, y: NDArray, layer: str) -> Report:
    """See to it that a right gradient is multiplied by dy, if there is time."""
    try:
        return _with(report, examine_without_dy(subject, y), layer)
    except BudgetError:
        words = f"{layer or subject.name}: whether backward multiplies by dy, as the budget was spent"
        return replace(report, not_checked=(*report.not_checked, words))


def _with(report: Report, found: Sequence[Finding], layer: str) -> Report:
    """Return a report with findings about arrays that were right so far."""
    named = {finding.array for finding in found}
    arrays = (replace(each, verdict=Verdict.wrong) if each.array in named else each for each in report.arrays)
    findings = (*report.findings, *(replace(finding, layer=layer) for finding in found))
    return replace(report, arrays=tuple(arrays), findings=findings)


def _beside_float64(
    subject: Subject, seed: int, layer: str, looks: Looks, strictness: Strictness, every_entry: bool | None
) -> Report:
    """Examine a subject of a coarse type: in float64 first, and where that is right, beside it.

    Where it is another function there, by differences of its own.
    """
    assert subject.precise is not None
    fine = examine(subject.precise, seed, layer, looks, strictness, every_entry)
    if fine.verdict == Verdict.wrong:
        return fine
    try:
        report = compared(subject, fine, seed, layer, strictness)
        if report.verdict == Verdict.wrong and not is_same_function(subject, subject.precise):
            return examine(replace(subject, precise=None), seed, layer, looks, strictness, every_entry)
    except BudgetError:
        return _told_in_float64(fine)
    return replace(report, not_checked=fine.not_checked)


def _told_in_float64(fine: Report) -> Report:
    """Return the report of a coarse subject that there was no time to put beside float64, whose report is `fine`."""
    words = f"beside float64, where {fine.summary}: the budget was spent"
    arrays = (
        ArrayVerdict(each.layer, each.array, each.size, Verdict.cannot_tell, 0.0, np.inf, NO_TIME)
        for each in fine.arrays
    )
    return replace(fine, arrays=tuple(arrays), not_checked=(*fine.not_checked, words))


@dataclass(frozen=True)
class Stages:
    """The stages of an examination: a direction through all arrays, and where that is wrong the parts of the subject,
    its arrays and their entries."""

    subject: Subject
    y: NDArray
    seed: int
    layer: str
    looks: Looks
    strictness: Strictness
    every_entry: bool

    def report(self) -> Report:
        """Go through the stages as far as they are needed, and as far as there is time."""
        joint = joint_of(self.subject, self.y, self.seed, self.looks.noise)
        try:
            report = self._beside_own_forward(joint) or self._by_differences(joint)
            report = self._called_otherwise(joint, report)
            wrong, untold = examine_forward_mode(joint, self.layer, self.strictness)
        except BudgetError:
            return self._cut_short(joint)
        return replace(report, findings=(*report.findings, *wrong), not_checked=(*report.not_checked, *untold))

    def _beside_own_forward(self, joint: Joint) -> Report | None:
        """Return the report where backward is right beside the derivative of forward itself, and None where it is not:
        at a kink both may be right."""
        if self.every_entry and not self.looks.own_forward:
            return None
        own = by_own_forward(joint, self.layer, self.strictness)
        is_right = own is not None and all(each.verdict == Verdict.right for each in own)
        return Report(self.subject.name, own, ()) if own and is_right else None

    def _called_otherwise(self, joint: Joint, report: Report) -> Report:
        """Call the backward of a Function, right so far, in other ways too; beside entries that is done already."""
        if self.subject.reference is None or not report.ok or report.comparisons:
            return report
        dy, room = joint.dys[0], ROUNDINGS * self.subject.eps * joint.usual * float(np.linalg.norm(joint.dys[0]))
        bars = {name: np.array(room / scale) for name, scale in joint.point.scales.items()}
        found, untold = examine_layouts(joint.subject, dy, (), bars)
        return replace(_with(report, found, self.layer), not_checked=(*report.not_checked, *untold))

    def _by_differences(self, joint: Joint) -> Report:
        """Return the report of the parts where one of them is wrong, else that of the whole."""
        parts = self._parts() if joint.is_wrong else None
        if parts and parts.findings:  # then it need not be asked which arrays of the whole they spoil
            return parts
        report = self._entries() if self.every_entry else self._arrays(joint)
        if report.verdict != Verdict.wrong or joint.findings:
            return report
        parts = parts or self._parts()
        if parts and parts.findings:
            return parts
        if parts is None:
            return report
        is_wiring = len(parts.arrays) > 0 and parts.ok
        findings = tuple(map(_as_wiring, report.findings)) if is_wiring else report.findings
        return replace(report, findings=findings, not_checked=(*report.not_checked, *parts.not_checked))

    def _entries(self) -> Report:
        return examine_entries(self.subject, self.y, self.seed, self.layer, self.looks, self.strictness)

    def _arrays(self, joint: Joint) -> Report:
        """Return the verdict on each array, and of those that are wrong a closer look, at a part if they are large."""
        report = judged(joint, self.layer, self.strictness)
        if joint.findings or report.verdict != Verdict.wrong:
            return report
        is_one = len(self.subject.arrays) == 1  # then no other array is needed to give the mistake its name
        if _n_entries(self.subject) <= (SIZES.most_of_parts if is_one else SIZES.most_entries):
            closer = self._entries()
            if closer.verdict == Verdict.wrong:
                return closer
        wrong = [each for each in report.arrays if each.verdict == Verdict.wrong]
        return replace(report, findings=close_looks(joint, wrong, self.seed, self.looks, self.strictness))

    def _parts(self) -> Report | None:
        """Return the report of what the subject is made of, each alone, from the last to the first.

        None where it is one piece; without arrays where no part is wrong that can be examined, but not all can.
        """
        if self.subject.parts is None:
            return None
        found = PartsSeen(self.subject.name)
        try:
            for part in self.subject.parts():
                if part.last_resort and found.findings:
                    break
                self._look_at(part, found)
        except CheckError as error:  # that they cannot be reached takes back nothing that the whole has told
            found.lacks(f"{self.layer or self.subject.name}, its parts", error)
        return found.report()

    def _look_at(self, part: Component, found: PartsSeen) -> None:
        """Add what is found out about a part, unless it holds another that is wrong."""
        path = f"{self.layer}.{part.path}".strip(".")
        if found.is_wrong_inside(path):
            return
        try:
            looks = Looks(self.looks.settings)
            report = examine(part.subject, self.seed, path, looks, self.strictness, every_entry=False)
        except CheckError as error:  # at what it gets here it has no slopes
            found.lacks(path, error)
            return
        if part.path.endswith(SECOND):  # which is asked where all parts are right once
            report = replace(report, findings=tuple(map(as_second, report.findings)))
        found.add(report, part.kind)

    def _cut_short(self, joint: Joint) -> Report:
        """Return what one direction through all arrays told, where there was no time for more."""
        if joint.findings or not joint.is_wrong:
            return judged(joint, self.layer, self.strictness, only_together=True)
        names = list(joint.subject.arrays)
        message = (
            f"backward and the slopes of y disagree along a direction through {', '.join(names)}; there was no time "
        )
        return Report(
            self.subject.name, (), (Finding(self.layer, names[0], Kind.unknown, (), message + "to find where"),)
        )


def wrong_parts(subject: Subject, seed: int, strictness: Strictness = USUAL) -> tuple[Finding, ...]:
    """Return what is wrong with the parts of a subject, each alone; nothing where it is one piece."""
    found = Stages(subject, np.empty(0), seed, "", LOOKS, strictness, every_entry=False)._parts()
    return found.findings if found else ()


def _n_entries(subject: Subject) -> int:
    return sum(array.size for array in subject.arrays.values())


def judged(joint: Joint, layer: str = "", strictness: Strictness = USUAL, only_together: bool = False) -> Report:
    """Return the verdict on each array along directions; it says which are wrong, not why.

    With `only_together` no further direction is asked.
    """
    name = joint.subject.name
    if joint.findings:
        return Report(name, (), tuple(replace(each, layer=layer) for each in joint.findings))
    return Report(name, verdicts(joint, layer, strictness, "directions", only_together), ())


def _as_wiring(finding: Finding) -> Finding:
    message = (
        f"each part is right alone, but d{finding.array} of the whole is wrong: is something detached, changed in "
        f"place, or used twice and counted once? ({finding.message})"
    )
    return replace(finding, kind=Kind.wiring, also=(), message=message)


def evaluate(subject: Subject) -> NDArray:
    """Return y of a subject; raise CheckError, naming it, when there is no y to check."""
    for name, array in subject.arrays.items():
        if array.dtype.kind != "f":
            raise CheckError(f"{subject.name}: {name} has type {array.dtype}; slopes need floating-point numbers")
        if not np.isfinite(array).all():
            raise CheckError(f"{subject.name}: {name} holds NaN or infinity; check it at finite numbers")
    y = subject.forward(subject.copies()) if subject.y is None else subject.y
    if not isinstance(y, (np.ndarray, np.floating)) or y.dtype.kind != "f":
        raise CheckError(
            f"{subject.name}: forward should give an array of floating-point numbers, got {type(y).__name__}"
        )
    return np.asarray(y)
