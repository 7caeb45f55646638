"""The table of a report: what a terminal, a page and a notebook show of its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inkgrad.check.measure.comparison import EntryVerdict
from inkgrad.check.verdict import ArrayVerdict

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
OF_THE_GRADIENT = "gradient of the gradient by"  # in the place of the first, where that is what was checked
TEXTS = "gradient of", OF_THE_GRADIENT, "verdict", "compared with"  # all else are numbers


def table_row(each: ArrayVerdict) -> tuple[str, ...]:
    """Return the row of an array: what TABLE_HEAD says; entries are counted where it was looked at so."""
    counts = ["", "", "", ""]
    if each.comparison:
        shown = EntryVerdict.right, EntryVerdict.kink, EntryVerdict.cannot_tell
        counts = [str(each.comparison.count(one) or "·") for one in shown] + [str(each.comparison.n_wrong or "·")]
    off = f"{each.error:.1e}" if each.error else "·"
    least = f"{each.least:.0e}" if each.least else "0"
    return each.path, f"{each.size:,}", str(each.verdict), off, least, *counts, each.reference


@dataclass(frozen=True)
class ReportTable:
    """What is shown of the arrays of a report, in a terminal, on a page and in a notebook.

    head   the titles of the columns
    rows   the texts of each array
    below  what all were compared with, if that is the same
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: str

    def lines(self) -> list[str]:
        """Return it as text in columns: words at the left, numbers at the right."""
        everything = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
        sides = [str.ljust if name in TEXTS else str.rjust for name in self.head]
        lines = [
            "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)).rstrip()
            for row in everything
        ]
        return [*lines, self.below] if self.below else lines


def report_table(arrays: Sequence[ArrayVerdict], order: int = 1) -> ReportTable:
    """Return the table of some arrays, without the columns in which nothing is said; with order 2 it is the gradient
    of the gradient that was checked."""
    rows = [dict(zip(TABLE_HEAD, table_row(each), strict=True)) for each in arrays]
    references = {each.reference for each in arrays}
    said = {name for name in TABLE_HEAD if any(row[name] not in ("", "·") for row in rows)}
    if not said & {"kink", "cannot tell", "wrong"}:
        said -= {"right"}
    if len(references) == 1:
        said -= {"compared with"}
    head = tuple(name for name in TABLE_HEAD if name in said)
    below = f"compared with {references.pop()}" if len(references) == 1 else ""
    titles = (OF_THE_GRADIENT, *head[1:]) if order == 2 else head
    return ReportTable(titles, tuple(tuple(row[name] for name in head) for row in rows), below)
