"""A report, shown: as a table with the findings in words, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inkgrad.check import ArrayVerdict, Finding, Kind, Report, Verdict
from inkgrad.check.report_table import TEXTS, ReportTable, report_table
from inkgrad.cli.targets import Checked

COLOURS = {Verdict.right: "green", Verdict.approximate: "yellow", Verdict.cannot_tell: "yellow", Verdict.wrong: "red"}
N_ROWS = 30  # of a table, unless more are not right: a screen
STATUS = {Verdict.right: 0, Verdict.approximate: 0, Verdict.wrong: 1, Verdict.cannot_tell: 2}  # of the command


def show_report(checked: Checked) -> None:
    """Print a table of the arrays, each finding as a line, and the outcome in a sentence."""
    report, console = checked.report, Console(highlight=False)
    arrays = _most_telling(report.arrays)
    shown = report_table(arrays, report.order)
    if arrays:
        console.print(_table(arrays, shown))
    if len(arrays) < len(report.arrays):
        print(f"and {len(report.arrays) - len(arrays)} more that are right")
    if shown.below:
        print(shown.below)
    for each in report.not_checked:
        console.print(f"not checked: {each}", markup=False, soft_wrap=not console.is_terminal)
    for finding in report.findings:
        console.print(in_words(finding, checked.layers), markup=False, soft_wrap=not console.is_terminal)
    console.print(report.summary, markup=False, soft_wrap=not console.is_terminal)
    if report.findings:
        print(more_about(report.findings[0].kind))


def _most_telling(arrays: Sequence[ArrayVerdict]) -> list[ArrayVerdict]:
    """Return the arrays that are shown, in their order: all that are not right, and some of the others."""
    n_others = max(0, N_ROWS - sum(each.verdict != Verdict.right for each in arrays))
    right = [each for each in arrays if each.verdict == Verdict.right][:n_others]
    return [each for each in arrays if each.verdict != Verdict.right or any(each is one for one in right)]


def _table(arrays: Sequence[ArrayVerdict], shown: ReportTable) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in shown.head:
        table.add_column(name, justify="left" if name in TEXTS else "right", overflow="fold")
    for each, row in zip(arrays, shown.rows, strict=True):
        table.add_row(
            *(f"[{COLOURS[each.verdict]}]{cell}[/]" if cell == each.verdict else escape(cell) for cell in row)
        )
    return table


def in_words(finding: Finding, names: dict[str, str]) -> str:
    """Return a finding as a line: "layer 1 (Softmax), dx: diagonal-jacobian: only the diagonal ..."."""
    path, kind = finding.layer, finding.evidence.get("part")
    if path in ("cost", "wiring"):
        where = "the cost, " if path == "cost" else "the whole, "
    elif path and kind:  # a module of PyTorch or a custom rule of JAX
        where = f"{path} ({kind}), "
    elif path:
        where = f"layer {path} ({names[path]}), " if path in names else f"layer {path}, "
    else:
        where = ""
    ties = f" (or: {', '.join(finding.also)})" if finding.also else ""
    return f"{where}d{finding.array}: {finding.kind}{ties}: {finding.message}"


def more_about(kind: Kind) -> str:
    """Return a line that says where more is told of a kind."""
    return f"more: inkgrad check --explain {kind}"


def as_json(report: Report) -> str:
    """Return a report as one JSON object; what is infinite or no number is null."""
    return json.dumps(
        {
            "name": report.name,
            "verdict": str(report.verdict),
            "ok": report.ok,
            "summary": report.summary,
            "order": report.order,
            "arrays": [_array(each) for each in report.arrays],
            "findings": [_finding(each) for each in report.findings],
            "not_checked": list(report.not_checked),
        },
        allow_nan=False,
        ensure_ascii=False,
    )


def _array(each: ArrayVerdict) -> dict[str, object]:
    return {
        "layer": each.layer,
        "name": each.array,
        "size": each.size,
        "verdict": str(each.verdict),
        "error": _finite(each.error),
        "least_seen": _finite(each.least),
        "compared_with": each.reference,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "layer": finding.layer,
        "part": finding.evidence.get("part"),
        "array": finding.array,
        "kind": str(finding.kind),
        "about": finding.kind.sentence,
        "also": [str(each) for each in finding.also],
        "message": finding.message,
        "page": finding.kind.page,
    }


def _finite(number: float) -> float | None:
    return float(number) if isfinite(number) else None
