"""Layout: the digits of a scan in their places: boxes in the picture's own pixels, lines, the table."""

from __future__ import annotations

import numpy as np

from inkgrad.reader.eye import DIGITS
from inkgrad.reader.page import Scan
from inkgrad.reader.parsing import Parsed, Seen
from inkgrad.reader.reading import UNSURE, Digit, Reading

BESIDE = 0.8  # of a cell's width: what is nearer to a table belongs to its row


def as_reading(scan: Scan, parsed: Parsed, threshold: float) -> Reading:
    """Return the reading of a picture, for its scan and the digits of each row."""
    lines = _in_lines(scan, parsed)
    digits = tuple(
        _digit(seen, scan.box_of(seen.piece), line, column, threshold)
        for line, row in enumerate(lines)
        for column, seen in enumerate(row)
    )
    return Reading(digits, _table(scan, parsed, threshold), scan.size)


def _in_lines(scan: Scan, parsed: Parsed) -> list[list[Seen]]:
    """Return the digits in lines from top to bottom; a row of a table is a line, with what stands right beside it."""
    lines: dict[tuple[int, int], list[Seen]] = {}
    for k, (place, row) in enumerate(zip(scan.places, parsed.rows, strict=True)):
        line = (-1, k) if place is None else place[:2]
        if place is None and row:
            line = next((other for other in lines if _continues(row, other, scan)), line)
        lines.setdefault(line, []).extend(row)
    found = [line if key[0] < 0 else sorted(line, key=_left) for key, line in lines.items() if line]
    return sorted(found, key=lambda line: float(np.mean([seen.piece.middle[0] for seen in line])))


def _continues(row: list[Seen], line: tuple[int, int], scan: Scan) -> bool:
    """Return whether all digits of a row stand in, or close beside, a row of a table."""
    table, number = line
    if table < 0:
        return False
    cells = [box for (its_row, _), box in scan.tables[table].cells.items() if its_row == number]
    top, bottom = np.mean([box[0] for box in cells]), np.mean([box[2] for box in cells])
    left, right = min(box[1] for box in cells), max(box[3] for box in cells)
    near = BESIDE * float(np.median([box[3] - box[1] for box in cells]))
    return all(
        top <= seen.piece.middle[0] < bottom and left - near <= seen.piece.middle[1] < right + near for seen in row
    )


def _left(seen: Seen) -> float:
    return seen.piece.middle[1]


def _table(scan: Scan, parsed: Parsed, threshold: float) -> tuple[tuple[str, ...], ...] | None:
    if not scan.tables:
        return None
    table = [[""] * scan.tables[0].n_columns for _ in range(scan.tables[0].n_rows)]
    for place, row in zip(scan.places, parsed.rows, strict=True):
        if place is not None and place[0] == 0:
            table[place[1]][place[2]] = "".join(_label(seen, threshold) for seen in row)
    return tuple(map(tuple, table))


def _label(seen: Seen, threshold: float) -> str:
    return DIGITS[seen.digit] if seen.p[seen.digit] >= threshold else UNSURE


def _digit(seen: Seen, box: tuple[int, int, int, int], line: int, column: int, threshold: float) -> Digit:
    others = [k for k in np.argsort(seen.p)[::-1].tolist() if k != seen.digit][:2]
    return Digit(
        label=_label(seen, threshold),
        best=DIGITS[seen.digit],
        probability=float(seen.p[seen.digit]),
        others=tuple((DIGITS[k], float(seen.p[k])) for k in others),
        box=box,
        line=line,
        column=column,
        image=seen.image,
    )
