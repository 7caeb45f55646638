"""Grids: tables as rules across and rules down that cross, though walls have gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import ACROSS, DOWN
from inkgrad.pictures.rules import Rules, Segment


@dataclass(frozen=True)
class GridSettings:
    """Which rules make a grid.

    same     share of the height of the writing; two parts of one rule are at most this far aside of each other
    drift    share of the gap between them that they may be farther aside
    gap      times the height of the writing; over a longer gap two parts are two rules
    seen     share of a rule's length that is seen at least
    spans    share of the other rules that a rule of a table crosses at least
    closest  share of the height of the writing; rules that are nearer are one thick rule
    """

    same: float = 0.22
    drift: float = 0.03
    gap: float = 6.0
    seen: float = 0.6
    spans: float = 0.75
    closest: float = 0.6


@dataclass(frozen=True)
class RuleLine:
    """A rule as a straight line: at `offset + slope along`, from `start` to `stop`, in pixels."""

    offset: float
    slope: float
    start: float
    stop: float

    def at(self, along: float) -> float:
        """Return where the rule lies across, at a place along it."""
        return self.offset + self.slope * along


def find_grids(
    rules: Rules, high: float, settings: GridSettings = GridSettings()
) -> list[tuple[list[RuleLine], list[RuleLine]]]:
    """Return the rules across and the rules down of each table, from top to bottom and from left to right.

    `high` is the height of the writing in pixels.
    """
    across, down = (
        _whole_rules([each for each in rules.segments if each.axis == axis], high, settings) for axis in (ACROSS, DOWN)
    )
    if not across or not down:
        return []
    crossing = np.array([[_cross(row, column, high) for column in down] for row in across])
    found = []
    while crossing.any():
        rows, columns = _group(crossing, settings.spans)
        crossing[rows] = False
        crossing[:, columns] = False
        if len(rows) > 1 and len(columns) > 1 and len(rows) + len(columns) > 4:
            closest = settings.closest * high
            found.append((_sorted([across[k] for k in rows], closest), _sorted([down[k] for k in columns], closest)))
    return [(rows, columns) for rows, columns in found if len(rows) > 1 and len(columns) > 1]


def _whole_rules(segments: list[Segment], high: float, settings: GridSettings) -> list[RuleLine]:
    """Return whole rules, for the parts of them that were seen."""
    groups: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda each: each.start):
        fitting = [group for group in groups if _goes_on(group[-1], segment, high, settings)]
        if fitting:
            min(fitting, key=lambda group: abs(group[-1].at(segment.start) - segment.at(segment.start))).append(segment)
        else:
            groups.append([segment])
    return [line for group in groups if (line := _fitted(group, settings.seen)) is not None]


def _goes_on(before: Segment, after: Segment, high: float, settings: GridSettings) -> bool:
    gap = after.start - before.stop
    middle = (after.start + before.stop) / 2
    near = settings.same * high + settings.drift * max(gap, 0)
    return gap < settings.gap * high and abs(before.at(middle) - after.at(middle)) < near


def _fitted(group: list[Segment], least_seen: float) -> RuleLine | None:
    """Return the line through the parts of a rule, None where too little of it is seen."""
    start, stop = group[0].start, max(each.stop for each in group)
    if sum(each.stop - each.start for each in group) < least_seen * (stop - start):
        return None
    along = np.array([place for each in group for place in (each.start, each.stop)], float)
    across = np.array([each.at(place) for each in group for place in (each.start, each.stop)])
    weights = np.repeat([float(each.stop - each.start) for each in group], 2)
    slope, offset = np.polyfit(along, across, 1, w=np.sqrt(weights))
    return RuleLine(float(offset), float(slope), float(start), float(stop))


def _cross(row: RuleLine, column: RuleLine, high: float) -> bool:
    """Return whether a rule across and a rule down cross, or nearly meet."""
    right = column.at((column.start + column.stop) / 2)
    right = column.at(row.at(right))
    down = row.at(right)
    return row.start - high <= right <= row.stop + high and column.start - high <= down <= column.stop + high


def _group(crossing: NDArray, spans: float) -> tuple[NDArray, NDArray]:
    """Return a table: rules across and rules down, each crossing most of the others.

    From all rules that hang together with the one that crosses most, the one is dropped that
    crosses the smallest part of the others, and again, until each crosses enough of them.
    """
    rows = np.zeros(len(crossing), bool)
    rows[crossing.sum(axis=1).argmax()] = True
    columns = np.any(crossing[rows], axis=0)
    while (more := np.any(crossing[:, columns], axis=1)).sum() > rows.sum():
        rows, columns = more, np.any(crossing[more], axis=0)
    while True:
        of_rows = np.where(rows, crossing[:, columns].mean(axis=1), np.inf)
        of_columns = np.where(columns, crossing[rows].mean(axis=0), np.inf)
        if min(of_rows.min(), of_columns.min()) >= spans:
            return np.flatnonzero(rows), np.flatnonzero(columns)
        if of_rows.min() < of_columns.min():
            rows[of_rows.argmin()] = False
        else:
            columns[of_columns.argmin()] = False


def _sorted(lines: list[RuleLine], closest: float) -> list[RuleLine]:
    """Return rules in order, of those close together only the first."""
    kept: list[RuleLine] = []
    for line in sorted(lines, key=lambda each: each.at((each.start + each.stop) / 2)):
        middle = (line.start + line.stop) / 2
        if not kept or line.at(middle) - kept[-1].at(middle) > closest:
            kept.append(line)
    return kept


def boxes_between(rows: list[RuleLine], columns: list[RuleLine]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the boxes (top, left, bottom, right) between rules, by row and column from 0."""
    boxes: dict[tuple[int, int], tuple[int, ...]] = {}
    for i, (above, below) in enumerate(pairwise(rows)):
        for j, (before, after) in enumerate(pairwise(columns)):
            down = (above.at(before.at(above.offset)) + below.at(after.at(below.offset))) / 2
            left, right = before.at(down), after.at(down)
            middle = (left + right) / 2
            boxes[i, j] = round(above.at(middle)), round(left), round(below.at(middle)), round(right)
    return boxes
