"""Parts of a whole of which something is declared: which of them are wrong alone.

What is declared of the whole is not declared of its parts, and one of them may well be what makes it necessary: the
rounding in a quantised layer.  So they are no findings of their own, but say where to look once the whole is wrong.
"""

from __future__ import annotations

from dataclasses import replace

from inkgrad.check.course import BudgetError
from inkgrad.check.examine import wrong_parts
from inkgrad.check.measure.subject import Subject
from inkgrad.check.report import Report
from inkgrad.check.verdict import Strictness, Verdict


def with_wrong_parts(report: Report, whole: Subject, seed: int, strictness: Strictness) -> Report:
    """Return a report whose findings say, where they are wrong, which parts of `whole` are wrong alone."""
    if report.verdict != Verdict.wrong or whole.parts is None:
        return report
    try:
        found = wrong_parts(whole.precise or whole, seed, strictness)
    except BudgetError:
        return report
    if not found:
        return report
    places = ", ".join(dict.fromkeys(f"d{each.layer}.{each.array} ({each.kind})" for each in found))
    hint = f"; wrong alone, where nothing is declared: {places}"
    paths = sorted({each.layer for each in found})
    findings = (
        replace(each, message=each.message + hint, evidence=each.evidence | {"parts": paths})
        for each in report.findings
    )
    return replace(report, findings=tuple(findings))
