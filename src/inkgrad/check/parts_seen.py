"""PartsSeen: what is found out about the parts of a subject, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inkgrad.check.finding import Finding
from inkgrad.check.report import Report
from inkgrad.check.verdict import ArrayVerdict
from inkgrad.errors import CheckError


@dataclass
class PartsSeen:
    """What is found out about the parts of a subject, and whether that is about all of them."""

    name: str
    arrays: list[ArrayVerdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    is_whole: bool = True

    def add(self, report: Report, kind: str) -> None:
        """Add what was found out about a part; `kind` is what the part is, for the findings."""
        self.arrays += report.arrays
        self.untold += report.not_checked
        self.findings += (replace(each, evidence=each.evidence | {"part": kind}) for each in report.findings)

    def lacks(self, path: str, error: CheckError) -> None:
        """Note what could not be looked at, and why."""
        self.untold.append(f"{path}: {error}")
        self.is_whole = False

    def is_wrong_inside(self, path: str) -> bool:
        """Return whether a part within the one at a path is wrong."""
        return any(each.layer.startswith(f"{path}.") for each in self.findings)

    def report(self) -> Report:
        """Return what is wrong with the innermost parts; without arrays where none is wrong, but not all were seen."""
        wrong = {each.layer for each in self.findings}
        inner = [each for each in self.findings if not any(path.startswith(f"{each.layer}.") for path in wrong)]
        told = tuple(self.arrays) if inner or self.is_whole else ()
        return Report(self.name, told, tuple(inner), not_checked=tuple(self.untold))
