"""Runs: long straight ink along rows or columns, of which rules and boxes are made, and long strokes too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.morphology import ACROSS, DOWN, opened, spread


@dataclass(frozen=True)
class RuleSettings:
    """Which long straight ink is a rule, and which is a stroke of a pen.

    Runs
    shortest_px     length of a run, in any picture
    most_runs       with more it is a pattern, and the longest will do
    gap_px          on each side; a faint rule may have gaps of twice that
    overwritten     where a rule is this many times as thick or dark as usual, something is written over it

    Rules
    slender         a rule is this many times longer than thick; few strokes of a pen are
    long            and this many times longer than the writing is high
    very_long       what is this many times longer than thick is never a stroke of a pen
    ending          a rule that ends on another, or at the picture's edge, is this many times longer than thick
    beside_writing  and this many times longer than the writing is high
    heavier         what ends on rules and has, for its length, this many times their ink is a stroke of a pen (in 40
                    pictures of ruled paper 97.6 % of the characters are read with it, 94.4 without; in three
                    pictures that were looked at, 1s had 1.5 to 3 times as much, sides of boxes as much)
    least_left      share of the ink that must remain without the rules; otherwise the rules are the writing
    thickest_px     strokes that cross a thicker rule are lost

    Boxes
    steepest        share of its length by which the side of a box may go aside
    side            the side of a box is this many times longer than thick, and ends on others both ways
    thicker         a stroke is this many times as thick as most sides of boxes
    closed          share of the side of a box that lies between the others that it meets
    short           share of the usual length of rules; what is shorter may be a stroke between two of them
    beside_px       a part of a long rule is at most this far from its line
    corner_px       two sides of a box end at most this far apart
    """

    shortest_px: int = 14
    most_runs: int = 500
    gap_px: int = 2
    overwritten: float = 1.6
    slender: float = 22
    long: float = 2.2
    very_long: float = 60
    ending: float = 10
    beside_writing: float = 1.15
    heavier: float = 1.4
    least_left: float = 0.02
    thickest_px: int = 12
    steepest: float = 0.12
    side: float = 6
    thicker: float = 1.5
    closed: float = 0.85
    short: float = 0.4
    beside_px: float = 4
    corner_px: float = 2


@dataclass(frozen=True, eq=False)
class InkRun:
    """A long straight run of ink along an axis.

    `at_start` and `at_stop` are where its ends lie across it, in pixels.
    """

    label: int
    box: tuple[slice, slice]
    length: int
    thickness: float
    at_start: float
    at_stop: float


def long_runs(faint: NDArray, axis: int, least: int, settings: RuleSettings) -> tuple[NDArray, list[InkRun]]:
    """Return the runs of at least so many pixels along an axis, and a label for each pixel of theirs.

    They may go aside by a pixel at a time, and have small gaps.
    """
    from scipy import ndimage

    closed = spread(spread(faint, 1, 1 - axis), settings.gap_px, axis)
    labels, n = ndimage.label(opened(closed, least, axis), np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    boxes = ndimage.find_objects(labels)
    lengths = np.array([box[axis].stop - box[axis].start for box in boxes], int)
    longest = np.sort(np.argsort(-lengths, kind="stable")[: settings.most_runs])
    return labels, [_run(k + 1, boxes[k], labels, int(areas[k + 1]), axis) for k in longest.tolist()]


def _run(label: int, box: tuple[slice, slice], labels: NDArray, area: int, axis: int) -> InkRun:
    length = box[axis].stop - box[axis].start
    mask = labels[box] == label
    ends = [np.nonzero(mask.take(k, axis))[0].mean() for k in (0, length - 1)]
    first = box[1 - axis].start
    thickness = max(area / length - 2, 1)  # it was spread by one pixel each way
    return InkRun(label, box, length, thickness, first + float(ends[0]), first + float(ends[1]))


def is_side(run: InkRun, axis: int, settings: RuleSettings) -> bool:
    """Return whether a run is straight and slender enough for the side of a box."""
    aslant = run.box[1 - axis].stop - run.box[1 - axis].start - run.thickness - 2
    return run.length > settings.side * run.thickness and aslant < settings.steepest * run.length


def ink_along(run: InkRun, labels: NDArray, ink: NDArray) -> float:
    """Return how much ink a run has for each pixel of its length: its thickness in pixels where it is quite black."""
    return float(ink[run.box][labels[run.box] == run.label].sum()) / run.length


def drawn(runs: list[InkRun], labels: NDArray) -> NDArray:
    """Return runs as a mask."""
    mask = np.zeros(labels.shape, bool)
    for run in runs:
        mask[run.box] |= labels[run.box] == run.label
    return mask


def own_ink(
    runs: list[InkRun], labels: NDArray, faint: NDArray, ink: NDArray, axis: int, overwritten: float
) -> NDArray:
    """Return the ink, be it faint, that is of runs themselves, and not of writing that lies along them.

    Where a run is thicker or darker than usual, something is written over it.
    """
    own = np.zeros_like(faint)
    for run in runs:
        mask = (labels[run.box] == run.label) & faint[run.box]
        thick = mask.sum(axis=1 - axis)
        if not thick.any():
            continue
        usual = np.median(thick[thick > 0])
        dark = np.median(ink[run.box][mask])
        is_thin = np.expand_dims(thick <= overwritten * usual + 1, 1 - axis)
        own[run.box] |= mask & is_thin & (ink[run.box] < overwritten * dark)
    return own


def closed_frames(runs: dict[int, list[InkRun]], settings: RuleSettings) -> dict[int, list[InkRun]]:
    """Return the runs that close up to boxes: each meets two others of them, the other way, near its ends."""
    left = {axis: [run for run in runs[axis] if is_side(run, axis, settings)] for axis in (ACROSS, DOWN)}
    while True:
        kept = {axis: _closed(left[axis], left[1 - axis], axis, settings) for axis in (ACROSS, DOWN)}
        if all(len(kept[axis]) == len(left[axis]) for axis in (ACROSS, DOWN)):
            break
        left = kept
    both = [*left[ACROSS], *left[DOWN]]
    if not both:
        return left
    usual = float(np.median(np.repeat([run.thickness for run in both], [run.length for run in both])))
    most = settings.thicker * usual + 1
    thin = {axis: [run for run in left[axis] if run.thickness < most] for axis in (ACROSS, DOWN)}
    return {axis: in_line(thin[axis], axis, settings) for axis in (ACROSS, DOWN)}


def in_line(runs: list[InkRun], axis: int, settings: RuleSettings) -> list[InkRun]:
    """Return runs without those that are much shorter than others, unless they go on where a long one ends.

    In a table, a stroke that happens to reach from rule to rule is shorter than the sides of the table.
    """
    if not runs:
        return []
    start, stop, at_start, at_stop, _ = _lines(runs, axis)
    length = stop - start
    is_long = length > settings.short * np.median(np.repeat(length, length.astype(int)))
    middle = ((start + stop) / 2)[:, None]
    slope = (at_stop - at_start) / length
    at_middle = at_start + slope * (middle - start)  # of each run's line, where each other has its middle
    apart = np.abs(at_middle - ((at_start + at_stop) / 2)[:, None])
    goes_on = ((apart < settings.beside_px) & is_long).any(axis=1)
    return [run for run, keep in zip(runs, is_long | goes_on, strict=True) if keep]


def _closed(runs: list[InkRun], others: list[InkRun], axis: int, settings: RuleSettings) -> list[InkRun]:
    """Return the runs that others, the other way, cross or touch near both of their ends."""
    if not runs or not others:
        return []
    start, stop, at_start, at_stop, thick = _lines(runs, axis)[:, :, None]
    low, high, at_low, at_high, width = _lines(others, 1 - axis)
    near = settings.corner_px + (thick + width) / 2
    place = _at((at_start + at_stop) / 2, low, high, at_low, at_high)
    across = _at(place, start, stop, at_start, at_stop)
    meets = (start - near <= place) & (place <= stop + near) & (low - near <= across) & (across <= high + near)
    first = np.where(meets, place, np.inf).min(axis=1)
    last = np.where(meets, place, -np.inf).max(axis=1)
    closed = last - first >= settings.closed * (stop - start)[:, 0]
    return [run for run, is_closed in zip(runs, closed, strict=True) if is_closed]


def _at(place: NDArray, start: NDArray, stop: NDArray, at_start: NDArray, at_stop: NDArray) -> NDArray:
    """Return where lines lie across, at a place along them."""
    share = np.clip((place - start) / (stop - start), 0, 1)
    return np.asarray((1 - share) * at_start + share * at_stop)


def _lines(runs: list[InkRun], axis: int) -> NDArray:
    """Return of each run where it starts and stops, where its ends lie across it, and its thickness: (5, n)."""
    rows = [(run.box[axis].start, run.box[axis].stop, run.at_start, run.at_stop, run.thickness) for run in runs]
    return np.array(rows, float).T
