"""Answers: reports and readings as the page has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.check import Comparison, Finding, Report, Verdict
from inkgrad.layers import Layer, leaves
from inkgrad.reader import Reading
from inkgrad.web.wire import as_text, rounded

MOST_ENTRIES = 40_000  # of an array that are drawn


def checked(report: Report, network: Layer) -> dict[str, Any]:
    """Return a report of a gradient check."""
    names = {leaf.path: f"{leaf.path} {leaf.layer}" for leaf in leaves(network)}
    return {
        "ok": report.ok,
        "verdict": report.verdict,
        "network": str(network),
        "findings": [_finding(finding, names) for finding in report.findings],
        "arrays": [_array(comparison, names) for comparison in report.comparisons],
    }


def _finding(finding: Finding, names: dict[str, str]) -> dict[str, Any]:
    return {
        "layer": names.get(finding.layer, finding.layer),
        "array": finding.array,
        "kind": finding.kind,
        "also": list(finding.also),
        "message": finding.message,
        "text": str(finding),
    }


def _array(comparison: Comparison, names: dict[str, str]) -> dict[str, Any]:
    """Return errors in units of their error bars, as logarithms, in rows and columns."""
    ratio = comparison.in_bars
    ratio = np.atleast_2d(ratio if ratio.ndim < 3 else ratio.reshape(-1, ratio.shape[-1]))
    rows = max(1, MOST_ENTRIES // ratio.shape[1])
    path, array = comparison.layer, comparison.array
    if not path and "." in array:
        path, _, array = array.rpartition(".")
    return {
        "path": comparison.path,
        "layer": names.get(path, path or "the whole"),
        "array": array,
        "rows": min(rows, ratio.shape[0]),
        "columns": ratio.shape[1],
        "ratio": [round(float(each), 2) for each in ratio[:rows].ravel()],
        "right": comparison.count(Verdict.right),
        "kink": comparison.count(Verdict.kink),
        "cannot_tell": comparison.count(Verdict.cannot_tell),
        "wrong": comparison.count(Verdict.wrong) + comparison.count(Verdict.uncomfortable),
    }


def as_read(reading: Reading) -> dict[str, Any]:
    """Return what was read in a picture."""
    return {
        "size": list(reading.size),
        "text": reading.text,
        "lines": [{"text": line.text, "probability": round(line.probability, 4)} for line in reading.lines],
        "table": reading.table and [list(row) for row in reading.table],
        "digits": [
            {
                "label": digit.label,
                "best": digit.best,
                "probability": round(digit.probability, 4),
                "others": [[label, *rounded(np.array([p]))] for label, p in digit.others],
                "box": list(digit.box),
                "line": digit.line,
                "column": digit.column,
                "image": as_text(digit.image),
            }
            for digit in reading.digits
        ],
    }
