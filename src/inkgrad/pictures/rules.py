"""Rules: printed lines, and the sides of boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.frames import closed_frames, in_line
from inkgrad.pictures.morphology import spread
from inkgrad.pictures.pieces import LARGEST, stroke_width, writing_height
from inkgrad.pictures.runs import ACROSS, DOWN, Run, drawn, is_side, long_runs, own_ink

SLENDER = 22  # a rule is so many times as long as thick; few strokes of a pen are
VERY_LONG = 60  # times as long as thick is no stroke of a pen at all
LONG = 2.2  # and so many times as long as the writing is high
FRAME = 10  # times as long as thick is a rule that ends on another, or on the picture's edge
LEAST_LEFT = 0.02  # of the ink remains without the rules; else they are no rules, but the writing
SHORTEST = 14  # pixels


@dataclass(frozen=True)
class Segment:
    """A straight piece of a rule: from `start` to `stop` along an axis, and where its ends lie across it."""

    axis: int
    start: int
    stop: int
    at_start: float
    at_stop: float

    def at(self, along: float) -> float:
        """Return where it lies across, at a place along it or beyond its ends."""
        share = (along - self.start) / (self.stop - self.start)
        return (1 - share) * self.at_start + share * self.at_stop


@dataclass(frozen=True, eq=False)
class Rules:
    """Where the rules of a picture are, as masks (height, width): those across, those down; and as segments."""

    across: Array
    down: Array
    segments: tuple[Segment, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.across.any() or self.down.any())


def find_rules(ink: Array, strokes: Array, faint: Array) -> Rules:
    """Return the rules among strokes, bool (height, width), of ink in [0, 1].

    `faint` has the strokes and what is nearly as dark.

    A rule is a run of ink, straight or nearly so, that is much longer than thick and than the
    writing is high; or a shorter one between two such rules, as the sides of boxes are.
    """
    least = max(SHORTEST, min(min(strokes.shape) // 5, 36), max(strokes.shape) // 32)
    labels, runs = {}, {}
    for axis in ACROSS, DOWN:
        labels[axis], runs[axis] = long_runs(faint, axis, least)
    frames = closed_frames(runs)
    rest = strokes & ~drawn(frames[ACROSS], labels[ACROSS]) & ~drawn(frames[DOWN], labels[DOWN])
    high = max(_writing_height(rest), _writing_height(rest & (labels[ACROSS] == 0) & (labels[DOWN] == 0)))
    taken = {
        axis: [
            run
            for run in runs[axis]
            if run in frames[axis] or _is_long(run, high) or _goes_through(run, axis, high, strokes.shape)
        ]
        for axis in (ACROSS, DOWN)
    }
    for axis in ACROSS, DOWN:
        walls = spread(drawn(taken[1 - axis], labels[1 - axis]), 3, axis)
        more = [run for run in runs[axis] if run not in taken[axis] and _ends_on(run, walls, axis, labels[axis], high)]
        taken[axis] = in_line(taken[axis] + more, axis) if more else taken[axis]
    segments = tuple(
        Segment(axis, run.box[axis].start, run.box[axis].stop, run.at_start, run.at_stop)
        for axis in (ACROSS, DOWN)
        for run in taken[axis]
    )
    own = {axis: own_ink(taken[axis], labels[axis], faint, ink, axis) & strokes for axis in (ACROSS, DOWN)}
    rules = Rules(own[ACROSS], own[DOWN], segments)
    left = strokes & ~rules.across & ~rules.down
    nothing = np.zeros_like(strokes)
    return rules if left.sum() > LEAST_LEFT * strokes.sum() else Rules(nothing, nothing)


def _writing_height(strokes: Array) -> float:
    """Return how high most pieces of strokes are, in pixels; 0 where none is smaller than the picture."""
    from scipy import ndimage

    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    if n == 0:
        return 0.0
    sizes = np.array([(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in ndimage.find_objects(labels)])
    small = (sizes < LARGEST * np.array(strokes.shape)).all(axis=1)
    return writing_height(sizes[small], stroke_width(strokes), strokes.shape) if small.any() else 0.0


def _is_long(run: Run, high: float) -> bool:
    """Return whether a run is longer than any stroke of a pen."""
    return run.length > VERY_LONG * run.thickness or (
        high > 0 and run.length > max(SLENDER * run.thickness, LONG * high)
    )


def _goes_through(run: Run, axis: int, high: float, shape: tuple[int, ...]) -> bool:
    """Return whether a run goes from edge to edge of the picture, as what is left of a frame does."""
    from_edge, to_edge = run.box[axis].start <= 2, run.box[axis].stop >= shape[axis] - 2
    return from_edge and to_edge and run.length > max(FRAME * run.thickness, high) and high > 0


def _ends_on(run: Run, walls: Array, axis: int, labels: Array, high: float) -> bool:
    """Return whether a run begins and ends on walls, or is very slender and does so at one end."""
    mine = labels[run.box] == run.label
    met = np.flatnonzero((mine & walls[run.box]).any(axis=1 - axis))
    near = max(4, run.length // 8)
    begins = bool((met <= near).any()) or run.box[axis].start <= 2
    ends = bool((met >= run.length - 1 - near).any()) or run.box[axis].stop >= labels.shape[axis] - 2
    n_ends = begins + ends
    least = FRAME if n_ends > 1 else SLENDER
    return n_ends > 0 and is_side(run, axis) and run.length > max(least * run.thickness, 1.15 * high) and high > 0
