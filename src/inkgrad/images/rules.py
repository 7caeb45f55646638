"""Rules: printed lines and boxes, found and taken out without the strokes that cross them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import Array
from inkgrad.images.morphology import opened, spread
from inkgrad.images.pieces import LARGEST, stroke_width, writing_height

SLENDER = 22  # a rule is so many times as long as thick; few strokes of a pen are
VERY_LONG = 60  # times as long as thick is no stroke of a pen at all
LONG = 2.2  # and so many times as long as the writing is high
FRAME = 10  # times as long as thick is a rule that ends on another, or on the picture's edge
BOX_SIDE = 6  # times as long as thick is the side of a box, which ends on others both ways
STEEPEST = 0.12  # of its length goes the side of a box aside
THICKER = 1.5  # times as thick as most sides of boxes is a stroke
CLOSED = 0.85  # of the side of a box lies between the others that it meets
OVER = 1.6  # times as thick, or as dark, as usual is a rule where something is written over it
CORNER = 2  # pixels between the ends of two sides of a box
LEAST_LEFT = 0.02  # of the ink remains without the rules; else they are no rules, but the writing
SHORTEST = 14  # pixels
GAP = 2  # pixels on each side; a faint rule may have gaps of twice that
THICKEST = 12  # pixels; strokes across thicker rules are lost
ACROSS, DOWN = 1, 0  # the axis along which a rule runs


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


@dataclass(frozen=True, eq=False)
class _Run:
    """A long straight run of ink along an axis.

    `at_start` and `at_stop` are where its ends lie across it, in pixels.
    """

    label: int
    box: tuple[slice, slice]
    length: int
    thickness: float
    at_start: float
    at_stop: float


def find_rules(ink: Array, strokes: Array, faint: Array) -> Rules:
    """Return the rules among strokes, bool (height, width), of ink in [0, 1].

    `faint` has the strokes and what is nearly as dark.

    A rule is a run of ink, straight or nearly so, that is much longer than thick and than the
    writing is high; or a shorter one between two such rules, as the sides of boxes are.
    """
    least = max(SHORTEST, min(min(strokes.shape) // 5, 36), max(strokes.shape) // 32)
    labels, runs = {}, {}
    for axis in ACROSS, DOWN:
        labels[axis], runs[axis] = _long_runs(faint, axis, least)
    frames = _frames(runs)
    rest = strokes & ~_drawn(frames[ACROSS], labels[ACROSS]) & ~_drawn(frames[DOWN], labels[DOWN])
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
        walls = spread(_drawn(taken[1 - axis], labels[1 - axis]), 3, axis)
        more = [run for run in runs[axis] if run not in taken[axis] and _ends_on(run, walls, axis, labels[axis], high)]
        taken[axis] = taken[axis] + more
    segments = tuple(
        Segment(axis, run.box[axis].start, run.box[axis].stop, run.at_start, run.at_stop)
        for axis in (ACROSS, DOWN)
        for run in taken[axis]
    )
    own = {axis: _own_ink(taken[axis], labels[axis], strokes, ink, axis) for axis in (ACROSS, DOWN)}
    rules = Rules(own[ACROSS], own[DOWN], segments)
    left = strokes & ~rules.across & ~rules.down
    nothing = np.zeros_like(strokes)
    return rules if left.sum() > LEAST_LEFT * strokes.sum() else Rules(nothing, nothing)


def _long_runs(faint: Array, axis: int, least: int) -> tuple[Array, list[_Run]]:
    """Return the runs of at least so many pixels along an axis, and a label for each pixel of theirs.

    They may go aside by a pixel at a time, and have small gaps.
    """
    from scipy import ndimage

    labels, n = ndimage.label(opened(spread(spread(faint, 1, 1 - axis), GAP, axis), least, axis), np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    boxes = ndimage.find_objects(labels)
    return labels, [_run(k, box, labels, int(areas[k]), axis) for k, box in enumerate(boxes, start=1)]


def _own_ink(runs: list[_Run], labels: Array, strokes: Array, ink: Array, axis: int) -> Array:
    """Return the strokes that are of runs themselves, and not of writing that lies along them.

    Where a run is thicker or darker than usual, something is written over it.
    """
    own = np.zeros_like(strokes)
    for run in runs:
        mask = (labels[run.box] == run.label) & strokes[run.box]
        thick = mask.sum(axis=1 - axis)
        if not thick.any():
            continue
        usual = np.median(thick[thick > 0])
        dark = np.median(ink[run.box][mask])
        is_thin = np.expand_dims(thick <= OVER * usual + 1, 1 - axis)
        own[run.box] |= mask & is_thin & (ink[run.box] < OVER * dark)
    return own


def _run(label: int, box: tuple[slice, slice], labels: Array, area: int, axis: int) -> _Run:
    length = box[axis].stop - box[axis].start
    mask = labels[box] == label
    ends = [np.nonzero(mask.take(k, axis))[0].mean() for k in (0, length - 1)]
    first = box[1 - axis].start
    thickness = max(area / length - 2, 1)  # it was spread by one pixel each way
    return _Run(label, box, length, thickness, first + float(ends[0]), first + float(ends[1]))


def _frames(runs: dict[int, list[_Run]]) -> dict[int, list[_Run]]:
    """Return the runs that close up to boxes: each meets two others of them, the other way, near its ends."""
    left = {axis: [run for run in runs[axis] if _is_side(run, axis)] for axis in (ACROSS, DOWN)}
    while True:
        kept = {axis: _closed(left[axis], left[1 - axis], axis) for axis in (ACROSS, DOWN)}
        if all(len(kept[axis]) == len(left[axis]) for axis in (ACROSS, DOWN)):
            break
        left = kept
    both = [*left[ACROSS], *left[DOWN]]
    if not both:
        return left
    usual = float(np.median(np.repeat([run.thickness for run in both], [run.length for run in both])))
    return {axis: [run for run in left[axis] if run.thickness < THICKER * usual + 1] for axis in (ACROSS, DOWN)}


def _closed(runs: list[_Run], others: list[_Run], axis: int) -> list[_Run]:
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


def _lines(runs: list[_Run], axis: int) -> Array:
    """Return of each run where it starts and stops, where its ends lie across it, and its thickness: (5, n)."""
    rows = [(run.box[axis].start, run.box[axis].stop, run.at_start, run.at_stop, run.thickness) for run in runs]
    return np.array(rows, float).T


def _is_side(run: _Run, axis: int) -> bool:
    """Return whether a run is straight and slender enough for the side of a box."""
    aslant = run.box[1 - axis].stop - run.box[1 - axis].start - run.thickness - 2
    return run.length > BOX_SIDE * run.thickness and aslant < STEEPEST * run.length


def _writing_height(strokes: Array) -> float:
    """Return how high most pieces of strokes are, in pixels; 0 where none is smaller than the picture."""
    from scipy import ndimage

    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    if n == 0:
        return 0.0
    sizes = np.array([(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in ndimage.find_objects(labels)])
    small = (sizes < LARGEST * np.array(strokes.shape)).all(axis=1)
    return writing_height(sizes[small], stroke_width(strokes), strokes.shape) if small.any() else 0.0


def _is_long(run: _Run, high: float) -> bool:
    """Return whether a run is longer than any stroke of a pen."""
    return run.length > VERY_LONG * run.thickness or (
        high > 0 and run.length > max(SLENDER * run.thickness, LONG * high)
    )


def _goes_through(run: _Run, axis: int, high: float, shape: tuple[int, ...]) -> bool:
    """Return whether a run goes from edge to edge of the picture, as what is left of a frame does."""
    from_edge, to_edge = run.box[axis].start <= 2, run.box[axis].stop >= shape[axis] - 2
    return from_edge and to_edge and run.length > max(FRAME * run.thickness, high) and high > 0


def _ends_on(run: _Run, walls: Array, axis: int, labels: Array, high: float) -> bool:
    """Return whether a run begins and ends on walls, or is very slender and does so at one end."""
    mine = labels[run.box] == run.label
    met = np.flatnonzero((mine & walls[run.box]).any(axis=1 - axis))
    near = max(4, run.length // 8)
    begins = bool((met <= near).any()) or run.box[axis].start <= 2
    ends = bool((met >= run.length - 1 - near).any()) or run.box[axis].stop >= labels.shape[axis] - 2
    n_ends = begins + ends
    least = FRAME if n_ends > 1 else SLENDER
    return n_ends > 0 and _is_side(run, axis) and run.length > max(least * run.thickness, 1.15 * high) and high > 0


def _drawn(runs: list[_Run], labels: Array) -> Array:
    """Return runs as a mask."""
    mask = np.zeros(labels.shape, bool)
    for run in runs:
        mask[run.box] |= labels[run.box] == run.label
    return mask


def without_rules(strokes: Array, rules: Rules) -> Array:
    """Return strokes without the rules; where a stroke crosses a rule, it stays whole."""
    if not rules:
        return strokes
    lines = rules.across | rules.down
    rest = strokes & ~lines
    across = _bridged(rest, rules.across)
    down = _bridged(rest.T, rules.down.T).T
    return np.asarray(rest | (across & ~rules.down) | (down & ~rules.across))


def _bridged(rest: Array, lines: Array) -> Array:
    """Return the pixels of lines across that have ink of the rest both above and below, or nearly so."""
    width = rest.shape[1] + 2
    ink = np.pad(rest, 1).ravel()
    where = np.flatnonzero(np.pad(lines, 1))
    above, below = (_reached(ink, where, side, _thickest(lines)) for side in (-width, width))
    bridged = np.zeros(ink.size, bool)
    bridged[where] = above & below
    return bridged.reshape(-1, width)[1:-1, 1:-1]


def _reached(ink: Array, where: Array, side: int, n_steps: int) -> Array:
    """Return which pixels, at indices `where`, are reached from ink by steps away from `side`, straight or aslant."""
    ink, reached = ink.copy(), np.zeros(len(where), bool)
    for _ in range(n_steps):
        beside = where[~reached] + side
        new = ink[beside - 1] | ink[beside] | ink[beside + 1]
        if not new.any():
            break
        reached[~reached] = new
        ink[where[reached]] = True
    return reached


def _thickest(lines: Array) -> int:
    """Return how thick lines across are, in pixels: nearly the most of them all."""
    columns = lines[:, lines.any(axis=0)]
    starts = (columns[1:] & ~columns[:-1]).sum() + columns[0].sum()
    return min(int(np.ceil(2 * columns.sum() / max(starts, 1))) + 1, THICKEST) if columns.size else 0
