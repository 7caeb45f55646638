"""Report: what a gradient check found, for programs and for people."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from inkgrad.check.measure.comparison import Comparison, Verdict
from inkgrad.errors import GradientMismatch
from inkgrad.html import Html, as_html, badge, table


@dataclass(frozen=True)
class Finding:
    """One mistake, with its name.

    layer     the path of the layer in the network ("2" or "2.0"), "" for a layer checked alone,
              "cost", or "wiring"
    array     "x" for dx, "y" for the dy of a cost, else the parameter's name
    kind      what is wrong, one of the words of the documentation; "unknown" when no pattern fits
    also      other kinds that the numbers fit as well
    message   one or two sentences
    evidence  the numbers it rests on
    """

    layer: str
    array: str
    kind: str
    also: tuple[str, ...]
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = ".".join(part for part in (self.layer, self.array) if part)
        ties = f" (or: {', '.join(self.also)})" if self.also else ""
        return f"{where}: {self.kind}{ties}: {self.message}"


@dataclass(frozen=True)
class Report:
    """The outcome of a check of `name`: a Comparison for each array, and the findings."""

    name: str
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """The outcome in a few words."""
        if self.ok and self._drowned:
            return "nothing can be told of the gradient: the differences drown in rounding"
        if self.ok:
            return "the gradient is right"
        return f"the gradient is wrong in {len(self.findings)} place{'s' * (len(self.findings) > 1)}"

    @property
    def _drowned(self) -> bool:
        """Whether there are entries, and differences can tell of none."""
        told = [each for each in self.comparisons if (each.verdicts != Verdict.cannot_tell).any()]
        return bool(self.comparisons) and not told

    def __str__(self) -> str:
        rows = [self._header(), *(self._row(comparison) for comparison in self.comparisons)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
        return "\n".join([f"{self.name}: {self.verdict}", *map(str, self.findings), "", *lines])

    @staticmethod
    def _header() -> tuple[str, ...]:
        return "gradient of", "entries", "right", "kink", "cannot tell", "wrong", "worst relative error"

    @staticmethod
    def _row(comparison: Comparison) -> tuple[str, ...]:
        wrong = comparison.count(Verdict.wrong) + comparison.count(Verdict.uncomfortable)
        told = comparison.relative_error[comparison.verdicts != Verdict.cannot_tell]
        worst = f"{told.max():.1e}" if told.size else "-"
        counts = (comparison.count(verdict) for verdict in (Verdict.right, Verdict.kink, Verdict.cannot_tell))
        return (comparison.path, str(comparison.verdicts.size), *map(str, counts), str(wrong), worst)

    def _repr_html_(self) -> str:
        """Return the findings and a table of the arrays, for notebooks."""
        title = Html(f"{as_html(self.name)}: {badge(self.verdict, self.ok and not self._drowned)}")
        rows = []
        for comparison in self.comparisons:
            *counts, wrong, worst = self._row(comparison)
            bars = f"{10 ** comparison.in_bars.max():.2g}" if comparison.in_bars.size else "-"
            rows.append((*counts, wrong if comparison.ok else badge(wrong, False), worst, bars))
        found = "".join(f'<div style="padding:.2em .7em">{as_html(finding)}</div>' for finding in self.findings)
        return Html(table((*self._header(), "worst error / error bar"), rows, title) + found)

    def raise_if_wrong(self) -> Report:
        """Return this report; raise GradientMismatch, which carries it, if anything is wrong."""
        if not self.ok:
            raise GradientMismatch("; ".join(map(str, self.findings)), self)
        return self

    def figure(self) -> Any:
        """Return a matplotlib Figure: a heat map for each array, its errors in units of their error bars."""
        from inkgrad.check.heat_map import heat_maps

        return heat_maps(self.comparisons, self.verdict)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write a PNG picture: a heat map for each array, its errors in units of their error bars."""
        from inkgrad.check.heat_map import save_heat_maps

        save_heat_maps(self.comparisons, self.verdict, path)


def merged(reports: Iterable[Report]) -> tuple[list[Comparison], list[Finding]]:
    """Return the comparisons and the findings of several reports, in their order."""
    found = list(reports)
    return [each for one in found for each in one.comparisons], [each for one in found for each in one.findings]
