"""Report: what a gradient check found, for programs and for people."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inkgrad.check.finding import Finding
from inkgrad.check.measure.comparison import Comparison, EntryVerdict
from inkgrad.check.verdict import ArrayVerdict, Verdict, worst
from inkgrad.errors import CheckError, GradientMismatch
from inkgrad.html import Html, as_html, badge, table

TABLE_HEAD = (
    "gradient of",
    "numbers",
    "verdict",
    "off by",
    "least seen",
    "right",
    "kink",
    "cannot tell",
    "wrong",
    "compared with",
)


def table_row(each: ArrayVerdict) -> tuple[str, ...]:
    """Return the row of an array: what TABLE_HEAD says; entries are counted where it was looked at so."""
    counts = ["", "", "", ""]
    if each.comparison:
        shown = EntryVerdict.right, EntryVerdict.kink, EntryVerdict.cannot_tell
        counts = [str(each.comparison.count(one) or "·") for one in shown] + [str(each.comparison.n_wrong or "·")]
    off = f"{each.error:.1e}" if each.error else "·"
    return each.path, f"{each.size:,}", each.verdict, off, f"{each.least:.0e}", *counts, each.reference


@dataclass(frozen=True)
class Report:
    """The outcome of a check of `name`: the verdict on each array, and the findings."""

    name: str
    arrays: tuple[ArrayVerdict, ...]
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict on the whole: it is right only if every array is."""
        if self.findings:
            return Verdict.wrong
        return worst(each.verdict for each in self.arrays)

    @property
    def ok(self) -> bool:
        """Whether the gradient is right, or approximate: told, and not wrong."""
        return self.verdict in (Verdict.right, Verdict.approximate)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The arrays that were compared entry by entry."""
        return tuple(each.comparison for each in self.arrays if each.comparison)

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        match self.verdict:
            case Verdict.right:
                return "the gradient is right"
            case Verdict.approximate:
                worst_error = max(each.error for each in self.arrays if each.verdict == Verdict.approximate)
                return f"the gradient is approximate: off by {worst_error:.1e} of its size"
            case Verdict.cannot_tell:
                untold = [each for each in self.arrays if each.verdict == Verdict.cannot_tell]
                return f"it cannot be told whether the gradient is right{_why(untold)}"
        n = len(self.findings) or sum(each.verdict == Verdict.wrong for each in self.arrays)
        return f"the gradient is wrong in {n} place{'s' * (n > 1)}"

    def __str__(self) -> str:
        rows = [TABLE_HEAD, *(table_row(each) for each in self.arrays)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
        return "\n".join([f"{self.name}: {self.summary}", *map(str, self.findings), "", *lines])

    def _repr_html_(self) -> str:
        """Return the findings and a table of the arrays, for notebooks."""
        title = Html(f"{as_html(self.name)}: {badge(self.summary, self.ok)}")
        rows = []
        for each in self.arrays:
            path, size, verdict, *rest = table_row(each)
            rows.append((path, size, badge(verdict, each.verdict in (Verdict.right, Verdict.approximate)), *rest))
        found = "".join(f'<div style="padding:.2em .7em">{as_html(finding)}</div>' for finding in self.findings)
        return Html(table(TABLE_HEAD, rows, title) + found)

    def raise_if_not_right(self) -> Report:
        """Return this report; raise GradientMismatch, which carries it, if anything is wrong, CheckError if it cannot
        be told."""
        if self.verdict == Verdict.wrong:
            raise GradientMismatch("; ".join(map(str, self.findings)) or self.summary, self)
        if self.verdict == Verdict.cannot_tell:
            raise CheckError(f"{self.name}: {self.summary}")
        return self

    def figure(self) -> Any:
        """Return a matplotlib Figure: a heat map for each array, its errors in units of their error bars."""
        from inkgrad.check.heat_map import heat_maps

        return heat_maps(self.comparisons, self.summary)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write a PNG picture: a heat map for each array, its errors in units of their error bars."""
        from inkgrad.check.heat_map import save_heat_maps

        save_heat_maps(self.comparisons, self.summary, path)


def _why(untold: list[ArrayVerdict]) -> str:
    if not untold:
        return ": there is no array"
    blindest = max(untold, key=lambda each: each.least)
    others = f" and {len(untold) - 1} more" * (len(untold) > 1)
    return (
        f": of d{blindest.path}{others} no error under {blindest.least:.0e} of its size would have been seen; "
        "try float64, larger arrays or other inputs, or ask for less with sensitivity"
    )


def merged(reports: Iterable[Report]) -> tuple[list[ArrayVerdict], list[Finding]]:
    """Return the arrays and the findings of several reports, in their order."""
    found = list(reports)
    return [each for one in found for each in one.arrays], [each for one in found for each in one.findings]
