"""Report: what a gradient check found, for programs and for people."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from textwrap import wrap
from typing import Any

from inkgrad.check.finding import Finding
from inkgrad.check.measure.comparison import Comparison
from inkgrad.check.mistakes.mistake import explained
from inkgrad.check.report_table import ReportTable, report_table
from inkgrad.check.verdict import NO_TIME, ArrayVerdict, Verdict, worst
from inkgrad.errors import CheckError, GradientMismatch
from inkgrad.html import Html, as_html, badge, table

WIDTH = 80  # columns of a terminal


@dataclass(frozen=True)
class Report:
    """The outcome of a check of `name`: the verdict on each array, and the findings.

    `order` is 2 where the gradient itself was checked, as a function of the arrays and of dy.  `not_checked` says in a
    line each what could not be asked beside the gradient, such as a jvp that raises something.
    """

    name: str
    arrays: tuple[ArrayVerdict, ...]
    findings: tuple[Finding, ...]
    order: int = 1
    not_checked: tuple[str, ...] = ()

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
    def table(self) -> ReportTable:
        """What is shown of the arrays."""
        return report_table(self.arrays, self.order)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The arrays that were compared entry by entry."""
        return tuple(each.comparison for each in self.arrays if each.comparison)

    @property
    def checked(self) -> str:
        """What was checked, in words."""
        return "the gradient of the gradient" if self.order == 2 else "the gradient"

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        match self.verdict:
            case Verdict.right:
                return f"{self.checked} is right"
            case Verdict.approximate:
                worst_error = max(each.error for each in self.arrays if each.verdict == Verdict.approximate)
                return f"{self.checked} is approximate: off by {worst_error:.1e} of its size"
            case Verdict.cannot_tell:
                untold = [each for each in self.arrays if each.verdict == Verdict.cannot_tell]
                return f"it cannot be told whether {self.checked} is right{_why(untold)}"
        n = len(self.findings) or sum(each.verdict == Verdict.wrong for each in self.arrays)
        return f"{self.checked} is wrong in {n} place{'s' * (n > 1)}"

    def __str__(self) -> str:
        words = [f"{self.name}: {self.summary}", *map(str, self.findings)]
        wrapped = [wrapped_line for line in words for wrapped_line in _wrapped(line)]
        below = [one for each in self.not_checked for one in _wrapped(f"not checked: {each}")]
        return "\n".join([*wrapped, *(["", *self.table.lines()] if self.arrays else []), *below])

    def _repr_html_(self) -> str:
        """Return a table of the arrays and the findings, for notebooks."""
        shown, title = self.table, Html(f"{as_html(self.name)}: {badge(self.summary, self.ok)}")
        rows = [(*row[:2], _badge(each.verdict), *row[3:]) for each, row in zip(self.arrays, shown.rows, strict=True)]
        found = "".join(f'<div style="padding:.2em .7em">{_as_html(finding)}</div>' for finding in self.findings)
        notes = "".join(_note(f"not checked: {each}") for each in self.not_checked)
        return Html(table(shown.head, rows, title) + _note(shown.below) + notes + found)

    def raise_if_not_right(self) -> Report:
        """Return this report; raise GradientMismatch, which carries it, if anything is wrong, CheckError if it cannot
        be told."""
        if self.verdict == Verdict.wrong:
            raise GradientMismatch("; ".join(map(str, self.findings)) or self.summary, self)
        if self.verdict == Verdict.cannot_tell:
            raise CheckError(f"{self.name}: {self.summary}")
        return self

    def figure(self) -> Any:
        """Return a matplotlib Figure: a heat map for each array, its errors in units of their error bars.

        Of arrays that were judged along directions it shows the error beside the smallest that would have been seen.
        """
        from inkgrad.check.picture import picture_of

        return picture_of(self)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write the figure as a PNG picture."""
        from inkgrad.check.picture import save_picture

        save_picture(self, path)


def _wrapped(line: str) -> list[str]:
    """Return a line in as many as it takes, no word of it broken."""
    return wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _badge(verdict: Verdict) -> Html:
    """Return a verdict for a notebook, explained where a pointer rests on it."""
    shown = badge(verdict, verdict in (Verdict.right, Verdict.approximate))
    return shown if verdict == Verdict.right else _explained(shown, verdict.sentence)


def _as_html(finding: Finding) -> Html:
    """Return a finding for a notebook, its kind explained where a pointer rests on it."""
    before, kind, after = str(finding).partition(finding.kind)
    said = Html(as_html(before) + _explained(as_html(kind), finding.kind.sentence) + as_html(after))
    return Html(said + explained(finding.kind)._repr_html_())


def _explained(shown: str, sentence: str) -> Html:
    return Html(f'<span title="{as_html(sentence)}">{shown}</span>')


def _note(text: str) -> str:
    return f'<div style="padding:.2em .7em">{as_html(text)}</div>' if text else ""


def _why(untold: list[ArrayVerdict]) -> str:
    if not untold:
        return ": there is no array"
    blindest = max(untold, key=lambda each: each.least)
    others = f" and {len(untold) - 1} more" * (len(untold) > 1)
    if blindest.reference == NO_TIME:
        return f": of d{blindest.path}{others} nothing was known when the budget was spent; give it more seconds"
    if not isfinite(blindest.least):
        return (
            f": of d{blindest.path}{others} nothing is known: y has no single finite slope at this point (a kink, "
            "steps or an overflow); try other inputs"
        )
    return (
        f": of d{blindest.path}{others} no error under {blindest.least:.0e} of its size would have been seen; "
        "try float64, larger arrays or other inputs, or ask for less with sensitivity"
    )


def merged(reports: Iterable[Report]) -> tuple[list[ArrayVerdict], list[Finding]]:
    """Return the arrays and the findings of several reports, in their order."""
    found = list(reports)
    return [each for one in found for each in one.arrays], [each for one in found for each in one.findings]


def all_not_checked(reports: Iterable[Report]) -> tuple[str, ...]:
    """Return what several reports have not checked, each once."""
    return tuple(dict.fromkeys(each for one in reports for each in one.not_checked))
