"""Examining one subject: along directions where it is large, entry by entry where it is small or wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.blocks import wrong_block
from inkgrad.check.coarse import compared, is_coarse
from inkgrad.check.entries import LOOKS, Looks, examine_entries
from inkgrad.check.finding import Finding
from inkgrad.check.forward_mode import examine_forward_mode
from inkgrad.check.joint import Joint, joint_of, verdicts
from inkgrad.check.kind import Kind
from inkgrad.check.measure.subject import Subject
from inkgrad.check.own_forward import by_own_forward
from inkgrad.check.report import Report, merged
from inkgrad.check.verdict import USUAL, ArrayVerdict, Strictness, Verdict
from inkgrad.errors import CheckError


@dataclass(frozen=True)
class Sizes:
    """From which size on entries are not looked at one by one, unless that is asked for.

    most_entries      in all arrays of a subject together
    most_in_a_block   entries of a large array that are looked at closely, where it is wrong
    """

    most_entries: int = 2000
    most_in_a_block: int = 300


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
        every_entry = sum(array.size for array in subject.arrays.values()) <= SIZES.most_entries
    is_simple = subject.parts is None and subject.pushforward is None and not looks.own_forward
    if every_entry and is_simple:
        return examine_entries(subject, y, seed, layer, looks, strictness)
    return _in_stages(subject, y, seed, layer, looks, strictness, every_entry)


def _beside_float64(
    subject: Subject, seed: int, layer: str, looks: Looks, strictness: Strictness, every_entry: bool | None
) -> Report:
    """Examine a subject of a coarse type: in float64 first, and where that is right, beside it."""
    assert subject.precise is not None
    fine = examine(subject.precise, seed, layer, looks, strictness, every_entry)
    if fine.verdict == Verdict.wrong:
        return fine
    return compared(subject, fine, seed, layer, strictness)


def _in_stages(
    subject: Subject, y: NDArray, seed: int, layer: str, looks: Looks, strictness: Strictness, every_entry: bool
) -> Report:
    """Examine a subject along a direction first, then, where it is wrong, its parts, its arrays and their entries."""
    joint = joint_of(subject, y, seed, looks.noise)
    own = by_own_forward(joint, layer, strictness) if looks.own_forward or not every_entry else None
    if own and all(each.verdict == Verdict.right for each in own):
        report = Report(subject.name, own, ())
    else:
        report = _in_parts(subject, joint, y, seed, layer, looks, strictness, every_entry)
        if own and report.verdict == Verdict.cannot_tell:
            report = Report(subject.name, own, _beside_own_forward(own))
    return replace(report, findings=(*report.findings, *examine_forward_mode(joint, layer, strictness)))


def _in_parts(
    subject: Subject,
    joint: Joint,
    y: NDArray,
    seed: int,
    layer: str,
    looks: Looks,
    strictness: Strictness,
    every_entry: bool,
) -> Report:
    """Return the report of the parts where one of them is wrong, else that of the whole."""
    parts = _of_parts(subject, seed, layer, strictness) if joint.is_wrong else None
    if parts and parts.findings:  # then it need not be asked which arrays of the whole they spoil
        return parts
    if every_entry:
        report = examine_entries(subject, y, seed, layer, looks, strictness)
    else:
        report = _along_directions(joint, seed, layer, looks, strictness)
    if report.verdict != Verdict.wrong or joint.findings:
        return report
    parts = parts or _of_parts(subject, seed, layer, strictness)
    if parts and parts.findings:
        return parts
    is_wiring = parts is not None and len(parts.arrays) > 0 and parts.ok
    return replace(report, findings=tuple(map(_as_wiring, report.findings))) if is_wiring else report


def _as_wiring(finding: Finding) -> Finding:
    message = (
        f"each part is right alone, but d{finding.array} of the whole is wrong: is something detached, changed in "
        f"place, or used twice and counted once? ({finding.message})"
    )
    return replace(finding, kind=Kind.wiring, also=(), message=message)


def _beside_own_forward(own: tuple[ArrayVerdict, ...]) -> tuple[Finding, ...]:
    message = "d{} is off by {:.2g} of what its own forward gives, differentiated"
    return tuple(
        Finding(each.layer, each.array, Kind.unknown, (), message.format(each.array, each.error))
        for each in own
        if each.verdict == Verdict.wrong
    )


def _along_directions(joint: Joint, seed: int, layer: str, looks: Looks, strictness: Strictness) -> Report:
    report = judged(joint, layer, strictness)
    if joint.findings or report.verdict != Verdict.wrong:
        return report
    wrong = [each for each in report.arrays if each.verdict == Verdict.wrong]
    return replace(report, findings=tuple(_closer(joint, each, seed, looks, strictness) for each in wrong))


def judged(joint: Joint, layer: str = "", strictness: Strictness = USUAL) -> Report:
    """Return the verdict on each array along directions; it says which are wrong, not why."""
    name = joint.subject.name
    if joint.findings:
        return Report(name, (), tuple(replace(each, layer=layer) for each in joint.findings))
    return Report(name, verdicts(joint, layer, strictness, "directions"), ())


def _of_parts(subject: Subject, seed: int, layer: str, strictness: Strictness) -> Report | None:
    """Return the report of what a subject is made of, each alone; None where it is one piece."""
    if subject.parts is None:
        return None
    reports: list[Report] = []
    for part in subject.parts():
        if part.last_resort and any(each.findings for each in reports):
            break
        found = examine(part.subject, seed, f"{layer}.{part.path}".strip("."), strictness=strictness)
        reports.append(replace(found, findings=tuple(_of_kind(each, part.kind) for each in found.findings)))
    arrays, findings = merged(reports)
    wrong = {each.layer for each in findings}
    inner = [each for each in findings if not any(path.startswith(f"{each.layer}.") for path in wrong)]
    return Report(subject.name, tuple(arrays), tuple(inner))


def _of_kind(finding: Finding, kind: str) -> Finding:
    return replace(finding, evidence=finding.evidence | {"part": kind})


def _closer(joint: Joint, each: ArrayVerdict, seed: int, looks: Looks, strictness: Strictness) -> Finding:
    """Return what is wrong with a large array: the part of it that is wrong is examined entry by entry."""
    subject, name = joint.subject, each.array
    block = wrong_block(joint, name, SIZES.most_in_a_block)
    small = block.subject(subject)
    y = np.asarray(small.forward(small.copies()))
    found = examine_entries(small, y, seed, each.layer, replace(looks, mechanisms=()), strictness).findings
    size = f"its error is about {each.error:.2g} of it"
    if not found:
        message = f"d{name} fits no known pattern; {size}; the wrong numbers lie {block.where}"
        return Finding(each.layer, name, Kind.unknown, (), message, {"error": each.error, "where": block.where})
    first = found[0]
    message = f"{first.message} ({size}; the wrong numbers lie {block.where})"
    return replace(first, message=message, evidence=first.evidence | {"error": each.error, "where": block.where})


def evaluate(subject: Subject) -> NDArray:
    """Return y of a subject; raise CheckError, naming it, when there is no y to check."""
    for name, array in subject.arrays.items():
        if array.dtype.kind != "f":
            raise CheckError(f"{subject.name}: {name} has type {array.dtype}; slopes need floating-point numbers")
        if not np.isfinite(array).all():
            raise CheckError(f"{subject.name}: {name} holds NaN or infinity; check it at finite numbers")
    y = subject.forward(subject.copies())
    if not isinstance(y, (np.ndarray, np.floating)) or y.dtype.kind != "f":
        raise CheckError(
            f"{subject.name}: forward should give an array of floating-point numbers, got {type(y).__name__}"
        )
    return np.asarray(y)
