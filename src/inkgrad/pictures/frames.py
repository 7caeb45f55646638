"""Frames: runs that close up to boxes."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.runs import ACROSS, DOWN, Run, is_side

THICKER = 1.5  # times as thick as most sides of boxes is a stroke
CLOSED = 0.85  # of the side of a box lies between the others that it meets
SHORT = 0.4  # of the usual length of rules: what is shorter may be a stroke between two of them
BESIDE = 4  # pixels beside the line of a long rule lies a part of it
CORNER = 2  # pixels between the ends of two sides of a box


def closed_frames(runs: dict[int, list[Run]]) -> dict[int, list[Run]]:
    """Return the runs that close up to boxes: each meets two others of them, the other way, near its ends."""
    left = {axis: [run for run in runs[axis] if is_side(run, axis)] for axis in (ACROSS, DOWN)}
    while True:
        kept = {axis: _closed(left[axis], left[1 - axis], axis) for axis in (ACROSS, DOWN)}
        if all(len(kept[axis]) == len(left[axis]) for axis in (ACROSS, DOWN)):
            break
        left = kept
    both = [*left[ACROSS], *left[DOWN]]
    if not both:
        return left
    usual = float(np.median(np.repeat([run.thickness for run in both], [run.length for run in both])))
    thin = {axis: [run for run in left[axis] if run.thickness < THICKER * usual + 1] for axis in (ACROSS, DOWN)}
    return {axis: in_line(thin[axis], axis) for axis in (ACROSS, DOWN)}


def in_line(runs: list[Run], axis: int) -> list[Run]:
    """Return runs without those that are much shorter than others, unless they go on where a long one ends.

    In a table, a stroke that happens to reach from rule to rule is shorter than the sides of the table.
    """
    if not runs:
        return []
    start, stop, at_start, at_stop, _ = _lines(runs, axis)
    length = stop - start
    is_long = length > SHORT * np.median(np.repeat(length, length.astype(int)))
    middle = ((start + stop) / 2)[:, None]
    slope = (at_stop - at_start) / length
    at_middle = at_start + slope * (middle - start)  # of each run's line, where each other has its middle
    apart = np.abs(at_middle - ((at_start + at_stop) / 2)[:, None])
    goes_on = ((apart < BESIDE) & is_long).any(axis=1)
    return [run for run, keep in zip(runs, is_long | goes_on, strict=True) if keep]


def _closed(runs: list[Run], others: list[Run], axis: int) -> list[Run]:
    """Return the runs that others, the other way, cross or touch near both of their ends."""
    if not runs or not others:
        return []
    start, stop, at_start, at_stop, thick = _lines(runs, axis)[:, :, None]
    low, high, at_low, at_high, width = _lines(others, 1 - axis)
    near = CORNER + (thick + width) / 2
    place = _at((at_start + at_stop) / 2, low, high, at_low, at_high)
    across = _at(place, start, stop, at_start, at_stop)
    meets = (start - near <= place) & (place <= stop + near) & (low - near <= across) & (across <= high + near)
    first = np.where(meets, place, np.inf).min(axis=1)
    last = np.where(meets, place, -np.inf).max(axis=1)
    closed = last - first >= CLOSED * (stop - start)[:, 0]
    return [run for run, is_closed in zip(runs, closed, strict=True) if is_closed]


def _at(place: Array, start: Array, stop: Array, at_start: Array, at_stop: Array) -> Array:
    """Return where lines lie across, at a place along them."""
    share = np.clip((place - start) / (stop - start), 0, 1)
    return np.asarray((1 - share) * at_start + share * at_stop)


def _lines(runs: list[Run], axis: int) -> Array:
    """Return of each run where it starts and stops, where its ends lie across it, and its thickness: (5, n)."""
    rows = [(run.box[axis].start, run.box[axis].stop, run.at_start, run.at_stop, run.thickness) for run in runs]
    return np.array(rows, float).T
