"""Runs: long straight ink along rows or columns, of which rules are made, and long strokes too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.morphology import opened, spread

ACROSS, DOWN = 1, 0  # the axis along which a run goes
MOST = 500  # runs: with more it is a pattern, of which the longest will do
GAP = 2  # pixels on each side; a faint rule may have gaps of twice that
STEEPEST = 0.12  # of its length goes the side of a box aside
BOX_SIDE = 6  # times as long as thick is the side of a box, which ends on others both ways
OVER = 1.6  # times as thick, or as dark, as usual is a rule where something is written over it


@dataclass(frozen=True, eq=False)
class Run:
    """A long straight run of ink along an axis.

    `at_start` and `at_stop` are where its ends lie across it, in pixels.
    """

    label: int
    box: tuple[slice, slice]
    length: int
    thickness: float
    at_start: float
    at_stop: float


def long_runs(faint: Array, axis: int, least: int) -> tuple[Array, list[Run]]:
    """Return the runs of at least so many pixels along an axis, and a label for each pixel of theirs.

    They may go aside by a pixel at a time, and have small gaps.
    """
    from scipy import ndimage

    labels, n = ndimage.label(opened(spread(spread(faint, 1, 1 - axis), GAP, axis), least, axis), np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    boxes = ndimage.find_objects(labels)
    lengths = np.array([box[axis].stop - box[axis].start for box in boxes], int)
    longest = np.sort(np.argsort(-lengths, kind="stable")[:MOST])
    return labels, [_run(k + 1, boxes[k], labels, int(areas[k + 1]), axis) for k in longest.tolist()]


def _run(label: int, box: tuple[slice, slice], labels: Array, area: int, axis: int) -> Run:
    length = box[axis].stop - box[axis].start
    mask = labels[box] == label
    ends = [np.nonzero(mask.take(k, axis))[0].mean() for k in (0, length - 1)]
    first = box[1 - axis].start
    thickness = max(area / length - 2, 1)  # it was spread by one pixel each way
    return Run(label, box, length, thickness, first + float(ends[0]), first + float(ends[1]))


def is_side(run: Run, axis: int) -> bool:
    """Return whether a run is straight and slender enough for the side of a box."""
    aslant = run.box[1 - axis].stop - run.box[1 - axis].start - run.thickness - 2
    return run.length > BOX_SIDE * run.thickness and aslant < STEEPEST * run.length


def drawn(runs: list[Run], labels: Array) -> Array:
    """Return runs as a mask."""
    mask = np.zeros(labels.shape, bool)
    for run in runs:
        mask[run.box] |= labels[run.box] == run.label
    return mask


def own_ink(runs: list[Run], labels: Array, faint: Array, ink: Array, axis: int) -> Array:
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
        is_thin = np.expand_dims(thick <= OVER * usual + 1, 1 - axis)
        own[run.box] |= mask & is_thin & (ink[run.box] < OVER * dark)
    return own
