"""The wire: what comes from a page is not believed, and what goes to it is plain JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check import ArrayVerdict, Comparison, EntryVerdict, Finding, Kind, Report, Verdict
from inkgrad.check.mistakes import explained
from inkgrad.costs import Cost
from inkgrad.errors import SettingError
from inkgrad.layers import Layer, leaves
from inkgrad.reader import Reading
from inkgrad.saving import one_line, quoted, strict_json
from inkgrad.web.limits import SHOWN


def as_layer(part: Layer | Cost, path: str = "") -> dict[str, Any]:
    """Return a layer or a cost as its kind and its settings, with its place in the network where it has one."""
    settings = {name: value if _is_plain(value) else str(value) for name, value in vars(part).items()}
    return {"path": path, "kind": type(part).__name__, "settings": settings}


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))


def as_network(network: Layer) -> list[dict[str, Any]]:
    """Return the layers of a network in their order."""
    return [as_layer(leaf.layer, leaf.path) for leaf in leaves(network)]


def decoded(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object in a message; SettingError for anything else."""
    try:
        found = strict_json(body)
    except ValueError as error:  # UnicodeDecodeError is one
        raise SettingError(f"the message is not JSON: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise SettingError(f"a message is a JSON object, got {shown(found)}")
    return found


def shown(value: Any) -> str:
    """Return a value for an error message: its beginning, however deep and large it is."""
    return one_line(quoted(value), 80)


def number(message: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """Return a number in [low, high] of a message; SettingError, by name, for anything else."""
    value = message.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and abs(value) < 1e15 and isfinite(value) and low <= value <= high):
        raise SettingError(f"{name} is a number from {low:g} to {high:g}, got {shown(value)}")
    return float(value)


def whole(message: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    """Return a whole number in [low, high] of a message; SettingError, by name, for anything else."""
    value = number(message, name, low, high, default)
    if value != int(value):
        raise SettingError(f"{name} is a whole number from {low} to {high}, got {value:g}")
    return int(value)


def choice(message: Mapping[str, Any], name: str, known: Sequence[str], default: str | None = None) -> str:
    """Return one of the known words of a message; SettingError, by name, for another."""
    value = message.get(name, default)
    if not isinstance(value, str) or value not in known:
        raise SettingError(f"{name} is one of {', '.join(known)}, got {shown(value)}")
    return value


def truth(message: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """Return true or false of a message; SettingError, by name, for anything else."""
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise SettingError(f"{name} is true or false, got {shown(value)}")
    return value


def as_text(array: NDArray) -> str:
    """Return uint8 numbers as base64."""
    return base64.b64encode(np.ascontiguousarray(array, np.uint8).tobytes()).decode()


def positive(array: NDArray, largest: float) -> str:
    """Return numbers of 0 or more as bytes, 255 for the largest."""
    return as_text(np.rint(np.clip(array / max(largest, 1e-30), 0, 1) * 255))


def signed(array: NDArray, largest: float) -> str:
    """Return numbers of either sign as bytes: 128 for 0, 255 for the largest, 1 for minus that."""
    return as_text(np.rint(128 + 127 * np.clip(array / max(largest, 1e-30), -1, 1)))


def rounded(array: NDArray, digits: int = 4) -> list[Any]:
    """Return numbers as nested lists, with so many digits that count; None for what is not finite."""
    if array.ndim > 1:
        return [rounded(each, digits) for each in array]
    return [float(f"{value:.{digits}g}") if isfinite(value) else None for value in array.tolist()]


def checked(report: Report, network: Layer) -> dict[str, Any]:
    """Return a report of a gradient check.

    "arrays" are the rows of its table, under the titles in "head"; those that were compared entry by entry have
    a "map" of their errors.  "meaning" explains the verdicts in it.
    """
    layers = {leaf.path: as_layer(leaf.layer, leaf.path) for leaf in leaves(network)}
    table = report.table
    return {
        "ok": report.ok,
        "verdict": report.verdict,
        "summary": report.summary,
        "meaning": {each: each.sentence for each in Verdict if each in {one.verdict for one in report.arrays}},
        "network": as_network(network),
        "findings": [_finding(finding, layers) for finding in report.findings],
        "head": list(table.head),
        "below": table.below,
        "arrays": [_array(each, row, layers) for each, row in zip(report.arrays, table.rows, strict=True)],
    }


Layers = Mapping[str, dict[str, Any]]  # as the page has them, by their path
WHOLE = {"": "whole", "wiring": "whole", "cost": "cost"}  # paths that are no layer's


def _layer(path: str, layers: Layers) -> dict[str, Any]:
    """Return the place of an array or a finding: a layer, or kind "whole" or "cost"."""
    if path in WHOLE or path not in layers:
        return {"path": path, "kind": WHOLE.get(path, path), "settings": {}}
    return layers[path]


def _explained(kind: Kind) -> dict[str, str]:
    mistake = explained(kind)
    return {
        "meaning": mistake.meaning,
        "wrong_line": "\n".join(mistake.wrong_lines),
        "right_line": "\n".join(mistake.right_lines),
        "looks": mistake.looks,
        "advice": mistake.advice,
    }


def _finding(finding: Finding, layers: Layers) -> dict[str, Any]:
    return {
        "layer": _layer(finding.layer, layers),
        "array": finding.array,
        "kind": finding.kind,
        "sentence": finding.kind.sentence,
        "also": list(finding.also),
        "message": finding.message,
        "explained": _explained(finding.kind),
        "text": str(finding),
    }


def _array(each: ArrayVerdict, row: Sequence[str], layers: Layers) -> dict[str, Any]:
    path, array = each.layer, each.array
    if not path:  # of a whole, none of whose parts is there
        path, _, array = array.rpartition(".")
    return {
        "path": each.path,
        "layer": _layer(path, layers),
        "array": array,
        "verdict": each.verdict,
        "row": list(row),
        "map": _map(each.comparison) if each.comparison else None,
    }


def _map(comparison: Comparison) -> dict[str, Any]:
    """Return errors in units of their error bars, as logarithms, in rows and columns."""
    ratio = comparison.picture
    rows = max(1, SHOWN.n_errors // ratio.shape[1])
    return {
        "rows": min(rows, ratio.shape[0]),
        "columns": ratio.shape[1],
        "ratio": [round(float(each), 2) for each in ratio[:rows].ravel()],
        "right": comparison.count(EntryVerdict.right),
        "kink": comparison.count(EntryVerdict.kink),
        "cannot_tell": comparison.count(EntryVerdict.cannot_tell),
        "wrong": comparison.n_wrong,
    }


def as_read(reading: Reading) -> dict[str, Any]:
    """Return what was read in a picture."""
    return {
        "size": list(reading.size),
        "text": reading.text,
        "number": None if reading.number is None else f"{reading.number:f}",
        "lines": [{"text": line.text, "probability": round(line.probability, 4)} for line in reading.lines],
        "table": reading.table and [list(row) for row in reading.table],
        "skipped": asdict(reading.skipped),
        "turned": reading.turned,
        "characters": [
            {
                "label": character.label,
                "best": character.best,
                "probability": round(character.probability, 4),
                "others": [[label, *rounded(np.array([p]))] for label, p in character.others],
                "box": list(character.box),
                "line": character.line,
                "column": character.column,
                "gap": character.gap,
                "cell": character.cell and list(character.cell),
                "image": as_text(character.image),
            }
            for character in reading.characters
        ],
    }
